import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  applyLine,
  describeSet,
  emptyHistory,
  parseWindowRule,
  planSet,
  type Decision,
  type HistoryLine,
  type RunOutcome,
  type ScheduledSet,
  type SetHistory,
  type Situation,
  type Trigger,
} from '../../src/schedule/index.ts';

/** All times are of 2026 in Jakarta: `23 21:00` is 23 November, 21:00. */
function at(text: string): number {
  const [day, time] = text.split(' ');
  return Date.parse(`2026-11-${day}T${time}:00+07:00`);
}

const nightly: ScheduledSet = {
  id: 'files',
  repository: '/repo',
  timing: { kind: 'window', rule: parseWindowRule('21:00-23:00', { timeZone: 'Asia/Jakarta' }), atWindowEnd: 'stop' },
};
const finishing: ScheduledSet = {
  ...nightly,
  timing: { ...nightly.timing, kind: 'window', rule: parseWindowRule('21:00-23:00', { timeZone: 'Asia/Jakarta' }), atWindowEnd: 'finish' },
};
const onChange: ScheduledSet = {
  id: 'files',
  repository: '/repo',
  timing: { kind: 'change', sources: ['/data'], ignored: [], polling: false, settleMs: 60_000, minIntervalMs: 600_000 },
};

/** A history told in a few words: `known`, `run 21:00-21:30 success`. */
class Story {
  history: SetHistory = emptyHistory;
  readonly set: ScheduledSet;

  constructor(set: ScheduledSet, knownSince: string) {
    this.set = set;
    this.look(knownSince);
  }

  /** Asks the planner, takes down what it notes, gives back the action and the kinds of notes. */
  look(time: string, situation: Partial<Situation> = {}): string {
    const decisions = planSet(this.set, this.history, { nowMs: at(time), isRunning: false, ...situation });
    for (const decision of decisions) if (decision.kind === 'note') this.#apply(decision.line);
    return decisions
      .map(show)
      .filter((word) => word !== '')
      .join(', ');
  }

  begin(time: string, trigger: Trigger = 'window', windowOf = time): this {
    const rule = this.set.timing.kind === 'window' ? this.set.timing.rule : undefined;
    const day = windowOf.slice(0, 2);
    const window =
      rule && trigger !== 'manual' ? { day: `2026-11-${day}`, startMs: at(`${day} 21:00`), endMs: at(`${day} 23:00`) } : undefined;
    return this.#apply({ kind: 'started', set: 'files', atMs: at(time), trigger, window });
  }

  end(time: string, outcome: RunOutcome = 'success'): this {
    return this.#apply({ kind: 'ended', set: 'files', atMs: at(time), outcome });
  }

  state(time: string): string {
    const { state, missed } = describeSet(this.set, this.history, { nowMs: at(time), waiting: undefined, watch: undefined });
    return [state, ...missed.map(({ day }) => day.slice(8))].join(' ');
  }

  #apply(line: HistoryLine): this {
    this.history = applyLine(this.history, line);
    return this;
  }
}

function show(decision: Decision): string {
  switch (decision.kind) {
    case 'note': {
      const { line } = decision;
      return line.kind === 'missed'
        ? `missed ${line.window.day.slice(8)}`
        : line.kind === 'ended'
          ? line.outcome
          : line.kind === 'judged' || line.kind === 'adopted'
            ? ''
            : line.kind;
    }
    case 'start':
      return `start ${decision.trigger}${decision.window ? ` ${decision.window.day.slice(8)}` : ''}${decision.resumes ? ' again' : ''}`;
    case 'stop':
    case 'continue':
      return decision.kind;
  }
}

test('a set starts at the first look inside its window, and not before', () => {
  const story = new Story(nightly, '23 12:00');
  assert.equal(story.look('23 20:59'), '');
  assert.equal(story.look('23 21:00'), 'start window 23');
  assert.equal(story.look('23 22:59'), 'start window 23', 'also when the first look comes late');
});

