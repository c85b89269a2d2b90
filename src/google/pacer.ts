import type { Clock } from '../platform/index.ts';
import { throwIfAborted } from '../platform/index.ts';

/** What a request costs. `create` is a write that makes a file or folder: Google allows far fewer of these than its units say. */
export type CallKind = 'read' | 'list' | 'download' | 'write' | 'create' | 'free';

export interface Pacing {
  /** Quota units a second. Google's figure is 325,000 a minute for one account (5,416/s); other programs of it need some too. */
  readonly unitsPerSecond: number;
  /** How many units may be spent at once after a rest. */
  readonly unitsBurst: number;
  /** Sustained; above 2 to 3 a second Google begins to refuse. */
  readonly createsPerSecond: number;
  readonly createsBurst: number;
}

export const defaultPacing: Pacing = { unitsPerSecond: 4000, unitsBurst: 40_000, createsPerSecond: 2, createsBurst: 100 };

const units: Readonly<Record<CallKind, number>> = { read: 5, list: 100, download: 200, write: 50, create: 50, free: 0 };

const slowestFactor = 1 / 32;
// From half speed to full takes 2 minutes.
const recoveryPerMs = 0.5 / 120_000;

/** Keeps one account's requests under Google's quota, whatever runs side by side. A refusal halves the pace; it comes back slowly. */
export class Pacer {
  readonly #clock: Clock;
  readonly #units: Bucket;
  readonly #creates: Bucket;
  #factor = 1;
  #factorAtMs: number;
  #notBeforeMs = 0;

  constructor(clock: Clock, pacing: Pacing = defaultPacing) {
    this.#clock = clock;
    this.#factorAtMs = clock.monotonicMs();
    this.#units = new Bucket(pacing.unitsPerSecond, pacing.unitsBurst);
    this.#creates = new Bucket(pacing.createsPerSecond, pacing.createsBurst);
  }

  /** Resolves when the request may go out. @throws `aborted` */
  async take(kind: CallKind, signal: AbortSignal | undefined): Promise<void> {
    throwIfAborted(signal);
    const nowMs = this.#clock.monotonicMs();
    const factor = this.#currentFactor(nowMs);
    const dueMs = Math.max(
      this.#units.take(nowMs, units[kind], factor),
      kind === 'create' ? this.#creates.take(nowMs, 1, factor) : 0,
      kind === 'free' ? 0 : this.#notBeforeMs,
    );
    if (dueMs > nowMs) await this.#sleep(dueMs - nowMs, signal);
  }

  /** Google refused for the rate. @param pauseMs nobody sends anything before that */
  slowDown(pauseMs = 0): void {
    const nowMs = this.#clock.monotonicMs();
    this.#factor = Math.max(slowestFactor, this.#currentFactor(nowMs) / 2);
    this.#factorAtMs = nowMs;
    this.#notBeforeMs = Math.max(this.#notBeforeMs, nowMs + pauseMs);
  }

  /** 1 is full speed. */
  get factor(): number {
    return this.#currentFactor(this.#clock.monotonicMs());
  }

  #currentFactor(nowMs: number): number {
    return Math.min(1, this.#factor + (nowMs - this.#factorAtMs) * recoveryPerMs);
  }

  async #sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#clock.sleep(ms, signal);
    } catch (error) {
      throwIfAborted(signal);
      throw error;
    }
  }
}

/** A bucket of tokens, kept as the time at which it will be full again. */
class Bucket {
  readonly #perMs: number;
  readonly #burst: number;
  #fullAtMs = 0;

  constructor(perSecond: number, burst: number) {
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
  }

  /** Takes `cost` and says when that is paid for: now, or later when many stand in line. */
  take(nowMs: number, cost: number, factor: number): number {
    if (cost === 0 || this.#perMs === Infinity) return 0;
    const perMs = this.#perMs * factor;
    this.#fullAtMs = Math.max(this.#fullAtMs, nowMs) + cost / perMs;
    return this.#fullAtMs - (this.#burst * factor) / perMs;
  }
}
