import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Presence, settleMs, trustedClock, TrustedClock, trustIn, type ClockMemory, type ClockStep } from '../../src/schedule/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { temporaryState } from '../records/some-records.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const beginMs = Date.UTC(2027, 2, 1, 12);
const nsOf = (ms: number): bigint => BigInt(ms) * 1_000_000n;

/** A machine that has been on for a day, and its clock. */
class Bench {
  readonly base = new VirtualClock({ startNs: nsOf(beginMs) });
  readonly clock: TrustedClock;
  #sleptMs = dayMs;
  #boot = 'a';

  constructor(memory?: ClockMemory, newestMs?: number, wallMs = beginMs) {
    this.base.setWallClock(nsOf(wallMs));
    const clock = TrustedClock.begin(this.base, this.machine, memory, newestMs);
    assert.ok(clock instanceof TrustedClock);
    this.clock = clock;
  }

  readonly machine = { uptimeMs: () => this.base.monotonicMs() + this.#sleptMs, bootId: () => this.#boot };

  get nowMs(): number {
    return Number(this.clock.nowNs() / 1_000_000n);
  }

  /** Somebody looks twice a minute. */
  async pass(minutes: number): Promise<void> {
    for (let half = 0; half < minutes * 2; half++) {
      await this.base.advance(30_000);
      void this.clock.trust;
    }
  }

  takeSteps(): ClockStep[] {
    const { steps } = this.clock;
    for (const _ of steps) this.clock.stepRecorded();
    return [...steps];
  }

  shift(ms: number): void {
    this.base.setWallClock(this.base.nowNs() + nsOf(ms));
  }

  sleep(ms: number): void {
    this.#sleptMs += ms;
    this.shift(ms);
  }
}

test('a clock that is wrong for some minutes is not followed, and leaves nothing behind', async () => {
  for (const wrongMs of [-31 * dayMs, -beginMs, 31 * dayMs, 60 * minuteMs]) {
    const bench = new Bench();
    bench.shift(wrongMs);
    await bench.pass(3);
    assert.equal(bench.nowMs, beginMs + 3 * minuteMs);
    assert.equal(bench.clock.trust.isSettled, false);
    bench.shift(-wrongMs);
    await bench.pass(1);
    assert.equal(bench.nowMs, beginMs + 4 * minuteMs);
    assert.equal(bench.clock.trust.isSettled, false, 'it has just been set');
    await bench.pass(settleMs / minuteMs);
    assert.equal(bench.clock.trust.isSettled, true);
    assert.deepEqual(bench.takeSteps(), []);
    assert.deepEqual(bench.clock.trust.unlived, []);
  }
});

test('sleep is explained by the count of the machine, and no step', async () => {
  const bench = new Bench();
  bench.sleep(9 * 60 * minuteMs);
  assert.equal(bench.nowMs, beginMs + 9 * 60 * minuteMs);
  assert.equal(bench.clock.trust.isSettled, true);
  assert.deepEqual(bench.takeSteps(), []);
});

test('a clock that stays forward is followed after ten minutes; what it passed over nobody lived through', async () => {
  const bench = new Bench();
  bench.shift(31 * dayMs);
  await bench.pass(11);
  const [step, ...more] = bench.takeSteps();
  assert.deepEqual(more, []);
  assert.equal(step?.kind, 'forward');
  assert.equal(step.toMs, step.fromMs + 31 * dayMs);
  assert.deepEqual(bench.clock.trust.unlived, [{ fromMs: step.fromMs, untilMs: step.toMs }]);
  assert.equal(bench.nowMs, beginMs + 31 * dayMs + 11 * minuteMs);
  bench.shift(-31 * dayMs);
  await bench.pass(1);
  assert.deepEqual(
    bench.takeSteps().map(({ kind }) => kind),
    ['returned'],
  );
  assert.ok(bench.clock.trust.unlived.every(({ untilMs }) => untilMs <= bench.nowMs));
});

test('a clock that stays back suspends judgement, until it is right or has been so for a day', async () => {
  const bench = new Bench();
  bench.shift(-5 * dayMs);
  await bench.pass(11);
  assert.deepEqual(
    bench.takeSteps().map(({ kind }) => kind),
    ['back'],
  );
  assert.deepEqual([bench.clock.trust.isBehind, bench.clock.trust.isSettled], [true, false]);
  await bench.pass(24 * 60 + 1);
  assert.deepEqual(
    bench.takeSteps().map(({ kind }) => kind),
    ['accepted'],
  );
  assert.deepEqual([bench.clock.trust.isBehind, bench.clock.trust.isSettled], [false, true]);
});

test('a machine that starts behind what is written down begins nothing at first, and judges nothing before it is right', async () => {
  const memory = { nowMs: beginMs, uptimeMs: 5 * dayMs, bootId: 'b', newestMs: beginMs, unlived: [] };
  const bench = new Bench(memory, undefined, beginMs - 31 * dayMs);
  assert.deepEqual([bench.clock.trust.isBehind, bench.clock.trust.isSettled], [true, false]);
  await bench.pass(3);
  bench.shift(31 * dayMs + 60 * minuteMs);
  assert.equal(bench.nowMs, beginMs + 63 * minuteMs, 'the time service is believed at once');
  assert.equal(bench.clock.trust.isSettled, false);
  await bench.pass(settleMs / minuteMs);
  assert.equal(bench.clock.trust.isSettled, false, 'who judges has to find in the records what the clock did');
  const [first, second] = bench.takeSteps();
  assert.equal(bench.clock.trust.isSettled, true);
  assert.deepEqual([first?.kind, second?.kind], ['behind', 'returned']);
  const [span] = bench.clock.trust.unlived;
  assert.ok(span && span.fromMs > beginMs + 50 * minuteMs, 'that the machine was off before is not passed over');
});

test('the newest record dates a first start, and so does this program', () => {
  assert.equal(new Bench(undefined, beginMs + dayMs).clock.trust.isBehind, true);
  assert.equal(new Bench(undefined, beginMs - dayMs).clock.trust.isBehind, false);
  assert.equal(new Bench(undefined, undefined, 0).clock.trust.isBehind, true);
});

test('a clock without a count beside it is believed in everything', () => {
  const base = new VirtualClock();
  assert.equal(TrustedClock.begin(base, { uptimeMs: () => undefined }, undefined), base);
  assert.deepEqual(trustIn(base), { isSettled: true, isBehind: false, isUnknown: false, unlived: [] });
});

test('the next process goes on from what the one before believed; a file of another version is read', async (t) => {
  const stateFolder = temporaryState(t);
  const bench = new Bench();
  const world = { stateFolder, random: new SeededRandom(1), machine: bench.machine };
  const steps: string[] = [];
  const presence = await Presence.begin({ ...world, clock: bench.clock, onClockStep: async ({ kind }) => void steps.push(kind) });
  bench.shift(2 * dayMs);
  await bench.pass(11);
  await presence.look();
  assert.deepEqual(steps, ['forward']);
  const before = JSON.parse(readFileSync(join(stateFolder, 'schedule-seen.json'), 'utf8'));
  assert.equal(before.seenMs, bench.nowMs);
  bench.shift(-3 * dayMs);
  const next = await trustedClock(bench.base, world);
  assert.equal(Number(next.nowNs() / 1_000_000n), bench.nowMs, 'it knows that the clock was set just now');
});
