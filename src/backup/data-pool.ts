import { Worker } from 'node:worker_threads';
import { CadanganError, endThread, orFailure, throwIfAborted, workerPath } from '../platform/index.ts';
import { decodePackHeader, packBytesMax, type CompressionMode, type PackStore, type Repository } from '../repository/index.ts';
import { PackSlots } from './pack-slots.ts';
import { packFiles, unpackOutcomes } from './worker-messages.ts';
import type { FileOutcome, FileToRead } from './file-outcome.ts';
import type { WorkerAnswer, WorkerStart, WorkerTask } from './worker-protocol.ts';

export interface DataPoolOptions {
  readonly workerCount: number;
  readonly compression: CompressionMode;
  readonly extraVerify: boolean;
  readonly signal: AbortSignal;
}

/** A batch holds at most this much, so that both workers end at about the same time. */
const batchFilesMax = 64;
const batchBytesMax = 4 << 20;
/** Batches that wait for a worker; more would only cost memory. */
const waitingTasksPerWorkerMax = 3;

type TaskWithoutId = WorkerTask extends infer Task ? (Task extends WorkerTask ? Omit<Task, 'taskId'> : never) : never;
type TaskAnswer = Extract<WorkerAnswer, { taskId: number }>;

interface PoolTask {
  readonly message: TaskWithoutId;
  readonly settle: (answer: TaskAnswer) => void;
}

interface PoolWorker {
  readonly thread: Worker;
  readonly tasks: Map<number, PoolTask>;
}

/** Each worker has the next task at hand when it ends one: an idle worker waits for the main thread otherwise. */
const tasksInWorkerMax = 2;

/**
 * The worker threads that read, cut, seal and pack file data, and the way of their packs into the storage. Threads start when there
 * is work: a run in which nothing changed has none. After a failure `signal` is aborted and every call throws the failure.
 */
export class DataPool {
  readonly #repository: Repository;
  readonly #packStore: PackStore;
  readonly #options: DataPoolOptions;
  #workers: PoolWorker[] = [];
  #slots: PackSlots | undefined;
  #waiting: PoolTask[] = [];
  #batch: { file: FileToRead; settle: (outcome: FileOutcome) => void }[] = [];
  #batchBytes = 0;
  #nextTaskId = 1;
  #unsettled = 0;
  #packWrites = new Set<Promise<void>>();
  #wake: (() => void)[] = [];
  /** Aborted with what stopped the pool. */
  #failed = new AbortController();
  #isClosing = false;
  /** Ends pack writes. They outlive the run's own signal, so that a stopped run can still store what it has sealed. */
  readonly #giveUp = new AbortController();

