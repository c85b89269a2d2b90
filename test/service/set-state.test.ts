import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setStateOf } from '../../src/service/set-state.ts';
import type { RunResult, SetStateKind } from '../../src/service/index.ts';
import type { SetState, SetStatus } from '../../src/schedule/index.ts';

const run = (outcome: RunResult['outcome']): RunResult => ({
  job: 'backup',
  outcome,
  startedAt: '',
  endedAt: '',
  exceptions: [],
  exceptionCount: 0,
  files: 0,
  bytes: 0,
  bytesAdded: 0,
});
const good = { trigger: 'window', window: undefined, startedMs: 0, endedMs: 1, outcome: 'success' } as const;
const status = (state: SetState, hadSuccess = false): SetStatus => ({
  set: 'data',
  state,
  next: undefined,
  running: undefined,
  waiting: undefined,
  missed: [],
  overdueSinceMs: undefined,
  lastRun: undefined,
  lastSuccess: hadSuccess ? good : undefined,
  watch: undefined,
});

const cases: readonly (readonly [
  status: SetStatus | undefined,
  last: RunResult['outcome'] | 'unknown' | undefined,
  isRunningHere: boolean,
  expected: SetStateKind,
])[] = [
  [undefined, undefined, false, 'never-run'],
  [undefined, undefined, true, 'running'],
  [undefined, 'success', false, 'success'],
  [undefined, 'success-with-exceptions', false, 'exceptions'],
  [status('running'), 'failed', false, 'running'],
  [status('waiting'), 'failed', false, 'waiting'],
  [status('overdue'), 'failed', false, 'failed'],
  [status('overdue'), 'success', false, 'overdue'],
  [status('missed'), 'missed', false, 'missed'],
  [status('missed'), 'success', false, 'missed'],
  [status('idle'), 'missed', false, 'never-run'],
  [status('idle', true), 'missed', false, 'success'],
  [status('idle'), 'stopped', false, 'stopped'],
  [undefined, 'unknown', false, 'unknown'],
  [status('idle', true), 'unknown', false, 'unknown'],
  [status('running'), 'unknown', false, 'running'],
  [status('overdue'), 'unknown', false, 'overdue'],
];

test('the state of a set is what goes on, then what somebody has to see to, then how the last run ended', () => {
  for (const [scheduled, last, isRunningHere, expected] of cases) {
    assert.equal(
      setStateOf({ status: scheduled, lastRun: last === 'unknown' ? last : last && run(last), isRunningHere }),
      expected,
      `${scheduled?.state} ${last} ${isRunningHere}`,
    );
  }
});
