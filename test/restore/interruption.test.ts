import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { isCode, passwordFromText } from '../../src/platform/index.ts';
import { goMode, Repository, type Node } from '../../src/repository/index.ts';
import { restore } from '../../src/restore/index.ts';
import { FolderStorage } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { node, type RepositoryMaker } from '../fakes/repository-maker.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { assertNothingUnfinished, contentOf, scene, temporaryPath } from './temporary-target.ts';
import { rounds } from '../rounds.ts';
import { freshSeed } from '../seeds.ts';

const childPath = join(import.meta.dirname, 'restore-child.ts');
const posixRoot = { skip: process.getuid?.() !== 0 ? 'needs root' : false };

interface Child {
  readonly status: number | null;
  readonly result: { readonly counts: Record<string, number>; readonly exceptions: string[] };
}

function runChild(...parameters: string[]): Child {
  const { status, stdout, stderr } = spawnSync(process.execPath, [childPath, ...parameters], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const result: Child['result'] = JSON.parse(stdout.split('\n')[1] ?? '');
  return { status, result };
}

async function manyFiles(maker: RepositoryMaker, random: SeededRandom): Promise<{ nodes: Node[]; expected: Map<string, Buffer> }> {
  const nodes: Node[] = [];
  const expected = new Map<string, Buffer>();
  for (let number = 0; number < 400; number++) {
    const parts = number % 10 === 0 ? [random.bytes(400_000), random.bytes(300_000)] : [random.bytes(2000 + random.below(4000))];
    const name = `file-${String(number).padStart(3, '0')}`;
    if (number % 25 === 0) await maker.endPack();
    nodes.push(await maker.file(name, ...parts));
    expected.set(name, Buffer.concat(parts));
  }
  return { nodes, expected };
}

test('a restore killed at any moment leaves no file under its name that is not whole, and can be repeated', async (t) => {
  const { maker, target, repositoryPath } = await scene();
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = new SeededRandom(seed);
  const { nodes, expected } = await manyFiles(maker, random);
  const { tree } = await maker.snapshot(...nodes);
  for (let round = 0; round < rounds({ sample: 6, long: 60 }); round++) {
    const child = spawn(process.execPath, [childPath, repositoryPath, target, tree], { stdio: ['ignore', 'pipe', 'inherit'] });
    const closed = once(child, 'close');
    await once(child.stdout, 'data');
    await setTimeout(random.below(400));
    child.kill('SIGKILL');
    await closed;
    if (!existsSync(target)) continue; // it had not begun
    for (const name of readdirSync(target).filter((entry) => !entry.startsWith('.cadangan-'))) {
      assert(readFileSync(join(target, name)).equals(expected.get(name) ?? Buffer.of()), `${name} in round ${round}`);
    }
  }

  const { result } = runChild(repositoryPath, target, tree);

  assert.deepEqual(result.exceptions, []);
  assert.equal(result.counts['filesVerified'], expected.size);
  for (const [name, bytes] of expected) assert(readFileSync(join(target, name)).equals(bytes), name);
});

/** Calls back when a range is read. */
class WatchedStorage extends FolderStorage {
  onRead: () => void = () => undefined;

  override readRange(...parameters: Parameters<FolderStorage['readRange']>): ReturnType<FolderStorage['readRange']> {
    this.onRead();
    return super.readRange(...parameters);
  }
}

test('an aborted restore ends with "aborted" and leaves nothing unfinished, whenever that is', async () => {
  const { maker, target, repositoryPath } = await scene();
  const { nodes, expected } = await manyFiles(maker, new SeededRandom(11));
  const snapshot = await maker.snapshot(...nodes);
  const storage = new WatchedStorage(repositoryPath);
  const repository = await Repository.open({ storage }, passwordFromText('password'), neverAborted);
  await repository.loadIndex({ signal: neverAborted });
  for (const stopAfter of [0, 1, 2, 5, 9]) {
    const controller = new AbortController();
    let reads = 0;
    const into = `${target}-${stopAfter}`;
    if (stopAfter === 0) controller.abort();
    storage.onRead = () => {
      reads += 1;
      if (reads === stopAfter) controller.abort();
    };
    await assert.rejects(restore(repository, snapshot, { target: into, signal: controller.signal }), (error) => isCode(error, 'aborted'));
    assert.equal(reads >= stopAfter, true);
    if (!existsSync(into)) continue;
    assertNothingUnfinished(into);
    for (const name of readdirSync(into)) assert(readFileSync(join(into, name)).equals(expected.get(name) ?? Buffer.of()), name);
  }
});

test('a full disk ends the restore with "target.full"; what stands there is whole', async (t: TestContext) => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return t.skip('needs root on Linux, to mount a tmpfs');
  const { maker, restore } = await scene();
  const { nodes, expected } = await manyFiles(maker, new SeededRandom(12));
  const snapshot = await maker.snapshot(...nodes);
  const disk = temporaryPath();
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', disk], { encoding: 'utf8' });
  if (mounted.status !== 0) return t.skip(`cannot mount a tmpfs here: ${mounted.stderr}`);
  try {
    await assert.rejects(
      restore(snapshot, { target: join(disk, 'target') }),
      (error) => isCode(error, 'target.full') && error.facts['reason'] === 'ENOSPC',
    );
    assertNothingUnfinished(disk);
    const restored = readdirSync(join(disk, 'target'));
    assert(restored.length > 5);
    for (const name of restored) assert(readFileSync(join(disk, 'target', name)).equals(expected.get(name) ?? Buffer.of()), name);
    spawnSync('mount', ['-o', 'remount,ro', disk]);
    await assert.rejects(restore(snapshot, { target: join(disk, 'target') }), (error) => isCode(error, 'target.denied'));
    await assert.rejects(restore(snapshot, { target: join(disk, 'new') }), (error) => isCode(error, 'target.denied'));
  } finally {
    spawnSync('umount', [disk]);
  }
});

