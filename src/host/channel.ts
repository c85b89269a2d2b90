import { CancellationTokenSource, ProgressType, ResponseError, type CancellationToken, type MessageConnection } from 'vscode-jsonrpc';
import * as z from 'zod';
import { CadanganError, orAborted, throwIfAborted } from '../platform/index.ts';
import {
  errorDataOf,
  paramsOf,
  protocol,
  stopFor,
  abortReason,
  understood,
  type Audience,
  type Call,
  type Notification,
  type Procedure,
  type AbortReason,
} from '../service/index.ts';
import { HostError } from './host-error.ts';

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
  /** Of a run. At most four times a second. */
  readonly onProgress?: ((progress: protocol.RunProgress) => void) | undefined;
}

/** JSON-RPC leaves -32000 to -32099 to servers; the meaning stands in the data. */
const errorNumber = -32000;
/** Progress comes under a token that stands beside the parameters of the request. */
const progressType = new ProgressType<unknown>();
const tokenBeside = z.object({ token: z.string().max(200) });

export interface ChannelOptions {
  /** Takes passwords out of errors and logs that leave the process. */
  readonly scrub?: ((text: string) => string) | undefined;
  /** Whoever is at the other end is of ours, and knows why it cancels a request. Of anybody else it is a person's wish. */
  readonly believesReasons?: boolean | undefined;
}

/**
 * One end of a connection that speaks JSON-RPC: procedures are asked and answered here, by either side. What comes in is parsed as it was
 * declared; every request can be cancelled, and answers with a result or with `ErrorData`. JSON-RPC has no `undefined`: what arrives as
 * `null` is nothing.
 */
export class Channel implements Audience {
  readonly #connection: MessageConnection;
  readonly #scrub: (text: string) => string;
  readonly #abandoned = new AbortController();
  readonly #goneController = new AbortController();
  /** The requests of the other end that are being answered, by their tokens. */
  readonly #answering = new Map<string, AbortController>();
  #isClosed = false;
  #tokens = 0;

