import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import {
  CredentialFile,
  DriveClient,
  readOAuthClient,
  readServiceAccountKey,
  revokeSignIn,
  signInByBrowser,
  signInByDeviceCode,
  type SignInOptions,
} from '../../src/google/index.ts';
import {
  exposureOf,
  isCode,
  setLanguage,
  system,
  systemClock,
  systemRandom,
  type Clock,
  type ErrorCode,
} from '../../src/platform/index.ts';
import { DriveStorage } from '../../src/storage/index.ts';
import {
  clientFileOf,
  consentInBrowser,
  makeServiceAccount,
  otherAccount,
  sampleAccount,
  sampleClient,
  sampleDeviceClient,
  scopes,
  startDriveEmulator,
  typeDeviceCode,
  type DriveEmulator,
} from '../drive-emulator/index.ts';
import { driveStage, quick, signedInStore } from './drive-stage.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

function optionsFor(drive: DriveEmulator, more: Partial<SignInOptions> = {}): SignInOptions {
  return {
    client: { clientId: sampleClient.id, clientSecret: sampleClient.secret },
    designatedAccount: sampleAccount,
    endpoints: drive.endpoints,
    clock: systemClock,
    random: systemRandom,
    signal: new AbortController().signal,
    patience: quick.patience,
    ...more,
  };
}

function failsWith(code: ErrorCode, pattern = /./): (error: unknown) => boolean {
  return (error) => {
    assert.ok(isCode(error, code), `wanted ${code}, got ${String(error)}`);
    assert.match(error.message, pattern);
    return true;
  };
}

/** A person at the browser. The page is asked for beside the sign-in, as a browser does. */
function browser(consent: Parameters<typeof consentInBrowser>[1]): { open: (url: string) => void; page: () => Promise<string> } {
  let page: Promise<string> = Promise.resolve('');
  return {
    open: (url) => {
      page = consentInBrowser(url, consent);
      page.catch(() => undefined);
    },
    page: () => page,
  };
}

describe('sign-in by a browser', () => {
  test('gives a lasting sign-in of the designated account, and tells the person in the browser', async () => {
    await using drive = await startDriveEmulator();
    const person = browser({ account: sampleAccount });
    const signIn = await signInByBrowser(optionsFor(drive), person.open);
    assert.equal(signIn.account.emailAddress, sampleAccount);
    assert.match(await person.page(), /Signed in to Google Drive.*backup@company\.co\.id/);
    const client = new DriveClient({
      credentials: { kind: 'sign-in', client: optionsFor(drive).client, store: { ...signedInStore(drive), load: async () => signIn } },
      designatedAccount: 'Backup@Company.co.id ',
      endpoints: drive.endpoints,
      ...quick,
    });
    assert.equal((await client.account()).emailAddress, sampleAccount);
    client.close();
  });

  test('speaks Indonesian', async () => {
    setLanguage('id');
    try {
      await using drive = await startDriveEmulator();
      const person = browser({ account: sampleAccount });
      await signInByBrowser(optionsFor(drive), person.open);
      assert.match(await person.page(), /Sudah masuk ke Google Drive/);
    } finally {
      setLanguage('en');
    }
  });

  test('refuses another account by name', async () => {
    await using drive = await startDriveEmulator();
    const person = browser({ account: otherAccount });
    await assert.rejects(
      signInByBrowser(optionsFor(drive), person.open),
      failsWith('drive.wrong-account', /account=someone@company\.co\.id designatedAccount=backup@company\.co\.id/),
    );
    assert.match(await person.page(), /Not signed in/);
  });

  test('says when the permission was un-ticked, or refused', async () => {
    await using drive = await startDriveEmulator();
    await assert.rejects(
      signInByBrowser(optionsFor(drive), browser({ account: sampleAccount, without: [scopes.file] }).open),
      failsWith('drive.sign-in-failed', /tick|refused/),
    );
    await assert.rejects(
      signInByBrowser(optionsFor(drive), browser({ account: sampleAccount, denies: true }).open),
      failsWith('drive.sign-in-failed', /refused/),
    );
  });

  test('waits for the answer with our state, whatever else comes', async () => {
    await using drive = await startDriveEmulator();
    const open = async (url: string): Promise<void> => {
      const redirect = new URL(url).searchParams.get('redirect_uri') ?? '';
      for (const path of ['/favicon.ico', '/?code=stolen', '/?code=stolen&state=guessed'])
        assert.equal((await fetch(`${redirect}${path}`)).status, 404);
      void consentInBrowser(url, { account: sampleAccount });
    };
    assert.equal((await signInByBrowser(optionsFor(drive), open)).account.emailAddress, sampleAccount);
  });

  test('ends when nobody answers, and when it is stopped', async () => {
    await using drive = await startDriveEmulator();
    await assert.rejects(
      signInByBrowser(optionsFor(drive, { answerMsMax: 20 }), () => undefined),
      failsWith('drive.sign-in-failed', /nobody/),
    );
    const stop = new AbortController();
    await assert.rejects(
      signInByBrowser(optionsFor(drive, { signal: stop.signal }), () => stop.abort()),
      failsWith('aborted'),
    );
  });

  test('names an OAuth client that Google does not know', async () => {
    await using drive = await startDriveEmulator();
    const open = async (url: string): Promise<void> =>
      void (await fetch(`${new URL(url).searchParams.get('redirect_uri')}/?code=x&state=${new URL(url).searchParams.get('state')}`));
    await assert.rejects(
      signInByBrowser(optionsFor(drive, { client: { clientId: sampleClient.id, clientSecret: 'wrong' } }), (url) => void open(url)),
      failsWith('drive.not-set-up', /invalid_client/),
    );
  });
});

