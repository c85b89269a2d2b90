import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from 'node:http2';
import { PassThrough, type Duplex, type Readable } from 'node:stream';
import { ConnectionFault, receiveBody, type AnswerHead, type BodySink } from '../../http/index.ts';
import { CadanganError, systemCode, throwIfAborted, type Pace } from '../../platform/index.ts';
import type { RestLine, RestRequest } from './rest-line.ts';

/** A limited body goes out in parts of this size. */
const sliceBytes = 64 * 1024;
/** Small ones do not wait: they count for what comes after them. */
const promptBytesMax = 16 * 1024;
/** How long the answer to a body that was broken off is waited for. */
const partingMsMax = 10_000;
/** After an abort, how long the answer to a body that is whole. */
const settlingMsMax = 60_000;
/** What the other side may send without being asked for more: packs come whole, and a pipe has no long way. */
const windowBytes = 4 * 1024 * 1024;
/** What the other side takes of a body unlooked at: the window of Go's server, and what fits into the pipe. */
const unreadBytesMax = 2 * 1024 * 1024;

/** Requests over HTTP/2 on one stream of bytes, which is the two pipes of a program. */
export class PipeLine implements RestLine {
  readonly #session: ClientHttp2Session;
  readonly #idleMsMax: number;
  readonly #pace: Pace;
  readonly #movement = new Movement();

