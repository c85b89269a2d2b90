import type { ByteString, Clock } from '../platform/index.ts';
import type { RestoreProgress } from './restore-options.ts';

const reportIntervalMs = 250;

/** Counts, and tells a sink at most four times a second. */
export class Progress {
  readonly #clock: Clock;
  readonly #sink: ((progress: RestoreProgress) => void) | undefined;
  readonly #expected: { readonly files: number; readonly bytes: number };
  #filesTotal = 0;
  #filesDone = 0;
  #bytesTotal = 0;
  #bytesDone = 0;
  #totalsAreFinal = false;
  #currentPath = '' as ByteString;
  #reportedMs = -Infinity;

  /** @param expected totals from the snapshot's summary, shown until more is known */
  constructor(clock: Clock, sink: ((progress: RestoreProgress) => void) | undefined, expected = { files: 0, bytes: 0 }) {
    this.#clock = clock;
    this.#sink = sink;
    this.#expected = expected;
  }

  plan(sizeBytes: number): void {
    this.#filesTotal += 1;
    this.#bytesTotal += sizeBytes;
  }

  totalsAreFinal(): void {
    this.#totalsAreFinal = true;
  }

  bytes(count: number): void {
    this.#bytesDone += count;
  }

  file(path: ByteString): void {
    this.#filesDone += 1;
    this.#currentPath = path;
    if (!this.#sink) return;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#reportedMs >= reportIntervalMs) this.report(nowMs);
  }

  report(nowMs = this.#clock.monotonicMs()): void {
    this.#reportedMs = nowMs;
    const { files, bytes } = this.#totalsAreFinal ? { files: 0, bytes: 0 } : this.#expected;
    this.#sink?.({
      filesTotal: Math.max(this.#filesTotal, files),
      filesDone: this.#filesDone,
      bytesTotal: Math.max(this.#bytesTotal, bytes),
      bytesDone: this.#bytesDone,
      totalsAreFinal: this.#totalsAreFinal,
      currentPath: this.#currentPath,
    });
  }
}
