// Virtual years under clocks, machines and configurations as they are found: what is written down must be what was.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findNonconformities } from '../../src/records/index.ts';
import { parseWindowRule, windowsEnded, type WindowRule } from '../../src/schedule/index.ts';
import { plannedWindowsOf } from '../../src/service/planned-windows.ts';
import { emptyConfiguration } from '../../src/settings/parse.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { rounds } from '../rounds.ts';
import { freshSeed } from '../seeds.ts';
import { VirtualMachine, type TrueSpan } from './virtual-machine.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const installedMs = Date.UTC(2027, 0, 10, 5);

/** What happens now and then in a year. Leaves the machine as one whose clock is right. */
interface Scenario {
  readonly name: string;
  readonly rule?: WindowRule;
  readonly runMs?: (random: SeededRandom) => number;
  readonly trouble: (machine: VirtualMachine, random: SeededRandom, runMs: () => number) => void;
  /** By how much the clock is wrong at the first start, and for how long. */
  readonly first?: { readonly offsetMs: number; readonly ms: number };
}

const jakarta = parseWindowRule('21:00-23:00', { timeZone: 'Asia/Jakarta' });
const short = (random: SeededRandom): number => 5 * minuteMs + random.below(40 * minuteMs);

/** The clock is set to something else for a while, and then right again. */
function step(sizeMs: number, lastsMs: number): Scenario['trouble'] {
  return (machine, _random, runMs) => {
    machine.setOffset(sizeMs);
    const fromMs = machine.trueMs;
    machine.live(lastsMs, runMs, minuteMs);
    machine.setOffset(0);
    machine.live(30 * minuteMs, runMs, minuteMs);
    if (lastsMs >= 10 * minuteMs) machine.wrong.push({ fromMs, untilMs: machine.trueMs });
  };
}

/** The battery of the clock is empty: after a start it shows something else until the time service has its say. */
function deadBattery(offsetOf: (trueMs: number) => number, serviceAfterMs: number): Scenario['trouble'] {
  return (machine, random, runMs) => {
    const offMs = random.below(random.chance(0.5) ? hourMs : 4 * dayMs);
    machine.off(offMs, offsetOf(machine.trueMs + offMs));
    const fromMs = machine.trueMs;
    machine.live(serviceAfterMs, runMs, minuteMs);
    machine.setOffset(0);
    machine.live(30 * minuteMs, runMs, minuteMs);
    machine.wrong.push({ fromMs, untilMs: machine.trueMs });
  };
}

const sizes: readonly (readonly [string, number])[] = [
  ['five minutes', 5 * minuteMs],
  ['an hour', hourMs],
  ['seven hours', 7 * hourMs],
  ['a day', dayMs],
  ['a month', 31 * dayMs],
  ['a year', 365 * dayMs],
];
const lasting: readonly (readonly [string, number])[] = [
  ['three minutes', 3 * minuteMs],
  ['two hours', 2 * hourMs],
];
const steps = sizes.flatMap(([size, ms]) =>
  lasting.flatMap(([time, lastsMs]): Scenario[] => [
    { name: `the clock is ${size} ahead for ${time}`, trouble: step(ms, lastsMs) },
    { name: `the clock is ${size} back for ${time}`, trouble: step(-ms, lastsMs) },
  ]),
);

const nothing: Scenario['trouble'] = () => undefined;
const reboot: Scenario['trouble'] = (machine, random) => machine.off(random.below(random.chance(0.7) ? 10 * minuteMs : 3 * dayMs));
const nap: Scenario['trouble'] = (machine, random) => machine.sleep(random.below(random.chance(0.5) ? 9 * hourMs : 2 * dayMs));

