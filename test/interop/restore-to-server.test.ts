import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { byteStringFromText, isCode, joinBytes, passwordFromText } from '../../src/platform/index.ts';
import { goMode, Repository, type Node } from '../../src/repository/index.ts';
import { restore } from '../../src/restore/index.ts';
import { FolderStorage } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { node, symlink, type RepositoryMaker } from '../fakes/repository-maker.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { needs } from '../needs.ts';
import { rounds } from '../rounds.ts';
import { freshSeed } from '../seeds.ts';
import { CutLine } from '../sshd/cut-line.ts';
import { Sshd } from '../sshd/sshd.ts';
import { contentOf, reasonsOf } from '../restore/temporary-target.ts';
import { assertSameLines, assertWhole, inSeconds, listing, serverScene, unfinishedIn, type ServerScene } from './server-target.ts';
import { SmallDisk } from './small-disk.ts';
import { Stage } from './stage.ts';

const stage = new Stage();
const childPath = join(import.meta.dirname, 'restore-to-server-child.ts');

function accessTo({ home, folder }: Sshd): { environment: {}; home: string; systemFolder: string } {
  return { environment: {}, home, systemFolder: join(folder, 'none') };
}

function sceneOn(sshd: Sshd, port = sshd.port, around = stage.folder('around')): Promise<ServerScene> {
  return serverScene(stage, around, { user: sshd.user, port, access: accessTo(sshd) });
}

/** Calls back when a range is read. */
class WatchedStorage extends FolderStorage {
  onRead: () => void = () => undefined;

  override readRange(...parameters: Parameters<FolderStorage['readRange']>): ReturnType<FolderStorage['readRange']> {
    this.onRead();
    return super.readRange(...parameters);
  }
}

async function watched(repositoryPath: string): Promise<{ storage: WatchedStorage; repository: Repository }> {
  const storage = new WatchedStorage(repositoryPath);
  const repository = await Repository.open({ storage }, passwordFromText('password'), neverAborted);
  await repository.loadIndex({ signal: neverAborted });
  return { storage, repository };
}

async function manyFiles(maker: RepositoryMaker, random: SeededRandom): Promise<{ nodes: Node[]; expected: Map<string, Buffer> }> {
  const nodes: Node[] = [];
  const expected = new Map<string, Buffer>();
  for (let number = 0; number < 200; number++) {
    const parts = number % 10 === 0 ? [random.bytes(400_000), random.bytes(300_000)] : [random.bytes(2000 + random.below(4000))];
    const name = `file-${String(number).padStart(3, '0')}`;
    if (number % 12 === 0) await maker.endPack();
    nodes.push(await maker.file(name, ...parts));
    expected.set(name, Buffer.concat(parts));
  }
  return { nodes, expected };
}

