import http from 'node:http';
import https from 'node:https';
import { CadanganError, systemCode, throwIfAborted, type Pace } from '../platform/index.ts';
import { isLoopback } from './endpoints.ts';
import { networkFault, type Answer } from './fault.ts';
import { proxyAgent } from './proxy.ts';
import { trusted } from './trust.ts';

export interface PlaneRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
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
}

export interface AnswerHead {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
}

/** Takes the bytes of a body as they come. A chunk is only lent. @throws whatever ends the request */
export type BodySink = (chunk: Uint8Array) => void;

/** Locks, keys and questions are small and do not wait: they count for what comes after them. */
const promptBytesMax = 16 * 1024;
/** A limited upload goes out in parts of this size. */
const sliceBytes = 16 * 1024;
// Nothing that we ask for as a whole is larger: pages of a list go through the library.
const collectedBytesMax = 4 * 1024 * 1024;

/**
 * Plain requests for bytes, over connections of its own that are used again. No redirects, no retries, no HTTP/2 (streams were seen to
 * stall). All failures are `DriveFault`s without anything of the request in them.
 */
export class HttpPlane {
  readonly #idleMsMax: number;
  readonly #plain: http.Agent;
  readonly #makeSecure: () => http.Agent;
  #secure: http.Agent | undefined;
  readonly #pace: Pace;

  constructor(
    options: { readonly proxy?: string | undefined; readonly idleMsMax?: number; readonly socketsMax?: number; readonly pace?: Pace } = {},
  ) {
    this.#pace = options.pace ?? {};
    this.#idleMsMax = options.idleMsMax ?? 60_000;
    const shape = { keepAlive: true, maxSockets: options.socketsMax ?? 8, scheduling: 'lifo' as const, timeout: this.#idleMsMax };
    const { proxy } = options;
    this.#plain = proxy === undefined ? new http.Agent(shape) : proxyAgent(proxy, shape);
    this.#makeSecure = () => (proxy === undefined ? new https.Agent({ ...shape, secureContext: trusted() }) : this.#plain);
  }

  /** The answer with its body, whatever the status. @throws DriveFault (`transient`), `aborted` */
  async send(request: PlaneRequest): Promise<Answer & { readonly bytes: Buffer }> {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    const head = await this.exchange(request, () => (chunk) => {
      sizeBytes += chunk.length;
      if (sizeBytes > collectedBytesMax) throw networkFault('answer too long');
      chunks.push(Buffer.from(chunk));
    });
    const bytes = Buffer.concat(chunks);
    return { ...head, bytes, body: parseJson(bytes) };
  }

  /**
   * Sends, then hands the body to the sink that `begin` chooses by the head. Resolves at the end of a complete body.
   * @throws DriveFault, `aborted`, what the sink throws
   */
  exchange(request: PlaneRequest, begin: (head: AnswerHead) => BodySink): Promise<AnswerHead> {
    return new Promise((resolve, reject) => {
      throwIfAborted(request.signal);
      const url = new URL(request.url);
      const secure = url.protocol === 'https:';
      const body = request.body ?? '';
      const headers = { ...request.headers, ...(request.method === 'GET' ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }) };
      const sent = secure
        ? https.request(url, { method: request.method, headers, agent: (this.#secure ??= this.#makeSecure()) })
        : http.request(url, { method: request.method, headers, agent: plainAgentFor(url, this.#plain) });
      let isSent = false;
      const over = new AbortController();
      const settle = (finish: () => void): void => {
        over.abort();
        request.signal?.removeEventListener('abort', abort);
        finish();
      };
      const fail = (error: unknown): void => {
        sent.destroy();
        settle(() => reject(mapped(error)));
      };
      const abort = (): void => {
        if (isSent && request.settleOnceSent === true) return;
        fail(new CadanganError('aborted', {}, { cause: request.signal?.reason }));
      };
      request.signal?.addEventListener('abort', abort, { once: true });
      sent.setTimeout(this.#idleMsMax, () => fail(networkFault('ETIMEDOUT')));
      sent.on('error', fail);
      sent.on('finish', () => {
        isSent = true;
      });
      sent.on('response', (response) => {
        const head: AnswerHead = { status: response.statusCode ?? 0, header: (name) => firstOf(response.headers[name]) };
        const { download } = this.#pace;
        const isPrompt = Number(response.headers['content-length'] ?? Infinity) <= promptBytesMax;
        const pace = (bytes: number): Promise<void> | undefined => {
          if (!isPrompt) return download?.take(bytes, over.signal);
          download?.note(bytes);
          return undefined;
        };
        receive(response, begin, head, pace).then(() => {
          // An answer that came before the body was through: the connection is in the middle of it, and of no more use.
          if (!isSent) sent.destroy();
          settle(() => resolve(head));
        }, fail);
      });
      this.#sendBody(sent, body, over.signal).catch(fail);
    });
  }

  /** A large body goes out in slices, each when its turn has come; what the line cannot take yet stays in memory, where it is anyway. */
  async #sendBody(sent: http.ClientRequest, body: Uint8Array | string, over: AbortSignal): Promise<void> {
    const { upload } = this.#pace;
    if (upload === undefined || typeof body === 'string' || body.length <= promptBytesMax) {
      upload?.note(Buffer.byteLength(body));
      return void sent.end(body);
    }
    for (let at = 0; at < body.length; at += sliceBytes) {
      const slice = body.subarray(at, at + sliceBytes);
      await upload.take(slice.length, over).catch(() => undefined);
      if (over.aborted) return; // it has been answered, or given up
      sent.write(slice);
    }
    sent.end();
  }

  close(): void {
    this.#plain.destroy();
    this.#secure?.destroy();
  }
}

function plainAgentFor(url: URL, agent: http.Agent): http.Agent {
  // Tokens and session addresses go in clear text to an emulator only.
  if (!isLoopback(url)) throw networkFault('EPROTO');
  return agent;
}

function receive(
  response: http.IncomingMessage,
  begin: (head: AnswerHead) => BodySink,
  head: AnswerHead,
  pace: (bytes: number) => Promise<void> | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const sink = begin(head);
    let turn: Promise<void> | undefined;
    response.on('data', (chunk: Buffer) => {
      try {
        sink(chunk);
        turn = pace(chunk.length);
        if (turn === undefined) return;
        response.pause();
        turn.then(
          () => response.resume(),
          () => undefined, // it is over already
        );
      } catch (error) {
        reject(error instanceof Error ? error : new Error('a sink failed', { cause: error }));
        response.destroy();
      }
    });
    let isWhole = false;
    response.on('end', () => {
      isWhole = response.complete;
      if (!isWhole) reject(networkFault('ECONNRESET'));
      else if (turn === undefined) resolve();
      else turn.then(resolve, reject); // the last bytes have their time, too
    });
    response.on('error', reject);
    response.on('close', () => {
      if (!isWhole) reject(networkFault('ECONNRESET'));
    });
  });
}

/** Node's errors of a connection name hosts and ports at most, but what a library wraps is not ours to trust. */
function mapped(error: unknown): unknown {
  const code = systemCode(error);
  return code === undefined ? error : networkFault(code);
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
