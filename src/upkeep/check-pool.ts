import { Worker } from 'node:worker_threads';
import { endThread, orFailure, workerPath } from '../platform/index.ts';
import type { PackedBlob, PackId, Repository } from '../repository/index.ts';
import type { CheckWorkerAnswer, CheckWorkerStart, PackTask, PackVerdict } from './check-protocol.ts';

/** A pack to be proven, and how its bytes are had. */
export interface PackRequest {
  readonly packId: PackId;
  readonly lengthBytes: number;
  readonly blobCount: number;
  readonly entries: readonly PackedBlob[] | undefined;
  /** Fills `target`, which is as long as the pack; false when that cannot be. */
  readonly read: (target: Uint8Array) => Promise<boolean>;
}

/** restic's packs end at 16 MiB plus one blob. Longer ones get memory of their own, one at a time. */
const slotBytesMax = 32 << 20;

interface OpenTask {
  readonly release: () => void;
  readonly settle: (verdict: PackVerdict) => void;
}

interface PoolWorker {
  readonly thread: Worker;
  taskCount: number;
}

/**
 * The worker threads that prove packs. The thread of the storage reads each pack into shared memory; there is one slot more than workers,
 * so that one is being filled while the others are being worked on.
 */
export class CheckPool {
  readonly #repository: Repository;
  readonly #slotBytes: number;
  readonly #slots: SharedArrayBuffer;
  readonly #freeSlots: Semaphore;
  readonly #largePack = new Semaphore([0]);
  readonly #workers: PoolWorker[] = [];
  readonly #tasks = new Map<number, OpenTask>();
  /** Aborted with what stopped the pool. */
  readonly #failed = new AbortController();
  #nextTaskId = 1;
  #isClosing = false;

  /** @param options `packBytesMax` is the longest pack that will come */
  constructor(repository: Repository, options: { readonly workerCount: number; readonly packBytesMax: number }) {
    const slotCount = options.workerCount + 1;
    this.#repository = repository;
    this.#slotBytes = Math.min(slotBytesMax, options.packBytesMax);
    this.#slots = new SharedArrayBuffer(slotCount * this.#slotBytes);
    this.#freeSlots = new Semaphore(Array.from({ length: slotCount }, (_, slot) => slot));
    for (let started = 0; started < options.workerCount; started++) this.#startWorker();
  }

  /** @returns `undefined` if `read` could not. @throws what `read` throws; an error of a worker, which stops all */
  async verify(request: PackRequest): Promise<PackVerdict | undefined> {
    const isLarge = request.lengthBytes > this.#slotBytes;
    const places = isLarge ? this.#largePack : this.#freeSlots;
    const slot = await orFailure(places.take(), this.#failed.signal);
    let isTaken = true;
    const release = () => {
      if (isTaken) places.give(slot);
      isTaken = false;
    };
    try {
      const own = isLarge ? new SharedArrayBuffer(request.lengthBytes) : undefined;
      const target = own ? new Uint8Array(own) : new Uint8Array(this.#slots, slot * this.#slotBytes, request.lengthBytes);
      if (!(await request.read(target))) return undefined;
      const verdict = this.#post(request, own ? { own } : { slot }, isLarge ? () => undefined : release);
      return await orFailure(verdict, this.#failed.signal);
    } finally {
      release();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true;
    await Promise.all(this.#workers.map(({ thread }) => endThread(thread)));
  }

  async #post(
    { packId, lengthBytes, blobCount, entries }: PackRequest,
    bytes: PackTask['bytes'],
    release: () => void,
  ): Promise<PackVerdict> {
    const worker = this.#workers.reduce((least, candidate) => (candidate.taskCount < least.taskCount ? candidate : least));
    const taskId = this.#nextTaskId++;
    const { promise, resolve } = Promise.withResolvers<PackVerdict>();
    this.#tasks.set(taskId, { release, settle: resolve });
    worker.taskCount += 1;
    const task: PackTask = { taskId, packId, lengthBytes, bytes, blobCount, entries };
    worker.thread.postMessage(task);
    const verdict = await promise;
    worker.taskCount -= 1;
    return verdict;
  }

  #startWorker(): void {
    const { module, masterKey, index } = this.#repository;
    const start: CheckWorkerStart = { module, masterKey, index: index.shared, slots: this.#slots, slotBytes: this.#slotBytes };
    const thread = new Worker(workerPath('upkeep', 'check-worker'), {
      workerData: start,
      // A worker's heap holds messages only; its buffers lie outside. A small young generation keeps garbage buffers few.
      resourceLimits: { maxYoungGenerationSizeMb: 8 },
    });
    thread.on('message', (answer: CheckWorkerAnswer) => this.#receive(answer));
    thread.on('error', (error) => this.#failed.abort(error));
    thread.on('exit', () => {
      if (!this.#isClosing) this.#failed.abort(new Error('a check worker ended by itself'));
    });
    this.#workers.push({ thread, taskCount: 0 });
  }

  #receive(answer: CheckWorkerAnswer): void {
    const task = this.#tasks.get(answer.taskId);
    if (answer.kind === 'copied') return task?.release();
    this.#tasks.delete(answer.taskId);
    task?.settle(answer.verdict);
  }
}

/** Hands out things of which there are only so many, first come first served. */
class Semaphore {
  readonly #free: number[];
  readonly #waiting: ((thing: number) => void)[] = [];

  constructor(things: readonly number[]) {
    this.#free = [...things];
  }

  async take(): Promise<number> {
    const thing = this.#free.pop();
    return thing ?? new Promise((resolve) => this.#waiting.push(resolve));
  }

  give(thing: number): void {
    const next = this.#waiting.shift();
    if (next) next(thing);
    else this.#free.push(thing);
  }
}