describe('a restore to an OpenSSH server', needs('sshd'), () => {
  let sshd: Sshd;
  before(async () => {
    sshd = await Sshd.start();
    await sshd.writeKnownHosts(`* ${await sshd.hostKey()}\n`);
  });
  after(() => sshd[Symbol.asyncDispose]());

  test('brings what a local one brings: names of any bytes, links, modes, times, large files and small', async () => {
    await using scene = await sceneOn(sshd);
    const { maker, target } = scene;
    const snapshot = await maker.snapshot(...(await zoo(maker, new SeededRandom(3))));
    const local = stage.fresh('local');
    await restore(maker.repository, snapshot, { target: local, workers: 2, signal: neverAborted, verify: true });

    const result = await scene.restore(snapshot, { verify: true });

    assertSameLines(listing(target), inSeconds(listing(local)));
    assert.equal(spawnSync('diff', ['-r', '--no-dereference', local, target]).status, 0);
    assert.deepEqual(reasonsOf(result), ['special-file /pipe']);
    assert.equal(statSync(join(target, 'twice')).ino, statSync(join(target, 'once')).ino);
    assert.equal(result.counts.hardLinks, 1);
    assert.equal(result.counts.filesVerified, result.counts.filesRestored);
    assert(result.notKept.times > 0);
    assert.equal(result.notKept.owners, 0);
  });

  test('a second one finds all as it should be, and writes nothing, whatever the policy', async () => {
    await using scene = await sceneOn(sshd);
    const { maker, target } = scene;
    const snapshot = await maker.snapshot(...(await zoo(maker, new SeededRandom(4))));
    const { counts } = await scene.restore(snapshot);
    const seen = listing(target);
    for (const overwrite of ['always', 'if-changed', 'if-newer', 'never'] as const) {
      const again = await scene.restore(snapshot, { overwrite });
      assert.equal(again.counts.filesRestored, 0, overwrite);
      const left = again.counts.filesUnchanged + again.counts.filesSkipped;
      assert.equal(left, counts.filesRestored, overwrite);
      assertSameLines(listing(target), seen, overwrite);
    }
    writeFileSync(join(target, 'large'), 'short');
    writeFileSync(join(target, 'setuid'), 'PROGRAM'); // of the same size
    const changed = await scene.restore(snapshot);
    assert.equal(changed.counts.filesUpdated, 2);
    assertSameLines(listing(target), seen);
    utimesSync(join(target, 'large'), 2e9, 2e9); // newer than the snapshot's
    writeFileSync(join(target, 'nothing'), 'x');
    const newer = await scene.restore(snapshot, { overwrite: 'if-newer' });
    assert.equal(newer.counts.filesUpdated, 0);
    assert.equal(readFileSync(join(target, 'nothing'), 'utf8'), 'x');
  });

  test('a dry run makes nothing, and says what would be done; --delete removes what the snapshot does not have', async () => {
    await using scene = await sceneOn(sshd);
    const { maker, target, around } = scene;
    const file = await maker.file('file', 'content');
    const snapshot = await maker.snapshot(await maker.folder('sub', file), file);
    const planned = await scene.restore(snapshot, { dryRun: true });
    assert.equal(planned.counts.filesRestored, 2);
    assert.deepEqual(readdirSync(around), []);
    await scene.restore(snapshot);
    mkdirSync(join(target, 'sub', 'more', 'deep'), { recursive: true });
    writeFileSync(join(target, 'sub', 'more', 'deep', 'x'), 'x');
    symlinkSync('/', join(target, 'sub', 'more', 'root'));
    const told: string[] = [];
    await scene.restore(snapshot, { dryRun: true, delete: true, onItem: ({ action, path }) => action === 'deleted' && told.push(path) });
    assert.equal(existsSync(join(target, 'sub', 'more', 'deep', 'x')), true);
    assert.deepEqual(told.sort(), ['/sub/more', '/sub/more/deep', '/sub/more/deep/x', '/sub/more/root']);
    assert.equal((await scene.restore(snapshot, { delete: true })).counts.deleted, 4);
    assert.deepEqual(contentOf(target), { file: 'content', sub: '/', 'sub/file': 'content' });
  });

  test('nothing is written outside the target, whatever stands in the snapshot or there', async () => {
    await using scene = await sceneOn(sshd);
    const { maker, target, around } = scene;
    const outside = join(around, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'precious'), 'precious');
    writeFileSync(join(outside, 'shared'), 'shared');
    const evil = await maker.file('x', 'evil');
    const named = ['..', '../outside', 'a/b', 'nul\0'].map((name) => ({ ...evil, name: node('file', name).name }));
    const trap = await maker.folder('trap', await maker.file('precious', 'evil'), await maker.file('new', 'evil'));
    const snapshot = await maker.snapshot(
      ...named,
      trap,
      await maker.file('link', 'good'),
      await maker.file('name-of-shared', 'good'),
      symlink('to-outside', '../outside'),
    );
    for (const overwrite of ['never', 'always'] as const) {
      mkdirSync(target, { recursive: true });
      if (!existsSync(join(target, 'trap'))) symlinkSync('../outside', join(target, 'trap'));
      if (!existsSync(join(target, 'link'))) symlinkSync('../outside/precious', join(target, 'link'));
      if (!existsSync(join(target, 'name-of-shared'))) linkSync(join(outside, 'shared'), join(target, 'name-of-shared'));
      const result = await scene.restore(snapshot, { overwrite });
      assert.equal(result.exceptionCounts['hostile-name'], 4);
      assert.deepEqual(contentOf(outside), { precious: 'precious', shared: 'shared' });
      assert.equal(lstatSync(join(target, 'trap')).isDirectory(), overwrite === 'always');
    }
    assert.deepEqual(contentOf(target), {
      link: 'good',
      'name-of-shared': 'good',
      'to-outside': '-> ../outside',
      trap: '/',
      'trap/new': 'evil',
      'trap/precious': 'evil',
    });
  });

  test('a folder that somebody swaps for a link while it is being filled is not written through', async () => {
    await using scene = await sceneOn(sshd);
    const { maker, target, around, repositoryPath } = scene;
    mkdirSync(join(around, 'outside'));
    const files: Node[] = [];
    for (let i = 0; i < 6; i++) {
      files.push(await maker.file(`f${i}`, `content ${i}`));
      await maker.endPack();
    }
    const snapshot = await maker.snapshot(await maker.folder('folder', ...files));
    const { storage, repository } = await watched(repositoryPath);
    let reads = 0;
    storage.onRead = () => {
      reads += 1;
      if (reads !== 2) return; // the folder is made by then
      renameSync(join(target, 'folder'), join(target, 'aside'));
      symlinkSync('../outside', join(target, 'folder'));
    };
    const server = { files: scene.filesAt(target) };
    const result = await restore(repository, snapshot, { target, server, workers: 1, signal: neverAborted });
    assert.deepEqual(readdirSync(join(around, 'outside')), []);
    assert((result.exceptionCounts['in-the-way'] ?? 0) > 0, JSON.stringify(result.exceptionCounts));
    assert.deepEqual(unfinishedIn(target).length <= 1, true);
  });

  test('a target in the repository, around it, or that is a file, is refused; a link to a folder is taken for the folder', async () => {
    await using scene = await sceneOn(sshd);
    const { maker, around, repositoryPath } = scene;
    const snapshot = await maker.snapshot(await maker.file('file', 'content'));
    const repository = Buffer.from(repositoryPath).toString('latin1') as never;
    const refuses = async (path: string): Promise<void> => {
      const server = { files: scene.filesAt(path), repositoryPath: repository };
      await assert.rejects(scene.restore(snapshot, { server }), (error) => isCode(error, 'target.unsafe'));
    };
    await refuses(repositoryPath);
    await refuses(join(repositoryPath, 'data', 'new'));
    writeFileSync(join(around, 'file'), '');
    await refuses(join(around, 'file'));
    symlinkSync(repositoryPath, join(around, 'to-repository'));
    await refuses(join(around, 'to-repository'));
    mkdirSync(join(around, 'real'));
    symlinkSync('real', join(around, 'alias'));
    await scene.restore(snapshot, { server: { files: scene.filesAt(join(around, 'alias')) } });
    assert.deepEqual(readdirSync(join(around, 'real')), ['file']);
    // One that lies below it is left alone.
    const above = { files: scene.filesAt(stage.path), repositoryPath: repository };
    const { exceptions } = await scene.restore(await maker.snapshot(await maker.folder(repositoryPath.split('/').at(-1) ?? '')), {
      server: above,
    });
    assert.deepEqual(
      exceptions.map(({ reason }) => reason),
      ['repository'],
    );
  });

  test('the repository is known by what it is, however it is reached: nothing of it is written or removed', async () => {
    await using scene = await sceneOn(sshd);
    const { maker, target, repositoryPath } = scene;
    const inner = await maker.folder('data', await maker.file('new', 'new'));
    const unlike = await maker.folder('repository', await maker.folder('data', await maker.file('new', 'new')));
    const file = await maker.file('file', 'content');
    const [without, within] = [await maker.snapshot(file), await maker.snapshot(file, unlike)];
    // No location told that it lies there.
    for (const path of [repositoryPath, join(repositoryPath, 'data'), join(repositoryPath, 'data', 'new')]) {
      const server = { files: scene.filesAt(path) };
      await assert.rejects(scene.restore(await maker.snapshot(inner), { server, delete: true }), (error) => isCode(error, 'target.unsafe'));
    }
    mkdirSync(join(target, 'aside'), { recursive: true });
    const [atTop, deep] = [join(target, 'repository'), join(target, 'aside', 'deep')];
    for (const path of [atTop, deep]) cpSync(repositoryPath, path, { recursive: true });
    writeFileSync(join(target, 'surplus'), 'x');
    const [top, below] = [listing(atTop), listing(deep)];
    for (const dryRun of [true, false]) {
      const result = await scene.restore(without, { delete: true, dryRun });
      assert.deepEqual(reasonsOf(result), ['not-deleted /aside/deep', 'not-deleted /repository']);
      const into = await scene.restore(within, { dryRun });
      assert.deepEqual(reasonsOf(into), ['folder-failed /repository/data', 'folder-failed /repository/data/new', 'repository /repository']);
      assertSameLines(listing(atTop), top);
      assertSameLines(listing(deep), below);
    }
    assert.equal(existsSync(join(target, 'surplus')), false);
  });

  test('a line that is cut again and again costs nothing but time', async (t) => {
    const seed = freshSeed();
    t.diagnostic(`seed ${seed}`);
    const random = new SeededRandom(seed);
    await using line = await CutLine.to(sshd.port);
    await using scene = await sceneOn(sshd, line.port);
    const { nodes, expected } = await manyFiles(scene.maker, random);
    const snapshot = await scene.maker.snapshot(...nodes);
    const over = Promise.withResolvers<void>();
    let cuts = 0;
    let isOver = false;
    const cutting = (async () => {
      while (!isOver && cuts < 8) {
        await Promise.race([line.cutAfter(20_000 + random.below(900_000), cuts % 2 === 0 ? 'reset' : 'end'), over.promise]);
        if (!isOver) cuts += 1;
      }
    })();
    const result = await scene.restore(snapshot, { verify: true });
    isOver = true;
    over.resolve();
    line.keepWhole();
    await cutting;
    assert(cuts >= 4, `${cuts} cuts`);
    assert.deepEqual(result.exceptions, []);
    assert.equal(assertWhole(scene.target, expected, `seed ${seed}`), expected.size);
    assert.deepEqual(unfinishedIn(scene.target), []);
  });

  test('a hard link whose answer is lost is there, and no failure', async () => {
    await using line = await CutLine.to(sshd.port);
    await using scene = await sceneOn(sshd, line.port);
    const files = scene.filesAt(scene.around);
    const existing = joinBytes(files.path, byteStringFromText('existing'));
    writeFileSync(join(scene.around, 'existing'), '');
    for (let i = 0; i < 5; i++) {
      await files.look(existing, neverAborted);
      void line.cutAfter(1, 'end'); // behind the request
      await files.hardLink(existing, joinBytes(files.path, byteStringFromText(`link-${i}`)), neverAborted);
      line.keepWhole();
    }
    assert.equal(statSync(join(scene.around, 'existing')).nlink, 6);
  });

  test('a server that is gone for good ends it as unreachable, with what was done; the next one goes on', async () => {
    await using other = await Sshd.start();
    await other.writeKnownHosts();
    await using scene = await sceneOn(other);
    const { nodes, expected } = await manyFiles(scene.maker, new SeededRandom(7));
    const snapshot = await scene.maker.snapshot(...nodes);
    const { storage, repository } = await watched(scene.repositoryPath);
    let reads = 0;
    let stopping: Promise<void> | undefined;
    storage.onRead = () => {
      reads += 1;
      if (reads === 12) stopping = other.stop();
    };
    const early: number[] = [];
    await assert.rejects(
      restore(
        repository,
        snapshot,
        {
          target: scene.target,
          server: { files: scene.filesAt(scene.target) },
          workers: 2,
          signal: neverAborted,
        },
        ({ counts }) => early.push(counts.filesRestored),
      ),
      (error) => isCode(error, 'storage.unreachable') && String(error.facts['location']).startsWith('sftp:'),
    );
    await stopping;
    const there = assertWhole(scene.target, expected);
    assert(there < expected.size);
    assert((early[0] ?? Infinity) <= there, `${early[0]} told, ${there} there`);
    await using again = await sceneOn(sshd, sshd.port, scene.around);
    const server = { files: again.filesAt(scene.target) };
    const result = await restore(repository, snapshot, { target: scene.target, server, workers: 2, signal: neverAborted });
    assert.equal(result.counts.filesUnchanged, there);
    assert.equal(result.counts.filesRestored, expected.size - there);
    assert.equal(assertWhole(scene.target, expected), expected.size);
  });

  test('killed at any moment it leaves no file under its name that is not whole, and can be repeated', async (t) => {
    const seed = freshSeed();
    t.diagnostic(`seed ${seed}`);
    const random = new SeededRandom(seed);
    await using scene = await sceneOn(sshd);
    const { nodes, expected } = await manyFiles(scene.maker, random);
    const { tree } = await scene.maker.snapshot(...nodes);
    const run = [childPath, scene.repositoryPath, tree, scene.target, sshd.user, String(sshd.port), sshd.home];
    for (let round = 0; round < rounds({ sample: 4, long: 30 }); round++) {
      const child = spawn(process.execPath, run, { stdio: ['ignore', 'pipe', 'inherit'] });
      const closed = once(child, 'close');
      await once(child.stdout, 'data');
      await setTimeout(random.below(700));
      child.kill('SIGKILL');
      await closed;
      assertWhole(scene.target, expected, `in round ${round}, seed ${seed}`);
    }
    const { status, stdout, stderr } = spawnSync(process.execPath, run, { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    const { verified, exceptions }: { verified: number; exceptions: unknown[] } = JSON.parse(stdout.split('\n')[1] ?? '');
    assert.deepEqual(exceptions, []);
    assert.equal(verified, expected.size);
    assert.equal(assertWhole(scene.target, expected), expected.size);
  });

  test('an aborted one ends with "aborted" and leaves nothing unfinished, whenever that is', async () => {
    await using scene = await sceneOn(sshd);
    const { nodes, expected } = await manyFiles(scene.maker, new SeededRandom(11));
    const snapshot = await scene.maker.snapshot(...nodes);
    const { storage, repository } = await watched(scene.repositoryPath);
    for (const stopAfter of [0, 1, 2, 5, 9]) {
      const controller = new AbortController();
      let reads = 0;
      const into = `${scene.target}-${stopAfter}`;
      if (stopAfter === 0) controller.abort();
      storage.onRead = () => {
        reads += 1;
        if (reads === stopAfter) controller.abort();
      };
      const server = { files: scene.filesAt(into) };
      await assert.rejects(restore(repository, snapshot, { target: into, server, signal: controller.signal }), (error) =>
        isCode(error, 'aborted'),
      );
      assert.deepEqual(unfinishedIn(into), []);
      assertWhole(into, expected);
    }
  });

  test('a full disk ends it with "target.full", one that is read-only with "target.denied"; what stands there is whole', async (t) => {
    const disk = SmallDisk.mount(stage.fresh('disk'), 5);
    if (typeof disk === 'string') return t.skip(disk);
    await using scene = await sceneOn(sshd, sshd.port, disk.path);
    const { nodes, expected } = await manyFiles(scene.maker, new SeededRandom(12));
    const snapshot = await scene.maker.snapshot(...nodes);
    await assert.rejects(scene.restore(snapshot), (error) => isCode(error, 'target.full') && error.facts['reason'] === 'ENOSPC');
    assert.deepEqual(unfinishedIn(disk.path), []);
    const there = assertWhole(scene.target, expected);
    assert(there > 5, `${there} files`);
    disk.remount('ro');
    for (const path of [scene.target, join(disk.path, 'new')]) {
      const server = { files: scene.filesAt(path) };
      await assert.rejects(scene.restore(snapshot, { server }), (error) => isCode(error, 'target.denied'));
    }
  });

  test('an unknown server is asked for by its fingerprint, or refused; one that lets nobody in is told as denied', async () => {
    await using scene = await sceneOn(sshd);
    const snapshot = await scene.maker.snapshot(await scene.maker.file('file', 'content'));
    const known = { knownHostsFile: join(stage.folder('ssh'), 'known_hosts') };
    const ask = (access: Parameters<ServerScene['filesAt']>[2]) =>
      scene.restore(snapshot, { server: { files: scene.filesAt(scene.target, sshd.port, { ...known, ...access }) } });
    await assert.rejects(
      ask({}),
      (error) => isCode(error, 'storage.unknown-host') && String(error.facts['fingerprint']).startsWith('SHA256:'),
    );
    await assert.rejects(ask({ confirmHost: async () => false }), (error) => isCode(error, 'storage.unknown-host'));
    assert.equal(existsSync(scene.target), false);
    await ask({ confirmHost: async ({ port }) => port === sshd.port });
    assert.deepEqual(readdirSync(scene.target), ['file']);
    const nobody = scene.filesAt(scene.target, sshd.port, { identityFile: join(stage.path, 'no-key') });
    await assert.rejects(scene.restore(snapshot, { server: { files: nobody } }), (error) => isCode(error, 'storage.denied'));
  });

  test('a relative path is seen from the home of whoever logs in, and folders that are missing are made', async () => {
    await using scene = await sceneOn(sshd);
    const { maker, target } = scene;
    const snapshot = await maker.snapshot(await maker.file('file', 'content'));
    const deep = join(target, 'a', 'b', 'c');
    await scene.restore(snapshot, { server: { files: scene.filesAt(deep) } });
    assert.deepEqual(readdirSync(deep), ['file']);
    const files = scene.filesAt('.');
    const home = Buffer.from(await files.realPath('.' as never, neverAborted), 'latin1').toString();
    const name = `cadangan-test-${process.pid}-${Date.now()}`;
    await scene.restore(snapshot, { server: { files: scene.filesAt(name) }, dryRun: true });
    assert.equal(existsSync(join(home, name)), false);
  });
});

async function zoo(maker: RepositoryMaker, random: SeededRandom): Promise<Node[]> {
  const linked = { inode: 77, deviceId: 1, links: 2 };
  const once = await maker.file('once', 'one file of two names');
  const large = await maker.file('large', ...Array.from({ length: 5 }, () => random.bytes(1_500_000)));
  await maker.endPack();
  const small: Node[] = [];
  for (let i = 0; i < 60; i++) small.push(await maker.file(`small-${String(i).padStart(3, '0')}`, random.bytes(50 + i * 7)));
  let deep = await maker.folder('bottom', await maker.file('leaf', 'leaf'));
  for (let depth = 0; depth < 40; depth++) deep = await maker.folder(`d${depth}`, deep);
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
