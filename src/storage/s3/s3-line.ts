import { AwsV4Signer } from 'aws4fetch';
import { createHash } from 'node:crypto';
import { ConnectionFault, type AnswerHead, type BodySink, type HttpPlane } from '../../http/index.ts';
import type { Clock } from '../../platform/index.ts';
import type { Credentials, CredentialSource } from './credentials.ts';
import { isElsewhere, isOfCredentials } from './s3-errors.ts';
import { faultOf, S3Fault } from './s3-fault.ts';
import type { S3Place } from './s3-place.ts';

export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** The object; without it the bucket is meant. */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Must not change until the promise settles. */
  readonly body?: Uint8Array;
  /** Of the body, in hex, for whoever knows it: the server refuses other bytes. Default: it is computed. */
  readonly sha256?: string;
  /** Undefined for what is to come to its end whatever happens: the line's own patience bounds it. */
  readonly signal: AbortSignal | undefined;
  /** As of `PlaneRequest`. */
  readonly settleOnceSent?: boolean;
}

export interface S3Answer extends AnswerHead {
  readonly bytes: Buffer;
}

export interface S3LineOptions {
  readonly place: S3Place;
  readonly plane: HttpPlane;
  readonly credentials: CredentialSource;
  /** That of the bucket. Default: the one in the host's name, that of the environment or the profile, `us-east-1`. */
  readonly region?: string | undefined;
  readonly clock: Clock;
}

/** A page of a list has a thousand names. */
const answerBytesMax = 4 * 1024 * 1024;
const refusalBytesMax = 64 * 1024;
const emptySha256 = createHash('sha256').digest('hex');

/**
 * Requests that are signed (Signature Version 4), to one bucket. Nothing is repeated, but for two answers that say how to ask: keys that
 * are refused are read again, and a bucket in another region is asked with that region's name, where none was configured.
 */
export class S3Line {
  readonly #options: S3LineOptions;
  /** Keys derived for a day: four HMACs less a request. */
  readonly #derived = new Map<string, ArrayBuffer>();
  #region: Promise<string> | undefined;

  constructor(options: S3LineOptions) {
    this.#options = options;
  }

  get place(): S3Place {
    return this.#options.place;
  }

  /** An answer of success, whole. @throws S3Fault, ConnectionFault, `storage.denied` of the keys, `aborted` */
  async send(request: S3Request): Promise<S3Answer> {
    const body = new Collected(answerBytesMax);
    const head = await this.receive(request, () => {
      body.clear();
      return body.sink;
    });
    return { ...head, bytes: body.bytes() };
  }

  /** Hands the body of an answer of success to the sink that `begin` chooses. @throws as `send`; what `begin` and the sink throw */
  async receive(request: S3Request, begin: (head: AnswerHead) => BodySink): Promise<AnswerHead> {
    const { credentials, region: configured } = this.#options;
    let keys = await credentials.current();
    for (let isRedirected = false, isRenewed = false; ;) {
      const region = await this.region();
      const outcome = await this.#spoken(request, keys, region, begin);
      if (!(outcome instanceof S3Fault)) return outcome;
      const renewed = !isRenewed && isOfCredentials(outcome) ? await credentials.after(keys) : undefined;
      if (renewed !== undefined) {
        isRenewed = true;
        keys = renewed;
      } else if (!isRedirected && configured === undefined && isElsewhere(outcome) && isOther(outcome.region, region)) {
        isRedirected = true;
        this.#region = Promise.resolve(outcome.region);
      } else throw outcome;
    }
  }

  /** The region that requests are signed for. */
  region(): Promise<string> {
    return (this.#region ??= this.#firstRegion());
  }

  close(): void {
    this.#options.plane.close();
  }

  async #firstRegion(): Promise<string> {
    const { region, credentials, place } = this.#options;
    return region ?? place.regionOfHost ?? (await credentials.region()) ?? 'us-east-1';
  }

  /** A refusal of HEAD has no body and so no reason; the same asked as GET, of a byte, has one. */
  async #spoken(
    request: S3Request,
    keys: Credentials,
    region: string,
    begin: (head: AnswerHead) => BodySink,
  ): Promise<AnswerHead | S3Fault> {
    const outcome = await this.#once(request, keys, region, begin);
    if (!(outcome instanceof S3Fault) || request.method !== 'HEAD' || outcome.status === 404 || !outcome.isMute) return outcome;
    const again = await this.#once({ ...request, method: 'GET', headers: { Range: 'bytes=0-0' } }, keys, region, () => () => undefined);
    return again instanceof S3Fault ? again : outcome;
  }

  async #once(request: S3Request, keys: Credentials, region: string, begin: (head: AnswerHead) => BodySink): Promise<AnswerHead | S3Fault> {
    const { method, body, signal, settleOnceSent = false } = request;
    const { plane, place, clock } = this.#options;
    const url = place.urlOf(request.key, request.query ?? {}, region).href;
    const ourMs = Number(clock.nowNs() / 1_000_000n);
    const headers = await this.#signed(request, url, keys, region, ourMs);
    const refusal = new Collected(refusalBytesMax);
    const head = await plane.exchange({ method, url, headers, signal, settleOnceSent, ...(body && { body }) }, (answer) =>
      isSuccess(answer) ? begin(answer) : refusal.sink,
    );
    return isSuccess(head) ? head : faultOf(head, refusal.bytes(), ourMs);
  }

  async #signed(
    { method, headers, body, sha256 }: S3Request,
    url: string,
    { accessKeyId, secretAccessKey, sessionToken }: Credentials,
    region: string,
    ourMs: number,
  ): Promise<Record<string, string>> {
    const hash = sha256 ?? (body === undefined ? emptySha256 : createHash('sha256').update(body).digest('hex'));
    const signer = new AwsV4Signer({
      method,
      url,
      headers: { ...headers, 'x-amz-content-sha256': hash },
      service: 's3',
      region,
      accessKeyId,
      secretAccessKey,
      ...(sessionToken !== undefined && { sessionToken }),
      datetime: new Date(ourMs).toISOString().replace(/[:-]|\.\d{3}/g, ''),
      cache: this.#derived,
    });
    return Object.fromEntries((await signer.sign()).headers);
  }
}

function isOther(named: string | undefined, region: string): named is string {
  return named !== undefined && named !== region;
}

function isSuccess({ status }: AnswerHead): boolean {
  return status >= 200 && status < 300;
}

/** A body that is kept, up to a bound. */
class Collected {
  readonly #bytesMax: number;
  #chunks: Buffer[] = [];
  #sizeBytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  readonly sink: BodySink = (chunk) => {
    this.#sizeBytes += chunk.length;
    if (this.#sizeBytes > this.#bytesMax) throw new ConnectionFault('answer too long');
    this.#chunks.push(Buffer.from(chunk));
  };

  clear(): void {
    this.#chunks = [];
    this.#sizeBytes = 0;
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}
