import type { Clock } from '../platform/index.ts';
import type { Repository } from '../repository/index.ts';
import type { CheckPhase, CheckProgressSink } from './check-result.ts';
import { Damage } from './damage.ts';
import { FaultLog } from './fault-log.ts';

/** What every part of a check works with. */
export interface CheckContext {
  readonly repository: Repository;
  readonly log: FaultLog;
  readonly damage: Damage;
  readonly progress: CheckProgressMeter;
  readonly signal: AbortSignal | undefined;
}

export function makeCheckContext(
  repository: Repository,
  sink: CheckProgressSink | undefined,
  signal: AbortSignal | undefined,
): CheckContext {
  const log = new FaultLog();
  return { repository, log, damage: new Damage(repository.index), progress: new CheckProgressMeter(sink, log, repository.clock), signal };
}

const reportMs = 250;

/** Reports how far the current phase is, four times a second and at its end. */
export class CheckProgressMeter {
  readonly #sink: CheckProgressSink | undefined;
  readonly #log: FaultLog;
  readonly #clock: Clock;
  #phase: CheckPhase = 'files';
  #total = 0;
  #bytesTotal = 0;
  #done = 0;
  #bytesDone = 0;
  #reportedMs = -Infinity;

  constructor(sink: CheckProgressSink | undefined, log: FaultLog, clock: Clock) {
    this.#sink = sink;
    this.#log = log;
    this.#clock = clock;
  }

  begin(phase: CheckPhase, total = 0, bytesTotal = 0): void {
    this.#phase = phase;
    this.#total = total;
    this.#bytesTotal = bytesTotal;
    this.#done = 0;
    this.#bytesDone = 0;
  }

  advance(steps: number, bytes = 0): void {
    this.#done += steps;
    this.#bytesDone += bytes;
    if (!this.#sink) return;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#reportedMs < reportMs) return;
    this.#reportedMs = nowMs;
    this.#report();
  }

  end(): void {
    this.#report();
  }

  #report(): void {
    this.#sink?.({
      phase: this.#phase,
      done: this.#done,
      total: this.#total,
      bytesDone: this.#bytesDone,
      bytesTotal: this.#bytesTotal,
      errorCount: this.#log.count,
    });
  }
}
