import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { byteStringFromText, textOf } from '../../src/platform/index.ts';
import type { Repository, StoredSnapshot } from '../../src/repository/index.ts';
import { parseTimestamp } from '../../src/repository/index.ts';
import type { Change, FindOptions, ListOptions } from '../../src/browse/index.ts';
import { compareTrees, findInSnapshots, listEntries, nodeAt, versionsOf } from '../../src/browse/index.ts';
import { node, SmallRepository } from '../upkeep/small-repository.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

const path = byteStringFromText;

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe('looking into snapshots', () => {
  let small: SmallRepository;
  let repository: Repository;
  let snapshots: StoredSnapshot[];

  before(async () => {
    small = await SmallRepository.make();
    const kept = small.folder('kept', [small.file('same', 'the same in all')]);
    const late = { mtime: '2026-06-01T00:00:00Z' };
    const first = small.tree([
      small.folder('docs', [small.file('Letter.TXT', 'one'), node('link', 'symlink', { linkTarget: path('a') })]),
      small.folder('gone', [small.file('copy', 'moved away')]),
      kept,
      small.file('notes', 'v1'),
      small.file('turned', 'a file'),
    ]);
    const second = small.tree([
      small.folder('docs', [small.file('Letter.TXT', 'two', late), node('link', 'symlink', { linkTarget: path('b') })]),
      kept,
      small.file('moved', 'moved away'),
      small.file('notes', 'v1', late),
      small.folder('turned', [small.file('inner', 'new')]),
    ]);
    const third = small.tree([kept, small.file('notes', 'v2'), small.folder('\u00fcml\u00e4ut', [small.file('same', 'the same in all')])]);
    await small.flush();
    for (const [at, tree] of [first, second, third].entries()) await small.snapshot(tree, at);
    repository = await small.reopen();
    await repository.loadIndex({ signal: neverAborted });
    snapshots = await small.snapshots();
  });
  after(() => small[Symbol.asyncDispose]());

  const treeOf = (at: number) => snapshots[at]!.snapshot.tree;

  async function list(at: number, options: ListOptions): Promise<string[]> {
    return (await collect(listEntries(repository, treeOf(at), options))).map((entry) => textOf(entry.path));
  }

  async function find(options: FindOptions): Promise<string[]> {
    const matches = await collect(findInSnapshots(repository, snapshots, options));
    return matches.map((match) => `${snapshots.indexOf(match.snapshot) + 1} ${match.kind} ${textOf(match.path)}`);
  }

  test('nodeAt() finds files and folders at any depth, however the slashes stand', async () => {
    assert.equal((await nodeAt(repository, treeOf(0), path('/docs/Letter.TXT'), neverAborted)).size, 3);
    assert.equal((await nodeAt(repository, treeOf(0), path('docs//'), neverAborted)).type, 'dir');
    assert.equal((await nodeAt(repository, treeOf(2), path('/\u00fcml\u00e4ut/same'), neverAborted)).type, 'file');
    for (const missing of ['/', '/nothing', '/docs/nothing', '/notes/below', '/docs/link/below', '/..']) {
      await assert.rejects(nodeAt(repository, treeOf(0), path(missing), neverAborted), { code: 'path.not-found' }, missing);
    }
  });

  test('listEntries() lists the root, a folder with itself, or everything beneath', async () => {
    assert.deepEqual(await list(0, { signal: neverAborted }), ['/docs', '/gone', '/kept', '/notes', '/turned']);
    assert.deepEqual(await list(0, { signal: neverAborted, path: path('/docs') }), ['/docs', '/docs/Letter.TXT', '/docs/link']);
    assert.deepEqual(await list(0, { signal: neverAborted, path: path('/notes') }), ['/notes']);
    assert.deepEqual(await list(2, { signal: neverAborted, recursive: true }), [
      '/kept',
      '/kept/same',
      '/notes',
      '/\u00fcml\u00e4ut',
      '/\u00fcml\u00e4ut/same',
    ]);
    await assert.rejects(list(0, { signal: neverAborted, path: path('/no') }), { code: 'path.not-found' });
  });

  test('findInSnapshots() finds names and paths in every snapshot', async () => {
    assert.deepEqual(await find({ signal: neverAborted, patterns: ['same'] }), [
      '1 entry /kept/same',
      '2 entry /kept/same',
      '3 entry /kept/same',
      '3 entry /\u00fcml\u00e4ut/same',
    ]);
    assert.deepEqual(await find({ signal: neverAborted, patterns: ['/kept/*'] }), [
      '1 entry /kept/same',
      '2 entry /kept/same',
      '3 entry /kept/same',
    ]);
    assert.deepEqual(await find({ signal: neverAborted, patterns: ['letter*'] }), []);
    assert.deepEqual(await find({ signal: neverAborted, patterns: ['letter*', 'NOTHING'], ignoreCase: true }), [
      '1 entry /docs/Letter.TXT',
      '2 entry /docs/Letter.TXT',
    ]);
    assert.deepEqual(await find({ signal: neverAborted, patterns: ['!gone'] }), ['1 entry /gone', '1 entry /gone/copy']);
    assert.equal((await find({ signal: neverAborted, patterns: [''] })).length, 9 + 9 + 5);
    await assert.rejects(find({ signal: neverAborted, patterns: ['a['] }), { code: 'arguments.invalid' });
    await assert.rejects(find({ signal: neverAborted }), { code: 'arguments.invalid' });
  });

  test('findInSnapshots() looks at times, both ends included', async () => {
    const { ns } = parseTimestamp('2026-06-01T00:00:00Z');
    assert.deepEqual(await find({ signal: neverAborted, patterns: ['notes'], oldestNs: ns }), ['2 entry /notes']);
    assert.deepEqual(await find({ signal: neverAborted, patterns: ['notes'], newestNs: ns - 1n }), ['1 entry /notes', '3 entry /notes']);
  });

  test('findInSnapshots() finds what has a blob, a tree, or anything of a pack', async () => {
    const blob = (await nodeAt(repository, treeOf(0), path('/gone/copy'), neverAborted)).content![0]!;
    assert.deepEqual(await find({ signal: neverAborted, blobIds: [blob.slice(0, 8)] }), ['1 blob /gone/copy', '2 blob /moved']);
    const tree = (await nodeAt(repository, treeOf(0), path('/kept'), neverAborted)).subtree!;
    assert.deepEqual(await find({ signal: neverAborted, treeIds: [tree] }), [
      '1 tree /kept',
      '2 tree /kept',
      '3 tree /kept',
      '3 tree /\u00fcml\u00e4ut',
    ]);
    assert.deepEqual(await find({ signal: neverAborted, treeIds: [treeOf(1)] }), ['2 tree /']);
    const pack = repository.index.locate('data', blob)!.packId;
    assert.equal((await find({ signal: neverAborted, packIds: [pack] })).length, 5 + 5 + 3);
    await assert.rejects(find({ signal: neverAborted, blobIds: ['xyz'] }), { code: 'arguments.invalid' });
  });

  async function compare(a: number, b: number, metadata = false) {
    const changes: Change[] = [];
    const statistics = await compareTrees(repository, treeOf(a), treeOf(b), {
      signal: neverAborted,
      metadata,
      onChange: (change) => void changes.push(change),
    });
    return { changes: changes.map((change) => `${change.modifier} ${textOf(change.path)}`), statistics };
  }

  test('compareTrees() tells what was added, removed, modified and turned into something else', async () => {
    const { changes, statistics } = await compare(0, 1);
    assert.deepEqual(changes, ['M /docs/Letter.TXT', '- /gone/', '- /gone/copy', '+ /moved', 'T /turned/']);
    assert.equal(statistics.changedFiles, 1);
    const { bytes: _added, ...added } = statistics.added;
    const { bytes: _removed, ...removed } = statistics.removed;
    // A moved file's data is neither new nor gone.
    assert.deepEqual(added, { files: 1, dirs: 0, others: 0, dataBlobs: 1, treeBlobs: 3 });
    assert.deepEqual(removed, { files: 1, dirs: 1, others: 0, dataBlobs: 2, treeBlobs: 3 });
  });

  test('compareTrees() tells metadata only when asked', async () => {
    assert.deepEqual((await compare(0, 1, true)).changes, [
      'U /docs/',
      'M /docs/Letter.TXT',
      'U /docs/link',
      '- /gone/',
      '- /gone/copy',
      '+ /moved',
      'U /notes',
      'TU /turned/',
    ]);
  });

  test('compareTrees() of a tree with itself finds nothing', async () => {
    const { changes, statistics } = await compare(1, 1, true);
    assert.deepEqual(changes, []);
    assert.deepEqual([statistics.changedFiles, statistics.added.bytes, statistics.removed.treeBlobs], [0, 0, 0]);
  });

  test('a copy of data in an unchanged folder is no new data', async () => {
    const { statistics } = await compare(0, 2);
    assert.equal(statistics.added.dataBlobs, 1, 'only v2: the new folder has a copy of what is in the unchanged one');
    assert.equal(statistics.added.treeBlobs, 1, 'and its tree is the very same');
  });

  test('versionsOf() groups snapshots by content', async () => {
    const history = await versionsOf(repository, snapshots, path('/notes'), neverAborted);
    const seen = history.versions.map((version) => version.snapshots.map((snapshot) => snapshots.indexOf(snapshot)));
    assert.deepEqual(seen, [[2], [1, 0]]);
    assert.equal(history.versions[1]?.node.mtime, '2026-06-01T00:00:00Z', 'the newest with this content speaks');
    const gone = await versionsOf(repository, snapshots, path('/gone/copy'), neverAborted);
    assert.deepEqual([gone.versions.length, gone.absentFrom.length], [1, 2]);
    assert.equal((await versionsOf(repository, snapshots, path('/turned'), neverAborted)).versions.length, 2);
    assert.equal((await versionsOf(repository, snapshots, path('/turned/inner'), neverAborted)).versions.length, 1);
  });
});

