import type { Clock } from '../platform/index.ts';

/** How far a phase is. Totals are 0 while nobody knows them. */
export interface PhaseProgress<Phase extends string> {
  readonly phase: Phase;
  readonly done: number;
  readonly total: number;
  readonly bytesDone: number;
  readonly bytesTotal: number;
}

/** How far a work of one phase is: packs, snapshots or blobs, whatever it counts. */
export type StepProgress = Pick<PhaseProgress<string>, 'done' | 'total'>;

/** Called at most four times a second, and at the end. */
export type StepProgressSink = (progress: StepProgress) => void;

const reportMs = 250;

/** Reports how far the current phase is, four times a second and at its end. */
export class ProgressMeter<Phase extends string> {
  readonly #sink: ((progress: PhaseProgress<Phase>) => void) | undefined;
  readonly #clock: Clock;
  #phase: Phase;
  #total = 0;
  #bytesTotal = 0;
  #done = 0;
  #bytesDone = 0;
  #reportedMs = -Infinity;

  /** @param first the phase that needs no `begin` */
  constructor(sink: ((progress: PhaseProgress<Phase>) => void) | undefined, clock: Clock, first: Phase) {
    this.#sink = sink;
    this.#clock = clock;
    this.#phase = first;
  }

  begin(phase: Phase, total = 0, bytesTotal = 0): void {
    this.#phase = phase;
    this.#total = total;
    this.#bytesTotal = bytesTotal;
    this.#done = 0;
    this.#bytesDone = 0;
  }

  advance(steps = 1, bytes = 0): void {
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
    });
  }
}

/** Of a work that has one phase. */
export type StepMeter = ProgressMeter<'steps'>;

export function stepMeter(sink: StepProgressSink | undefined, clock: Clock): StepMeter {
  return new ProgressMeter(sink, clock, 'steps');
}
