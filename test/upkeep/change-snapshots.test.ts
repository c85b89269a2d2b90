import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { listSnapshots } from '../../src/repository/index.ts';
import { removeSnapshots } from '../../src/upkeep/index.ts';
import { PruneStage } from './prune-stage.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

test('a removal that is stopped has told of all that went when it ends', async () => {
  const stage = await PruneStage.open();
  const { maker, storage } = stage;
  const tree = await maker.snapshot(await maker.file('file', 'content'));
  const slow = await stage.snapshot(tree);
  for (let other = 0; other < 2; other++) await stage.snapshot(tree);
  const repository = await stage.reopen();
  const before = await stage.names('snapshots');
  const [gate, stop] = [Promise.withResolvers<void>(), new AbortController()];
  const remove = storage.remove.bind(storage);
  storage.remove = async (file) => {
    if (file.name === slow) await gate.promise;
    else stop.abort();
    return remove(file, neverAborted);
  };
  const told: string[] = [];
  const listed = await listSnapshots(repository, neverAborted);
  const snapshots = listed.toSorted((one) => (one.id === slow ? -1 : 1)); // it begins first, and ends last
  const ended = removeSnapshots(repository, snapshots, { signal: stop.signal, onRemoved: ({ id }) => told.push(id) });
  for (let turn = 0; turn < 10; turn++) await nextTurn();
  assert.equal(told.length, 1);
  gate.resolve();
  await assert.rejects(ended, { code: 'aborted' });
  const left = await stage.names('snapshots');
  assert.deepEqual([told.length, told[1]], [2, slow]);
  assert.deepEqual(told.toSorted(), before.filter((name) => !left.includes(name)).toSorted());
});
