import { mkdir } from 'node:fs/promises';
import type { Clock } from '../../platform/index.ts';
import { linesOfRun } from '../history.ts';
import type { PastRun } from '../schedule-service.ts';
import type { RunOutcome } from '../scheduled-set.ts';
import type { SetProgress } from '../set-status.ts';
import { ScheduleState } from '../state-file.ts';
import { leaderAddress } from './address.ts';
import { claimAddress } from './claim.ts';
import { noLeader } from './client.ts';
import { visitLeader, type LeaderPlace, type LeaderVisit } from './visit.ts';

export interface GuestRunOptions {
  readonly place: LeaderPlace;
  readonly clock: Clock;
  readonly set: string;
  /** Somebody wants the run stopped. May come more than once. */
  readonly onStop: () => void;
}

/** A leader may come while the run goes on, and one that goes is soon followed by another. */
const lookMs = 5_000;
const againMs = 250;
const tellMs = 500;
const attemptsMax = 20;

/**
 * A run of a set that this process makes beside the schedule. Whoever leads, now or later, is told: it shows the run, can stop it, and does
 * not run the same window again. With no leader at its end, the run is written where the next one reads it.
 */
export class GuestRun {
  readonly #options: GuestRunOptions;
  readonly #startedMs: number;
  readonly #ending = new AbortController();
  readonly #company: Promise<void>;
  #visit: LeaderVisit | undefined;
  #isAdopted = false;
  #toldMs = -Infinity;

  constructor(options: GuestRunOptions) {
    this.#options = options;
    this.#startedMs = nowMs(options.clock);
    this.#company = this.#keepCompany();
  }

  /** May be called as often as one likes. */
  progress(progress: SetProgress): void {
    const ms = this.#options.clock.monotonicMs();
    if (!this.#isAdopted || ms - this.#toldMs < tellMs) return;
    this.#toldMs = ms;
    this.#visit?.client.progress(this.#options.set, progress).catch(() => undefined); // a leader that ends just now
  }

  /**
   * Resolves when somebody remembers the run.
   * @throws `schedule.no-leader`, `storage.full`, `storage.denied`, `storage.unreachable`: nobody does
   */
  async end(outcome: RunOutcome): Promise<void> {
    const { set, clock } = this.#options;
    this.#ending.abort();
    await this.#company;
    const run: PastRun = { set, startedMs: this.#startedMs, endedMs: nowMs(clock), outcome };
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      if ((await this.#tell(run)) || (await this.#writeDown(run))) return;
      await clock.sleep(againMs);
    }
    throw noLeader('it neither answers nor ends');
  }

  /** Looks for a leader until the run ends, and holds on to the one that it finds. */
  async #keepCompany(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      const isFound = await this.#meet();
      if (isFound) await Promise.race([this.#visit?.client.closed, aborted(this.#ending.signal)]);
      await this.#options.clock.sleep(isFound ? againMs : lookMs, this.#ending.signal).catch(() => undefined);
    }
  }

  async #meet(): Promise<boolean> {
    const { place, set, onStop } = this.#options;
    this.#isAdopted = false;
    try {
      this.#visit = await visitLeader(place, { onStop });
      this.#isAdopted = (await this.#visit?.client.adopt(set, this.#startedMs)) ?? false;
      return this.#visit !== undefined;
    } catch {
      return false; // it cannot be talked to, does not know the set, or ended just now: the backup goes on without
    }
  }

  async #tell(run: PastRun): Promise<boolean> {
    try {
      this.#visit ??= await visitLeader(this.#options.place);
      await this.#visit?.client.end(run);
      this.#visit?.client.close();
      return this.#visit !== undefined;
    } catch {
      this.#visit?.client.close();
      this.#visit = undefined;
      return false;
    }
  }

  /** As the leader would, while nobody else can be it. */
  async #writeDown({ set, startedMs, endedMs, outcome }: PastRun): Promise<boolean> {
    const { stateFolder, configFile, random } = this.#options.place;
    await mkdir(stateFolder, { recursive: true, mode: 0o700 });
    const claim = await claimAddress(await leaderAddress({ configFile, stateFolder }), random, (socket) => socket.destroy());
    if (claim.kind === 'connected') claim.socket.destroy();
    if (claim.kind !== 'leading') return false;
    try {
      const state = await ScheduleState.open(stateFolder, random);
      await state.append(linesOfRun(set, { trigger: 'manual', startedMs, endedMs, outcome }));
      return true;
    } finally {
      await new Promise<void>((resolve) => claim.server.close(() => resolve()));
    }
  }
}

function nowMs(clock: Clock): number {
  return Number(clock.nowNs() / 1_000_000n);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })));
}
