import assert from 'node:assert/strict';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DataPool } from '../../src/backup/data-pool.ts';
import type { FileOutcome, FileToRead } from '../../src/backup/file-outcome.ts';
import { statOf } from '../../src/backup/source-stat.ts';
import { byteStringFromText } from '../../src/platform/index.ts';
import { PackStore, type Repository } from '../../src/repository/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { failsWith } from '../storage/conformance.ts';
import { newRepository, reopen } from '../repository/new-repository.ts';
import { temporaryFolder } from './run-backup.ts';

function openPool(repository: Repository, signal = new AbortController().signal): { pool: DataPool; packStore: PackStore } {
  const packStore = new PackStore(repository);
  return { packStore, pool: new DataPool(repository, packStore, { workerCount: 2, compression: 'auto', extraVerify: true, signal }) };
}

function fileOf(path: string): FileToRead {
  const { size, mtimeNs, ctimeNs, inode } = statOf(byteStringFromText(path));
  return { path: byteStringFromText(path), sizeBytes: Number(size), mtimeNs, ctimeNs, inode };
}

test('every file that is handed over is settled once, whatever became of it, and all packs are stored at the end', async () => {
  using folder = temporaryFolder();
  const random = new SeededRandom(1);
  const { repository, storage } = await newRepository();
  const { pool, packStore } = openPool(repository);
  const contents = Array.from({ length: 300 }, () => random.bytes(random.below(20_000)));
  const outcomes = new Map<number, FileOutcome>();
  {
    await using running = pool;
    for (const [at, content] of contents.entries()) {
      const path = join(folder.path, `${at}`);
      writeFileSync(path, content);
      const file = at % 50 === 7 ? { ...fileOf(path), path: byteStringFromText(`${path}-gone`) } : fileOf(path);
      running.storeFile(file, (outcome) => {
        assert.ok(!outcomes.has(at));
        outcomes.set(at, outcome);
      });
      await running.room();
    }
    await running.drain();
    assert.equal(outcomes.size, contents.length);
    await running.finish();
    await packStore.flush(neverAborted);
  }
  const opened = await reopen(storage);
  for (const [at, content] of contents.entries()) {
    const outcome = outcomes.get(at);
    if (at % 50 === 7) assert.deepEqual(outcome, { kind: 'failure', reason: 'ENOENT' });
    else {
      assert.ok(outcome?.kind === 'content' && !outcome.changed && outcome.sizeBytes === content.length);
      const parts = await Promise.all(outcome.ids.map((id) => opened.loadBlob('data', id, neverAborted)));
      assert.ok(Buffer.concat(parts).equals(content));
    }
  }
});

test('a file that is not what the walk saw is stored and told to have changed; one that outgrew a single reading is told apart', async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, 'file');
  writeFileSync(path, new SeededRandom(2).bytes(1_000));
  const seen = fileOf(path);
  const { repository } = await newRepository();
  await using pool = openPool(repository).pool;
  const outcomeOf = async (file: FileToRead): Promise<FileOutcome> => {
    const { promise, resolve } = Promise.withResolvers<FileOutcome>();
    pool.storeFile(file, resolve);
    await pool.drain();
    return promise;
  };
  for (const change of [
    { mtimeNs: 1n },
    { ctimeNs: 1n },
    { inode: 1 },
    { sizeBytes: 999 },
    { sizeBytes: 1_001 },
    { sizeBytes: 0 },
  ] satisfies Partial<FileToRead>[]) {
    const outcome = await outcomeOf({ ...seen, ...change });
    assert.ok(outcome.kind === 'content' && outcome.changed && outcome.sizeBytes === 1_000, JSON.stringify(Object.keys(change)));
  }
  writeFileSync(path, Buffer.alloc((8 << 20) + 1));
  assert.deepEqual(await outcomeOf(seen), { kind: 'too-large' });
  assert.deepEqual(await outcomeOf({ ...seen, path: byteStringFromText(folder.path) }), { kind: 'failure', reason: 'EISDIR' });
});

test('a descriptor that cannot be read is an answer, not the end of the pool', async () => {
  using folder = temporaryFolder();
  const { repository } = await newRepository();
  await using pool = openPool(repository).pool;
  const fd = openSync(folder.path, 'r');
  try {
    const scan = await pool.run({ kind: 'scan', fd, offset: 0, scanBytes: 1 << 20 });
    assert.deepEqual([scan.kind, 'reason' in scan && scan.reason], ['failure', 'EISDIR']);
  } finally {
    closeSync(fd);
  }
  const path = join(folder.path, 'file');
  writeFileSync(path, 'still works');
  let outcome: FileOutcome | undefined;
  pool.storeFile(fileOf(path), (settled) => (outcome = settled));
  await pool.drain();
  assert.equal(outcome?.kind, 'content');
});

test('after a failure of the storage every call says so, and closing waits for nobody', async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, 'file');
  writeFileSync(path, 'x');
  const { repository, storage } = await newRepository();
  const { pool } = openPool(repository);
  storage.faults.order({ call: 'write', kind: 'data', fault: 'denied' });
  pool.storeFile(fileOf(path), () => undefined);
  await assert.rejects(pool.finish(), failsWith('storage.denied'));
  await assert.rejects(pool.room(), failsWith('storage.denied'));
  await assert.rejects(pool.run({ kind: 'flush' }), failsWith('storage.denied'));
  storage.faults.order({ call: 'write', kind: 'data', fault: 'hang' });
  await pool[Symbol.asyncDispose]();
});

test('an abort ends every wait', async () => {
  using folder = temporaryFolder();
  const controller = new AbortController();
  const { repository } = await newRepository();
  const { pool } = openPool(repository, controller.signal);
  const path = join(folder.path, 'large');
  writeFileSync(path, Buffer.alloc(30 << 20));
  const fd = openSync(path, 'r');
  const scan = pool.run({ kind: 'scan', fd, offset: 0, scanBytes: 64 << 20 });
  controller.abort();
  await assert.rejects(scan, failsWith('aborted'));
  await assert.rejects(pool.drain(), failsWith('aborted'));
  await pool[Symbol.asyncDispose]();
  closeSync(fd);
});
