import { ResponseError, type CancellationToken, type MessageConnection, type RequestType, type RequestType0 } from 'vscode-jsonrpc';
import type * as z from 'zod';
import { CadanganError } from '../platform/index.ts';
import { errorDataOf } from './error-data.ts';
import * as protocol from './protocol.ts';

/** JSON-RPC leaves -32000 to -32099 to servers; the meaning stands in the data. */
const errorNumber = -32000;

export interface ChannelOptions {
  readonly connection: MessageConnection;
  /** Takes passwords out of what leaves the process. */
  readonly scrub: (text: string) => string;
}

/**
 * The engine's end of the connection to its window: every request is parsed, can be cancelled, and answers with a result or with
 * `ErrorData`.
 */
export class Channel {
  readonly #connection: MessageConnection;
  readonly #scrub: (text: string) => string;
  #isClosed = false;
  readonly #abandoned = Promise.withResolvers<undefined>();

  constructor({ connection, scrub }: ChannelOptions) {
    this.#connection = connection;
    this.#scrub = scrub;
    connection.onClose(() => (this.#isClosed = true));
    connection.onDispose(() => (this.#isClosed = true));
  }

  /** Nobody is at the other end any more: what would be said is not. */
  close(): void {
    this.#isClosed = true;
  }

  /** Whoever waits for an answer of the window waits in vain. */
  abandonQuestions(): void {
    this.#abandoned.resolve(undefined);
  }

  /** @param schema what the window may send: with bounds on whatever costs something */
  handle<P, R>(
    type: RequestType<P, R, protocol.ErrorData>,
    schema: z.ZodType<NoInfer<P>>,
    handler: (params: NoInfer<P>, signal: AbortSignal) => Promise<NoInfer<R>>,
  ): void {
    this.#connection.onRequest(type.method, (params: unknown, token: CancellationToken) =>
      this.#answer(token, (signal) => handler(parse(schema, params), signal)),
    );
  }

  handle0<R>(type: RequestType0<R, protocol.ErrorData>, handler: (signal: AbortSignal) => Promise<NoInfer<R>>): void {
    this.#connection.onRequest(type.method, (token: CancellationToken) => this.#answer(token, handler));
  }

  /** Undefined also when nobody is there to ask. */
  async askPassword(params: protocol.PasswordParams): Promise<string | undefined> {
    if (this.#isClosed) return undefined;
    const answer = await Promise.race([
      this.#connection.sendRequest(protocol.password, params).catch(() => undefined),
      this.#abandoned.promise,
    ]);
    const password: unknown = answer?.password;
    return typeof password === 'string' ? password : undefined;
  }

  progress(token: string, progress: protocol.RunProgress): void {
    if (!this.#isClosed) this.#tell(this.#connection.sendProgress(protocol.runProgress, token, progress));
  }

  setsChanged(): void {
    if (!this.#isClosed) this.#tell(this.#connection.sendNotification(protocol.setsChanged));
  }

  configurationChanged(info: protocol.ConfigurationInfo): void {
    if (!this.#isClosed) this.#tell(this.#connection.sendNotification(protocol.configurationChanged, info));
  }

  driveChanged(): void {
    if (!this.#isClosed) this.#tell(this.#connection.sendNotification(protocol.driveChanged));
  }

  recordsChanged(): void {
    if (!this.#isClosed) this.#tell(this.#connection.sendNotification(protocol.recordsChanged));
  }

  notRecorded(error: unknown): void {
    if (!this.#isClosed) this.#tell(this.#connection.sendNotification(protocol.notRecorded, errorDataOf(error, this.#scrub)));
  }

  deviceCode(code: protocol.DeviceCodeInfo): void {
    if (!this.#isClosed) this.#tell(this.#connection.sendNotification(protocol.deviceCode, code));
  }

  /** False also when nobody is there to see it. */
  async openExternal(url: string): Promise<boolean> {
    if (this.#isClosed) return false;
    const answer = await Promise.race([
      this.#connection.sendRequest(protocol.openExternal, { url }).catch(() => false),
      this.#abandoned.promise,
    ]);
    return answer === true;
  }

  log(level: protocol.LogLine['level'], message: string): void {
    if (!this.#isClosed) this.#tell(this.#connection.sendNotification(protocol.log, { level, message: this.#scrub(message) }));
  }

  async #answer(token: CancellationToken, work: (signal: AbortSignal) => Promise<unknown>): Promise<unknown> {
    const controller = new AbortController();
    const registration = token.onCancellationRequested(() => controller.abort(new CadanganError('aborted', { reason: 'user' })));
    if (token.isCancellationRequested) controller.abort(new CadanganError('aborted', { reason: 'user' }));
    try {
      return await work(controller.signal);
    } catch (error) {
      const data = errorDataOf(error, this.#scrub);
      if (data.code === 'internal') this.log('error', error instanceof Error ? (error.stack ?? error.message) : String(error));
      return new ResponseError(errorNumber, data.message, data);
    } finally {
      registration.dispose();
    }
  }

  /** A window that is gone hears nothing, and that is no trouble of ours. */
  #tell(sent: Promise<void>): void {
    sent.catch(() => undefined);
  }
}

function parse<P>(schema: z.ZodType<P>, params: unknown): P {
  const result = schema.safeParse(params);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new CadanganError('arguments.invalid', { argument: issue?.path.join('.') ?? '', reason: issue?.message ?? 'not understood' });
}
