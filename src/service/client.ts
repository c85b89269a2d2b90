import {
  CancellationTokenSource,
  ErrorCodes,
  ResponseError,
  type MessageConnection,
  type RequestType,
  type RequestType0,
} from 'vscode-jsonrpc';
import { createMessageConnection, IPCMessageReader, IPCMessageWriter } from 'vscode-jsonrpc/node';
import { systemClock, type Clock, type Environment } from '../platform/index.ts';
import { EngineError, isErrorData } from './engine-error.ts';
import { EngineProcess } from './engine-process.ts';
import * as protocol from './protocol.ts';

export interface EngineClientOptions {
  /** `dist/engine.js` */
  readonly enginePath: string;
  readonly environment: Environment;
  /** Asked at each start. */
  readonly initialize: () => protocol.InitializeParams;
  /** The engine needs a password; undefined: nobody can say. */
  readonly password: (params: protocol.PasswordParams, signal: AbortSignal) => Promise<string | undefined>;
  /** It has started, and has answered nothing else yet. */
  readonly onReady?: (result: protocol.InitializeResult) => void;
  readonly onSetsChanged?: () => void;
  readonly onDriveChanged?: () => void;
  readonly onRecordsChanged?: () => void;
  /** Something was done, and its record could not be written. */
  readonly onNotRecorded?: (why: protocol.ErrorData) => void;
  readonly onDeviceCode?: (code: protocol.DeviceCodeInfo) => void;
  /** Shows a page to a person. @returns false when no browser could be opened */
  readonly openExternal?: (url: string) => Promise<boolean>;
  readonly onConfigurationChanged?: (info: protocol.ConfigurationInfo) => void;
  readonly onLog?: (line: protocol.LogLine) => void;
  /** It ended and nobody had asked it to. It is started again after `restartMs`, or never (undefined) when it ends again and again. */
  readonly onLost?: (lost: { readonly reason: string; readonly restartMs: number | undefined }) => void;
  readonly clock?: Clock;
}

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface RunOptions extends RequestOptions {
  /** At most four times a second. */
  readonly onProgress?: ((progress: protocol.RunProgress) => void) | undefined;
}

interface Running {
  readonly process: EngineProcess;
  readonly connection: MessageConnection;
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
  #running: Running | undefined;
  #deathsInARow = 0;
  #pause: Promise<void> = Promise.resolve();
  #isStopping = false;
  #nextToken = 1;

  constructor(options: EngineClientOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
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
  request<P, R>(type: RequestType<P, R, protocol.ErrorData>, params: NoInfer<P>, options: RequestOptions = {}): Promise<R> {
    return this.#send((connection, token) => connection.sendRequest<R>(type.method, params, token), options);
  }

  /** As `request`, of a request without parameters. */
  ask<R>(type: RequestType0<R, protocol.ErrorData>, options: RequestOptions = {}): Promise<R> {
    return this.#send((connection, token) => connection.sendRequest(type, token), options);
  }

  /** A request that starts a run, with its progress. */
  async run<P extends protocol.RunToken, R>(
    type: RequestType<P, R, protocol.ErrorData>,
    params: NoInfer<P>,
    options: RunOptions = {},
  ): Promise<R> {
    const { onProgress } = options;
    if (!onProgress) return this.request(type, params, options);
    const token = `run-${this.#nextToken++}`;
    return this.#send(async (connection, cancellation) => {
      using _listening = disposable(connection.onProgress(protocol.runProgress, token, onProgress));
      return await connection.sendRequest<R>(type.method, { ...params, token }, cancellation);
    }, options);
  }

  /** Asks the engine to end at its next safe point, and sees to it. Requests that wait fail. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const running = this.#running;
    if (!running) return;
    // Not awaited: an engine that hangs must not hang us.
    running.connection.sendRequest(protocol.shutdown).catch(() => undefined);
    await running.process.waitOrKill(this.#clock);
  }

  async #send<R>(
    send: (connection: MessageConnection, token: CancellationTokenSource['token']) => Promise<R>,
    { signal }: RequestOptions,
  ): Promise<R> {
    if (signal?.aborted) throw abortedError();
    await this.start();
    const running = this.#running;
    if (!running) throw lostError('it ended');
    const cancellation = new CancellationTokenSource();
    const cancel = (): void => cancellation.cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    if (signal?.aborted) cancel();
    try {
      return await Promise.race([send(running.connection, cancellation.token), running.lost]);
    } catch (error) {
      throw engineErrorOf(error);
    } finally {
      signal?.removeEventListener('abort', cancel);
      cancellation.dispose();
    }
  }

  #launch(): Running {
    const startedMs = this.#clock.monotonicMs();
    const process = new EngineProcess(this.#options.enginePath, this.#options.environment, (line) =>
      this.#options.onLog?.({ level: 'warning', message: line }),
    );
    const connection = createMessageConnection(new IPCMessageReader(process.child), new IPCMessageWriter(process.child));
    this.#listen(connection);
    const lost = process.ended.then(({ code, signal }): never => {
      const reason = signal ?? (code === null ? 'it could not be started' : `exit code ${code}`);
      this.#noteEnd(reason, this.#clock.monotonicMs() - startedMs);
      throw lostError(reason);
    });
    lost.catch(() => connection.dispose()); // after those who wait for something were told why
    connection.listen();
    const ready = Promise.race([connection.sendRequest(protocol.initialize, this.#options.initialize()), lost])
      .then((result) => {
        this.#options.onReady?.(result);
        return result;
      })
      .catch((error: unknown) => {
        throw engineErrorOf(error);
      });
    ready.catch(() => undefined);
    return { process, connection, lost, ready };
  }

  #listen(connection: MessageConnection): void {
    const {
      password,
      onSetsChanged,
      onConfigurationChanged,
      onDriveChanged,
      onRecordsChanged,
      onNotRecorded,
      onDeviceCode,
      openExternal,
      onLog,
    } = this.#options;
    connection.onRequest(protocol.password, async (params, token) => {
      const controller = new AbortController();
      using _cancelling = disposable(token.onCancellationRequested(() => controller.abort()));
      return { password: await password(params, controller.signal) };
    });
    connection.onNotification(protocol.setsChanged, () => onSetsChanged?.());
    connection.onNotification(protocol.configurationChanged, (info) => onConfigurationChanged?.(info));
    connection.onNotification(protocol.driveChanged, () => onDriveChanged?.());
    connection.onNotification(protocol.recordsChanged, () => onRecordsChanged?.());
    connection.onNotification(protocol.notRecorded, (why) => onNotRecorded?.(why));
    connection.onNotification(protocol.deviceCode, (code) => onDeviceCode?.(code));
    connection.onRequest(protocol.openExternal, async ({ url }) => (await openExternal?.(url)) ?? false);
    connection.onNotification(protocol.log, (line) => onLog?.(line));
    connection.onError(([error]) => onLog?.({ level: 'error', message: error.message }));
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
  const data: unknown = error.data;
  return new EngineError(isErrorData(data) ? data : { code: 'internal', facts: {}, message: error.message }, { cause: error });
}

function lostError(reason: string): EngineError {
  return new EngineError({ code: 'engine.lost', facts: { reason }, message: `the engine's process ended: ${reason}` });
}

function abortedError(): EngineError {
  return new EngineError({ code: 'aborted', facts: {}, message: 'aborted' });
}

/** The library's disposables, for `using`. */
function disposable(registered: { dispose(): void }): Disposable {
  return { [Symbol.dispose]: () => registered.dispose() };
}
