import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { listener } from '../../src/host/index.ts';
import { protocol } from '../../src/service/index.ts';
import { EngineStage, stateOf, until } from '../host/engine-stage.ts';

test('a backup whose record cannot be written is made, and the window is told that it stands in no record', async (t) => {
  const stage = new EngineStage(t);
  await stage.initRepository();
  stage.write('a.txt', 'a');
  stage.configure();
  mkdirSync(stage.path('state'));
  writeFileSync(stage.path('state', 'records'), 'no folder');
  const reasons: protocol.ErrorData[] = [];
  const { client } = stage.window({ client: { listeners: [listener(protocol.notRecorded, (why) => reasons.push(why))] } });
  await client.start();
  reasons.length = 0; // at its start it already could not record the configuration
  const result = await client.request(protocol.startBackup, { set: 'data' });
  assert.deepEqual([result.outcome, result.record], ['success', undefined]);
  await until(() => reasons.length > 0, 'the window is told');
  assert.deepEqual([reasons[0]?.code, reasons[0]?.facts['folder']], ['state.unusable', stage.path('state', 'records')]);
});

test('a backup without a record is in the list of the process that made it, and whoever waits elsewhere is told how it ended', async (t) => {
  const stage = new EngineStage(t);
  await stage.initRepository();
  stage.write('a.txt', 'a');
  stage.configure();
  mkdirSync(stage.path('state'));
  writeFileSync(stage.path('state', 'records'), 'no folder');
  const window = stage.window();
  await window.client.start();
  assert.equal(await stateOf(window), 'unknown', 'nobody can say whether it ever ran');
  const result = await window.client.request(protocol.startBackup, { set: 'data' }, { run: 'without a record' });
  const [info] = await window.client.request(protocol.listSets, undefined);
  assert.deepEqual([info?.state, info?.lastRun], ['success', result]);
  assert.deepEqual(await window.client.request(protocol.recentRuns, { limit: 5 }), [result]);
  assert.deepEqual(await window.client.request(protocol.runOfId, { run: 'without a record' }), { result });

  const other = stage.window();
  assert.equal((await other.client.request(protocol.startBackup, { set: 'data' })).outcome, 'success');
});