  constructor(repository: Repository, packStore: PackStore, options: DataPoolOptions) {
    this.#repository = repository;
    this.#packStore = packStore;
    this.#options = options;
    options.signal.addEventListener('abort', () => this.#fail(new CadanganError('aborted', {}, { cause: options.signal.reason })), {
      once: true,
    });
  }

  /** Hands a small file to the workers; `settle` is called once, later. Await `room()` now and then. */
  storeFile(file: FileToRead, settle: (outcome: FileOutcome) => void): void {
    this.#batch.push({ file, settle });
    this.#batchBytes += file.sizeBytes;
    if (this.#batch.length >= batchFilesMax || this.#batchBytes >= batchBytesMax) this.#sendBatch();
  }

  /** Gives a task of a large file to the next free worker. @param first in front of everything that waits */
  async run(message: TaskWithoutId, first = false): Promise<TaskAnswer> {
    this.#throwFailure();
    const { promise, resolve } = Promise.withResolvers<TaskAnswer>();
    this.#enqueue({ message, settle: resolve }, first);
    return orFailure(promise, this.#failed.signal);
  }

  /** Resolves when the workers can take more. @throws what stopped the pool */
  async room(): Promise<void> {
    this.#throwFailure();
    while (this.#waiting.length >= waitingTasksPerWorkerMax * this.#options.workerCount) await this.#change();
  }

  /** Sends what is collected and resolves when everything was settled. @throws what stopped the pool */
  async drain(): Promise<void> {
    this.#throwFailure();
    this.#sendBatch();
    while (this.#unsettled > 0) await this.#change();
  }

  /** Drains, finishes the workers' open packs, and resolves when all packs are safely stored. @throws what stopped the pool */
  async finish(): Promise<void> {
    await this.drain();
    await this.#flushWorkers();
    await orFailure(Promise.all(this.#packWrites), this.#failed.signal);
  }

  /**
   * Stops taking work and stores what the workers have finished sealing, so that the next run finds it. For a run that is being stopped.
   * Errors of the storage are for the caller.
   */
  async salvage(): Promise<void> {
    this.#failed = new AbortController();
    this.#waiting = [];
    this.#batch = [];
    await this.#flushWorkers();
    await orFailure(Promise.all(this.#packWrites), this.#failed.signal);
  }

  /** Resolves when every pack that was on its way to the storage is there or has failed. */
  async writesSettled(): Promise<void> {
    await Promise.allSettled(this.#packWrites);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true;
    this.#giveUp.abort(); // first, since a worker may be waiting for the slot of a pack that is being written
    await Promise.all(this.#workers.map(({ thread }) => endThread(thread)));
    await this.writesSettled();
  }

  async #flushWorkers(): Promise<void> {
    const flushes = this.#workers.map((worker) => {
      const { promise, resolve } = Promise.withResolvers<TaskAnswer>();
      this.#unsettled += 1;
      this.#post(worker, { message: { kind: 'flush' }, settle: resolve });
      return promise;
    });
    await orFailure(Promise.all(flushes), this.#failed.signal);
  }

  #sendBatch(): void {
    if (this.#batch.length === 0) return;
    const batch = this.#batch;
    this.#batch = [];
    this.#batchBytes = 0;
    const settle = (answer: TaskAnswer) => {
      if (answer.kind !== 'files') throw new Error(`a batch was answered with ${answer.kind}`);
      const outcomes = unpackOutcomes(answer.outcomes);
      batch.forEach((entry, at) => entry.settle(outcomes[at] ?? { kind: 'failure', reason: 'no answer' }));
    };
    this.#enqueue({ message: { kind: 'files', files: packFiles(batch.map(({ file }) => file)) }, settle }, false);
  }

  #enqueue(task: PoolTask, first: boolean): void {
    this.#unsettled += 1;
    if (first) this.#waiting.unshift(task);
    else this.#waiting.push(task);
    this.#dispatch();
  }

  #dispatch(): void {
    while (this.#waiting.length > 0 && !this.#failed.signal.aborted) {
      const worker = this.#freeWorker();
      if (!worker) return;
      const task = this.#waiting.shift();
      if (task) this.#post(worker, task);
    }
  }

  /** The least busy worker; another thread is started before a second task waits in one. */
  #freeWorker(): PoolWorker | undefined {
    let best: PoolWorker | undefined;
    for (const worker of this.#workers) if (!best || worker.tasks.size < best.tasks.size) best = worker;
    if ((!best || best.tasks.size > 0) && this.#workers.length < this.#options.workerCount) return this.#startWorker();
    return best && best.tasks.size < tasksInWorkerMax ? best : undefined;
  }

  #post(worker: PoolWorker, task: PoolTask): void {
    const taskId = this.#nextTaskId++;
    worker.tasks.set(taskId, task);
    worker.thread.postMessage({ ...task.message, taskId });
  }

  #startWorker(): PoolWorker {
    this.#slots ??= PackSlots.make(this.#options.workerCount + 1, packBytesMax);
    const { compression, extraVerify } = this.#repository.packBuilderOptions(this.#options);
    const { module, masterKey, polynomial, index } = this.#repository;
    const start: WorkerStart = { module, masterKey, polynomial, index: index.shared, compression, extraVerify, slots: this.#slots.shared };
    const thread = new Worker(workerPath('backup', 'backup-worker'), {
      workerData: start,
      // A worker's heap holds messages only; its buffers lie outside. A small young generation keeps garbage buffers few.
      resourceLimits: { maxYoungGenerationSizeMb: 8 },
    });
    const worker: PoolWorker = { thread, tasks: new Map() };
    thread.on('message', (answer: WorkerAnswer) => this.#receive(worker, answer));
    thread.on('error', (error) => this.#fail(error));
    thread.on('exit', () => {
      if (!this.#isClosing && !this.#failed.signal.aborted) this.#fail(new Error('a backup worker ended by itself'));
    });
    this.#workers.push(worker);
    return worker;
  }

  #receive(worker: PoolWorker, answer: WorkerAnswer): void {
    if (answer.kind === 'pack') return this.#storePack(answer);
    if (answer.kind === 'stop') return this.#fail(new CadanganError(answer.code, answer.facts));
    const task = worker.tasks.get(answer.taskId);
    worker.tasks.delete(answer.taskId);
    this.#unsettled -= 1;
    this.#dispatch();
    try {
      task?.settle(answer);
    } catch (error) {
      this.#fail(error);
    }
    this.#notify();
  }

  #storePack({ slot, length, id, header }: Extract<WorkerAnswer, { kind: 'pack' }>): void {
    const slots = this.#slots;
    if (!slots) throw new Error('a pack without slots');
    if (this.#isClosing) return slots.release(slot);
    const write = this.#packStore
      .save({ id, entries: decodePackHeader(header, length), bytes: slots.view(slot, length) }, this.#giveUp.signal)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        slots.release(slot);
        this.#packWrites.delete(write);
        this.#notify();
      });
    this.#packWrites.add(write);
  }

  #fail(error: unknown): void {
    this.#failed.abort(error); // the first one counts
    this.#notify();
  }

  #throwFailure(): void {
    if (this.#failed.signal.aborted) throw this.#failed.signal.reason;
    throwIfAborted(this.#options.signal);
  }

  async #change(): Promise<void> {
    await new Promise<void>((resolve) => this.#wake.push(resolve));
    this.#throwFailure();
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const resolve of wake) resolve();
  }
}
