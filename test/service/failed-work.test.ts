// What matters is opened when it happens, not at the next backup: a check that found damage.
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { test } from 'node:test';
import { protocol } from '../../src/service/index.ts';
import { EngineStage, until } from '../host/engine-stage.ts';

test('a check that failed opens a nonconformity when it ends', async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  stage.configure();
  const { client } = stage.window();
  assert.equal((await client.request(protocol.startBackup, { set: 'data' })).outcome, 'success');
  await rm(stage.path('repository', 'index'), { recursive: true });
  const checked = await client.request(protocol.startCheck, { location: stage.repository, readData: false });
  assert.equal(checked.outcome, 'failed');
  const open = () => client.request(protocol.listNonconformities, undefined);
  await until(async () => (await open()).length > 0, 'it is opened');
  assert.deepEqual(
    (await open()).map(({ ruleText, isOpen, lasts }) => [ruleText, isOpen, lasts]),
    [['Damage in a repository', true, true]],
  );
});
