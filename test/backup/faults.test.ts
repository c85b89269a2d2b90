import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { compileExcludeRules, prepareSource, type BackupResult } from '../../src/backup/index.ts';
import { isAbort, isCode, systemClock, type Clock } from '../../src/platform/index.ts';
import { removeLocks } from '../../src/repository/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { SimulatedStorage } from '../fakes/simulated-storage.ts';
import type { OrderedFault } from '../fakes/storage-faults.ts';
import { failsWith } from '../storage/conformance.ts';
import { newRepository, reopen } from '../repository/new-repository.ts';
import {
  assertEverySnapshotComplete,
  inSnapshot,
  nextRun,
  readSnapshot,
  runBackup,
  temporaryFolder,
  type RunOptions,
} from './run-backup.ts';
import { rounds } from '../rounds.ts';
import { freshSeed } from '../seeds.ts';

/** Files of noise, enough for several packs. @returns how many bytes */
function makeSource(folder: string, files: number, bytesEach: number): number {
  const random = new SeededRandom(files);
  for (let at = 0; at < files; at++) {
    mkdirSync(join(folder, `${at % 4}`), { recursive: true });
    writeFileSync(join(folder, `${at % 4}`, `${at}`), random.bytes(bytesEach));
  }
  return files * bytesEach;
}

const outcomeOf = (run: Promise<BackupResult>): Promise<BackupResult | Error> =>
  run.catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));

test('files that change, grow, shrink, vanish and turn into something else while they are read are stored consistently or named', async (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  using folder = temporaryFolder();
  const random = new SeededRandom(seed);
  for (const kind of ['steady', 'grows', 'changes', 'shrinks', 'vanishes', 'turns']) {
    for (let at = 0; at < 12; at++) writeFileSync(join(folder.path, `${kind}-${at}`), random.bytes(150_000));
  }
  writeFileSync(join(folder.path, 'grows-large'), random.bytes(9 << 20));
  writeFileSync(join(folder.path, 'changes-large'), random.bytes(9 << 20));
  writeFileSync(join(folder.path, 'shrinks-large'), random.bytes(9 << 20));
  const child = spawn(process.execPath, [join(import.meta.dirname, 'busy-source.ts'), folder.path, String(seed)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  const { storage } = await newRepository();
  const kinds: Record<string, number> = { changed: 0, vanished: 0, unreadable: 0 };
  try {
    await once(child.stdout, 'data');
    for (let round = 0; round < rounds({ sample: 4, long: 40 }); round++) {
      const run = await nextRun(storage, [folder.path]);
      for (const { kind } of run.issues) kinds[kind] = (kinds[kind] ?? 0) + 1;
      const stored = await readSnapshot(run.repository, run.tree); // sizes are those of the content
      for (const { path } of run.issues) assert.ok(!path.includes('steady'), path);
      for (let at = 0; at < 12; at++) assert.equal(stored.get(inSnapshot(join(folder.path, `steady-${at}`)))?.content?.length, 150_000);
      for (const { path, kind } of run.issues.filter((issue) => issue.kind !== 'changed')) {
        // A folder that could not be listed is there without entries; of a file that could not be read there is nothing.
        assert.ok(
          !stored.has(inSnapshot(path)) || stored.get(inSnapshot(path))?.node.type === 'dir',
          `${kind} ${path} is not in the snapshot`,
        );
      }
      for (const { path } of run.issues.filter((issue) => issue.kind === 'changed'))
        assert.equal(stored.get(inSnapshot(path))?.node.type, 'file');
    }
  } finally {
    child.kill('SIGKILL');
  }
  await ended;
  t.diagnostic(JSON.stringify(kinds));
  assert.ok((kinds['changed'] ?? 0) > 0, 'the source was busy');
  const quiet = await nextRun(storage, [folder.path]);
  assert.equal(quiet.issueCount, 0);
  const stored = await readSnapshot(quiet.repository, quiet.tree);
  for (const name of readdirSync(folder.path)) {
    const path = join(folder.path, name);
    if (lstatSync(path).isFile())
      assert.ok(stored.get(inSnapshot(path))?.content?.equals(readFileSync(path)), `${name} is as it is now, seed ${seed}`);
  }
});

test('a file that vanishes between the look and the reading is named as vanished, and nothing of it is in the snapshot', async () => {
  using folder = temporaryFolder();
  writeFileSync(join(folder.path, 'stays'), 'x');
  writeFileSync(join(folder.path, 'goes'), 'y');
  const rules = await compileExcludeRules({}, { environment: {} });
  const prepared = prepareSource({ sources: [folder.path], workingFolder: '/', rules });
  await delay(50); // it reads ahead meanwhile
  rmSync(join(folder.path, 'goes'));
  const { repository } = await newRepository();
  const run = await runBackup(repository, [folder.path], { prepared });
  const stored = await readSnapshot(repository, run.tree);
  assert.deepEqual([stored.has(inSnapshot(join(folder.path, 'stays'))), stored.has(inSnapshot(join(folder.path, 'goes')))], [true, false]);
  assert.ok(run.issues.every(({ path, kind }) => path === join(folder.path, 'goes') && kind === 'vanished'));
});

/** Waits a hundredth of what it is asked to. */
const hastyClock: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / 100, signal) };

