import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { listener } from '../../src/host/index.ts';
import { protocol } from '../../src/service/index.ts';
import { EngineStage, until } from '../host/engine-stage.ts';

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
  assert.deepEqual([reasons[0]?.code, reasons[0]?.facts['location']], ['storage.unreachable', stage.path('state', 'records')]);
});
