import assert from 'node:assert/strict';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { listSnapshots } from '../../src/repository/index.ts';
import { newRepository } from '../repository/new-repository.ts';
import { nextRun, runBackup, temporaryFolder, type RunOptions } from './run-backup.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

test('a run that would store the same tree as its parent leaves no snapshot when that is wanted', async () => {
  using folder = temporaryFolder();
  const source = join(folder.path, 'srv');
  mkdirSync(source);
  writeFileSync(join(source, 'a'), 'a');
  const { repository, storage } = await newRepository();
  const options: RunOptions = { workingFolder: folder.path, skipIfUnchanged: 'same-tree' };
  const first = await runBackup(repository, ['srv'], options);
  assert.deepEqual([first.isUnchanged, first.snapshotId !== undefined], [false, true], 'without a parent there is nothing to be equal to');
  const second = await nextRun(storage, ['srv'], options);
  assert.deepEqual([second.isUnchanged, second.snapshotId, second.tree, second.parentId], [true, undefined, first.tree, first.snapshotId]);
  const usual = await nextRun(storage, ['srv'], { workingFolder: folder.path });
  assert.deepEqual([usual.isUnchanged, usual.tree], [false, first.tree]);
  const forced = await nextRun(storage, ['srv'], { ...options, force: true });
  assert.equal(forced.isUnchanged, false, 'a forced run has no parent');
  assert.equal((await listSnapshots(forced.repository, neverAborted)).length, 3);
  utimesSync(join(source, 'a'), 1, 1);
  const third = await nextRun(storage, ['srv'], options);
  assert.deepEqual([third.isUnchanged, third.snapshotId !== undefined], [false, true], 'also metadata are a change');
});

test('for the schedule only the sources count, not what becomes of the folders above them', async () => {
  using folder = temporaryFolder();
  const [one, two] = [join(folder.path, 'above/one'), join(folder.path, 'above/deep/two')];
  for (const source of [one, two]) mkdirSync(join(source, 'sub'), { recursive: true });
  const { repository, storage } = await newRepository();
  const options: RunOptions = { skipIfUnchanged: 'same-sources', tags: ['files'] };
  const sources = [one, two];
  await runBackup(repository, sources, options);
  let seconds = 1000;
  const run = async (change: string | undefined, more: RunOptions = {}): Promise<[boolean, boolean]> => {
    if (change !== undefined) utimesSync(join(folder.path, change), (seconds += 1000), seconds);
    const { isUnchanged, snapshotId } = await nextRun(storage, sources, { ...options, ...more });
    return [isUnchanged, snapshotId === undefined];
  };
  assert.deepEqual(await run('above'), [true, true]);
  assert.deepEqual(await run('above/deep'), [true, true]);
  assert.deepEqual(await run('above/deep', { skipIfUnchanged: 'same-tree' }), [false, false]);
  assert.deepEqual(await run('above/one'), [false, false]);
  assert.deepEqual(await run('above/deep/two/sub'), [false, false]);
  assert.deepEqual(await run(undefined), [true, true]);
  assert.deepEqual(await run(undefined, { tags: ['other'] }), [false, false], 'the snapshot of another set is none of this one');
});