/**
 * Stops a run when the storage has got so far, and checks all that is promised of stopped runs.
 * @returns the next run, and what the stopped one had stored
 */
async function stoppedRun(
  source: string,
  options: { readonly stopWhen: (storage: SimulatedStorage) => boolean; readonly faults?: readonly OrderedFault[]; readonly clock?: Clock },
): Promise<{ next: BackupResult; storedBytes: number }> {
  const { repository, storage } = await newRepository(options.clock ? { clock: options.clock } : {});
  storage.faults.order(...(options.faults ?? []));
  const controller = new AbortController();
  const running = outcomeOf(runBackup(repository, [source], { signal: controller.signal }));
  let hasEnded = false;
  void running.then(() => (hasEnded = true));
  while (!hasEnded && !options.stopWhen(storage)) await new Promise((resolve) => setImmediate(resolve));
  controller.abort(new Error('stop'));
  const outcome = await running;
  assert.ok(isAbort(outcome), inspect(outcome));
  assert.deepEqual(await storage.list('snapshots', neverAborted), [], 'a stopped run leaves no snapshot');
  const storedBytes = (await storage.list('data', neverAborted)).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const indexFiles = (await storage.list('index', neverAborted)).length;
  assert.ok(storedBytes === 0 || indexFiles > 0, 'what was stored is in the index');
  storage.faults.clear();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(storage.counters.atWork, 0, 'nothing is left behind that still writes');
  const { repository: opened, ...next } = await nextRun(storage, [source]);
  await readSnapshot(opened, next.tree);
  return { next, storedBytes };
}

test('a run that is stopped at any moment leaves no snapshot, and the next run stores less', async () => {
  using folder = temporaryFolder();
  const total = makeSource(folder.path, 90, 500_000);
  const writes = (kind: string, count: number) => (storage: SimulatedStorage) =>
    storage.operations.filter((operation) => operation.call === 'write' && operation.file?.kind === kind).length >= count;
  const moments: readonly (readonly [string, (storage: SimulatedStorage) => boolean])[] = [
    ['at once', () => true],
    ['when it looks for a parent', (storage) => storage.counters.calls.list > 4],
    ['when the first pack is being written', (storage) => storage.counters.calls.write > 3],
    ['after the first pack', writes('data', 1)],
    ['after the second pack', writes('data', 2)],
    ['when the index is written', writes('index', 1)],
  ];
  for (const [moment, stopWhen] of moments) {
    const { next, storedBytes } = await stoppedRun(folder.path, { stopWhen });
    assert.ok(
      next.summary.dataAdded <= total - storedBytes * 0.95 + 100_000,
      `stopped ${moment}: ${storedBytes} bytes were there, ${next.summary.dataAdded} added`,
    );
    if (moment.startsWith('after')) assert.ok(storedBytes > 10 << 20, `stopped ${moment}, ${storedBytes} bytes`);
  }
});

