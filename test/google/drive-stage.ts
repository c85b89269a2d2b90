import { DriveClient, type CredentialStore, type DriveClientOptions, type StoredSignIn } from '../../src/google/index.ts';
import {
  folderType,
  sampleAccount,
  sampleClient,
  startDriveEmulator,
  type DriveEmulator,
  type EmulatorOptions,
  type StoredFile,
} from '../drive-emulator/index.ts';

/** No pace, and waits of milliseconds: the emulator has no quota to keep, and a test no time to lose. */
export const quick = {
  pacing: { unitsPerSecond: Infinity, createsPerSecond: Infinity },
  patience: { firstWaitMsMax: 2, waitMsMax: 20 },
} satisfies Partial<DriveClientOptions>;

export interface DriveStage extends AsyncDisposable {
  readonly drive: DriveEmulator;
  readonly client: DriveClient;
  readonly store: CredentialStore & { signIn: StoredSignIn | undefined };
  /** Another process of the same program and account: it shares the sign-in and nothing else. */
  another(options?: Partial<DriveClientOptions>): DriveClient;
}

/** An emulator on which somebody has signed in to the designated account. */
export async function driveStage(
  options: { readonly emulator?: EmulatorOptions; readonly client?: Partial<DriveClientOptions> } = {},
): Promise<DriveStage> {
  const drive = await startDriveEmulator(options.emulator);
  const store = signedInStore(drive);
  const clients: DriveClient[] = [];
  const another = (more: Partial<DriveClientOptions> = {}): DriveClient => {
    const client = new DriveClient({
      credentials: { kind: 'sign-in', client: { clientId: sampleClient.id, clientSecret: sampleClient.secret }, store },
      designatedAccount: sampleAccount,
      endpoints: drive.endpoints,
      ...quick,
      ...options.client,
      ...more,
    });
    clients.push(client);
    return client;
  };
  return {
    drive,
    client: another(),
    store,
    another,
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.close();
      await drive.close();
    },
  };
}

export function signedInStore(drive: DriveEmulator, account = sampleAccount): CredentialStore & { signIn: StoredSignIn | undefined } {
  return {
    signIn: {
      clientId: sampleClient.id,
      refreshToken: drive.accounts.refreshToken(account),
      account: { emailAddress: account, permissionId: '', displayName: '' },
      signedInAt: '2026-11-01T00:00:00Z',
    },
    async load() {
      return this.signIn;
    },
    async save(signIn) {
      this.signIn = signIn;
    },
    async clear() {
      this.signIn = undefined;
    },
  };
}

/** Puts a file there past the product, visible to it: as if another copy of the same program had done it. Missing folders are made. */
export async function plantAt(drive: DriveEmulator, path: string, bytes: Uint8Array, account = sampleAccount): Promise<StoredFile> {
  const person = drive.person(account);
  const names = path.split('/');
  let parent: string | undefined;
  for (const [depth, name] of names.slice(0, -1).entries()) {
    const [folder] = person.find(names.slice(0, depth + 1).join('/'));
    parent = (
      folder ?? (await person.plant({ name, mimeType: folderType, client: sampleClient.id, ...(parent === undefined ? {} : { parent }) }))
    ).id;
  }
  return person.plant({ name: names.at(-1) ?? '', bytes, client: sampleClient.id, ...(parent === undefined ? {} : { parent }) });
}