test('somebody who is not root gets everything but owners; no program of another runs as him', posixRoot, async () => {
  const nobody = 65534;
  const { maker, around, target, repositoryPath } = await scene();
  const closed = (goMode.dir | 0o555) >>> 0;
  const snapshot = await maker.snapshot(
    { ...(await maker.file('mine', 'mine')), uid: nobody, gid: nobody },
    node('dir', 'read-only', {
      mode: closed,
      uid: nobody,
      gid: nobody,
      subtree: await maker.tree({ ...(await maker.file('inside', 'inside')), uid: nobody, gid: nobody }),
    }),
    { ...(await maker.file('setuid', 'of root')), mode: (goMode.setuid | 0o755) >>> 0, uid: 0, gid: 0 },
    // His own program for a group that is not his, and a folder that hands on its group.
    { ...(await maker.file('own', 'own')), mode: (goMode.setuid | goMode.setgid | 0o755) >>> 0, uid: nobody, gid: 0 },
    node('dir', 'shared', { mode: (goMode.dir | goMode.setgid | 0o775) >>> 0, uid: 0, gid: 0, subtree: await maker.tree() }),
    node('symlink', 'symlink', { linkTarget: node('file', 'mine').name, uid: 0, gid: 0 }),
  );
  giveAway(repositoryPath, nobody);
  giveAway(join(repositoryPath, '..'), nobody, false);
  giveAway(around, nobody);

  const { result } = runChild(repositoryPath, target, snapshot.tree, String(nobody));

  assert.deepEqual(contentOf(target), {
    mine: 'mine',
    'read-only': '/',
    'read-only/inside': 'inside',
    own: 'own',
    setuid: 'of root',
    shared: '/',
    symlink: '-> mine',
  });
  assert.deepEqual(result.exceptions.sort(), ['mode /own EPERM', 'mode /setuid EPERM']);
  assert.equal(statSync(join(target, 'own')).mode & 0o7777, 0o4755);
  assert.equal(statSync(join(target, 'shared')).mode & 0o7777, 0o2775);
  assert.equal(statSync(join(target, 'setuid')).mode & 0o7777, 0o755);
  assert.equal(statSync(join(target, 'setuid')).uid, nobody);
  assert.equal(statSync(join(target, 'read-only')).mode & 0o777, 0o555);

  // Again, into the folder that is read-only now, over something that has changed.
  writeFileSync(join(target, 'read-only', 'inside'), 'changed');
  chownSync(join(target, 'read-only', 'inside'), nobody, nobody);
  const again = runChild(repositoryPath, target, snapshot.tree, String(nobody));
  assert.equal(readFileSync(join(target, 'read-only', 'inside'), 'utf8'), 'inside');
  assert.equal(again.result.counts['filesUpdated'], 1);
  assert.equal(statSync(join(target, 'read-only')).mode & 0o777, 0o555);
});

test('somebody who is not root restores to where it came from, below folders that he may not write into', posixRoot, async () => {
  const nobody = 65534;
  const { maker, around, target, repositoryPath } = await scene();
  const mine = { uid: nobody, gid: nobody };
  const home = { ...(await maker.folder('mine', { ...(await maker.file('x', 'x')), ...mine })), ...mine };
  const snapshot = await maker.snapshot(node('dir', 'home', { subtree: await maker.tree(home) }));
  giveAway(repositoryPath, nobody);
  for (const folder of [around, join(repositoryPath, '..')]) chmodSync(folder, 0o755);
  mkdirSync(join(target, 'home/mine'), { recursive: true });
  for (const folder of [target, join(target, 'home')]) chmodSync(folder, 0o555); // of root
  giveAway(join(target, 'home/mine'), nobody);

  const { result } = runChild(repositoryPath, target, snapshot.tree, String(nobody), '/home/mine');

  assert.deepEqual(result.exceptions, []);
  assert.deepEqual(contentOf(target), { home: '/', 'home/mine': '/', 'home/mine/x': 'x' });
  assert.deepEqual(
    [target, join(target, 'home')].map((folder) => statSync(folder).mode & 0o777),
    [0o555, 0o555],
  );
});

test('what somebody may not write is reported, and the rest is restored', posixRoot, async () => {
  const nobody = 65534;
  const { maker, around, target, repositoryPath } = await scene();
  const mine = { uid: nobody, gid: nobody };
  const snapshot = await maker.snapshot(
    {
      ...(await maker.folder(
        'of root',
        { ...(await maker.file('x', 'x')), ...mine },
        { ...(await maker.folder('sub', await maker.file('y', 'y'))), ...mine },
      )),
      ...mine,
    },
    { ...(await maker.file('z', 'z')), ...mine },
  );
  giveAway(repositoryPath, nobody);
  giveAway(join(repositoryPath, '..'), nobody, false);
  giveAway(around, nobody);
  mkdirSync(join(target, 'of root'), { recursive: true, mode: 0o755 });
  chownSync(target, nobody, nobody);

  const { result } = runChild(repositoryPath, target, snapshot.tree, String(nobody));

  assert.deepEqual(contentOf(target), { 'of root': '/', z: 'z' });
  assert(result.exceptions.some((line) => line.startsWith('denied /of root/x')));
  assert(result.exceptions.some((line) => line.startsWith('denied /of root/sub')));
  assert(result.exceptions.some((line) => line.startsWith('folder-failed /of root/sub/y')));
});

function giveAway(path: string, uid: number, deep = true): void {
  chownSync(path, uid, uid);
  if (!deep || !lstatSync(path).isDirectory()) return;
  for (const name of readdirSync(path)) giveAway(join(path, name), uid);
}
