// A repair of the index beside what prune does: packs that wait for their removal, and lists that are late.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { repairIndex } from '../../src/upkeep/index.ts';
import { hourMs, PruneStage } from './prune-stage.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

test('packs that wait are taken back by a repair, also for a snapshot that came late; the next prune lets them wait anew', async () => {
  const stage = await PruneStage.open();
  const { maker } = stage;
  const tree = await maker.snapshot(await maker.file('late', 'content of a machine that slept'));
  await stage.snapshot(await maker.snapshot(await maker.file('other', 'other')));
  assert.equal((await stage.prune()).sums.packs.wait, 2);
  const late = await stage.snapshot(tree);
  const { packsAdded, packsMissing } = await repairIndex(await stage.reopen(), { signal: neverAborted });
  assert.deepEqual([packsAdded.length, packsMissing], [2, []]);
  assert.equal(await stage.assertWhole(), 2);
  const again = await repairIndex(await stage.reopen(), { signal: neverAborted });
  assert.deepEqual([again.packsAdded, again.obsolete, again.indexFilesWritten], [[], [], 0]);

  await stage.forget(late);
  await stage.clock.advance(30 * hourMs);
  const { packs } = (await stage.prune()).sums;
  assert.deepEqual([packs.wait, packs.removeNow], [2, 0], 'an index named them until now');
  await stage.clock.advance(24 * hourMs);
  assert.equal((await stage.prune()).sums.packs.removeNow, 2);
  assert.equal(await stage.assertWhole(), 1);
});

test('a pack that a late list does not show, and is there when it is asked for by name, stays in the index', async () => {
  const stage = await PruneStage.open();
  const { maker } = stage;
  await stage.snapshot(await maker.snapshot(await maker.file('new', 'new content')));
  stage.storage.faults.order({ call: 'list', kind: 'data', fault: 'stale-list' });
  const { packsMissing, indexFilesWritten } = await repairIndex(await stage.reopen(), { signal: neverAborted });
  assert.deepEqual([packsMissing, indexFilesWritten], [[], 0]);
  assert.equal(await stage.assertWhole(), 1);
});
