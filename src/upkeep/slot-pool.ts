import { Worker } from 'node:worker_threads';
import { CadanganError, endThread, orFailure, workerPath, type ErrorCode, type ErrorFacts } from '../platform/index.ts';

/** Does a task with bytes of the storage. `copied` says that the bytes are not needed any more; at the latest the answer does. */
export type SlotServer<Task, Answer> = (task: Task, bytes: Uint8Array, copied: () => void) => Answer;

/** What a worker is started with; slot n begins at n * slotBytes. */
export interface SlotStart<Start> {
  readonly start: Start;
  readonly slots: SharedArrayBuffer;
  readonly slotBytes: number;
}

export interface SlotMessage<Task> {
  readonly taskId: number;
  readonly task: Task;
  readonly lengthBytes: number;
  /** Where the bytes are: a slot, or for more than a slot takes a memory of their own. */
  readonly bytes: { readonly slot: number } | { readonly own: SharedArrayBuffer };
}

export type SlotAnswer<Answer> =
  /** The slot may be filled again; the answer comes later. */
  | { readonly kind: 'copied'; readonly taskId: number }
  | { readonly kind: 'answer'; readonly taskId: number; readonly answer: Answer }
  /** What stops all work. An error that crosses between threads would lose its class. */
  | { readonly kind: 'stop'; readonly code: ErrorCode; readonly facts: ErrorFacts };

export interface SlotPoolOptions<Start, Task, Answer> {
  /** The worker's source, `src/upkeep/<name>.ts`, which calls `serveSlots` with the same `serve`. */
  readonly worker: string;
  readonly start: Start;
  readonly serve: (start: Start, slotBytes: number) => SlotServer<Task, Answer>;
  /** 0: all is done in this thread, which spares the start of others where there is little to do. */
  readonly workerCount: number;
  readonly slotBytes: number;
}

interface OpenTask<Answer> {
  readonly release: () => void;
  readonly settle: (answer: Answer) => void;
}

interface PoolWorker<Task> {
  readonly post: (message: SlotMessage<Task>) => void;
  readonly end: () => Promise<void>;
  taskCount: number;
}

/**
 * Worker threads that work on bytes of packs. The thread of the storage reads them into shared memory; there is one slot more than
 * workers, so that one is being filled while the others are being worked on.
 */
export class SlotPool<Start, Task, Answer> {
  readonly #options: SlotPoolOptions<Start, Task, Answer>;
  readonly #slots: SharedArrayBuffer;
  readonly #freeSlots: Semaphore;
  readonly #largeBytes = new Semaphore([0]);
  readonly #workers: PoolWorker<Task>[] = [];
  readonly #tasks = new Map<number, OpenTask<Answer>>();
  /** Aborted with what stopped the pool. */
  readonly #failed = new AbortController();
  #nextTaskId = 1;
  #isClosing = false;

  constructor(options: SlotPoolOptions<Start, Task, Answer>) {
    const slotCount = options.workerCount + 1;
    this.#options = options;
    this.#slots = new SharedArrayBuffer(slotCount * options.slotBytes);
    this.#freeSlots = new Semaphore(Array.from({ length: slotCount }, (_, slot) => slot));
    if (options.workerCount === 0) this.#workers.push(this.#here());
    for (let started = 0; started < options.workerCount; started++) this.#workers.push(this.#startWorker());
  }

  /** How many tasks may wait so that no worker does: each has one at work and one waiting, and one more is being read. */
  get concurrency(): number {
    return 2 * this.#options.workerCount + 1;
  }

