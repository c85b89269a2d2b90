import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'node:test';
import { absenceUntilNow, Presence, TaskLoop, type Absence, type WindowSpan } from '../../src/schedule/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { temporaryState } from '../records/some-records.ts';

const jakarta = (text: string): number => Date.parse(`${text}:00+07:00`);
const night: WindowSpan = { day: '2026-08-03', startMs: jakarta('2026-08-03T21:00'), endMs: jakarta('2026-08-03T23:00') };

/** A machine that runs, sleeps and is switched off, and the host on it. It is three in the afternoon, and it has run for a day. */
class Machine {
  readonly clock = new VirtualClock({ startNs: BigInt(jakarta('2026-08-03T15:00')) * 1_000_000n });
  readonly #random = new SeededRandom(1);
  readonly #stateFolder: string;
  /** What its own count has beyond the time that it was awake for since the test began. */
  #countedMs = 86_400_000;
  #presence: Presence | undefined;
  #tasks = this.#newLoop();

  constructor(stateFolder: string) {
    this.#stateFolder = stateFolder;
  }

  get #world() {
    const machine = { uptimeMs: () => this.clock.monotonicMs() + this.#countedMs };
    return { stateFolder: this.#stateFolder, clock: this.clock, random: this.#random, machine };
  }

  #newLoop(): TaskLoop {
    return new TaskLoop({
      clock: this.clock,
      onFailure: (_, error) => {
        throw error;
      },
    });
  }

  get #nowMs(): number {
    return Number(this.clock.nowNs() / 1_000_000n);
  }

  async host(): Promise<Presence> {
    this.#presence = await Presence.begin(this.#world);
    this.#tasks.add(this.#presence);
    return this.#presence;
  }

  async endHost(): Promise<void> {
    if (this.#presence === undefined) return;
    await this.#tasks.remove(this.#presence);
    await this.#presence[Symbol.asyncDispose]();
    this.#presence = undefined;
  }

  /** It goes on until then; the host looks now and then. */
  async runUntil(time: string): Promise<void> {
    for (const untilMs = jakarta(time); this.#nowMs < untilMs; await this.#written())
      await this.clock.advance(Math.min(60_000, untilMs - this.#nowMs));
  }

  /** Files are written while the clock stands still. */
  async #written(): Promise<void> {
    while (this.#presence !== undefined && this.clock.sleeping === 0) await delay(1);
  }

  sleepUntil(time: string): void {
    this.#countedMs += jakarta(time) - this.#nowMs;
    this.setClock(time);
  }

  setClock(time: string): void {
    this.clock.setWallClock(BigInt(jakarta(time)) * 1_000_000n);
  }

  /** With all that runs on it; nobody has the time to say anything. */
  offUntil(time: string): void {
    this.setClock(time);
    this.#presence = undefined;
    this.#tasks = this.#newLoop(); // the one before sleeps on, and looks after nobody
    this.#countedMs = -this.clock.monotonicMs();
  }

  untilNow(): ReturnType<typeof absenceUntilNow> {
    return absenceUntilNow(this.#world);
  }
}

/** A host looks twice a minute: when it was there last is known so well. */
function isLike(found: Absence | undefined, { sinceMs = 0, ...wanted }: Absence): void {
  const { sinceMs: foundMs = 0, ...others } = found ?? { untilMs: 0 };
  assert.deepEqual(others, wanted);
  assert.ok(Math.abs(foundMs - sinceMs) <= 120_000, `${new Date(foundMs).toISOString()} instead of ${new Date(sinceMs).toISOString()}`);
}

async function machineOf(t: Parameters<typeof temporaryState>[0]): Promise<{ readonly machine: Machine; readonly folder: string }> {
  const folder = temporaryState(t);
  return { machine: new Machine(folder), folder };
}

test('a host that was there all the time has nothing to say; one whose machine slept says from when to when', async (t) => {
  const { machine } = await machineOf(t);
  const host = await machine.host();
  await machine.runUntil('2026-08-03T23:00');
  assert.equal(host.whyMissed(night), undefined);
  machine.sleepUntil('2026-08-04T20:30');
  await machine.runUntil('2026-08-04T20:31');
  assert.equal(host.whyMissed(night), undefined, 'that window had ended');
  machine.sleepUntil('2026-08-05T07:00');
  const next = { day: '2026-08-04', startMs: night.startMs + 86_400_000, endMs: night.endMs + 86_400_000 };
  const why = host.whyMissed(next);
  isLike(why, { cause: 'asleep', sinceMs: jakarta('2026-08-04T20:31'), untilMs: jakarta('2026-08-05T07:00') });
  await machine.endHost();
});

test('a clock that somebody sets forward is no sleep', async (t) => {
  const { machine } = await machineOf(t);
  const host = await machine.host();
  await machine.runUntil('2026-08-03T20:00');
  machine.setClock('2026-08-04T08:00');
  assert.equal(host.whyMissed(night), undefined);
  await machine.endHost();
});

test('of a host that ended by itself, while the machine went on, is said since when nobody was there', async (t) => {
  const { machine } = await machineOf(t);
  await machine.host();
  await machine.runUntil('2026-08-03T18:00');
  await machine.endHost();
  await machine.runUntil('2026-08-04T08:00');
  const wanted: Absence = { cause: 'no-host', sinceMs: jakarta('2026-08-03T18:00'), untilMs: jakarta('2026-08-04T08:00') };
  isLike((await machine.untilNow())(night), wanted);
  isLike((await machine.host()).whyMissed(night), wanted);
  await machine.endHost();
});

test('a machine that went with its host and was started later was off; one whose host had ended before may have been', async (t) => {
  const { machine } = await machineOf(t);
  await machine.host();
  await machine.runUntil('2026-08-03T20:00');
  machine.offUntil('2026-08-04T08:00');
  const [sinceMs, startedMs] = [jakarta('2026-08-03T20:00'), jakarta('2026-08-04T08:00')];
  isLike((await machine.untilNow())(night), { cause: 'off', sinceMs, untilMs: startedMs, startedMs });

  const { machine: other } = await machineOf(t);
  await other.host();
  await other.runUntil('2026-08-03T20:00');
  await other.endHost();
  other.offUntil('2026-08-04T08:00');
  isLike((await other.untilNow())(night), { cause: 'no-host', sinceMs, untilMs: startedMs, startedMs });
});

test('a machine that was started before the window could have run it', async (t) => {
  const { machine } = await machineOf(t);
  await machine.host();
  await machine.runUntil('2026-08-03T16:00');
  machine.offUntil('2026-08-03T17:00');
  machine.sleepUntil('2026-08-04T08:00');
  const why = (await machine.untilNow())(night);
  isLike(why, { cause: 'no-host', sinceMs: jakarta('2026-08-03T16:00'), untilMs: jakarta('2026-08-04T08:00') });
});

test('without what was written, or with something else in its place, nothing is claimed', async (t) => {
  const { machine, folder } = await machineOf(t);
  const file = join(folder, 'schedule-seen.json');
  await machine.host();
  await machine.runUntil('2026-08-03T20:00');
  assert.match(readFileSync(file, 'utf8'), /"hasEnded":false/);
  machine.sleepUntil('2026-08-04T08:00');
  writeFileSync(file, '{"seenMs":"yesterday"}');
  assert.equal((await machine.untilNow())(night), undefined);
  rmSync(file);
  assert.equal((await machine.untilNow())(night), undefined);
});
