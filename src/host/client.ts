import { ErrorCodes, ResponseError } from 'vscode-jsonrpc';
import { createMessageConnection, IPCMessageReader, IPCMessageWriter } from 'vscode-jsonrpc/node';
import { systemClock, systemRandom, type Clock, type Environment, type Random } from '../platform/index.ts';
import { protocol, type Notification, type Procedure } from '../service/index.ts';
import { Channel, type RequestOptions } from './channel.ts';
import { EngineError } from './engine-error.ts';
import { EngineProcess } from './engine-process.ts';

export interface EngineClientOptions {
  /** `dist/engine.js` */
  readonly enginePath: string;
  readonly environment: Environment;
  /** Asked at each start. */
  readonly initialize: () => protocol.InitializeParams;
  /** The engine needs a password; undefined: nobody can say. */
  readonly password: (params: protocol.PasswordParams, signal: AbortSignal) => Promise<string | undefined>;
  /** Shows a page to a person. @returns false when no browser could be opened */
  readonly openExternal?: (url: string) => Promise<boolean>;
  /** It has started, and has answered nothing else yet. */
  readonly onReady?: (result: protocol.InitializeResult) => void;
  readonly onLog?: (line: protocol.LogLine) => void;
  /** What else it tells unasked. */
  readonly listeners?: readonly Listener[];
  /** It ended and nobody had asked it to. It is started again after `restartMs`, or never (undefined) when it ends again and again. */
  readonly onLost?: (lost: { readonly reason: string; readonly restartMs: number | undefined }) => void;
  readonly clock?: Clock;
  readonly random?: Random;
}

export interface ClientRequestOptions extends RequestOptions {
  /** Of a run: its id, for who wants to ask for it later (`runOfId`). Default: one that nobody knows. */
  readonly run?: string | undefined;
}

/** Listens to one kind of notification. */
export type Listener = (channel: Channel) => void;

export function listener<Params>(notification: Notification<Params>, hear: (params: Params) => void): Listener {
  return (channel) => channel.hear(notification, hear);
}

interface Running {
  readonly process: EngineProcess;
  readonly channel: Channel;
  /** Rejects as soon as the process is gone. */
  readonly lost: Promise<never>;
  readonly ready: Promise<protocol.InitializeResult>;
}

const restartDelaysMs = [500, 2_000, 5_000, 15_000, 60_000] as const;
/** An engine that lived so long had no trouble with its start. */
const healthyMs = 60_000;

/** The window's end of the channel. The process starts with the first request, and again when it died. */
export class EngineClient {
  readonly #options: EngineClientOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  #running: Running | undefined;
  #deathsInARow = 0;
  #pause: Promise<void> = Promise.resolve();
  #isStopping = false;

  constructor(options: EngineClientOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
  }

  /** The process id of the engine that runs now, for logs. */
  get pid(): number | undefined {
    return this.#running?.process.child.pid;
  }

  /** Starts the engine if it does not run. @throws EngineError */
  async start(): Promise<protocol.InitializeResult> {
    await this.#pause;
    if (this.#isStopping) throw lostError('it was asked to end');
    this.#running ??= this.#launch();
    return this.#running.ready;
  }

  /** @throws EngineError with the engine's code and facts, `engine.lost` when the process died, `aborted` when the signal did it */
  async request<Params, Result>(
    procedure: Procedure<Params, Result>,
    params: NoInfer<Params>,
    { run, ...options }: ClientRequestOptions = {},
  ): Promise<Result> {
    if (options.signal?.aborted) throw abortedError();
    const sent = procedure.kind === 'run' ? { ...params, run: run ?? this.#newRunId() } : params;
    await this.start();
    const running = this.#running;
    if (!running) throw lostError('it ended');
    try {
      return await Promise.race([running.channel.request(procedure, sent, options), running.lost]);
    } catch (error) {
      throw engineErrorOf(error);
    }
  }

  /** Asks the engine to end at its next safe point, and sees to it. Requests that wait fail. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const running = this.#running;
    if (!running) return;
    // Not awaited: an engine that hangs must not hang us.
    running.channel.request(protocol.shutdown, undefined).catch(() => undefined);
    await running.process.waitOrKill(this.#clock);
  }

  #newRunId(): string {
    return Buffer.from(this.#random.fill(new Uint8Array(16))).toString('hex');
  }

  #launch(): Running {
    const startedMs = this.#clock.monotonicMs();
    const process = new EngineProcess(this.#options.enginePath, this.#options.environment, (line) =>
      this.#options.onLog?.({ level: 'warning', message: line }),
    );
    const connection = createMessageConnection(new IPCMessageReader(process.child), new IPCMessageWriter(process.child));
    const channel = new Channel(connection);
    this.#listen(channel);
    connection.onError(([error]) => this.#options.onLog?.({ level: 'error', message: error.message }));
    const lost = process.ended.then(({ code, signal }): never => {
      const reason = signal ?? (code === null ? 'it could not be started' : `exit code ${code}`);
      this.#noteEnd(reason, this.#clock.monotonicMs() - startedMs);
      throw lostError(reason);
    });
    lost.catch(() => connection.dispose()); // after those who wait for something were told why
    connection.listen();
    const ready = Promise.race([channel.request(protocol.initialize, this.#options.initialize()), lost])
      .then((result) => {
        this.#options.onReady?.(result);
        return result;
      })
      .catch((error: unknown) => {
        throw engineErrorOf(error);
      });
    ready.catch(() => undefined);
    return { process, channel, lost, ready };
  }

  #listen(channel: Channel): void {
    const { password, openExternal, onLog, listeners = [] } = this.#options;
    channel.answer(protocol.password, (params, { signal }) => password(params, signal));
    channel.answer(protocol.openExternal, async ({ url }) => (await openExternal?.(url)) ?? false);
    channel.hear(protocol.log, (line) => onLog?.(line));
    for (const listen of listeners) listen(channel);
  }

  #noteEnd(reason: string, livedMs: number): void {
    this.#running = undefined;
    if (this.#isStopping) return;
    this.#deathsInARow = livedMs > healthyMs ? 0 : this.#deathsInARow + 1;
    const restartMs = restartDelaysMs[Math.max(0, this.#deathsInARow - 1)];
    // One that never comes up is tried again when somebody asks for something.
    this.#pause = this.#clock.sleep(restartMs ?? restartDelaysMs[0]);
    if (restartMs !== undefined) void this.#pause.then(() => this.start()).catch(() => undefined);
    this.#options.onLost?.({ reason, restartMs });
  }
}

/**
 * What the library says when the channel breaks: messages that cannot be written or read, answers that will not come, a connection that is
 * closed.
 */
const transportErrors: ReadonlySet<number> = new Set([
  ErrorCodes.MessageWriteError,
  ErrorCodes.MessageReadError,
  ErrorCodes.PendingResponseRejected,
  ErrorCodes.ConnectionInactive,
]);

function engineErrorOf(error: unknown): unknown {
  if (!(error instanceof ResponseError))
    return error instanceof EngineError ? error : lostError(error instanceof Error ? error.message : String(error));
  if (transportErrors.has(error.code)) return lostError(error.message);
  const data = protocol.errorData.safeParse(error.data).data ?? { code: 'internal', facts: {}, message: error.message };
  return new EngineError(data, { cause: error });
}

function lostError(reason: string): EngineError {
  return new EngineError({ code: 'engine.lost', facts: { reason }, message: `the engine's process ended: ${reason}` });
}

function abortedError(): EngineError {
  return new EngineError({ code: 'aborted', facts: {}, message: 'aborted' });
}
