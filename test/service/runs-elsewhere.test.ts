import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { RecordKeeper } from '../../src/jobs/index.ts';
import { CadanganError } from '../../src/platform/index.ts';
import type { Elsewhere } from '../../src/service/elsewhere.ts';
import type { RunResult } from '../../src/service/index.ts';
import { startCheck } from '../../src/service/protocol.ts';
import { workJoin, workRuns } from '../../src/service/protocol/work.ts';
import { RunList } from '../../src/service/run-list.ts';
import { RunsElsewhere } from '../../src/service/runs-elsewhere.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { recordsIn, temporaryState } from '../records/some-records.ts';

const made: RunResult = {
  job: 'check',
  outcome: 'success',
  startedAt: '2026-11-23T21:00:00+07:00',
  endedAt: '2026-11-23T21:01:00+07:00',
  exceptions: [],
  exceptionCount: 0,
  files: 1,
  bytes: 1,
  bytesAdded: 0,
  record: 7,
};

/** A process whose connection is cut in the middle of a run. @param living the runs of it that go on */
function cutOff(living: readonly string[] | undefined): Elsewhere & { readonly asked: string[] } {
  const asked: string[] = [];
  const answers = new Map<string, unknown>([
    [workRuns.name, living],
    [workJoin.name, made],
  ]);
  return {
    asked,
    forks: true,
    isBusy: false,
    request: async (_, { name }) => {
      asked.push(name);
      throw new CadanganError('host.lost');
    },
    requestLiving: async (_, procedure) => {
      asked.push(procedure.name);
      const answer = answers.get(procedure.name);
      return answer === undefined ? undefined : procedure.result.parse(answer);
    },
    askAll: async () => undefined,
    close: async () => undefined,
  };
}

async function runOn(t: TestContext, elsewhere: Elsewhere): Promise<{ readonly result: RunResult; readonly recorded: number }> {
  const [stateFolder, clock] = [temporaryState(t), new VirtualClock()];
  const keeper = new RecordKeeper({
    stateFolder,
    clock,
    random: new SeededRandom(1),
    software: '',
    via: 'editor',
    onError: () => undefined,
  });
  const runs = new RunsElsewhere({ clock, elsewhere, keeper, list: new RunList(keeper), afterLost: async () => [] });
  const call = { mayAsk: false, signal: new AbortController().signal };
  const params = { location: '/repo', readData: false, run: 'mine' };
  const result = await runs.make({ job: 'check', location: '/repo' }, startCheck, params, call);
  return { result, recorded: (await recordsIn(stateFolder)).filter(({ kind }) => kind === 'check').length };
}

test('a run whose process is still there, only its connection went, is waited for, and has no record of ours', async (t) => {
  const elsewhere = cutOff(['another', 'mine']);
  assert.deepEqual(await runOn(t, elsewhere), { result: made, recorded: 0 });
  assert.deepEqual(elsewhere.asked, ['run/check', 'work/runs', 'work/join']);
});

test('one that is not there, or whose process is gone, is told and recorded as broken off', async (t) => {
  for (const living of [['another'], undefined]) {
    const { result, recorded } = await runOn(t, cutOff(living));
    assert.deepEqual([result.outcome, result.error?.code, recorded], ['stopped', 'host.lost', 1]);
  }
});