  /**
   * @param read fills `target` with the bytes that the task is about; false when that cannot be
   * @returns `undefined` if `read` could not. @throws what `read` throws; an error of a worker, which stops all
   */
  async run(task: Task, lengthBytes: number, read: (target: Uint8Array) => Promise<boolean>): Promise<Answer | undefined> {
    const isLarge = lengthBytes > this.#options.slotBytes;
    const places = isLarge ? this.#largeBytes : this.#freeSlots;
    const slot = await orFailure(places.take(), this.#failed.signal);
    let isTaken = true;
    const release = () => {
      if (isTaken) places.give(slot);
      isTaken = false;
    };
    try {
      const own = isLarge ? new SharedArrayBuffer(lengthBytes) : undefined;
      const target = own ? new Uint8Array(own) : new Uint8Array(this.#slots, slot * this.#options.slotBytes, lengthBytes);
      if (!(await read(target))) return undefined;
      const worker = this.#workers.reduce((least, candidate) => (candidate.taskCount < least.taskCount ? candidate : least));
      const bytes = own ? { own } : { slot };
      return await orFailure(this.#post(worker, { task, lengthBytes, bytes }, isLarge ? () => undefined : release), this.#failed.signal);
    } finally {
      release();
    }
  }

  /** Has each worker do a task that needs no bytes, behind what it has already. */
  async runInEach(task: Task): Promise<Answer[]> {
    const nothing = { task, lengthBytes: 0, bytes: { slot: 0 } };
    const answers = this.#workers.map((worker) => this.#post(worker, nothing, () => undefined));
    return orFailure(Promise.all(answers), this.#failed.signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true;
    await Promise.all(this.#workers.map((worker) => worker.end()));
  }

  async #post(worker: PoolWorker<Task>, message: Omit<SlotMessage<Task>, 'taskId'>, release: () => void): Promise<Answer> {
    const taskId = this.#nextTaskId++;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#tasks.set(taskId, { release, settle: resolve });
    worker.taskCount += 1;
    worker.post({ ...message, taskId });
    const answer = await promise;
    worker.taskCount -= 1;
    return answer;
  }

  #startWorker(): PoolWorker<Task> {
    const { worker, start, slotBytes } = this.#options;
    const workerData: SlotStart<Start> = { start, slots: this.#slots, slotBytes };
    const thread = new Worker(workerPath('upkeep', worker), {
      workerData,
      // A worker's heap holds messages only; its buffers lie outside. A small young generation keeps garbage buffers few.
      resourceLimits: { maxYoungGenerationSizeMb: 8 },
    });
    thread.on('message', (answer: SlotAnswer<Answer>) => this.#receive(answer));
    thread.on('error', (error) => this.#failed.abort(error));
    thread.on('exit', () => {
      if (!this.#isClosing) this.#failed.abort(new Error(`a thread of ${worker} ended by itself`));
    });
    return { post: (message) => thread.postMessage(message), end: () => endThread(thread), taskCount: 0 };
  }

  #here(): PoolWorker<Task> {
    const { serve, start, slotBytes } = this.#options;
    const answerTo = answeringIn({ start, slots: this.#slots, slotBytes }, serve, (answer) => this.#receive(answer));
    const post = (message: SlotMessage<Task>): void => {
      try {
        answerTo(message);
      } catch (error) {
        this.#failed.abort(error);
      }
    };
    return { post, end: () => Promise.resolve(), taskCount: 0 };
  }

  #receive(answer: SlotAnswer<Answer>): void {
    if (answer.kind === 'stop') return this.#failed.abort(new CadanganError(answer.code, answer.facts));
    const task = this.#tasks.get(answer.taskId);
    if (answer.kind === 'copied') return task?.release();
    this.#tasks.delete(answer.taskId);
    task?.settle(answer.answer);
  }
}

/** Answers each message by what `serve` makes of it; an error of ours stops all work, any other is thrown. */
export function answeringIn<Start, Task, Answer>(
  { start, slots, slotBytes }: SlotStart<Start>,
  serve: (start: Start, slotBytes: number) => SlotServer<Task, Answer>,
  answer: (answer: SlotAnswer<Answer>) => void,
): (message: SlotMessage<Task>) => void {
  const server = serve(start, slotBytes);
  return ({ taskId, task, lengthBytes, bytes }) => {
    const source = 'slot' in bytes ? new Uint8Array(slots, bytes.slot * slotBytes, lengthBytes) : new Uint8Array(bytes.own, 0, lengthBytes);
    try {
      answer({ kind: 'answer', taskId, answer: server(task, source, () => answer({ kind: 'copied', taskId })) });
    } catch (error) {
      if (!(error instanceof CadanganError)) throw error;
      answer({ kind: 'stop', code: error.code, facts: error.facts });
    }
  };
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