test('a run that is stopped keeps the folders that it was through with, too', async () => {
  using folder = temporaryFolder();
  const small = 300;
  for (let at = 0; at < small; at++) {
    mkdirSync(join(folder.path, 'a', `${at}`), { recursive: true });
    writeFileSync(join(folder.path, 'a', `${at}`, 'file'), `${at}`);
  }
  mkdirSync(join(folder.path, 'z'));
  makeSource(join(folder.path, 'z'), 90, 500_000);
  const isWritten = (storage: SimulatedStorage) => storage.operations.some(({ call, file }) => call === 'write' && file?.kind === 'data');
  const { next } = await stoppedRun(folder.path, { stopWhen: isWritten });
  assert.ok(next.summary.treeBlobs < small / 2, `${next.summary.treeBlobs} of ${small} folders were stored anew`);
});

test('a run that waits for a storage which does not answer can be stopped', async () => {
  using folder = temporaryFolder();
  makeSource(folder.path, 20, 500_000);
  for (const faults of [
    [{ call: 'write', kind: 'data', fault: 'hang', times: Infinity }],
    [{ call: 'write', kind: 'index', fault: 'hang' }],
    [{ call: 'write', kind: 'snapshots', fault: 'hang' }],
    [{ call: 'list', kind: 'snapshots', fault: 'hang' }],
  ] satisfies OrderedFault[][]) {
    await stoppedRun(folder.path, { faults, clock: hastyClock, stopWhen: (storage) => storage.faults.injected > 0 });
  }
});

test('a storage that fails ends the run with what it said, without a snapshot, and the next run goes on from what was stored', async () => {
  using folder = temporaryFolder();
  const total = makeSource(folder.path, 60, 500_000);
  const failures: readonly (readonly [OrderedFault, Parameters<typeof failsWith>[0]])[] = [
    [{ call: 'write', kind: 'data', fault: 'full', after: 1, times: Infinity }, 'storage.full'],
    [{ call: 'write', kind: 'data', fault: 'fail-before', after: 1 }, 'storage.unreachable'],
    [{ call: 'write', kind: 'data', fault: 'denied', after: 1 }, 'storage.denied'],
    [{ call: 'write', kind: 'index', fault: 'full' }, 'storage.full'],
    [{ call: 'write', kind: 'snapshots', fault: 'fail-before' }, 'storage.unreachable'],
  ];
  for (const [fault, code] of failures) {
    const { repository, storage } = await newRepository();
    storage.faults.order(fault);
    await assert.rejects(runBackup(repository, [folder.path], { workerCount: 1 }), failsWith(code), JSON.stringify(fault));
    assert.ok(storage.faults.injected > 0);
    assert.deepEqual(await storage.list('snapshots', neverAborted), []);
    storage.faults.clear();
    const next = await nextRun(storage, [folder.path]);
    assert.ok(next.summary.dataAdded < total - (10 << 20), `${JSON.stringify(fault)}: ${next.summary.dataAdded} of ${total} bytes again`);
    assert.equal(await assertEverySnapshotComplete(storage), 1);
  }
});

test('a disk that is full from the middle on is named with what was needed and what is free; with more room the next run ends', async () => {
  using folder = temporaryFolder();
  makeSource(folder.path, 60, 500_000);
  const { repository, storage } = await newRepository();
  storage.capacityBytes = 20 << 20;
  await assert.rejects(
    runBackup(repository, [folder.path]),
    (error) =>
      isCode(error, 'storage.full') && typeof error.facts['neededBytes'] === 'number' && typeof error.facts['freeBytes'] === 'number',
  );
  assert.deepEqual(await storage.list('snapshots', neverAborted), []);
  storage.capacityBytes = Infinity;
  const next = await nextRun(storage, [folder.path]);
  await readSnapshot(next.repository, next.tree);
});