  /** @param pipes is ended with the line */
  constructor(pipes: Duplex, options: { readonly idleMsMax: number; readonly pace?: Pace | undefined }) {
    this.#idleMsMax = options.idleMsMax;
    this.#pace = options.pace ?? {};
    this.#session = connect('http://localhost', {
      createConnection: () => pipes,
      settings: { initialWindowSize: windowBytes, maxFrameSize: 1024 * 1024 },
    });
    this.#session.on('error', () => undefined); // every request that is under way says so itself
    this.#session.on('connect', () => this.#session.setLocalWindowSize(4 * windowBytes));
  }

  /** No request can be made any more. */
  get isOver(): boolean {
    return this.#session.closed || this.#session.destroyed;
  }

  /** A request was given up since nothing moved, and neither did any other beside it; nothing has moved since. */
  get isSilent(): boolean {
    return this.#movement.hasCeased;
  }

  async exchange(request: RestRequest, begin: (head: AnswerHead) => BodySink): Promise<AnswerHead> {
    throwIfAborted(request.signal);
    if (this.isOver) throw new ConnectionFault('EPIPE');
    const { method, path, headers, body } = request;
    const stream = this.#session.request(
      { ':method': method, ':path': `/${path}`, ...headers, ...(body && { 'content-length': String(body.length) }) },
      { endStream: body === undefined },
    );
    return new Exchange(stream, request, { pace: this.#pace, idleMsMax: this.#idleMsMax, movement: this.#movement }).run(begin);
  }

  /** Resolves when requests under way have ended. */
  async close(): Promise<void> {
    if (this.#session.destroyed) return;
    this.#session.close();
    if (!this.#session.destroyed) await once(this.#session, 'close');
  }

  /** At once. */
  destroy(): void {
    this.#session.destroy();
  }
}

/** What moves on a line, whichever request it is of. */
class Movement {
  /** How many times something did. */
  count = 0;
  hasCeased = false;

  note(): void {
    this.count += 1;
    this.hasCeased = false;
  }
}

/** One request and its answer. */
class Exchange {
  readonly #stream: ClientHttp2Stream;
  readonly #request: RestRequest;
  readonly #pace: Pace;
  readonly #idleMsMax: number;
  readonly #movement: Movement;
  /** What the line had moved when something moved here last. */
  #seen: number;
  /** Answered, or given up: nothing more is sent. */
  readonly #over = new AbortController();
  /** Whoever asked does not want it any more. */
  readonly #parting = new AbortController();
  readonly #stopped: AbortSignal = AbortSignal.any([this.#over.signal, this.#parting.signal]);
  #failure: unknown;

  constructor(
    stream: ClientHttp2Stream,
    request: RestRequest,
    options: { readonly pace: Pace; readonly idleMsMax: number; readonly movement: Movement },
  ) {
    this.#stream = stream;
    this.#request = request;
    this.#pace = options.pace;
    this.#idleMsMax = options.idleMsMax;
    this.#movement = options.movement;
    this.#seen = this.#movement.count;
    stream.setTimeout(this.#idleMsMax, () => this.#giveUp());
  }

  async run(begin: (head: AnswerHead) => BodySink): Promise<AnswerHead> {
    const abort = (): void => this.#part();
    this.#request.signal.addEventListener('abort', abort, { once: true });
    const received = this.#receive(begin);
    const sent = this.#send();
    try {
      const head = await received;
      if (!this.#parting.signal.aborted) return head;
    } catch (error) {
      // Node's own words for what happens to a stream say no more than that it ended.
      this.#fail(systemCode(error) === undefined || error instanceof assert.AssertionError ? error : new ConnectionFault('ECONNRESET'));
    } finally {
      this.#request.signal.removeEventListener('abort', abort);
      this.#over.abort();
      await sent;
      this.#stream.close(constants.NGHTTP2_NO_ERROR);
    }
    throw this.#parting.signal.aborted ? new CadanganError('aborted', {}, { cause: this.#request.signal.reason }) : this.#failure;
  }

  /** On a slow way one request may stand still while those beside it get on. One that nobody wants any more is not waited for as long. */
  #giveUp(): void {
    if (!this.#request.signal.aborted && this.#movement.count === this.#seen) this.#movement.hasCeased = true;
    this.#fail(new ConnectionFault('ETIMEDOUT'));
  }

  /** @param isTaken by the other side, and not only by what lies between */
  #note(isTaken: boolean): void {
    if (isTaken) this.#movement.note();
    this.#seen = this.#movement.count;
  }

  /** The first failure is the one that counts. */
  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#stream.destroy();
  }

  /**
   * The body may come before the head is told, and the end of the stream before either: what comes is taken at once, and kept for the sink.
   */
  #receive(begin: (head: AnswerHead) => BodySink): Promise<AnswerHead> {
    const { promise, resolve, reject } = Promise.withResolvers<AnswerHead>();
    const body = this.#stream.pipe(new PassThrough());
    let isAnswered = false;
    this.#stream.once('response', (headers) => {
      isAnswered = true;
      this.#note(true);
      const head = headOf(headers);
      this.#receiveBody(body, head, () => begin(head)).then(() => resolve(head), reject);
    });
    this.#stream.on('error', reject);
    this.#stream.once('close', () => {
      if (!this.#stream.readableEnded) body.destroy();
      setImmediate(() => isAnswered || reject(new ConnectionFault('ECONNRESET')));
    });
    return promise;
  }

  #receiveBody(body: Readable, head: AnswerHead, begin: () => BodySink): Promise<void> {
    const { download } = this.#pace;
    const announced = this.#request.method === 'HEAD' ? undefined : head.header('content-length');
    let sizeBytes = 0;
    const pace = (bytes: number): Promise<void> | undefined => {
      sizeBytes += bytes;
      this.#note(true);
      if (!(Number(announced) <= promptBytesMax)) return download?.take(bytes, this.#over.signal);
      download?.note(bytes);
      return undefined;
    };
    return receiveBody(body, { begin, pace, isWhole: () => announced === undefined || sizeBytes === Number(announced) });
  }

  async #send(): Promise<void> {
    const { body } = this.#request;
    if (body === undefined) return;
    const { upload } = this.#pace;
    const isPrompt = body.length <= promptBytesMax;
    if (isPrompt) upload?.note(body.length);
    for (let at = 0; at < body.length; at += sliceBytes) {
      const slice = body.subarray(at, at + sliceBytes);
      if (!isPrompt) await upload?.take(slice.length, this.#stopped).catch(() => undefined);
      if (this.#stopped.aborted) return;
      // With the last part goes the end: from then on the server may have all of it.
      if (at + slice.length === body.length) {
        this.#stream.end(slice);
        return this.#note(at >= unreadBytesMax);
      }
      if (!this.#stream.write(slice)) await once(this.#stream, 'drain', { signal: this.#stopped }).catch(() => undefined);
      this.#note(at >= unreadBytesMax);
    }
    this.#stream.end();
  }

  /** A body that is not whole ends early: the server puts away what it has of it, and its answer tells when. */
  #part(): void {
    const hasBody = (this.#request.body?.length ?? 0) > 0;
    if (hasBody && this.#stream.writableEnded) return this.#waitAWhile(settlingMsMax); // the server may have all of it
    this.#parting.abort();
    if (!hasBody || this.#stream.pending) return this.#fail(this.#request.signal.reason);
    this.#waitAWhile(partingMsMax);
    this.#stream.end();
  }

  #waitAWhile(ms: number): void {
    this.#stream.setTimeout(Math.min(ms, this.#idleMsMax));
  }
}

function headOf(headers: IncomingHttpHeaders & { readonly ':status'?: number | undefined }): AnswerHead {
  return {
    status: headers[':status'] ?? 0,
    header: (name) => {
      const value = headers[name];
      return typeof value === 'string' ? value : value?.[0];
    },
  };
}
