import type { Clock } from '../platform/index.ts';
import { keyOf, type SourceFile } from './copy-listing.ts';

export const copyPhases = ['listing', 'copying', 'comparing', 'reading'] as const;

/** How far a copy is. */
export interface CopyProgress {
  readonly phase: (typeof copyPhases)[number];
  readonly elapsedMs: number;
  readonly filesDone: number;
  readonly filesTotal: number;
  readonly bytesDone: number;
  readonly bytesTotal: number;
  /** A file that was begun last, for people. */
  readonly currentPath: string;
}

export type CopyProgressSink = (progress: CopyProgress) => void;

/** Time left at the average rate so far, in milliseconds; undefined before there is any to speak of. */
export function copyLeftMs({ elapsedMs, bytesDone, bytesTotal }: CopyProgress): number | undefined {
  return bytesTotal <= 0 || bytesDone <= 0 || elapsedMs < 1000 ? undefined : (elapsedMs / bytesDone) * Math.max(0, bytesTotal - bytesDone);
}

const reportMsMin = 250;

/** Counts, and reports at most four times a second, and at the end. */
export class CopyProgressMeter {
  readonly #clock: Clock;
  readonly #sink: CopyProgressSink;
  readonly #startMs: number;
  #lastMs = -Infinity;
  #phase: CopyProgress['phase'] = 'listing';
  #total = { files: 0, bytes: 0 };
  #done = { files: 0, bytes: 0 };
  #current = '';

  constructor(clock: Clock, sink: CopyProgressSink) {
    this.#clock = clock;
    this.#sink = sink;
    this.#startMs = clock.monotonicMs();
  }

  enter(phase: CopyProgress['phase'], filesTotal = 0, bytesTotal = 0): void {
    this.#phase = phase;
    this.#total = { files: filesTotal, bytes: bytesTotal };
    this.#done = { files: 0, bytes: 0 };
    this.#current = '';
    this.#report(true);
  }

  /** A file is begun. What was sent of one that is then given up does not count. */
  begin(file: SourceFile): { readonly sent: (bytes: number) => void; readonly done: () => void; readonly givenUp: () => void } {
    let counted = 0;
    const count = (bytes: number): void => {
      this.#done.bytes += bytes - counted;
      counted = bytes;
    };
    this.#current = file.kind === 'config' ? 'config' : keyOf(file);
    this.#report(false);
    return {
      sent: (bytes) => {
        count(Math.min(bytes, file.sizeBytes));
        this.#report(false);
      },
      done: () => {
        count(file.sizeBytes);
        this.#done.files += 1;
        this.#report(this.#done.files === this.#total.files);
      },
      givenUp: () => count(0),
    };
  }

  #report(isForced: boolean): void {
    const nowMs = this.#clock.monotonicMs();
    if (!isForced && nowMs - this.#lastMs < reportMsMin) return;
    this.#lastMs = nowMs;
    this.#sink({
      phase: this.#phase,
      elapsedMs: nowMs - this.#startMs,
      filesDone: this.#done.files,
      filesTotal: this.#total.files,
      bytesDone: this.#done.bytes,
      bytesTotal: this.#total.bytes,
      currentPath: this.#current,
    });
  }
}
