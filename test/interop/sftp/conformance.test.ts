import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe } from 'node:test';
import { openSftp } from '../../../src/storage/index.ts';
import { needs } from '../../needs.ts';
import { Sshd } from '../../sshd/sshd.ts';
import { describeStorage } from '../../storage/conformance.ts';
import { temporaryFolder } from '../../storage/temporary-folder.ts';

describe("with Debian's server", needs('sshd'), () => {
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
});