for (const outcome of ['success', 'success-with-exceptions', 'failed', 'stopped'] as const) {
  test(`a window has had its run when that ended as "${outcome}"`, () => {
    const story = new Story(nightly, '23 12:00').begin('23 21:00').end('23 21:10', outcome);
    assert.equal(story.look('23 21:11'), '');
    assert.equal(story.look('23 23:30'), '');
    assert.equal(story.look('24 21:00'), outcome === 'stopped' ? 'start window 24 again' : 'start window 24');
  });
}

test('a run at the end of its window is stopped, and taken up again in the next window', () => {
  const story = new Story(nightly, '23 12:00').begin('23 21:00');
  assert.equal(story.look('23 22:59', { isRunning: true }), 'continue');
  assert.equal(story.look('23 23:00', { isRunning: true }), 'stop');
  story.end('23 23:00', 'stopped');
  assert.equal(story.look('23 23:01'), '');
  assert.equal(story.look('24 21:00'), 'start window 24 again');
});

test('with the policy "finish" a run goes on past the end of its window, and that of the next night is not missed', () => {
  const story = new Story(finishing, '23 12:00').begin('23 21:00');
  assert.equal(story.look('24 22:00', { isRunning: true }), 'continue');
  story.end('25 02:00');
  assert.equal(story.look('25 02:00'), '', 'the window of the 24th went by while it ran');
  assert.equal(story.look('25 21:00'), 'start window 25');
});

test('a long run that fails leaves the windows that it covered as missed', () => {
  const story = new Story(finishing, '23 12:00').begin('23 21:00').end('25 02:00', 'failed');
  assert.equal(story.look('25 02:00'), 'missed 24');
});

test('a manual run is not stopped by the end of a window', () => {
  const story = new Story(nightly, '23 12:00').begin('23 22:00', 'manual');
  assert.equal(story.look('24 08:00', { isRunning: true }), 'continue');
});

test('a good manual run inside the window is its run; one before it, or one that failed, is not', () => {
  assert.equal(new Story(nightly, '23 12:00').begin('23 21:10', 'manual').end('23 21:20').look('23 21:30'), '');
  assert.equal(new Story(nightly, '23 12:00').begin('23 20:50', 'manual').end('23 21:20').look('23 21:30'), 'start window 23');
  assert.equal(new Story(nightly, '23 12:00').begin('23 21:10', 'manual').end('23 21:20', 'failed').look('23 21:30'), 'start window 23');
});

test('a run that died with its engine is noted, and taken up again while its window lasts', () => {
  const story = new Story(nightly, '23 12:00').begin('23 21:00');
  assert.equal(story.look('23 21:30'), 'interrupted, start window 23 again');
  story.begin('23 21:30').end('23 21:50');
  assert.equal(story.look('23 21:51'), '');
  assert.equal(story.state('23 21:51'), 'idle');
});

test('a run that dies three times in a window is left alone until the next', () => {
  const story = new Story(nightly, '23 12:00').begin('23 21:00');
  assert.equal(story.look('23 21:10'), 'interrupted, start window 23 again');
  story.begin('23 21:10');
  assert.equal(story.look('23 21:20'), 'interrupted, start window 23 again');
  story.begin('23 21:20');
  assert.equal(story.look('23 21:30'), 'interrupted');
  assert.equal(story.state('23 21:30'), 'missed 23');
  assert.equal(story.look('24 21:00'), 'start window 24 again');
});

test('a run that died and whose window is over is offered, not started', () => {
  const story = new Story(nightly, '23 12:00').begin('23 21:00');
  assert.equal(story.look('24 08:00'), 'interrupted');
  assert.equal(story.state('24 08:00'), 'missed 23');
});

test('windows that passed with nobody there are missed, each once', () => {
  const story = new Story(nightly, '20 12:00').begin('20 21:00').end('20 21:10');
  assert.equal(story.look('23 12:00'), 'missed 21, missed 22');
  assert.equal(story.look('23 12:01'), '');
  assert.equal(story.state('23 12:01'), 'overdue 21 22');
});

test('a catch-up run makes good what was missed, and is not the run of the next window', () => {
  const story = new Story(nightly, '22 12:00');
  assert.equal(story.look('23 12:00'), 'missed 22');
  story.begin('23 20:30', 'catch-up', '22 21:00').end('23 21:05');
  assert.equal(story.state('23 20:59'), 'idle');
  assert.equal(story.look('23 21:05'), 'start window 23');
});