const scenarios: readonly Scenario[] = [
  ...steps,
  { name: 'nothing happens', trouble: nothing },
  { name: 'the machine is started anew', trouble: reboot },
  { name: 'the machine sleeps', trouble: nap },
  { name: 'no host is there: windows and the service in turn', trouble: (machine, random) => machine.leave(random.below(dayMs)) },
  { name: 'the clock starts in 1970, and is right after three minutes', trouble: deadBattery((ms) => -ms, 3 * minuteMs) },
  { name: 'the clock starts in 1970, and is right after five hours', trouble: deadBattery((ms) => -ms, 5 * hourMs) },
  { name: 'the clock starts a month back, and is right after three minutes', trouble: deadBattery(() => -31 * dayMs, 3 * minuteMs) },
  { name: 'the clock starts a month back, and is right after an hour', trouble: deadBattery(() => -31 * dayMs, hourMs) },
  { name: 'the first start of all is in 1970', trouble: nothing, first: { offsetMs: -installedMs, ms: 3 * minuteMs } },
  { name: 'the first start of all is in 1970, for a day', trouble: nothing, first: { offsetMs: -installedMs, ms: dayMs } },
  { name: 'the first start of all is a year ahead', trouble: nothing, first: { offsetMs: 365 * dayMs, ms: hourMs } },
  {
    name: 'clocks change in Berlin, in a window over the change',
    rule: parseWindowRule('01:30-04:00', { timeZone: 'Europe/Berlin' }),
    trouble: reboot,
  },
  { name: 'clocks change by half an hour', rule: parseWindowRule('01:00-03:30', { timeZone: 'Australia/Lord_Howe' }), trouble: nap },
  { name: 'the window goes over midnight', rule: parseWindowRule('22:30-02:00', { timeZone: 'Asia/Jakarta' }), trouble: reboot },
  { name: 'runs are longer than the window', trouble: nothing, runMs: (random) => hourMs + random.below(20 * hourMs) },
  {
    name: 'the window is changed',
    trouble: (machine, random) =>
      machine.change(parseWindowRule(`${String(10 + random.below(10))}:00-22:30`, { timeZone: 'Asia/Jakarta' })),
  },
  {
    name: 'the zone is changed',
    trouble: (machine, random) =>
      machine.change(
        parseWindowRule('21:00-23:00', {
          timeZone: ['Asia/Jakarta', 'Asia/Makassar', 'Asia/Jayapura', 'Europe/Berlin'][random.below(4)] ?? 'UTC',
        }),
      ),
  },
  {
    name: 'all of it',
    trouble: (machine, random, runMs) => {
      const which = [reboot, nap, step(-hourMs, 3 * minuteMs), step(31 * dayMs, 2 * hourMs), deadBattery(() => -31 * dayMs, hourMs)];
      which[random.below(which.length)]?.(machine, random, runMs);
    },
  },
];

test('there are forty scenarios and more', () => assert.ok(scenarios.length >= 40, String(scenarios.length)));

for (const scenario of scenarios) {
  test(`a year in which ${scenario.name}: one run a night, or one record that says why not, and no other`, (t) => {
    const first = freshSeed();
    for (let seed = first; seed < first + rounds({ sample: 1, long: 10 }); seed++) {
      t.diagnostic(`seed ${seed}`);
      live(scenario, new SeededRandom(seed), `${scenario.name}, seed ${seed}`);
    }
  });
}

/** From when on a rule was in force, by the sun. */
interface Rule {
  readonly rule: WindowRule;
  readonly sinceMs: number;
}

function live({ rule = jakarta, runMs: lengthOf = short, trouble, first }: Scenario, random: SeededRandom, label: string): void {
  const runMs = (): number => lengthOf(random);
  const machine = new VirtualMachine(installedMs, rule, first?.offsetMs);
  if (first) {
    machine.live(first.ms, runMs, minuteMs);
    machine.setOffset(0);
    machine.live(30 * minuteMs, runMs, minuteMs);
    machine.wrong.push({ fromMs: installedMs, untilMs: machine.trueMs });
  }
  const rules: Rule[] = [{ rule, sinceMs: machine.trueMs }];
  const endMs = installedMs + 365 * dayMs;
  while (machine.trueMs < endMs) {
    machine.live(random.below(12 * dayMs), runMs);
    trouble(machine, random, runMs);
    machine.look(runMs());
    if (machine.rule !== rules.at(-1)?.rule) rules.push({ rule: machine.rule, sinceMs: machine.trueMs });
  }
  machine.live(3 * dayMs, runMs);
  check(machine, rules, label);
}

function check(machine: VirtualMachine, rules: readonly Rule[], label: string): void {
  for (const [at, { rule, sinceMs }] of rules.entries())
    for (const window of windowsEnded(rule, sinceMs, rules[at + 1]?.sinceMs ?? machine.trueMs - dayMs))
      if (window.startMs > sinceMs) checkNight(machine, window, `${label}, ${window.day}`);
  for (const window of machine.missed) {
    const told = `${label}: ${window.day} counts as missed`;
    assert.ok(window.startMs >= installedMs, `${told}, and lies before the installation`);
    assert.equal(machine.missed.filter(({ startMs }) => startMs === window.startMs).length, 1, `${told} more than once`);
    assert.ok(!machine.runs.some(({ isDone, startMs }) => isDone && isIn(startMs, window)), `${told}, and had its run`);
    assert.ok(overlapMs(machine.away, window) > 0, `${told}, but somebody was there`);
  }
  checkRecords(machine, rules, label);
}