test('the network may fail at any single call: the run ends with an error or a complete snapshot, and the next one is complete', async (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  using folder = temporaryFolder();
  makeSource(folder.path, 12, 30_000);
  const { repository: made, storage: before } = await newRepository();
  await runBackup(made, [folder.path]);
  writeFileSync(join(folder.path, 'new'), new SeededRandom(seed).bytes(30_000));
  const results = { done: 0, failed: 0 };
  for (const fault of ['fail-before', 'fail-after', 'short-read', 'altered-read', 'full'] as const) {
    for (let after = 0; after < 22; after += 3) {
      const storage = SimulatedStorage.from(before.snapshotState(), { seed: seed + after });
      storage.faults.order({ fault, after });
      const outcome = await outcomeOf(nextRun(storage, [folder.path]));
      results[outcome instanceof Error ? 'failed' : 'done'] += 1;
      if (outcome instanceof Error)
        assert.ok(
          isCode(outcome, 'storage.unreachable', 'storage.full', 'repository.damaged'),
          `${fault} after ${after}: ${outcome.stack}`,
        );
      storage.faults.clear();
      const complete = await assertEverySnapshotComplete(storage);
      assert.ok(complete === 2 || outcome instanceof Error, `${fault} after ${after}`);
      if (storage.faults.injected === 0) break;
    }
  }
  t.diagnostic(JSON.stringify(results));
  assert.ok(results.failed > 8);
});

test('a lock that is lost in mid-run stops it, and nothing is written after', async () => {
  using folder = temporaryFolder();
  makeSource(folder.path, 90, 500_000);
  const { repository, storage } = await newRepository();
  const lock = await repository.lock({ signal: neverAborted, exclusive: false });
  // Behind its first pack the run waits until the lock is lost, however quick its threads are.
  const [begun, lost] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const write = storage.write.bind(storage);
  storage.write = async (file, ...more) => {
    await write(file, ...more);
    if (file.kind !== 'data') return;
    begun.resolve();
    await lost.promise;
  };
  const running = outcomeOf(runBackup(repository, [folder.path], { signal: lock.signal }));
  await begun.promise;
  await removeLocks(repository.lockContext, { signal: neverAborted, all: true });
  await lock.refresh();
  lost.resolve();
  const outcome = await running;
  assert.ok(isAbort(outcome) || isCode(outcome, 'repository.lock-lost'), inspect(outcome));
  for (const kind of ['snapshots', 'index'] as const) assert.deepEqual(await storage.list(kind, neverAborted), []);
  await lock[Symbol.asyncDispose]();
});

test('a faulty compressor stops the run with its own error before anything wrong is stored; without extra verification nobody would know', () => {
  using folder = temporaryFolder();
  const source = join(folder.path, 'source');
  mkdirSync(source);
  writeFileSync(join(source, 'a'), 'text '.repeat(20_000));
  linkSync(join(source, 'a'), join(source, 'b')); // a second file with the blob that cannot be sealed
  writeFileSync(join(source, 'large'), 'much text '.repeat(1 << 20));
  const preload = pathToFileURL(join(import.meta.dirname, 'faulty-zlib.ts')).href;
  const child = (...args: string[]): unknown => {
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', preload, join(import.meta.dirname, 'backup-child.ts'), source, ...args],
      { encoding: 'utf8' },
    );
    assert.notEqual(stdout, '', stderr);
    return JSON.parse(stdout);
  };
  assert.deepEqual(child(), { result: 'repository.verification', snapshots: 0 });
  assert.deepEqual(child('--no-extra-verify'), { result: 'done', issueCount: 0, reading: 'repository.damaged', snapshots: 1 });
});

test('two runs into one repository at the same time both end complete', async () => {
  using folder = temporaryFolder();
  makeSource(folder.path, 20, 40_000);
  const { storage } = await newRepository();
  const here: RunOptions = { workingFolder: folder.path };
  const runs = await Promise.all([nextRun(storage, ['.'], here), nextRun(storage, ['.'], here)]);
  assert.equal(runs[0].tree, runs[1].tree);
  assert.equal(await assertEverySnapshotComplete(storage), 2);
  const opened = await reopen(storage);
  assert.ok(opened.index.blobCount > 0);
  assert.equal((await nextRun(storage, ['.'], { ...here, force: true })).summary.dataBlobs, 0);
});