test('what was dismissed is offered no more', () => {
  const story = new Story(nightly, '22 12:00');
  assert.equal(story.look('23 12:00'), 'missed 22');
  story.history = applyLine(story.history, { kind: 'dismissed', set: 'files', atMs: at('23 12:01') });
  assert.equal(story.state('23 12:02'), 'idle');
});

test('a set that is made inside its window runs at once; a window before its making is not missed', () => {
  assert.equal(new Story(nightly, '23 22:00').look('23 22:00'), 'start window 23');
  assert.equal(new Story(nightly, '23 22:00').look('23 23:30'), '', 'it began before the set was known');
});

test('when the window is changed, what was missed by the old one is still noted, and nothing by the new one', () => {
  const story = new Story(nightly, '22 12:00');
  const moved: ScheduledSet = {
    ...nightly,
    timing: { kind: 'window', rule: parseWindowRule('06:00-07:00', { timeZone: 'Asia/Jakarta' }), atWindowEnd: 'stop' },
  };
  const notes = planSet(moved, story.history, { nowMs: at('23 12:00'), isRunning: false })
    .map(show)
    .filter(Boolean);
  assert.deepEqual(notes, ['missed 22']);
});

test('a window that is moved after its run, so that it overlaps the old one, has had its run', () => {
  const story = new Story(nightly, '23 12:00').begin('23 21:00').end('23 21:10');
  const later: ScheduledSet = {
    ...nightly,
    timing: { kind: 'window', rule: parseWindowRule('22:00-24:00', { timeZone: 'Asia/Jakarta' }), atWindowEnd: 'stop' },
  };
  assert.deepEqual(
    planSet(later, story.history, { nowMs: at('23 22:30'), isRunning: false })
      .map(show)
      .filter(Boolean),
    [],
  );
});

test('a clock that is set back by some hours does not bring the run of a window back', () => {
  const story = new Story(nightly, '23 12:00').begin('23 21:00').end('23 21:10');
  assert.equal(story.look('23 20:00'), '');
  assert.equal(story.look('23 21:00'), '');
});

test('a clock that is set back by days voids what is dated later', () => {
  const story = new Story(nightly, '20 12:00').begin('20 21:00').end('20 21:10');
  assert.equal(story.look('28 12:00'), 'missed 21, missed 22, missed 23, missed 24, missed 25, missed 26, missed 27');
  story.begin('28 21:00').end('28 21:10');
  assert.equal(story.look('21 12:00'), 'rewound');
  assert.equal(story.state('21 12:00'), 'idle');
  assert.equal(story.look('21 21:00'), 'start window 21');
});

test('a clock that is set back by days while a run goes on leaves the run alone', () => {
  const story = new Story(nightly, '21 12:00').begin('28 21:00');
  assert.equal(story.look('21 21:30', { isRunning: true }), 'rewound, continue');
  story.end('21 21:40');
  assert.equal(story.look('21 21:41'), '', 'it was a good run inside the window');
});

test('a set is overdue a day and a window after its last good run began', () => {
  const story = new Story(nightly, '20 12:00').begin('23 21:00').end('23 21:10').begin('24 21:00').end('24 21:10', 'failed');
  assert.equal(story.state('24 23:30'), 'idle');
  assert.equal(story.state('25 00:01'), 'overdue');
  const lenient = new Story({ ...nightly, rpoMs: 48 * 3_600_000 }, '20 12:00').begin('23 21:00').end('23 21:10');
  assert.equal(lenient.state('25 20:59'), 'idle');
  assert.equal(lenient.state('25 21:01'), 'overdue');
});

test('the next window of a set is the open one while that is due, else the one after', () => {
  const story = new Story(nightly, '23 12:00');
  const nextDay = (time: string): string | undefined =>
    describeSet(nightly, story.history, { nowMs: at(time), waiting: undefined, watch: undefined }).next?.day;
  assert.equal(nextDay('23 21:30'), '2026-11-23');
  story.begin('23 21:30').end('23 21:40');
  assert.equal(nextDay('23 21:45'), '2026-11-24');
});