function checkNight(machine: VirtualMachine, window: { startMs: number; endMs: number }, told: string): void {
  const began = machine.runs.filter(({ startMs }) => isIn(startMs, window));
  const missed = machine.missed.filter(({ startMs }) => startMs === window.startMs);
  const around = { startMs: window.startMs - hourMs, endMs: window.endMs + hourMs };
  const isLong = machine.runs.some((run) => run.startMs < window.startMs && run.endMs > window.startMs);
  if (isLong) return; // the run of the night before went on
  const done = began.filter(({ isDone }) => isDone).length;
  if (overlapMs(machine.wrong, around) > 0) {
    // A clock that shows another night for hours has one run for each of the two.
    assert.ok(done <= 2, `${told}: ${done} runs`);
    if (began.length + missed.length === 0)
      assert.ok(
        machine.records.some(({ kind }) => kind === 'clock-change'),
        `${told}: nothing says why`,
      );
    return;
  }
  assert.ok(done <= 1, `${told}: more than one run`);
  // Its run was made by the rule before, or by a clock that was ahead.
  if (machine.runs.some((run) => run.isDone && run.window && !isIn(run.startMs, window) && overlaps(run.window, window))) return;
  const awayMs = overlapMs(machine.away, window);
  if (awayMs === 0) {
    assert.equal(began.length, 1, `${told}: ${began.length} runs`);
    assert.equal(missed.length, 0, `${told}: it counts as missed`);
  } else if (awayMs >= window.endMs - window.startMs) {
    assert.equal(began.length, 0, told);
    assert.equal(missed.length, 1, `${told}: nothing says that it was missed`);
  }
}

/** The review finds what the schedule has written down, and nothing beside it. */
function checkRecords(machine: VirtualMachine, rules: readonly Rule[], label: string): void {
  const last = rules.at(-1)?.rule ?? jakarta;
  const two = (minute: number): string => `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
  const window = `${two(last.startMinute)}-${two(last.endMinute)}`;
  const schedule = { kind: 'window' as const, window, days: [...last.days], timeZone: last.timeZone, atWindowEnd: 'finish' as const };
  const set = { name: 'files', schedule } as never;
  const nowMs = machine.nowMs;
  const planned = plannedWindowsOf({ ...emptyConfiguration, sets: [set] }, machine.records, nowMs - dayMs);
  const context = { instruction: undefined, designatedAccount: undefined, timeZone: last.timeZone, planned, nowMs };
  for (const { rule, atMs, facts } of findNonconformities(machine.records, context)) {
    if (rule !== 'missed-night') continue;
    const told = `${label}: a nonconformity for ${String(facts['day'])}`;
    const night = { startMs: atMs, endMs: atMs + hourMs };
    // A run that died with its machine is none that was missed, and none that was good.
    const hasDied = machine.runs.some((run) => !run.isDone && run.window?.startMs === atMs);
    // By the records a night is good when a run began in it; the schedule lets one that goes on through it be.
    const wentOn = machine.runs.some(
      (run) =>
        (run.startMs < atMs && run.endMs > atMs) || (run.isDone && run.window && overlaps(run.window, { startMs: atMs, endMs: atMs + 1 })),
    );
    assert.ok(hasDied || wentOn || machine.missed.some(({ startMs }) => startMs === atMs), `${told}, but nothing was missed`);
    assert.ok(!machine.runs.some((run) => run.isDone && isIn(run.startMs, night)), `${told}, but it had its run`);
  }
}

const overlaps = (one: { readonly startMs: number; readonly endMs: number }, other: typeof one): boolean =>
  one.startMs < other.endMs && other.startMs < one.endMs;
const isIn = (ms: number, { startMs, endMs }: { readonly startMs: number; readonly endMs: number }): boolean => ms >= startMs && ms < endMs;

function overlapMs(spans: readonly TrueSpan[], { startMs, endMs }: { readonly startMs: number; readonly endMs: number }): number {
  return spans.reduce((sum, { fromMs, untilMs }) => sum + Math.max(0, Math.min(untilMs, endMs) - Math.max(fromMs, startMs)), 0);
}
