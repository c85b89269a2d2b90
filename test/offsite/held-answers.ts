import { systemClock, type Clock } from '../../src/platform/index.ts';
import type { DriveEmulator } from '../drive-emulator/index.ts';

type Faults = DriveEmulator['faults'];
type Operation = Parameters<Faults['next']>[0]['operation'];

/**
 * Lets an emulator without latency leave requests unanswered for as long as a test wants. That is no refusal, of which a client has enough
 * one day.
 */
export class HeldAnswers {
  #opened = Promise.withResolvers<void>();
  /** For the emulator: an answer that is late by this clock comes when `letAnswer` is called. */
  readonly clock: Clock = { ...systemClock, sleep: () => this.#opened.promise };

  /** From now on no `operation` is answered, the first `after` excepted. @returns whether somebody waits */
  hold(faults: Faults, operation: Operation, after = 0): () => boolean {
    const { happened } = faults;
    faults.order({ fault: 'slow-answer', ms: 1, on: operation, after, times: null });
    return () => faults.happened > happened;
  }

  /** All who wait, and all who come. */
  letAnswer(faults: Faults): void {
    faults.clear();
    this.#opened.resolve();
    this.#opened = Promise.withResolvers();
  }
}
