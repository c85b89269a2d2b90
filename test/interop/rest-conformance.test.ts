import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe } from 'node:test';
import { systemClock } from '../../src/platform/index.ts';
import { openRclone, openRest, type RestAccess } from '../../src/storage/index.ts';
import { needs } from '../needs.ts';
import { describeStorage, type StorageUnderTest } from '../storage/conformance.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';
import { makeCertificates } from './certificates.ts';
import { RcloneOfTest } from './rclone-of-test.ts';
import { RcloneServer } from './rclone-server.ts';

/** A repository behind `rclone serve restic`, with what it takes to reach it. */
async function behindRclone(
  prepare: (folder: string) => {
    readonly args: readonly string[];
    readonly env?: Record<string, string>;
    readonly access?: Partial<RestAccess>;
  },
): Promise<StorageUnderTest> {
  const temporary = await temporaryFolder();
  const { args, env, access } = prepare(temporary.path);
  const root = join(temporary.path, 'served');
  await mkdir(root);
  const server = await RcloneServer.open(['restic', ...args, root], env);
  const storage = openRest(new URL('server-1/', server.url), { clock: systemClock, ...access });
  return {
    storage,
    plant: (path, bytes) => plantAt(join(root, 'server-1', path), bytes),
    takeAway: () => server[Symbol.asyncDispose](),
    leaves: 'no-answer',
    [Symbol.asyncDispose]: async () => {
      await storage.close();
      await server[Symbol.asyncDispose]();
      await temporary[Symbol.asyncDispose]();
    },
  };
}

async function plantAt(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
}

describe('over a real server', needs('rclone'), () => {
  describeStorage('REST, before rclone,', () => behindRclone(() => ({ args: [] })));
  describeStorage('REST, before rclone that only appends,', () => behindRclone(() => ({ args: ['--append-only'] })), { appendOnly: true });
  describeStorage('rclone, over its pipes,', async () => {
    const rclone = await RcloneOfTest.open();
    const storage = openRclone({ remote: 'somewhere', path: rclone.root }, { ...rclone.access, clock: systemClock });
    return {
      storage,
      plant: (path, bytes) => plantAt(join(rclone.root, path), bytes),
      takeAway: () => rclone.takeAway(),
      leaves: 'no-answer',
      [Symbol.asyncDispose]: async () => {
        await storage.close();
        await rclone[Symbol.asyncDispose]();
      },
    };
  });
});

const skip = [needs('rclone'), needs('openssl')].find((need) => need.skip !== false) ?? { skip: false };

describe('over TLS', skip, () => {
  describeStorage('REST, before rclone that wants a certificate and a password,', () =>
    behindRclone((folder) => {
      const { authorityFile, server, client } = makeCertificates(folder);
      return {
        args: ['--cert', server.certificateFile, '--key', server.keyFile, '--client-ca', authorityFile],
        env: { RCLONE_USER: 'server-1', RCLONE_PASS: 'pa:ss wörd' },
        access: {
          credentials: { user: 'server-1', password: () => Promise.resolve('pa:ss wörd') },
          caFile: authorityFile,
          clientCertificateFile: client.certificateFile,
          clientKeyFile: client.keyFile,
        },
      };
    }),
  );
});
