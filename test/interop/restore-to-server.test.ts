import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { isCode } from '../../src/platform/index.ts';
import { goMode, type Node } from '../../src/repository/index.ts';
import { restore, type RestoreOptions, type RestoreResult } from '../../src/restore/index.ts';
import { ServerFiles, type SftpAccess } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { node, RepositoryMaker, symlink } from '../fakes/repository-maker.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { needs } from '../needs.ts';
import { Sshd } from '../sshd/sshd.ts';
import { Stage } from './stage.ts';

const stage = new Stage();

/** A repository of this machine, and a folder of the server that nothing has made yet, in one that nothing may be written into. */
interface Scene extends AsyncDisposable {
  readonly maker: RepositoryMaker;
  readonly around: string;
  readonly target: string;
  readonly restore: (snapshot: Parameters<typeof restore>[1], options?: Partial<RestoreOptions>) => Promise<RestoreResult>;
  readonly filesAt: (path: string, port?: number, more?: Partial<SftpAccess>) => ServerFiles;
}

async function sceneOn(sshd: Sshd, port = sshd.port): Promise<Scene> {
  const maker = await RepositoryMaker.create(stage.fresh('repository'));
  const around = stage.folder('around');
  const target = join(around, 'target');
  const opened: ServerFiles[] = [];
  const filesAt = (path: string, at = port, more: Partial<SftpAccess> = {}): ServerFiles => {
    const access = { environment: {}, home: sshd.home, systemFolder: join(sshd.folder, 'none'), ...more };
    const patience = { firstWaitMsMax: 1, waitMsMax: 50 };
    const files = new ServerFiles({ user: sshd.user, host: '127.0.0.1', port: at, path }, access, { patience });
    opened.push(files);
    return files;
  };
  const files = filesAt(target);
  return {
    maker,
    around,
    target,
    filesAt,
    restore: (snapshot, options = {}) =>
      restore(maker.repository, snapshot, { target: files.location, server: { files }, workers: 2, signal: neverAborted, ...options }),
    [Symbol.asyncDispose]: async () => {
      for (const each of opened) await each.close();
    },
  };
}

/** All that `find` sees: kind, mode, owner, size of files, time of change, name, target of a link. */
function listing(folder: string): string[] {
  const format = '%y %m %U:%G %s %T@ %P -> %l\\n';
  const { stdout, status, stderr } = spawnSync('find', [folder, '-mindepth', '1', '-printf', format], {
    encoding: 'latin1',
    env: { LC_ALL: 'C' },
  });
  assert.equal(status, 0, stderr);
  // Of folders the file system decides the size.
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => (line.startsWith('d') ? line.replace(/^(d \S+ \S+) \d+/, '$1') : line))
    .sort();
}

/** As a server of whole seconds has it. */
function inSeconds(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/ (\d+)\.\d+ /, ' $1.0000000000 '));
}

describe('a restore to an OpenSSH server', needs('sshd'), () => {
  let sshd: Sshd;
  before(async () => {
    sshd = await Sshd.start();
    await sshd.writeKnownHosts();
  });
  after(() => sshd[Symbol.asyncDispose]());

  test('brings what a local one brings: names of any bytes, links, modes, times, large files and small', async () => {
    await using scene = await sceneOn(sshd);
    const { maker, target } = scene;
    const random = new SeededRandom(3);
    const snapshot = await maker.snapshot(...(await zoo(maker, random)));
    const local = stage.fresh('local');
    const options = { verify: true };
    await restore(maker.repository, snapshot, { target: local, workers: 2, signal: neverAborted, ...options });

    const result = await scene.restore(snapshot, options);

    assert.deepEqual(listing(target), inSeconds(listing(local)));
    assert.equal(spawnSync('diff', ['-r', '--no-dereference', local, target]).status, 0);
    assert.deepEqual(
      result.exceptions.map(({ reason, path }) => `${reason} ${path}`),
      ['special-file /pipe'],
    );
    assert.equal(statSync(join(target, 'twice')).ino, statSync(join(target, 'once')).ino);
    assert.equal(result.counts.hardLinks, 1);
    assert.equal(result.counts.filesVerified, result.counts.filesRestored);
    assert(result.notKept.times > 0);
  });
});

async function zoo(maker: RepositoryMaker, random: SeededRandom): Promise<Node[]> {
  const linked = { inode: 77, deviceId: 1, links: 2 };
  const once = await maker.file('once', 'one file of two names');
  const large = await maker.file('large', ...Array.from({ length: 12 }, () => random.bytes(1_500_000)));
  await maker.endPack();
  const small: Node[] = [];
  for (let i = 0; i < 300; i++) small.push(await maker.file(`small-${String(i).padStart(3, '0')}`, random.bytes(50 + i * 7)));
  const first = await maker.file('shared', large.content === null ? '' : 'x', random.bytes(900_000));
  let deep = await maker.folder('bottom', await maker.file('leaf', 'leaf'));
  for (let depth = 0; depth < 60; depth++) deep = await maker.folder(`d${depth}`, deep);
  return [
    deep,
    await maker.folder('empty'),
    large,
    await maker.folder('many', ...small),
    await maker.file('nothing'),
    { ...once, ...linked },
    node('fifo', 'pipe'),
    { ...(await maker.folder('read-only', await maker.file('inside', 'inside'))), mode: (goMode.dir | 0o555) >>> 0 },
    { ...(await maker.file('setuid', 'program')), mode: (goMode.setuid | 0o755) >>> 0 },
    first,
    symlink('to-anything', '../../etc/passwd'),
    symlink('to-folder', 'many'),
    { ...once, ...linked, name: node('file', 'twice').name },
    { ...(await maker.file('x', 'latin')), name: node('file', Buffer.from([0x6e, 0x61, 0xef, 0x76, 0x65])).name },
    { ...(await maker.folder('y', await maker.file('in', 'in'))), name: node('dir', Buffer.from([0x78, 0xff, 0xfe])).name },
    {
      ...(await maker.file('z', 'old')),
      name: node('file', 'z \n"quoted"').name,
      mtime: '1999-12-31T23:59:59Z',
      atime: '1999-12-31T23:59:59Z',
    },
  ];
}