test('a change set runs when its files come to rest, but not too often', () => {
  const story = new Story(onChange, '23 12:00').begin('23 12:00', 'reconcile').end('23 12:01');
  const changes = { firstMs: at('23 12:20'), lastMs: at('23 12:21') };
  assert.equal(story.look('23 12:21', { changes }), '', 'it was changed just now');
  assert.equal(story.look('23 12:22', { changes }), 'start change');
  assert.equal(story.look('23 12:09', { changes: { firstMs: at('23 12:05'), lastMs: at('23 12:05') } }), '', 'it ran nine minutes ago');
  assert.equal(story.look('23 12:10', { changes: { firstMs: at('23 12:05'), lastMs: at('23 12:05') } }), 'start change');
});

test('a change set that never comes to rest runs all the same', () => {
  const story = new Story(onChange, '23 12:00').begin('23 12:00', 'reconcile').end('23 12:01');
  assert.equal(story.look('23 12:29', { changes: { firstMs: at('23 12:20'), lastMs: at('23 12:29') } }), '');
  assert.equal(story.look('23 12:30', { changes: { firstMs: at('23 12:20'), lastMs: at('23 12:30') } }), 'start change');
});

test('a change set runs when its watch begins, and every hour', () => {
  const story = new Story(onChange, '23 11:00').begin('23 11:00', 'change').end('23 11:01');
  assert.equal(story.look('23 11:30'), '');
  assert.equal(story.look('23 11:30', { watchingSinceMs: at('23 11:29') }), 'start reconcile');
  assert.equal(story.look('23 12:00'), 'start reconcile');
});

test('changes that seem to lie in the future do not keep a set waiting', () => {
  const story = new Story(onChange, '23 12:00').begin('23 12:30', 'change').end('23 12:31');
  assert.equal(story.look('23 12:20', { changes: { firstMs: at('23 12:40'), lastMs: at('23 12:40') } }), 'start change');
});

test('a clock that nobody knows to be right begins nothing, one that is not settled judges nothing, one that is behind voids nothing', () => {
  const trust = { isSettled: false, isBehind: true, isUnknown: true, unlived: [] };
  const story = new Story(nightly, '20 08:00').begin('20 21:00').end('20 21:30', 'success');
  const { history } = story;
  assert.equal(story.look('22 21:10', { clock: trust }), '', 'nothing is begun, and nothing was missed');
  assert.equal(story.look('22 21:20', { clock: { ...trust, isUnknown: false } }), 'start window 22');
  story.look('10 12:00', { clock: { ...trust, isUnknown: false } });
  assert.deepEqual([story.history.judgedUntilMs, story.history.adopted], [history.judgedUntilMs, history.adopted]);
  assert.equal(story.history.lastSuccess?.startedMs, at('20 21:00'));
  assert.match(story.look('22 12:00', { clock: { ...trust, isSettled: true, isBehind: false, isUnknown: false } }), /missed/);
  assert.equal(story.history.missed.length, 1);
});

test('a set that is new while the clock is behind is adopted anew when it is right, and what lies between was not missed', () => {
  const trust = { isSettled: false, isBehind: true, isUnknown: false, unlived: [] };
  const story = new Story(onChange, '01 08:00');
  story.history = emptyHistory;
  const decided = (text: string, clock: Situation['clock']): string[] =>
    planSet(nightly, story.history, { nowMs: at(text), isRunning: false, clock }).flatMap((decision) => {
      if (decision.kind !== 'note') return [];
      story.history = applyLine(story.history, decision.line);
      return [decision.line.kind];
    });
  assert.deepEqual(decided('02 08:00', trust), ['adopted']);
  assert.deepEqual(decided('02 08:01', trust), []);
  assert.deepEqual(decided('20 08:00', { ...trust, isSettled: true, isBehind: false }), ['adopted']);
  assert.deepEqual(story.history.adopted, { rule: story.history.adopted?.rule, sinceMs: at('20 08:00') });
});