test('a folder that cannot be read is reported, and the rest is still found', async () => {
  await using small = await SmallRepository.make();
  const missing = 'ab'.repeat(32);
  const root = small.tree([small.file('a', 'text'), node('broken', 'dir', { subtree: missing as never }), small.file('z', 'text')]);
  await small.flush();
  await small.snapshot(root, 1);
  const { repository } = small;
  const unreadable: string[] = [];
  const entries = await collect(
    listEntries(repository, root, { signal: neverAborted, recursive: true, onUnreadable: (at) => unreadable.push(textOf(at)) }),
  );
  assert.deepEqual([entries.length, unreadable], [3, ['/broken']]);
  await assert.rejects(collect(listEntries(repository, root, { signal: neverAborted, recursive: true })), { code: 'repository.damaged' });
  const matches = await collect(findInSnapshots(repository, await small.snapshots(), { signal: neverAborted, patterns: ['*'] }));
  assert.deepEqual(
    matches.map(({ kind }) => kind),
    ['entry', 'entry', 'unreadable', 'entry'],
  );
  const history = await versionsOf(repository, await small.snapshots(), path('/broken/file'), neverAborted);
  assert.equal(history.unreadableIn.length, 1);
});

test('versions of a path of Windows are found in every case, also after the spelling in the configuration has changed', async () => {
  await using small = await SmallRepository.make();
  for (const [at, name] of ['data', 'Data'].entries()) {
    const inside = small.tree([small.file('Laporan.txt', `text ${at}`)]);
    const drive = small.tree([node(name, 'dir', { subtree: inside })]);
    const root = small.tree([node('C', 'dir', { subtree: drive, uid: 0, user: '' })]);
    await small.flush();
    await small.snapshot(root, at + 1);
  }
  for (const typed of ['/C/Data/Laporan.txt', '/c/data/LAPORAN.TXT']) {
    const { versions, absentFrom } = await versionsOf(small.repository, await small.snapshots(), path(typed), neverAborted);
    assert.deepEqual([versions.length, absentFrom.length], [2, 0], typed);
  }
});
