import { AwsV4Signer } from 'aws4fetch';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { S3Location } from '../../src/storage/index.ts';
import { escapeXml } from '../../src/storage/s3/xml.ts';

/** What a request asks, as far as a test decides by it. */
export interface Asked {
  readonly method: string;
  /** Without the bucket; empty when the bucket itself is meant. */
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** What the head says of the length, where it is not that of the body. Then the connection is cut. */
  readonly lengthBytes?: number;
}

/** `drop` cuts the connection, `stall` never answers. */
export type Whim = Reply | 'drop' | 'stall' | undefined;

export interface ServerKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/**
 * As much of S3 as a repository needs, in this process, for what no real server can be brought to do: it lies, stalls and drops as a test
 * orders. It checks signatures and hashes as the real ones do. One bucket.
 */
export class S3Server implements AsyncDisposable {
  readonly bucket = 'bucket';
  readonly objects = new Map<string, Buffer>();
  readonly asked: Asked[] = [];
  /** Looked at before anything else of a request that is signed right: what it gives is the answer. */
  whim: ((asked: Asked) => Whim) | undefined;
  keys: ServerKeys = { accessKeyId: 'AKIDOFTESTS', secretAccessKey: 'a/secret+of/the=tests' };
  region = 'us-east-1';
  isMade = false;
  pageSize = 1000;
  heedsConditions = true;
  readonly #server: Server;
  readonly #derived = new Map<string, ArrayBuffer>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<S3Server> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const s3 = new S3Server(server);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      s3.#serve(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
    });
    return s3;
  }

  locationOf(prefix: string): S3Location {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('it listens on no port');
    return { endpoint: new URL(`http://127.0.0.1:${address.port}`), bucket: this.bucket, prefix };
  }

  get environment(): Record<string, string> {
    return { AWS_ACCESS_KEY_ID: this.keys.accessKeyId, AWS_SECRET_ACCESS_KEY: this.keys.secretAccessKey };
  }

  /** What was asked since the last time. */
  takeAsked(): string[] {
    return this.asked.splice(0).map(({ method, key }) => `${method} ${key}`);
  }

  /** Nobody answers any more. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? '', `http://${request.headers.host}`);
    const [, , ...parts] = decodeURIComponent(url.pathname).split('/');
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const asked: Asked = {
      method: request.method ?? '',
      key: parts.join('/'),
      query: url.searchParams,
      headers,
      body: Buffer.concat(chunks),
    };
    this.asked.push(asked);
    const reply = (await this.#refusal(asked, url)) ?? this.whim?.(asked) ?? this.#answer(asked);
    if (reply === 'stall') return;
    if (reply === 'drop') return void response.destroy();
    send(response, asked, reply);
  }

  async #refusal(asked: Asked, url: URL): Promise<Reply | undefined> {
    const given = asked.headers['authorization'] ?? '';
    const [, id, region = '', names = ''] = /Credential=([^/]+)\/\d+\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+)/.exec(given) ?? [];
    const { accessKeyId, secretAccessKey, sessionToken } = this.keys;
    if (id !== accessKeyId) return refused(403, 'InvalidAccessKeyId');
    if ((asked.headers['x-amz-security-token'] ?? '') !== (sessionToken ?? '')) return refused(400, 'ExpiredToken');
    if (region !== this.region) return refused(400, 'AuthorizationHeaderMalformed', `<Region>${this.region}</Region>`);
    const signedHeaders = names.split(';').filter((name) => name !== 'host');
    const signer = new AwsV4Signer({
      method: asked.method,
      url: url.href,
      service: 's3',
      region,
      accessKeyId,
      secretAccessKey,
      datetime: asked.headers['x-amz-date'] ?? '',
      cache: this.#derived,
      headers: Object.fromEntries(signedHeaders.map((name) => [name, asked.headers[name] ?? ''])),
    });
    return (await signer.authHeader()) === given ? undefined : refused(403, 'SignatureDoesNotMatch');
  }

  #answer(asked: Asked): Reply {
    const { method, key, query } = asked;
    if (key === '') return this.#answerOfBucket(asked);
    if (!this.isMade) return refused(404, 'NoSuchBucket');
    if (method === 'PUT') return this.#put(asked);
    if (method === 'DELETE') {
      this.objects.delete(key);
      return { status: 204 };
    }
    const bytes = this.objects.get(key);
    if (query.has('retention') || bytes === undefined) return refused(404, 'NoSuchKey');
    return rangeOf(bytes, asked.headers['range']);
  }

  #answerOfBucket({ method, query }: Asked): Reply {
    if (method === 'PUT') {
      this.isMade = true;
      return { status: 200 };
    }
    if (!this.isMade) return refused(404, 'NoSuchBucket');
    if (query.has('object-lock')) return refused(404, 'ObjectLockConfigurationNotFoundError');
    if (query.has('uploads'))
      return { status: 200, body: '<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>' };
    if (query.has('versioning')) return { status: 200, body: '<VersioningConfiguration/>' };
    return { status: 200, body: this.#page(query.get('prefix') ?? '', query.get('continuation-token') ?? '') };
  }

  #put({ key, headers, body }: Asked): Reply {
    const sha256 = createHash('sha256').update(body).digest('hex');
    if (headers['x-amz-content-sha256'] !== sha256) return refused(400, 'XAmzContentSHA256Mismatch');
    if (this.heedsConditions && headers['if-none-match'] === '*' && this.objects.has(key)) return refused(412, 'PreconditionFailed');
    this.objects.set(key, body);
    return { status: 200, headers: { ETag: '"tag"' } };
  }

  #page(prefix: string, after: string): string {
    const names = [...this.objects.keys()].filter((key) => key.startsWith(prefix) && key > after).toSorted();
    const shown = names.slice(0, this.pageSize);
    const next = shown.length < names.length ? `<NextContinuationToken>${escapeXml(shown.at(-1) ?? '')}</NextContinuationToken>` : '';
    const contents = shown.map((key) => `<Contents><Key>${escapeXml(key)}</Key><Size>${this.objects.get(key)?.length}</Size></Contents>`);
    return `<ListBucketResult><IsTruncated>${next !== ''}</IsTruncated>${next}<KeyCount>${shown.length}</KeyCount>${contents.join('')}</ListBucketResult>`;
  }
}

/** As S3 refuses. */
export function refused(status: number, code: string, more = ''): Reply {
  return { status, body: `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>no</Message>${more}</Error>` };
}

function rangeOf(bytes: Buffer, range: string | undefined): Reply {
  const headers = { 'Last-Modified': 'Mon, 03 Aug 2026 14:00:00 GMT' };
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '')?.map(Number) ?? [];
  if (first === undefined || last === undefined) return { status: 200, headers, body: bytes };
  if (first >= bytes.length) return refused(416, 'InvalidRange');
  const end = Math.min(last, bytes.length - 1);
  return {
    status: 206,
    headers: { ...headers, 'Content-Range': `bytes ${first}-${end}/${bytes.length}` },
    body: bytes.subarray(first, end + 1),
  };
}

function send(response: ServerResponse, { method }: Asked, { status, headers = {}, body = '', lengthBytes }: Reply): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, { ...headers, 'Content-Length': String(lengthBytes ?? bytes.length) });
  if (method === 'HEAD') response.end();
  else if (lengthBytes === undefined) response.end(bytes);
  else response.write(bytes, () => response.destroy());
}
