import assert from 'node:assert/strict';
import fs from 'node:fs';
import { appendFileSync, chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { isCode, system } from '../../src/platform/index.ts';
import type { BackupResult } from '../../src/backup/index.ts';
import { blobIdOf, Kernel, listSnapshots, loadKernelModule, resolveSnapshot, type Repository } from '../../src/repository/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { failsWith } from '../storage/conformance.ts';
import { newRepository, reopen } from '../repository/new-repository.ts';
import {
  assertEverySnapshotComplete,
  inSnapshot,
  nextRun,
  readSnapshot,
  rootOnly,
  runBackup,
  temporaryFolder,
  withMount,
} from './run-backup.ts';

const random = new SeededRandom(31);

/** On Windows that is a right of administrators, and Wine 8 does not. */
const makesLinks = !system.isWindows;

/** `path` below `folder`, made with the folders above it. */
function write(folder: string, path: string, content: string | Uint8Array = `content of ${path}`): string {
  const file = join(folder, path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, content);
  return file;
}

/**
 * Runs a backup and tells which files of its sources this process opened, by whichever function, and how many worker threads it had:
 * workers open files unseen.
 */
async function countedRun(
  repository: Repository,
  sources: readonly string[],
  options: Parameters<typeof runBackup>[2] = {},
): Promise<BackupResult & { opened: string[]; workers: number }> {
  const opened: string[] = [];
  let workers = 0;
  const { open, openSync, readFile, readFileSync } = fs;
  const noting =
    <Args extends unknown[], Result>(original: (...args: Args) => Result) =>
    (...args: Args): Result => {
      const path = String(args[0]);
      if (sources.some((source) => path.startsWith(resolve(options.workingFolder ?? '/', source)))) opened.push(path);
      return original(...args);
    };
  const onWorker = () => {
    workers += 1;
  };
  Object.assign(fs, { open: noting(open), openSync: noting(openSync), readFile: noting(readFile), readFileSync: noting(readFileSync) });
  syncBuiltinESMExports();
  process.on('worker', onWorker);
  try {
    const result = await runBackup(repository, sources, options);
    return { ...result, opened, workers };
  } finally {
    process.off('worker', onWorker);
    Object.assign(fs, { open, openSync, readFile, readFileSync });
    syncBuiltinESMExports();
  }
}

test('a snapshot holds every file as it is, and a second run stores nothing and opens nothing', async () => {
  using folder = temporaryFolder();
  const source = join(folder.path, 'srv');
  const contents = new Map([
    ['a', 'text'],
    ['empty', ''],
    ['sub/deep/b', 'x'.repeat(100_000)],
    ['sub/ü 😀', 'name'],
  ]);
  for (const [path, content] of contents) write(source, path, content);
  mkdirSync(join(source, 'no entries'));
  if (makesLinks) symlinkSync('../nowhere', join(source, 'link'));
  const { repository, storage } = await newRepository();
  // An absolute source has the system's folder for temporary files above it, which is never quiet.
  const here = { workingFolder: folder.path };
  const first = await runBackup(repository, ['srv'], { ...here, tags: ['uji'] });
  assert.deepEqual([first.summary.filesNew, first.summary.totalFilesProcessed, first.issueCount, first.parentId], [4, 4, 0, undefined]);

  const opened = await reopen(storage);
  const stored = await readSnapshot(opened, first.tree);
  for (const [path, content] of contents) assert.equal(stored.get(`/srv/${path}`)?.content?.toString(), content, path);
  assert.equal(stored.get('/srv/link')?.node.linkTarget, makesLinks ? '../nowhere' : undefined);
  assert.equal(stored.get('/srv/no entries')?.node.type, 'dir');
  const { snapshot } = await resolveSnapshot(opened, 'latest', {}, neverAborted);
  assert.deepEqual([snapshot.paths, snapshot.tags, snapshot.hostname, snapshot.programVersion], [[source], ['uji'], 'srv-uji', 'test']);

  const packsBefore = (await storage.list('data', neverAborted)).length;
  const second = await countedRun(opened, ['srv'], here);
  assert.deepEqual([second.opened, second.workers], [[], 0]);
  assert.deepEqual(
    [
      second.summary.filesUnmodified,
      second.summary.filesNew,
      second.summary.filesChanged,
      second.summary.dataBlobs,
      second.summary.treeBlobs,
    ],
    [4, 0, 0, 0, 0],
  );
  assert.deepEqual([second.tree, second.parentId], [first.tree, first.snapshotId]);
  assert.equal((await storage.list('data', neverAborted)).length, packsBefore);
  assert.equal((await storage.list('index', neverAborted)).length, 1);
  assert.equal(await assertEverySnapshotComplete(storage), 2);
});

test('the counter of opens sees a run that has to open something', async () => {
  using folder = temporaryFolder();
  write(folder.path, 'a');
  const { repository } = await newRepository();
  assert.ok((await countedRun(repository, [folder.path])).workers > 0);
});

test('the file system saw no access to an unchanged file, small or large', rootOnly, async (t) => {
  using folder = temporaryFolder();
  await withMount(t, folder.path, async () => {
    const files = [write(folder.path, 'small', 'x'), write(folder.path, 'sub/large', random.bytes(9 << 20))];
    const accesses = () => files.map((file) => fs.lstatSync(file, { bigint: true }).atimeNs);
    const { repository, storage } = await newRepository();
    await runBackup(repository, [folder.path]);
    const before = accesses();
    assert.equal((await nextRun(storage, [folder.path])).summary.filesUnmodified, 2);
    assert.deepEqual(accesses(), before);
    await nextRun(storage, [folder.path], { force: true });
    accesses().forEach((access, at) => assert.notEqual(access, before[at], 'this file system does note them'));
  });
});

test('only what changed is read and stored: content, names and rights each cost what they must', async () => {
  using folder = temporaryFolder();
  const source = folder.path;
  for (let at = 0; at < 30; at++) write(source, `folder-${at % 3}/file-${at}`);
  const { repository, storage } = await newRepository();
  await runBackup(repository, [source]);

  appendFileSync(join(source, 'folder-0/file-0'), ' and more');
  const appended = await nextRun(storage, [source]);
  assert.deepEqual([appended.summary.filesChanged, appended.summary.filesUnmodified, appended.summary.dataBlobs], [1, 29, 1]);

  chmodSync(join(source, 'folder-1/file-1'), 0o440);
  const rights = await nextRun(storage, [source]);
  assert.deepEqual(
    [rights.summary.filesChanged, rights.summary.dataBlobs, rights.summary.filesUnmodified],
    system.hasModes ? [1, 0, 29] : [0, 0, 30],
    'its ctime is new, which is not kept on Windows; its content is known',
  );
  assert.ok(rights.summary.treeBlobs > 0);

  renameSync(join(source, 'folder-2'), join(source, 'renamed'));
  const renamed = await nextRun(storage, [source]);
  assert.deepEqual([renamed.summary.filesNew, renamed.summary.dataBlobs], [10, 0]);

  rmSync(join(source, 'renamed'), { recursive: true });
  const removed = await nextRun(storage, [source]);
  assert.deepEqual([removed.summary.totalFilesProcessed, removed.summary.dataBlobs], [20, 0]);

  const { repository: latest } = removed;
  const stored = await readSnapshot(latest, removed.tree);
  assert.equal(stored.get(inSnapshot(join(source, 'folder-0/file-0')))?.content?.toString(), 'content of folder-0/file-0 and more');
  assert.equal(Number(stored.get(inSnapshot(join(source, 'folder-1/file-1')))?.node.mode ?? 0) & 0o777, system.hasModes ? 0o440 : 0o444);
  chmodSync(join(source, 'folder-1/file-1'), 0o640);
  assert.ok(!stored.has(inSnapshot(join(source, 'renamed'))));
  assert.equal(await assertEverySnapshotComplete(storage), 5);
});

test('a file that was rewritten behind its times is seen by its ctime; a run that ignores that sees it with --force only', async () => {
  using folder = temporaryFolder();
  const file = write(folder.path, 'a', 'before');
  const past = new Date('2020-01-01T00:00:00Z');
  utimesSync(file, past, past);
  const { repository, storage } = await newRepository();
  await runBackup(repository, [folder.path]);
  const changes = { ignoreCtime: true, ignoreInode: false } as const;
  const contentAfter = async (options: Parameters<typeof nextRun>[2]) => {
    const run = await nextRun(storage, [folder.path], options);
    return (await readSnapshot(run.repository, run.tree)).get(inSnapshot(file))?.content?.toString();
  };
  const rewrite = (content: string) => {
    writeFileSync(file, content);
    utimesSync(file, past, past);
  };
  rewrite('after!');
  assert.equal(await contentAfter({}), 'after!', 'the ctime tells');
  rewrite('again!');
  assert.equal(await contentAfter({ changes }), 'after!');
  assert.equal(await contentAfter({ changes, force: true }), 'again!');
});

test('a file whose blobs are no longer in the index is read again, although it has not changed', async () => {
  using folder = temporaryFolder();
  write(folder.path, 'a', random.bytes(10_000));
  write(folder.path, 'b', random.bytes(10_000));
  const { repository, storage } = await newRepository();
  await runBackup(repository, [folder.path], { workerCount: 1 });
  const opened = await reopen(storage);
  const dataPack = [...opened.index.packContents()].find(([, { dataBlobs }]) => dataBlobs > 0)?.[0] ?? '';
  storage.tamper({ kind: 'data', name: dataPack }, () => undefined);
  for (const { name } of await storage.list('index', neverAborted)) {
    const index = JSON.parse(Buffer.from(await opened.loadUnpacked('index', name, neverAborted)).toString()) as { packs: { id: string }[] };
    await opened.saveUnpacked(
      'index',
      Buffer.from(JSON.stringify({ packs: index.packs.filter(({ id }) => id !== dataPack) })),
      neverAborted,
    );
    storage.tamper({ kind: 'index', name }, () => undefined);
  }
  const run = await nextRun(storage, [folder.path]);
  assert.equal(run.summary.filesUnmodified, 0);
  assert.equal(run.summary.dataBlobs, 2);
  assert.equal(await assertEverySnapshotComplete(storage), 2, 'and the older snapshot is whole again');
});

test('a damaged tree of the parent is counted, and its files are read again', async () => {
  using folder = temporaryFolder();
  for (let at = 0; at < 5; at++) write(folder.path, `sub/${at}`);
  const { repository, storage } = await newRepository();
  await runBackup(repository, [folder.path]);
  const opened = await reopen(storage);
  const treePack = [...opened.index.packContents()].find(([, { treeBlobs }]) => treeBlobs > 0)?.[0] ?? '';
  storage.tamper({ kind: 'data', name: treePack }, (bytes) => bytes?.fill(0));
  const run = await runBackup(opened, [folder.path]);
  assert.ok(run.parentTreesDamaged > 0);
  assert.equal(run.summary.filesNew, 5);
  assert.equal(run.summary.dataBlobs, 0);
});

test('a file of several scan tasks has just the blobs that a single thread cuts', async () => {
  using folder = temporaryFolder();
  const content = Buffer.from(random.bytes(1 << 20));
  const large = Buffer.concat(
    Array.from({ length: 72 }, (_, at) => {
      const part = Buffer.from(content);
      part.writeUInt32LE(at, random.below(part.length - 4));
      return part.subarray(0, part.length - random.below(5_000));
    }),
  );
  assert.ok(large.length > 64 << 20);
  const file = write(folder.path, 'large', large);
  const { repository } = await newRepository();
  const run = await runBackup(repository, [folder.path]);
  const entry = (await readSnapshot(repository, run.tree)).get(inSnapshot(file));
  assert.ok(entry?.content);
  assert.ok(entry.content.equals(large));
  assert.deepEqual(entry.node.content, cutAlone(repository, large));
  assert.deepEqual([run.issueCount, run.summary.totalBytesProcessed], [0, large.length]);
});

test('files at the borders of one chunk, of the minimum and of the maximum, are cut as a single thread cuts them', async () => {
  using folder = temporaryFolder();
  const sizes = [1, 63, 64, (512 << 10) - 1, 512 << 10, (512 << 10) + 1, (8 << 20) - 1, 8 << 20, (8 << 20) + 1, (9 << 20) + 7];
  const zeros = sizes.map((size) => ({ name: `zeros-${size}`, bytes: Buffer.alloc(size) }));
  const ones = sizes.map((size) => ({ name: `ones-${size}`, bytes: Buffer.alloc(size, 1) }));
  for (const { name, bytes } of [...zeros, ...ones]) write(folder.path, name, bytes);
  const { repository } = await newRepository();
  const run = await runBackup(repository, [folder.path]);
  const stored = await readSnapshot(repository, run.tree);
  for (const { name, bytes } of [...zeros, ...ones]) {
    const entry = stored.get(inSnapshot(join(folder.path, name)));
    assert.ok(entry?.content);
    assert.ok(entry.content.equals(bytes), name);
    assert.deepEqual(entry.node.content, cutAlone(repository, bytes), name);
  }
});

test('equal content is stored once, whichever worker meets it first', async () => {
  using folder = temporaryFolder();
  const same = random.bytes(600_000);
  for (let at = 0; at < 40; at++) write(folder.path, `copy-${at}`, same);
  const { repository, storage } = await newRepository();
  const run = await runBackup(repository, [folder.path]);
  assert.equal(run.summary.dataBlobs, new Set(cutAlone(repository, same)).size);
  assert.equal(run.summary.totalBytesProcessed, 40 * same.length);
  const opened = await reopen(storage);
  opened.index.forEach((type, id) => assert.equal(opened.index.locateAll(type, id).length, 1));
});

test('a dry run tells what a run would store, and writes nothing', async () => {
  using folder = temporaryFolder();
  for (let at = 0; at < 10; at++) write(folder.path, `${at}`, random.bytes(5_000));
  const { repository, storage } = await newRepository();
  const before = storage.operations.length;
  const here = { workingFolder: folder.path };
  const dry = await runBackup(await reopen(storage), ['.'], { ...here, dryRun: true });
  assert.equal(storage.operations.length, before);
  assert.equal(dry.snapshotId, undefined);
  const real = await runBackup(repository, ['.'], here);
  const counted = ({ summary }: typeof dry) => [
    summary.filesNew,
    summary.dataBlobs,
    summary.treeBlobs,
    summary.dataAdded,
    summary.totalBytesProcessed,
  ];
  assert.deepEqual(counted(dry), counted(real));
  assert.equal(dry.tree, real.tree);
});

test('excludes leave out what they name, of files, folders and sizes, and are kept in the snapshot', async () => {
  using folder = temporaryFolder();
  for (const path of ['keep', 'drop.tmp', 'cache/x', 'sub/drop.tmp', 'sub/keep', 'node_modules/a/b', 'large'])
    write(folder.path, path, path === 'large' ? Buffer.alloc(5_000) : path);
  write(folder.path, 'cache/CACHEDIR.TAG', 'Signature: 8a477f597d28d172789f06886806bc55\n# more');
  write(folder.path, 'no-cache/CACHEDIR.TAG', 'Signature: other');
  write(folder.path, 'private/.nobackup', '');
  write(folder.path, 'private/secret', '');
  const { repository, storage } = await newRepository();
  const exclude = { excludes: ['*.tmp', 'node_modules'], excludeCaches: true, excludeIfPresent: ['.nobackup'], excludeLargerThan: '4999' };
  const run = await runBackup(repository, [folder.path], { exclude });
  const names = [...(await readSnapshot(repository, run.tree))]
    .filter(([, { node }]) => node.type === 'file')
    .map(([path]) => path.slice(inSnapshot(folder.path).length + 1));
  assert.deepEqual(names.sort(), ['cache/CACHEDIR.TAG', 'keep', 'no-cache/CACHEDIR.TAG', 'private/.nobackup', 'sub/keep']);
  assert.deepEqual((await listSnapshots(await reopen(storage), neverAborted))[0]?.snapshot.excludes, ['*.tmp', 'node_modules']);
  assert.equal(run.issueCount, 0);
});

test('a repository inside its source is refused, wherever it lies and whatever name leads to it; excluded, it is left out', async () => {
  using folder = temporaryFolder();
  write(folder.path, 'a');
  const repositoryFolder = join(folder.path, 'sub', 'repo');
  mkdirSync(repositoryFolder, { recursive: true });
  write(repositoryFolder, 'config', 'x');
  const link = join(folder.path, 'link-to-repo');
  if (makesLinks) symlinkSync(repositoryFolder, link);
  const { repository, storage } = await newRepository();
  for (const location of makesLinks ? [repositoryFolder, link] : [repositoryFolder]) {
    for (const sources of [[folder.path], [join(folder.path, 'sub')], [repositoryFolder]]) {
      await assert.rejects(
        runBackup(repository, sources, { repositoryFolder: location }),
        failsWith('source.contains-repository'),
        `${location} in ${sources.join()}`,
      );
    }
    await assert.rejects(
      runBackup(repository, ['.'], { repositoryFolder: location, workingFolder: repositoryFolder }),
      failsWith('source.contains-repository'),
    );
    await assert.rejects(
      runBackup(repository, ['.'], { repositoryFolder: location, workingFolder: folder.path }),
      failsWith('source.contains-repository'),
    );
  }
  assert.deepEqual(await storage.list('snapshots', neverAborted), []);
  const run = await runBackup(repository, [folder.path], { repositoryFolder, exclude: { excludes: [repositoryFolder] } });
  assert.ok(![...(await readSnapshot(repository, run.tree)).keys()].some((path) => path.includes('config')));
});

test('a missing source is an issue beside others, and an error when nothing else is left', async () => {
  using folder = temporaryFolder();
  write(folder.path, 'there/a');
  const there = join(folder.path, 'there');
  const { repository, storage } = await newRepository();
  const run = await runBackup(repository, [there, join(folder.path, 'missing')]);
  assert.deepEqual(
    run.issues.map(({ path, kind }) => [path, kind]),
    [[join(folder.path, 'missing'), 'vanished']],
  );
  assert.equal(run.summary.filesNew, 1);
  await assert.rejects(runBackup(repository, [join(folder.path, 'missing'), join(folder.path, 'other')]), failsWith('source.missing'));
  assert.equal((await storage.list('snapshots', neverAborted)).length, 1);
});

test('rules that leave out everything are refused', async () => {
  using folder = temporaryFolder();
  write(folder.path, 'a.tmp');
  const { repository, storage } = await newRepository();
  await assert.rejects(runBackup(repository, [folder.path], { exclude: { excludes: ['*'] } }), (error) => isCode(error, 'source.empty'));
  assert.deepEqual(await storage.list('snapshots', neverAborted), []);
});

test('an empty folder is a source like any other, and a single file too', async () => {
  using folder = temporaryFolder();
  const { repository } = await newRepository();
  mkdirSync(join(folder.path, 'empty'));
  const file = write(folder.path, 'one', 'x');
  const empty = await runBackup(repository, [join(folder.path, 'empty')]);
  assert.equal((await readSnapshot(repository, empty.tree)).get(inSnapshot(join(folder.path, 'empty')))?.node.type, 'dir');
  const one = await runBackup(repository, [file]);
  assert.equal((await readSnapshot(repository, one.tree)).get(inSnapshot(file))?.content?.toString(), 'x');
});

test('several sources, nested, repeated and of one name, are all in the snapshot', async () => {
  using folder = temporaryFolder();
  for (const path of ['x/data/1', 'y/data/2', 'y/data/sub/3', 'z/4']) write(folder.path, path, path);
  const { repository } = await newRepository();
  const relative = await runBackup(repository, ['x/data', 'y/data', 'y/data/sub', 'y/data', '.././z/../z/4'.replace('../', '')], {
    workingFolder: folder.path,
  });
  const files = async (tree: typeof relative.tree) =>
    new Map(
      [...(await readSnapshot(repository, tree))]
        .filter(([, { content }]) => content)
        .map(([path, { content }]) => [path, content?.toString()]),
    );
  assert.deepEqual(
    await files(relative.tree),
    new Map([
      ['/x/data/1', 'x/data/1'],
      ['/y/data/2', 'y/data/2'],
      ['/y/data/sub/3', 'y/data/sub/3'],
      ['/z/4', 'z/4'],
    ]),
  );
  write(folder.path, 'data/5', 'data/5');
  const sameName = await runBackup(repository, ['data', '../data'], { workingFolder: join(folder.path, 'x') });
  assert.deepEqual(
    await files(sameName.tree),
    new Map([
      ['/data/1', 'x/data/1'],
      ['/data-1/5', 'data/5'],
    ]),
  );
});

test('5,000 files in one folder are all there, in the order of their bytes', async () => {
  using folder = temporaryFolder();
  for (let at = 0; at < 5_000; at++) write(folder.path, `f${at}`, String(at));
  const { repository, storage } = await newRepository();
  const run = await runBackup(repository, [folder.path]);
  const stored = await readSnapshot(repository, run.tree);
  for (let at = 0; at < 5_000; at += 7) assert.equal(stored.get(inSnapshot(join(folder.path, `f${at}`)))?.content?.toString(), String(at));
  assert.equal(run.summary.filesNew, 5_000);
  truncateSync(join(folder.path, 'f77'), 1);
  const next = await nextRun(storage, [folder.path]);
  assert.deepEqual([next.summary.filesChanged, next.summary.filesUnmodified], [1, 4_999]);
});

test('folders 200 deep come back', async () => {
  using folder = temporaryFolder();
  const deep = Array.from({ length: 200 }, () => 'd').join('/');
  write(folder.path, `${deep}/bottom`, 'bottom');
  const { repository } = await newRepository();
  const run = await runBackup(repository, [folder.path]);
  assert.equal(
    (await readSnapshot(repository, run.tree)).get(inSnapshot(join(folder.path, deep, 'bottom')))?.content?.toString(),
    'bottom',
  );
  assert.ok(run.summary.dirsNew >= 200);
});

test('progress only grows and ends with what the summary says', async () => {
  using folder = temporaryFolder();
  for (let at = 0; at < 50; at++) write(folder.path, `${at}`, random.bytes(30_000));
  const { repository } = await newRepository();
  const seen: number[] = [];
  let last = { filesDone: 0, bytesDone: 0 };
  const run = await runBackup(repository, [folder.path], {
    progress: (progress) => {
      seen.push(progress.filesDone);
      last = progress;
    },
  });
  assert.deepEqual(
    seen,
    seen.toSorted((a, b) => a - b),
  );
  assert.deepEqual([last.filesDone, last.bytesDone], [run.summary.totalFilesProcessed, run.summary.totalBytesProcessed]);
});

function cutAlone(repository: Repository, content: Uint8Array): string[] {
  const kernel = new Kernel(loadKernelModule(), { memoryBytes: content.length + 16 });
  kernel.setPolynomial(repository.polynomial);
  const start = kernel.reserve(content.length);
  kernel.memory.set(content, start);
  const ids: string[] = [];
  for (let at = 0; at < content.length;) {
    const length = kernel.findCut(start + at, content.length - at) || content.length - at;
    ids.push(blobIdOf(content.subarray(at, at + length)));
    at += length;
  }
  return ids;
}