describe('sign-in by a code', () => {
  const device = { client: { clientId: sampleDeviceClient.id, clientSecret: sampleDeviceClient.secret } };

  test('works without a browser on this machine', async () => {
    const clock = new SkippingClock();
    await using drive = await startDriveEmulator({ clock });
    const signIn = await signInByDeviceCode(
      optionsFor(drive, { ...device, clock }),
      ({ userCode, verificationUrl }) => void typeDeviceCode(verificationUrl, userCode, { account: sampleAccount }),
    );
    assert.equal(signIn.account.emailAddress, sampleAccount);
  });

  test('refuses another account, and says when the person refused', async () => {
    const clock = new SkippingClock();
    await using drive = await startDriveEmulator({ clock });
    const type = (account: string, denies: boolean) =>
      signInByDeviceCode(
        optionsFor(drive, { ...device, clock }),
        ({ userCode, verificationUrl }) => void typeDeviceCode(verificationUrl, userCode, { account, denies }),
      );
    await assert.rejects(type(otherAccount, false), failsWith('drive.wrong-account'));
    await assert.rejects(type(sampleAccount, true), failsWith('drive.sign-in-failed', /refused/));
  });
});

/**
 * Whoever sleeps wakes up soon, and it is as late as it should be: the service asks for five seconds between two questions, and counts
 * them.
 */
class SkippingClock implements Clock {
  #skippedMs = 0;

