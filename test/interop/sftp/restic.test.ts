import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { compileExcludeRules } from '../../../src/backup/index.ts';
import { backupJob, checkJob, initJob, restoreJob, type PasswordAccess } from '../../../src/jobs/index.ts';
import { passwordFromText } from '../../../src/platform/index.ts';
import { openSftp, type SftpStorage } from '../../../src/storage/index.ts';
import { neverAborted } from '../../fakes/never-aborted.ts';
import { SeededRandom } from '../../fakes/seeded-random.ts';
import { needs } from '../../needs.ts';
import { Sshd } from '../../sshd/sshd.ts';
import { startRestic } from '../programs.ts';
import { Stage } from '../stage.ts';

const stage = new Stage();
const password = 'kata sandi';

/** A repository behind the server, as each of the two programs reaches it. */
class Road {
  readonly path = stage.fresh('repository');
  readonly #sshd: Sshd;

  constructor(sshd: Sshd) {
    this.#sshd = sshd;
  }

  access(): PasswordAccess {
    const { user, port, home, folder } = this.#sshd;
    const openStorage = (): SftpStorage =>
      openSftp({ user, host: '127.0.0.1', port, path: this.path }, { environment: {}, home, systemFolder: join(folder, 'none') });
    return {
      location: openStorage().location,
      password: async () => passwordFromText(password),
      world: { openStorage },
      signal: neverAborted,
    };
  }

  async restic(...args: string[]): Promise<string> {
    const { user, port, home, keyFile } = this.#sshd;
    const ssh = `ssh -F none -i ${keyFile} -o UserKnownHostsFile=${join(home, '.ssh', 'known_hosts')} -p ${port} ${user}@127.0.0.1 -s sftp`;
    const { code, stdout, stderr } = await startRestic(
      ['-r', `sftp:${user}@127.0.0.1:${this.path}`, '-o', `sftp.command=${ssh}`, ...args],
      {
        env: { RESTIC_PASSWORD: password },
      },
    ).ended;
    assert.equal(code, 0, `restic ${args.join(' ')}: ${stderr}`);
    return stdout.toString();
  }

  async backUp(source: string): Promise<void> {
    const rules = await compileExcludeRules({}, { environment: {} });
    const options = { sources: [source], workingFolder: '/', rules, host: 'srv-uji', workerCount: 1, programVersion: 'test' };
    const { outcome } = await backupJob(this.access(), options);
    assert.equal(outcome, 'success');
  }

  async restored(source: string): Promise<Map<string, string>> {
    const target = stage.fresh('target');
    assert.equal((await restoreJob(this.access(), { snapshot: `latest:${source}`, target })).outcome, 'success');
    return contentOf(target);
  }
}

function makeSource(): string {
  const folder = stage.folder('source');
  const random = new SeededRandom(9);
  mkdirSync(join(folder, 'deep', 'er'), { recursive: true });
  writeFileSync(join(folder, 'deep', 'er', 'large'), random.bytes(20_000_000));
  writeFileSync(join(folder, 'deep', 'text'), 'compressible '.repeat(10_000));
  writeFileSync(join(folder, 'empty'), '');
  for (let i = 0; i < 40; i++) writeFileSync(join(folder, `small-${i}`), random.bytes(1000 + i * 700));
  return folder;
}

/** The content of every file, by its path. */
function contentOf(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name));
  return new Map(paths.map((path) => [path.slice(folder.length), readFileSync(path).toString('base64')]));
}

describe('a repository behind an OpenSSH server', needs('restic'), () => {
  let sshd: Sshd;
  before(async () => {
    sshd = await Sshd.start();
    await sshd.writeKnownHosts();
  });
  after(() => sshd[Symbol.asyncDispose]());

  test('that we made is written to by both in turn, checked by both to the last byte, and restored by both', needs('sshd'), async () => {
    const road = new Road(sshd);
    const source = makeSource();
    assert.equal((await initJob(road.access())).outcome, 'success');
    await road.backUp(source);
    writeFileSync(join(source, 'deep', 'text'), 'another text '.repeat(10_000));
    await road.restic('backup', '-q', source);
    writeFileSync(join(source, 'empty'), 'not any more');
    await road.backUp(source);

    assert.equal((await checkJob(road.access(), { readData: 'all', workerCount: 1 })).outcome, 'success');
    assert.match(await road.restic('check', '--read-data'), /no errors were found/);
    assert.deepEqual(await road.restored(source), contentOf(source));
    const target = stage.fresh('restic-target');
    await road.restic('restore', 'latest', '--target', target);
    assert.deepEqual(contentOf(join(target, source)), contentOf(source));
    assert.equal(JSON.parse(await road.restic('snapshots', '--json')).length, 3);
  });

  test('that restic made is opened, backed up to and restored from by us', needs('sshd'), async () => {
    const road = new Road(sshd);
    const source = makeSource();
    await road.restic('init');
    await road.restic('backup', '-q', source);
    assert.deepEqual(await road.restored(source), contentOf(source));
    writeFileSync(join(source, 'more'), 'more');
    await road.backUp(source);
    await road.restic('forget', '--keep-last', '1', '--prune');
    assert.deepEqual(await road.restored(source), contentOf(source));
    assert.match(await road.restic('check', '--read-data'), /no errors were found/);
  });
});
