// A run that has next to nothing of a source says so first: an unmounted disk with something left under it, files that nobody may read.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { BackupResult } from '../../src/backup/index.ts';
import type { SimulatedStorage } from '../fakes/simulated-storage.ts';
import { newRepository } from '../repository/new-repository.ts';
import { nextRun, temporaryFolder, type RunOptions } from './run-backup.ts';

/** Two sources: `disk` with files in folders, `other` with many more. */
class House implements Disposable {
  readonly #folder = temporaryFolder();
  readonly #storage: SimulatedStorage;

  private constructor(storage: SimulatedStorage) {
    this.#storage = storage;
  }

  static async make(files = 20, others = 400): Promise<House> {
    const house = new House((await newRepository()).storage);
    chmodSync(house.path(), 0o755);
    house.fill('disk', files);
    house.fill('other', others);
    return house;
  }

  path(...names: string[]): string {
    return join(this.#folder.path, ...names);
  }

  fill(source: string, files: number, prefix = 'file'): void {
    for (let at = 0; at < files; at++) {
      const folder = this.path(source, `folder-${at % 5}`);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `${prefix}-${at}`), String(at));
    }
  }

  clear(source = 'disk'): void {
    rmSync(this.path(source), { recursive: true });
    mkdirSync(this.path(source));
  }

  run(options: RunOptions = {}, ...sources: string[]): Promise<BackupResult> {
    const names = sources.length === 0 ? ['disk', 'other'] : sources;
    return nextRun(
      this.#storage,
      names.map((name) => this.path(name)),
      options,
    );
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}

const posixOnly = { skip: process.platform === 'win32' ? 'Windows has no such modes' : false };

/** Root may read everything. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  const { seteuid } = process;
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) seteuid?.(65_534);
  try {
    return await work();
  } finally {
    if (isRoot) seteuid?.(0);
  }
}

const told = ({ issues }: BackupResult) => issues.map(({ path, kind, reason }) => [path, kind, reason]);

test('a source whose files have nearly all vanished is named first, though something is left and other sources are whole', async () => {
  using house = await House.make();
  const full = await house.run();
  assert.deepEqual(told(full), []);
  const [id, day] = [full.snapshotId?.slice(0, 8), full.summary.backupStart?.slice(0, 10)];
  const gone = (left: number) => [house.path('disk'), 'files-vanished', `${20 - left}/20 (snapshot ${id}, ${day}); is the disk mounted?`];
  house.clear();
  writeFileSync(house.path('disk', 'not mounted'), '');
  for (const options of [{ dryRun: true }, { dryRun: true, force: true }, {}] satisfies RunOptions[]) {
    const empty = await house.run(options);
    assert.equal(told(empty)[0]?.[1], 'files-vanished', JSON.stringify(options));
    if (!options.force) assert.deepEqual(told(empty), [gone(0)]);
    assert.equal(empty.issueCount, 1);
  }
  assert.deepEqual(told(await house.run()), [], 'it is held against the parent');
});

test('of a source with nothing left it is said once that it is empty', async () => {
  using house = await House.make();
  await house.run();
  house.clear();
  assert.deepEqual(
    (await house.run({ dryRun: true })).issues.map(({ path, kind }) => [path, kind]),
    [[house.path('disk'), 'source-empty']],
  );
});

test('the share is that of the configuration; what came in their place, or has another name, is no loss', async () => {
  using house = await House.make();
  await house.run();
  for (let at = 0; at < 17; at++) rmSync(house.path('disk', `folder-${at % 5}`, `file-${at}`));
  assert.deepEqual(told(await house.run({ dryRun: true })), [], '85 of 100 have vanished');
  const strict = await house.run({ dryRun: true, alarms: { vanishedPercent: 80 } });
  assert.deepEqual(
    strict.issues.map(({ kind }) => kind),
    ['files-vanished'],
  );
  rmSync(house.path('disk', 'folder-2', 'file-17'));
  assert.deepEqual(
    (await house.run({ dryRun: true })).issues.map(({ kind }) => kind),
    ['files-vanished'],
    '90 of 100',
  );
  house.clear();
  house.fill('disk', 15, 'new');
  assert.deepEqual(told(await house.run({ dryRun: true })), [], 'others came');
  house.clear();
  house.fill('disk', 20);
  renameSync(house.path('disk', 'folder-0'), house.path('disk', 'folder-9'));
  assert.deepEqual(told(await house.run()), []);
});

test('what new rules leave out has not vanished', async () => {
  using house = await House.make();
  await house.run();
  writeFileSync(house.path('disk', 'kept'), '');
  assert.deepEqual(told(await house.run({ exclude: { excludes: ['file-*'] } })), []);
});

test('a source of which most could not be read says so first; what an unreadable folder had counts', posixOnly, async () => {
  using house = await House.make(20, 10);
  await house.run();
  for (let folder = 0; folder < 5; folder++) chmodSync(house.path('disk', `folder-${folder}`), folder < 3 ? 0 : 0o755);
  const most = await asNobody(() => house.run({ dryRun: true }));
  assert.deepEqual(
    most.issues.map(({ path, kind }) => [path, kind]),
    [[house.path('disk'), 'mostly-unreadable'], ...[0, 1, 2].map((folder) => [house.path('disk', `folder-${folder}`), 'unreadable'])],
  );
  assert.equal(most.issues[0]?.reason, '12/20 not read');
  const lenient = await asNobody(() => house.run({ dryRun: true, alarms: { unreadablePercent: 60 } }));
  assert.deepEqual(
    lenient.issues.map(({ kind }) => kind),
    ['unreadable', 'unreadable', 'unreadable'],
  );
  for (let folder = 0; folder < 5; folder++) chmodSync(house.path('disk', `folder-${folder}`), 0o755);
});

test('a source that is a link says that only the link is stored, unless another source has what it points to', async () => {
  using house = await House.make(3, 3);
  symlinkSync(house.path('disk'), house.path('link'));
  symlinkSync('nowhere', house.path('dangling'));
  assert.deepEqual(told(await house.run({}, 'link', 'other')), [[house.path('link'), 'source-link', house.path('disk')]]);
  assert.deepEqual(told(await house.run({}, 'dangling', 'other')), [[house.path('dangling'), 'source-link', 'nowhere']]);
  assert.deepEqual(told(await house.run({}, 'link', 'disk')), []);
});
