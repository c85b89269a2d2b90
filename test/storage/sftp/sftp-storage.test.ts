import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before } from 'node:test';
import { openSftp } from '../../../src/storage/index.ts';
import { makeKey } from '../../sshd/keys.ts';
import { PlainServer } from '../../sshd/plain-server.ts';
import { Sshd } from '../../sshd/sshd.ts';
import { describeStorage } from '../conformance.ts';
import { temporaryFolder } from '../temporary-folder.ts';

let sshd: Sshd;
before(async () => {
  sshd = await Sshd.start();
  await sshd.writeKnownHosts();
});
after(() => sshd[Symbol.asyncDispose]());

describeStorage('SFTP to an OpenSSH server', async () => {
  const temporary = await temporaryFolder();
  const root = join(temporary.path, 'repo');
  const access = { environment: {}, home: sshd.home, systemFolder: join(sshd.folder, 'none') };
  const storage = openSftp({ user: sshd.user, host: '127.0.0.1', port: sshd.port, path: root }, access);
  return {
    storage,
    plant: async (path, bytes) => {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), bytes);
    },
    takeAway: () => rename(root, `${root}-elsewhere`),
    leaves: 'no-folder',
    [Symbol.asyncDispose]: async () => {
      await storage.close();
      await temporary[Symbol.asyncDispose]();
    },
  };
});

describeStorage('SFTP to a server without extensions', async () => {
  const temporary = await temporaryFolder();
  const hostKey = join(temporary.path, 'host');
  makeKey(hostKey);
  makeKey(join(temporary.path, '.ssh', 'id_ed25519'));
  const server = await PlainServer.start({ root: temporary.path, hostKeys: [await readFile(hostKey)], readBytesMax: 20_000 });
  const access = { environment: {}, home: temporary.path, systemFolder: join(temporary.path, 'none'), confirmHost: async () => true };
  const storage = openSftp({ user: 'backup', host: '127.0.0.1', port: server.port, path: 'repo' }, access);
  const root = join(temporary.path, 'repo');
  return {
    storage,
    plant: async (path, bytes) => {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), bytes);
    },
    takeAway: () => server[Symbol.asyncDispose](),
    leaves: 'no-answer',
    [Symbol.asyncDispose]: async () => {
      await storage.close();
      await server[Symbol.asyncDispose]().catch(() => undefined);
      await temporary[Symbol.asyncDispose]();
    },
  };
});
