import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';

/** What came over the wire, looked into without ceremony: a wrong shape fails the test that looks. */
export type Json = ReturnType<typeof JSON.parse>;

/** One request, by hand: nothing between the test and the wire that is kind, retries or follows. */
export interface WireRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface WireAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
  /** The body as JSON; undefined when it is none. */
  readonly json: Json;
}

/** @throws when the connection breaks before the whole answer is there */
export function wire(url: string, { method = 'GET', headers = {}, body }: WireRequest = {}): Promise<WireAnswer> {
  const open = url.startsWith('https:') ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const length: Record<string, string> = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
    const request = open(url, { method, headers: { 'Accept-Encoding': 'identity', ...length, ...headers }, agent: false }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.once('error', reject);
      response.once('end', () => {
        const bytes = Buffer.concat(pieces);
        if (!response.complete) return reject(new Error('the answer was cut short'));
        resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes, text: bytes.toString('utf8'), json: parse(bytes) });
      });
    });
    request.once('error', reject);
    request.end(body);
  });
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
