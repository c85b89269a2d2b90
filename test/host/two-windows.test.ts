import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listener } from '../../src/host/index.ts';
import { protocol, type RunProgress } from '../../src/service/index.ts';
import { EngineStage, gate, stateOf, until } from './engine-stage.ts';

test('two windows have one host, and either sees, stops and starts what runs', async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  const { command, isRunning, open } = gate(stage);
  stage.configure({ before: command });
  const [one, two] = [stage.window(), stage.window()];
  await one.client.start();
  await two.client.start();
  assert.equal(one.client.pid, two.client.pid);
  const stopped = one.client.request(protocol.startBackup, { set: 'data' });
  await until(isRunning, 'the run begins');
  await until(async () => (await stateOf(two)) === 'running', 'the other window sees it');
  assert.equal(await two.client.request(protocol.stopRun, { set: 'data' }), true);
  assert.equal((await stopped).outcome, 'stopped');
  open();
  const again = two.client.request(protocol.startBackup, { set: 'data' });
  await until(isRunning, 'the run begins again');
  await until(async () => (await stateOf(one)) === 'running', 'the first window sees it');
  open();
  assert.equal((await again).outcome, 'success');
  assert.equal(await stateOf(one), 'success');
  assert.equal((await two.client.request(protocol.recentRuns, { limit: 5 })).length, 2);
});

test('a window sees how far the run of another one is, joins it, and hears of its progress', async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'twelve bytes');
  await stage.initRepository();
  const { command, isRunning, open } = gate(stage);
  stage.configure({ after: command });
  const joinedRuns: unknown[] = [];
  const listeners = [listener(protocol.joinedRun, (run) => joinedRuns.push(run))];
  const [one, two] = [stage.window(), stage.window({ client: { listeners } })];
  await one.client.start();
  await two.client.start();

  const progress: RunProgress[] = [];
  const told = two.setsChanged;
  const first = one.client.request(protocol.startBackup, { set: 'data' }, { run: 'of the first' });
  await until(isRunning, 'the data are backed up');
  await until(
    async () => (await two.client.request(protocol.listSets, undefined))[0]?.running?.bytesDone === 12,
    'the other window sees how far it is',
  );
  const [info] = await two.client.request(protocol.listSets, undefined);
  assert.deepEqual([info?.state, info?.running?.set, info?.running?.filesTotal, info?.running?.bytesTotal], ['running', 'data', 1, 12]);
  assert.ok(two.setsChanged > told, 'it was told without asking');
  const joined = two.client.request(protocol.startBackup, { set: 'data' });
  // Questions arrive in their order: when the second is answered, the host knows that somebody joins.
  for (let asked = 0; asked < 2; asked++) assert.equal(await stateOf(two), 'running');
  open();
  assert.deepEqual(joinedRuns, [{ set: 'data', run: 'of the first' }], 'so that it can ask for that one later');
  const [made, seen] = await Promise.all([first, joined]);
  assert.deepEqual([seen.outcome, seen.snapshotId], ['success', made.snapshotId]);
  assert.equal((await two.client.request(protocol.recentRuns, { limit: 5 })).length, 1, 'there was one run');

  const asked = two.client.request(protocol.startBackup, { set: 'data' }, { onProgress: (step) => progress.push(step) });
  await until(isRunning, 'the run begins again');
  await until(() => progress.some(({ bytesDone, set }) => bytesDone === 12 && set === 'data'), 'progress reaches who asked');
  open();
  assert.equal((await asked).outcome, 'success');
});
