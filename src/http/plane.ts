import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { SecureContext } from 'node:tls';
import { CadanganError, systemCode, throwIfAborted, type Pace } from '../platform/index.ts';
import { isLoopback } from './addresses.ts';
import { ConnectionFault } from './connection-fault.ts';
import { lendMemory, takeLent } from './lent-memory.ts';
import { proxyAgent } from './proxy.ts';
import { receiveBody, type BodySink } from './receive-body.ts';
import { trusted } from './trust.ts';

export interface PlaneRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as it is; must not change until the promise settles. */
  readonly body?: Uint8Array | string;
  readonly signal?: AbortSignal | undefined;
  /**
   * From the moment on at which the whole body is with the operating system, an abort waits for the answer. Before it nothing can have
   * taken effect, since the body is not complete; after it only the answer tells.
   */
  readonly settleOnceSent?: boolean;
  /**
   * An abort before the body is through ends our side of the connection and waits a while for the answer: only with it the server has put
   * away what it had of the body. After it an abort waits for the answer, too, for a minute at most.
   */
  readonly settleWhenAborted?: boolean;
}

export interface AnswerHead {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
}

/** What is needed of an answer. `header` takes lower-case names. */
export interface Answer extends AnswerHead {
  /** Parsed when it is JSON. */
  readonly body: unknown;
}

/** Locks, keys and questions are small and do not wait: they count for what comes after them. */
const promptBytesMax = 16 * 1024;
/** A limited upload goes out in parts of this size. */
const sliceBytes = 16 * 1024;
/** One that can be broken off, in parts of this size: what is with Node cannot be taken back. */
const breakableSliceBytes = 256 * 1024;
/** How long the answer to a body that was broken off is waited for. */
const partingMsMax = 10_000;
/** After an abort, how long the answer to a body that is whole. */
const settlingMsMax = 60_000;
// Nothing that we ask for as a whole is larger: pages of a list go through the library.
const collectedBytesMax = 4 * 1024 * 1024;

export interface PlaneOptions {
  readonly proxy?: string | undefined;
  /** A connection on which nothing moves for so long is given up. Default: a minute. */
  readonly idleMsMax?: number;
  /** Default: 8. */
  readonly socketsMax?: number;
  readonly pace?: Pace;
  /** Who is believed, and who we are. Default: whoever this machine trusts, and nobody. */
  readonly secureContext?: () => SecureContext;
  /** Whether an address without TLS may be asked. Default: on this machine alone. */
  readonly isPlainAllowed?: (url: URL) => boolean;
  /** The asker's own error for a connection that failed. */
  readonly errorOf?: (fault: ConnectionFault) => Error;
}

/**
 * Plain requests for bytes, over connections of its own that are used again. No redirects, no retries, no HTTP/2 (streams were seen to
 * stall). A connection that fails is a `ConnectionFault`, or what the asker makes of it, without anything of the request in it.
 */
export class HttpPlane {
  readonly #idleMsMax: number;
  readonly #plain: http.Agent;
  readonly #makeSecure: () => http.Agent;
  #secure: http.Agent | undefined;
  readonly #pace: Pace;
  readonly #isPlainAllowed: (url: URL) => boolean;
  readonly #errorOf: (fault: ConnectionFault) => Error;