  nowNs(): bigint {
    return systemClock.nowNs() + BigInt(this.#skippedMs) * 1_000_000n;
  }

  monotonicMs(): number {
    return systemClock.monotonicMs() + this.#skippedMs;
  }

  offsetMinutes(ns: bigint): number {
    return systemClock.offsetMinutes(ns);
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    await systemClock.sleep(5, signal);
    this.#skippedMs += Math.ceil(ms);
  }
}

describe('a sign-in', () => {
  test('that ended is asked for again, by its account', async () => {
    await using stage = await driveStage();
    await stage.client.account();
    stage.drive.person(sampleAccount).withdrawConsent();
    await assert.rejects(stage.another().account(), failsWith('drive.signed-out', /backup@company\.co\.id/));
    await assert.rejects(stage.client.account(), failsWith('drive.signed-out'));
    stage.store.signIn = signedInStore(stage.drive).signIn;
    assert.equal((await stage.client.account()).emailAddress, sampleAccount, 'it goes on after a new sign-in, in the same process');
  });

  test('of another account is refused before anything else is done with it', async () => {
    await using stage = await driveStage();
    stage.store.signIn = signedInStore(stage.drive, otherAccount).signIn;
    await assert.rejects(stage.client.account(), failsWith('drive.wrong-account', /someone@company/));
    await assert.rejects(stage.client.list(undefined, {}), failsWith('drive.wrong-account'));
    assert.deepEqual([...new Set(stage.drive.log.entries.map(({ operation }) => operation))].sort(), ['about.get', 'oauth.refresh']);
  });

  test('can be ended at Google, also when it has ended already', async () => {
    await using stage = await driveStage();
    const { signIn } = stage.store;
    assert.ok(signIn);
    await revokeSignIn(optionsFor(stage.drive), signIn);
    await assert.rejects(stage.another().account(), failsWith('drive.signed-out'));
    await revokeSignIn(optionsFor(stage.drive), signIn);
  });

  test('shows nothing secret in its errors', async () => {
    await using stage = await driveStage();
    const secrets = [stage.store.signIn?.refreshToken ?? '', sampleClient.secret];
    stage.drive.person(sampleAccount).withdrawConsent();
    const error: unknown = await stage.client.account().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    const shown = inspect(error, { depth: 20, showHidden: true, getters: true });
    for (const secret of secrets) assert.ok(secret !== '' && !shown.includes(secret));
  });
});

describe('a file of credentials', () => {
  test('is for its user only, and is refused when others can read it', async () => {
    await using stage = await driveStage();
    const folder = await mkdtemp(join(tmpdir(), 'cadangan-google-'));
    try {
      const file = new CredentialFile(join(folder, 'deep', 'google.json'));
      assert.equal(await file.load(), undefined);
      const signIn = stage.store.signIn;
      assert.ok(signIn);
      await file.save(signIn);
      assert.equal(await exposureOf(file.path), undefined);
      if (system.hasModes) assert.equal((await stat(file.path)).mode & 0o777, 0o600);
      assert.deepEqual(await file.load(), signIn);
      if (system.hasModes) {
        await chmod(file.path, 0o640);
        await assert.rejects(file.load(), failsWith('drive.signed-out', /others can read/));
        await chmod(file.path, 0o600);
      }
      await writeFile(file.path, '{"version":1}');
      await assert.rejects(file.load(), failsWith('drive.signed-out', /damaged/));
      await file.clear();
      assert.equal(await file.load(), undefined);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("of the OAuth client is read as Google's console gives it", async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cadangan-google-'));
    try {
      const path = join(folder, 'client.json');
      await writeFile(path, JSON.stringify(clientFileOf(sampleClient)));
      assert.deepEqual(await readOAuthClient(path), { clientId: sampleClient.id, clientSecret: sampleClient.secret });
      await writeFile(path, JSON.stringify({ web: { client_id: 'x' } }));
      await assert.rejects(readOAuthClient(path), failsWith('drive.not-set-up', /Desktop app/));
      await writeFile(path, 'not json');
      await assert.rejects(readOAuthClient(path), failsWith('drive.not-set-up', /not JSON/));
      await assert.rejects(readOAuthClient(join(folder, 'missing.json')), failsWith('drive.not-set-up', /ENOENT/));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('a service account', () => {
  test('acts for the designated account where an administrator allowed it, in the own drive of that account', async () => {
    const { account, keyFile } = makeServiceAccount('robot@company-backup.iam.gserviceaccount.com');
    await using drive = await startDriveEmulator({ serviceAccounts: [{ ...account, delegates: [sampleAccount] }] });
    const folder = await mkdtemp(join(tmpdir(), 'cadangan-google-'));
    try {
      const path = join(folder, 'key.json');
      await writeFile(path, JSON.stringify(keyFile));
      const key = await readServiceAccountKey(path);
      const client = (designatedAccount: string) =>
        new DriveClient({ credentials: { kind: 'service-account', key }, designatedAccount, endpoints: drive.endpoints, ...quick });
      assert.equal((await client(sampleAccount).account()).emailAddress, sampleAccount);
      const storage = new DriveStorage(client(sampleAccount), 'server-1');
      await storage.create(neverAborted);
      const bytes = Buffer.from('a pack');
      const name = createHash('sha256').update(bytes).digest('hex');
      await storage.write({ kind: 'data', name }, bytes, neverAborted);
      assert.equal(drive.person(sampleAccount).find(`server-1/data/${name.slice(0, 2)}/${name}`).length, 1, 'it is the person’s');
      await assert.rejects(client('somebody.else@company.co.id').account(), failsWith('drive.not-set-up', /somebody\.else/));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('works with its key in a shared drive', async () => {
    const email = 'robot@company-backup.iam.gserviceaccount.com';
    const { account, keyFile } = makeServiceAccount(email);
    const sharedDrive = { id: '0AEmulatorSharedDrive', name: 'Backup', members: { [email]: 'organizer' as const } };
    await using drive = await startDriveEmulator({ serviceAccounts: [account], sharedDrives: [sharedDrive] });
    const folder = await mkdtemp(join(tmpdir(), 'cadangan-google-'));
    try {
      const path = join(folder, 'key.json');
      await writeFile(path, JSON.stringify(keyFile));
      const key = await readServiceAccountKey(path);
      const make = (designatedAccount: string) =>
        new DriveClient({
          credentials: { kind: 'service-account', key },
          designatedAccount,
          sharedDriveId: sharedDrive.id,
          endpoints: drive.endpoints,
          ...quick,
        });
      const client = make(email);
      assert.equal((await client.account()).emailAddress, email);
      const storage = new DriveStorage(client, 'server-1');
      await storage.create(neverAborted);
      const bytes = Buffer.from('a pack');
      const name = createHash('sha256').update(bytes).digest('hex');
      await storage.write({ kind: 'data', name }, bytes, neverAborted);
      assert.deepEqual(await new DriveStorage(make(email), 'server-1').list('data', neverAborted), [{ name, sizeBytes: 6 }]);
      assert.deepEqual(Buffer.from(await storage.read({ kind: 'data', name }, neverAborted)), bytes);
      await storage.remove({ kind: 'data', name }, neverAborted);
      assert.equal(await storage.sizeOf({ kind: 'data', name }, neverAborted), undefined);
      await assert.rejects(make(sampleAccount).account(), failsWith('drive.not-set-up', /has not allowed the service account to act for/));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
