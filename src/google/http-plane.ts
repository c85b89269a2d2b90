import http from 'node:http';
import https from 'node:https';
import { CadanganError, systemCode, throwIfAborted } from '../platform/index.ts';
import { isLoopback } from './endpoints.ts';
import { networkFault, type Answer } from './fault.ts';
import { proxyAgent } from './proxy.ts';

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

// Nothing that we ask for as a whole is larger: pages of a list go through the library.
const collectedBytesMax = 4 * 1024 * 1024;

/**
 * Plain requests for bytes, over connections of its own that are used again. No redirects, no retries, no HTTP/2 (streams were seen to
 * stall). All failures are `DriveFault`s without anything of the request in them.
 */
export class HttpPlane {
  readonly #idleMsMax: number;
  readonly #plain: http.Agent;
  readonly #secure: http.Agent;

  constructor(options: { readonly proxy?: string | undefined; readonly idleMsMax?: number; readonly socketsMax?: number } = {}) {
    this.#idleMsMax = options.idleMsMax ?? 60_000;
    const shape = { keepAlive: true, maxSockets: options.socketsMax ?? 8, scheduling: 'lifo' as const, timeout: this.#idleMsMax };
    const { proxy } = options;
    this.#plain = proxy === undefined ? new http.Agent(shape) : proxyAgent(proxy, shape);
    this.#secure = proxy === undefined ? new https.Agent(shape) : this.#plain;
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
        ? https.request(url, { method: request.method, headers, agent: this.#secure })
        : http.request(url, { method: request.method, headers, agent: plainAgentFor(url, this.#plain) });
      let isSent = false;
      const settle = (finish: () => void): void => {
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
        receive(response, begin, head).then(() => {
          // An answer that came before the body was through: the connection is in the middle of it, and of no more use.
          if (!isSent) sent.destroy();
          settle(() => resolve(head));
        }, fail);
      });
      sent.end(body);
    });
  }

  close(): void {
    this.#plain.destroy();
    this.#secure.destroy();
  }
}

function plainAgentFor(url: URL, agent: http.Agent): http.Agent {
  // Tokens and session addresses go in clear text to an emulator only.
  if (!isLoopback(url)) throw networkFault('EPROTO');
  return agent;
}

function receive(response: http.IncomingMessage, begin: (head: AnswerHead) => BodySink, head: AnswerHead): Promise<void> {
  return new Promise((resolve, reject) => {
    const sink = begin(head);
    response.on('data', (chunk: Buffer) => {
      try {
        sink(chunk);
      } catch (error) {
        reject(error instanceof Error ? error : new Error('a sink failed', { cause: error }));
        response.destroy();
      }
    });
    response.on('end', () => (response.complete ? resolve() : reject(networkFault('ECONNRESET'))));
    response.on('error', reject);
    response.on('close', () => reject(networkFault('ECONNRESET')));
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