  constructor(options: PlaneOptions = {}) {
    this.#pace = options.pace ?? {};
    this.#idleMsMax = options.idleMsMax ?? 60_000;
    this.#isPlainAllowed = options.isPlainAllowed ?? isLoopback;
    this.#errorOf = options.errorOf ?? ((fault) => fault);
    const shape = { keepAlive: true, maxSockets: options.socketsMax ?? 8, scheduling: 'lifo' as const, timeout: this.#idleMsMax };
    const { proxy, secureContext = trusted } = options;
    this.#plain = proxy === undefined ? lendMemory(new http.Agent(shape)) : proxyAgent(proxy, shape, secureContext);
    // Said outright, since NODE_TLS_REJECT_UNAUTHORIZED=0 in an environment, for another program, must not let anybody in between here.
    const secured = { ...shape, rejectUnauthorized: true };
    this.#makeSecure = () =>
      proxy === undefined ? lendMemory(new https.Agent({ ...secured, secureContext: secureContext() })) : this.#plain;
  }

  /** The answer with its body, whatever the status. @throws ConnectionFault, `aborted` */
  async send(request: PlaneRequest): Promise<Answer & { readonly bytes: Buffer }> {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    const head = await this.exchange(request, () => (chunk) => {
      sizeBytes += chunk.length;
      if (sizeBytes > collectedBytesMax) throw new ConnectionFault('answer too long');
      chunks.push(Buffer.from(chunk));
    });
    const bytes = Buffer.concat(chunks);
    return { ...head, bytes, body: parseJson(bytes) };
  }

  /**
   * Sends, then hands the body to the sink that `begin` chooses by the head. Resolves at the end of a complete body.
   * @throws ConnectionFault, `aborted`, what the sink throws
   */
  exchange(request: PlaneRequest, begin: (head: AnswerHead) => BodySink): Promise<AnswerHead> {
    return new Promise((resolve, reject) => {
      throwIfAborted(request.signal);
      const url = new URL(request.url);
      const secure = url.protocol === 'https:';
      if (!secure && !this.#isPlainAllowed(url)) throw this.#errorOf(new ConnectionFault('EPROTO'));
      const body = request.body ?? '';
      const headers = {
        ...request.headers,
        ...(request.method === 'GET' || request.method === 'HEAD' ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }),
      };
      const sent = secure
        ? https.request(url, { method: request.method, headers, agent: (this.#secure ??= this.#makeSecure()) })
        : http.request(url, { method: request.method, headers, agent: this.#plain });
      let isSent = false;
      const over = new AbortController();
      const settle = (finish: () => void): void => {
        over.abort();
        request.signal?.removeEventListener('abort', abort);
        finish();
      };
      const abortion = (): CadanganError => new CadanganError('aborted', {}, { cause: request.signal?.reason });
      const fail = (error: unknown): void => {
        sent.destroy();
        settle(() => reject(parting.signal.aborted ? abortion() : this.#mapped(error)));
      };
      const parting = new AbortController();
      const abort = (): void => {
        if (isSent && request.settleOnceSent === true) return;
        if (request.settleWhenAborted !== true || sent.socket?.connecting !== false) return fail(abortion());
        if (sent.writableEnded) return void sent.setTimeout(Math.min(settlingMsMax, this.#idleMsMax)); // the server may have all of it
        parting.abort();
        sent.setTimeout(Math.min(partingMsMax, this.#idleMsMax));
        sent.socket.end();
      };
      request.signal?.addEventListener('abort', abort, { once: true });
      sent.setTimeout(this.#idleMsMax, () => fail(new ConnectionFault('ETIMEDOUT')));
      sent.on('error', fail);
      sent.on('finish', () => {
        isSent = true;
      });
      sent.on('response', (response) => {
        const head: AnswerHead = { status: response.statusCode ?? 0, header: (name) => firstOf(response.headers[name]) };
        takeLent(response);
        const { download } = this.#pace;
        const isPrompt = Number(response.headers['content-length'] ?? Infinity) <= promptBytesMax;
        const pace = (bytes: number): Promise<void> | undefined => {
          if (!isPrompt) return download?.take(bytes, over.signal);
          download?.note(bytes);
          return undefined;
        };
        receiveBody(response, { begin: () => begin(head), pace, isWhole: () => response.complete }).then(() => {
          // An answer that came before the body was through: the connection is in the middle of it, and of no more use.
          if (!isSent) sent.destroy();
          settle(() => (parting.signal.aborted ? reject(abortion()) : resolve(head)));
        }, fail);
      });
      const sending =
        request.settleWhenAborted === true
          ? this.#sendBody(sent, body, AbortSignal.any([over.signal, parting.signal]), breakableSliceBytes)
          : this.#sendBody(sent, body, over.signal);
      sending.catch(fail);
    });
  }

  /**
   * A large body goes out in slices, each when its turn has come; what the line cannot take yet stays in memory, where it is anyway.
   * @param breakableBytes of slices that wait for the line
   */
  async #sendBody(sent: http.ClientRequest, body: Uint8Array | string, over: AbortSignal, breakableBytes?: number): Promise<void> {
    const { upload } = this.#pace;
    const isWhole = upload === undefined && breakableBytes === undefined;
    if (isWhole || typeof body === 'string' || body.length <= promptBytesMax) {
      upload?.note(Buffer.byteLength(body));
      return void sent.end(body);
    }
    const stepBytes = upload === undefined ? (breakableBytes ?? sliceBytes) : sliceBytes;
    for (let at = 0; at < body.length; at += stepBytes) {
      const slice = body.subarray(at, at + stepBytes);
      await upload?.take(slice.length, over).catch(() => undefined);
      if (over.aborted) return; // it has been answered, or given up
      // With the last part goes the end: from then on the server may have all of it.
      if (at + slice.length === body.length) return void sent.end(slice);
      const hasRoom = sent.write(slice);
      if (!hasRoom && breakableBytes !== undefined) await once(sent, 'drain', { signal: over }).catch(() => undefined);
    }
  }

  /** Node's errors of a connection name hosts and ports at most, but what a library wraps is not ours to trust. */
  #mapped(error: unknown): unknown {
    if (error instanceof ConnectionFault) return this.#errorOf(error);
    const code = systemCode(error);
    return code === undefined ? error : this.#errorOf(new ConnectionFault(code));
  }

  close(): void {
    this.#plain.destroy();
    this.#secure?.destroy();
  }
}

function firstOf(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}

export function parseJson(bytes: Buffer): unknown {
  try {
    return bytes.length === 0 ? undefined : (JSON.parse(bytes.toString('utf8')) as unknown);
  } catch {
    return undefined;
  }
}
