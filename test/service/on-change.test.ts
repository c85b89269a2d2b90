import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { protocol, type RunResult, type SnapshotInfo } from '../../src/service/index.ts';
import { scheduledSetsOf } from '../../src/service/scheduled-sets.ts';
import { parseConfiguration } from '../../src/settings/index.ts';
import { endHost, EngineStage, until, type Window } from '../host/engine-stage.ts';

async function newestRun({ client }: Window): Promise<RunResult | undefined> {
  return (await client.request(protocol.recentRuns, { limit: 1 }))[0];
}

test('a set that runs on changes is looked through when its watch begins, and gets a snapshot only for what has changed', async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  stage.configure({ schedule: { onChange: { settleSeconds: 1 } } });
  const snapshots = ({ client }: Window): Promise<readonly SnapshotInfo[]> =>
    client.request(protocol.listSnapshots, { location: stage.repository });
  const first = stage.window();
  await until(async () => (await newestRun(first))?.outcome === 'success', 'the first backup is made');
  const [made] = await snapshots(first);
  await first.client.close();
  await endHost(stage.path('state'));
  mkdirSync(stage.path('neighbour')); // the folders above the source are never quiet

  const second = stage.window();
  const startedMs = Date.now();
  await until(async () => {
    const run = await newestRun(second);
    return run?.outcome === 'success' && Date.parse(run.startedAt) >= startedMs;
  }, 'the second host looks for what its watch did not see');
  const looked = await newestRun(second);
  assert.deepEqual([looked?.isUnchanged, looked?.snapshotId, looked?.files], [true, made?.id, 1]);
  assert.equal((await snapshots(second)).length, 1);
  const { rows } = await second.client.request(protocol.listRecords, { offset: 0, limit: 10, kinds: ['internal-backup'] });
  // Between the two may stand a look of the first host, whose watch begins while its first backup still runs: done, or stopped with its
  // host.
  assert.deepEqual([rows[0]?.result, rows[0]?.snapshotId], ['success', undefined]);
  assert.deepEqual(
    rows.filter(({ snapshotId }) => snapshotId !== undefined).map(({ result, snapshotId }) => [result, snapshotId]),
    [['success', made?.id]],
  );
  stage.write('b.txt', 'b');
  await until(async () => (await snapshots(second)).length === 2, 'the change is backed up');
});

test('neither the repository nor what we remember counts as a change, by whichever way they are reached', async (t) => {
  const stage = new EngineStage(t);
  const [repository, state] = [stage.path('real repository'), stage.path('state')];
  for (const folder of [repository, state]) mkdirSync(folder);
  symlinkSync(repository, stage.path('link'), 'junction');
  const text = JSON.stringify({
    version: 1,
    sets: [{ name: 'all', sources: [stage.folder], repository: { location: stage.path('link') }, schedule: { onChange: {} } }],
  });
  writeFileSync(stage.configFile, text);
  const [set] = await scheduledSetsOf(parseConfiguration(text).configuration, { stateFolder: state, onProblem: assert.fail });
  assert.ok(set?.timing.kind === 'change');
  for (const folder of [repository, stage.path('link'), state])
    assert.ok(set.timing.ignored.includes(folder), `${folder} is ignored: ${set.timing.ignored.join()}`);
});
