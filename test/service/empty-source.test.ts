import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { protocol } from '../../src/service/index.ts';
import { EngineStage, stateOf } from '../host/engine-stage.ts';

test('a set whose source became empty ends with exceptions, in the window, the history and the record, until its files are back', async (t) => {
  const stage = new EngineStage(t);
  const file = stage.write('a.txt', 'a');
  await stage.initRepository();
  stage.configure();
  const window = stage.window();
  const { client } = window;
  const first = await client.request(protocol.startBackup, { set: 'data' });
  assert.equal(first.outcome, 'success');
  rmSync(file);
  for (let night = 0; night < 2; night++) {
    const empty = await client.request(protocol.startBackup, { set: 'data' });
    assert.equal(empty.outcome, 'success-with-exceptions');
    assert.deepEqual(
      empty.exceptions.map(({ item, kind }) => [item, kind]),
      [[stage.source, 'source-empty']],
    );
    assert.match(empty.exceptions[0]?.reason ?? '', new RegExp(`^snapshot ${first.snapshotId?.slice(0, 8)}, .* had files in it`));
    assert.equal(typeof empty.snapshotId, 'string');
    assert.equal(await stateOf(window), 'exceptions');
    const [run] = await client.request(protocol.recentRuns, { limit: 1 });
    assert.equal(run?.outcome, 'success-with-exceptions');
    const {
      rows: [record],
    } = await client.request(protocol.listRecords, { kinds: ['internal-backup'], offset: 0, limit: 1 });
    assert.equal(record?.result, 'success-with-exceptions');
    assert.ok(record.summary.startsWith(`Source "${stage.source}" is empty: `), record.summary);
  }
  stage.write('a.txt', 'a');
  assert.equal((await client.request(protocol.startBackup, { set: 'data' })).outcome, 'success');
  assert.equal(await stateOf(window), 'success');
});
