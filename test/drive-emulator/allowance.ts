import { refusalOf } from './errors.ts';
import type { Caller } from './access.ts';
import type { Ledger, Table } from './ledger.ts';
import type { Limits } from './options.ts';

/** Google's prices of May 2026, in units. */
export const prices = { read: 5, list: 100, download: 200, write: 50, other: 5 } as const;
export type Price = keyof typeof prices;

const dayMs = 86_400_000;
const createWindowMs = 10_000;

interface Window {
  startMs: number;
  used: number;
}

/** Units per minute, files made per second, bytes uploaded per day. */
export class Allowance {
  readonly #limits: Limits;
  readonly #nowMs: () => number;
  readonly #windows = new Map<string, Window>();
  readonly #volumes: Table<{ readonly startMs: number; readonly bytes: number }>;
  #refusals = 0;

  constructor(limits: Limits, nowMs: () => number, ledger: Ledger) {
    this.#limits = limits;
    this.#nowMs = nowMs;
    this.#volumes = ledger.table('volumes');
  }

  /** @throws 403 or 429, in turn: both were seen for the same thing */
  charge({ account, project }: Pick<Caller, 'account' | 'project'>, price: Price): void {
    this.#take(`user ${project} ${account}`, prices[price], 60_000, this.#limits.unitsPerMinutePerUser, 'userRateLimitExceeded');
    this.#take(`project ${project}`, prices[price], 60_000, this.#limits.unitsPerMinutePerProject, 'rateLimitExceeded');
  }

  countCreate(account: string): void {
    const max = this.#limits.createsPerSecond * (createWindowMs / 1_000);
    this.#take(`creates ${account}`, 1, createWindowMs, max, 'userRateLimitExceeded');
  }

  /** Units used in this minute. */
  unitsOf({ account, project }: Pick<Caller, 'account' | 'project'>): number {
    return this.#window(`user ${project} ${account}`, 60_000).used;
  }

  /** The refusal looks like that of an ordinary rate limit. A file that was begun within the limit may end beyond. */
  requireVolume(account: string): void {
    const { startMs, bytes } = this.#volumes.get(account) ?? { startMs: 0, bytes: 0 };
    if (bytes >= this.#limits.dailyUploadBytes && this.#nowMs() < startMs + dayMs)
      throw refusalOf('userRateLimitExceeded', { message: 'User rate limit exceeded.' });
  }

  countVolume(account: string, sizeBytes: number): void {
    const before = this.#volumes.get(account);
    const isSameDay = before !== undefined && this.#nowMs() < before.startMs + dayMs;
    this.#volumes.set(account, isSameDay ? { ...before, bytes: before.bytes + sizeBytes } : { startMs: this.#nowMs(), bytes: sizeBytes });
  }

  #take(key: string, amount: number, lengthMs: number, max: number, reason: string): void {
    const window = this.#window(key, lengthMs);
    if (window.used + amount > max) throw refusalOf(reason, this.#refusals++ % 2 === 0 ? {} : { status: 429, reason: 'rateLimitExceeded' });
    window.used += amount;
  }

  #window(key: string, lengthMs: number): Window {
    const nowMs = this.#nowMs();
    const known = this.#windows.get(key);
    if (known !== undefined && nowMs < known.startMs + lengthMs && nowMs >= known.startMs) return known;
    const fresh = { startMs: nowMs, used: 0 };
    this.#windows.set(key, fresh);
    return fresh;
  }
}