  constructor(connection: MessageConnection, { scrub = (text) => text, believesReasons = false }: ChannelOptions = {}) {
    this.#connection = connection;
    this.#scrub = scrub;
    if (believesReasons) this.answer(stopFor, async ({ request, reason }) => this.#answering.get(request)?.abort(abortedFor(reason)));
    connection.onClose(() => (this.#isClosed = true));
    connection.onDispose(() => (this.#isClosed = true));
  }

  /** Nobody is at the other end any more: what would be said is not. */
  close(): void {
    this.#isClosed = true;
    this.#goneController.abort(new CadanganError('aborted', { reason: 'client-gone' }));
  }

  /** Aborted when the other end has gone: nobody wants to know any more. */
  get gone(): AbortSignal {
    return this.#goneController.signal;
  }

  /** Whoever waits for an answer to `ask` waits in vain. */
  abandonQuestions(): void {
    this.#abandoned.abort();
  }

  /** @param work gets parameters as they came */
  handle(name: string, work: (params: unknown, call: Omit<Call, 'via'>) => Promise<unknown>): void {
    this.#connection.onRequest(name, (params: unknown, token: CancellationToken) =>
      this.#answer(tokenOf(params), token, (signal) =>
        work(params ?? undefined, { client: this, mayAsk: true, signal, onProgress: this.#progressOf(params) }),
      ),
    );
  }

  answer<Params, Result>(
    procedure: Procedure<Params, Result>,
    work: (params: Params, call: Omit<Call, 'via'>) => Promise<NoInfer<Result>>,
  ): void {
    this.handle(procedure.name, (params, call) => work(paramsOf(procedure, params), call));
  }

  hear<Params>(notification: Notification<Params>, work: (params: Params) => void): void {
    this.#connection.onNotification(notification.name, (params: unknown) => work(paramsOf(notification, params ?? undefined)));
  }

  /** @throws the library's `ResponseError`; `HostError` when the answer is not as declared */
  async request<Params, Result>(
    { name, result }: Procedure<Params, Result>,
    params: NoInfer<Params>,
    { signal, onProgress }: RequestOptions = {},
  ): Promise<Result> {
    const token = `run-${++this.#tokens}`;
    const cancellation = new CancellationTokenSource();
    const isNamed = typeof params === 'object' && params !== null && (signal ?? onProgress) !== undefined;
    const cancel = (): void => void this.#stop(isNamed ? token : undefined, signal?.reason).then(() => cancellation.cancel());
    signal?.addEventListener('abort', cancel, { once: true });
    if (signal?.aborted) cancellation.cancel();
    const listening = onProgress && this.#connection.onProgress(progressType, token, (value) => onProgress(understoodProgress(value)));
    try {
      const answer: unknown = await this.#connection.sendRequest(name, isNamed ? { ...params, token } : params, cancellation.token);
      return understood(result, answer ?? undefined, (path, reason) => misunderstood(name, path, reason));
    } finally {
      listening?.dispose();
      signal?.removeEventListener('abort', cancel);
      cancellation.dispose();
    }
  }

  tell<Params>({ name }: Notification<Params>, params: NoInfer<Params>): void {
    this.#send(() => this.#connection.sendNotification(name, params));
  }

  async ask<Params, Result>(
    question: Procedure<Params, Result>,
    params: NoInfer<Params>,
    signal?: AbortSignal,
  ): Promise<Result | undefined> {
    throwIfAborted(signal);
    if (this.#isClosed) return undefined;
    const answer = this.request(question, params, { signal }).catch(() => undefined);
    // No race against a promise that lasts as long as the connection: that would hold every answer, and so every password.
    const ended = signal ? AbortSignal.any([signal, this.#abandoned.signal]) : this.#abandoned.signal;
    return orAborted(answer, ended).catch(() => {
      throwIfAborted(signal);
      return undefined;
    });
  }

  log(level: protocol.LogLine['level'], message: string): void {
    this.tell(protocol.log, { level, message: this.#scrub(message) });
  }

  /**
   * JSON-RPC's own cancelling, which follows, says nothing of a reason, and overtakes what waits to be handled. So why a request is to end
   * is asked for first, and answered; by one that is not to believe it, or is older, with an error.
   */
  async #stop(token: string | undefined, cause: unknown): Promise<void> {
    const reason = reasonOf(cause);
    if (token === undefined || reason === 'user' || this.#isClosed) return;
    await this.request(stopFor, { request: token, reason }).catch(() => undefined);
  }

  async #answer(name: string | undefined, token: CancellationToken, work: (signal: AbortSignal) => Promise<unknown>): Promise<unknown> {
    const controller = new AbortController();
    const abort = (): void => controller.abort(abortedFor('user'));
    const registration = token.onCancellationRequested(abort);
    if (token.isCancellationRequested) abort();
    if (name !== undefined) this.#answering.set(name, controller);
    try {
      return await work(controller.signal);
    } catch (error) {
      const data = errorDataOf(error, this.#scrub);
      if (data.code === 'internal') this.log('error', error instanceof Error ? (error.stack ?? error.message) : String(error));
      return new ResponseError(errorNumber, data.message, data);
    } finally {
      registration.dispose();
      if (name !== undefined) this.#answering.delete(name);
    }
  }

  #progressOf(params: unknown): Call['onProgress'] {
    const token = tokenOf(params);
    return (progress) => {
      if (token !== undefined) this.#send(() => this.#connection.sendProgress(progressType, token, progress));
    };
  }

  /** A window that is gone hears nothing, and that is no trouble of ours. */
  #send(send: () => Promise<void>): void {
    if (!this.#isClosed) send().catch(() => undefined);
  }
}

function tokenOf(params: unknown): string | undefined {
  return tokenBeside.safeParse(params).data?.token;
}

function abortedFor(reason: AbortReason): CadanganError {
  return new CadanganError('aborted', { reason });
}

/** Of whoever aborted a signal, who may have heard it of another. */
function reasonOf(cause: unknown): AbortReason {
  if (!(cause instanceof Error)) return 'user';
  const said = abortReason.safeParse(cause instanceof CadanganError ? cause.facts['reason'] : undefined);
  return said.success ? said.data : reasonOf(cause.cause);
}

function understoodProgress(value: unknown): protocol.RunProgress {
  return understood(protocol.runProgress, value, (path, reason) => misunderstood('progress', path, reason));
}

function misunderstood(name: string, path: string, reason: string): HostError {
  return new HostError({ code: 'internal', facts: {}, message: `the answer to ${name} is not understood: ${path}: ${reason}` });
}
