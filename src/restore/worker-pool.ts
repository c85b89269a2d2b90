import assert from 'node:assert/strict';
import { Worker } from 'node:worker_threads';
import { endThread, workerPath } from '../platform/index.ts';
import type { KernelModule, MasterKey } from '../repository/index.ts';
import type { JobResult, WorkerJob, WorkerSettings } from './worker-jobs.ts';

/** The largest blob that restic's chunker makes, sealed, and some more. A larger one is opened on the main thread. */
export const slotBytes = 8 * 1024 * 1024 + 64 * 1024;
/** Besides one for each worker: being read meanwhile. */
const slotsAhead = 2;
/** Jobs leave much short-lived data; without a bound each thread lets it grow to 48 MiB before it collects. */
const youngGenerationMb = 4;

/** A buffer for one range of a pack. */
export interface Slot {
  readonly number: number;
  readonly bytes: Uint8Array;
}

interface Lane {
  readonly worker: Worker;
  /** Answers come in the order of the jobs. */
  readonly waiting: PromiseWithResolvers<JobResult>[];
}

export interface PoolOptions {
  readonly count: number;
  readonly module: KernelModule;
  readonly masterKey: MasterKey;
  readonly sparse: boolean;
  readonly syncsEachFile: boolean;
}

/**
 * The threads of a restore, and the shared buffers through which they get what was read. They are started when there is something to do.
 */
export class WorkerPool {
  readonly #options: PoolOptions;
  readonly #slots: readonly SharedArrayBuffer[];
  #lanes: readonly Lane[] = [];
  readonly #freeSlots: Slot[];
  readonly #slotWaiters: ((slot: Slot) => void)[] = [];
  readonly #stop = new Int32Array(new SharedArrayBuffer(4));
  #failure: Error | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: options.count + slotsAhead }, () => new SharedArrayBuffer(slotBytes));
    this.#freeSlots = this.#slots.map((slot, number) => ({ number, bytes: new Uint8Array(slot) }));
  }

  /** Waits until one is free. */
  acquireSlot(): Promise<Slot> {
    this.#startAll(); // while the slot is being filled
    const free = this.#freeSlots.pop();
    if (free) return Promise.resolve(free);
    return new Promise((resolve) => this.#slotWaiters.push(resolve));
  }

  releaseSlot(slot: Slot): void {
    const next = this.#slotWaiters.shift();
    if (next) next(slot);
    else this.#freeSlots.push(slot);
  }

  /** @throws when a thread died: no further job will be done */
  run(job: WorkerJob): Promise<JobResult> {
    if (this.#failure) return Promise.reject(this.#failure);
    this.#startAll();
    const lane = this.#lanes.reduce((best, other) => (other.waiting.length < best.waiting.length ? other : best));
    const answer = Promise.withResolvers<JobResult>();
    lane.waiting.push(answer);
    lane.worker.postMessage(job);
    return answer.promise;
  }

  /** Tells the workers to leave off at the next blob. Jobs still answer. */
  stop(): void {
    Atomics.store(this.#stop, 0, 1);
  }

  /** To be called when no job is under way. */
  async close(): Promise<void> {
    await Promise.all(this.#lanes.map(({ worker }) => endThread(worker)));
  }

  #startAll(): void {
    if (this.#lanes.length > 0) return;
    const { count, module, masterKey, sparse, syncsEachFile } = this.#options;
    const workerData: WorkerSettings = { module, masterKey, slots: this.#slots, stop: this.#stop.buffer, sparse, syncsEachFile };
    this.#lanes = Array.from({ length: count }, () => this.#start(workerData));
  }

  #start(workerData: WorkerSettings): Lane {
    const worker = new Worker(workerPath('restore', 'restore-worker'), {
      workerData,
      name: 'restore',
      resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb },
    });
    const lane: Lane = { worker, waiting: [] };
    worker.on('message', (result: JobResult) => {
      const answer = lane.waiting.shift();
      assert(answer, 'every answer has its job');
      answer.resolve(result);
    });
    worker.on('error', (error) => this.#fail(error instanceof Error ? error : new Error(String(error))));
    worker.on('exit', () => {
      if (lane.waiting.length > 0) this.#fail(new Error('a worker thread ended'));
    });
    return lane;
  }

  /** One dead thread ends the restore: what it was doing is not known. */
  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { waiting } of this.#lanes) for (const answer of waiting.splice(0)) answer.reject(error);
  }
}
