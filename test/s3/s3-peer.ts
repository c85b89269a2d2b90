import { AwsV4Signer } from 'aws4fetch';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Environment } from '../../src/platform/index.ts';
import { parseXml, textOf } from '../../src/storage/s3/xml.ts';

export interface PeerKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface PeerAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
}

/** Somebody else who speaks with the same server: he makes, plants and takes away what a test needs, and asks what is really there. */
export class S3Peer {
  readonly endpoint: string;
  readonly keys: PeerKeys;
  #count = 0;

  constructor(endpoint: string, keys: PeerKeys) {
    this.endpoint = endpoint;
    this.keys = keys;
  }

  /** What a program finds its keys in. */
  get environment(): Environment & Record<string, string> {
    return { AWS_ACCESS_KEY_ID: this.keys.accessKeyId, AWS_SECRET_ACCESS_KEY: this.keys.secretAccessKey };
  }

  /** A bucket that keeps every object from being deleted for some days, whoever asks. @returns its name */
  async makeLockingBucket(days: number): Promise<string> {
    const bucket = this.freshName();
    await this.must('PUT', `/${bucket}`, { headers: { 'x-amz-bucket-object-lock-enabled': 'true' } });
    const rule = `<Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Days>${days}</Days></DefaultRetention></Rule>`;
    const body = `<ObjectLockConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><ObjectLockEnabled>Enabled</ObjectLockEnabled>${rule}</ObjectLockConfiguration>`;
    await this.must('PUT', `/${bucket}?object-lock`, { body });
    return bucket;
  }

  /** A name that no bucket has yet. */
  freshName(): string {
    return `bucket-${++this.#count}`;
  }

  async ask(
    method: string,
    path: string,
    { body, headers = {} }: { readonly body?: Uint8Array<ArrayBuffer> | string; readonly headers?: Record<string, string> } = {},
  ): Promise<PeerAnswer> {
    const hash = createHash('sha256')
      .update(body ?? '')
      .digest('hex');
    const url = `${this.endpoint}${path}`;
    const signer = new AwsV4Signer({
      method,
      url,
      service: 's3',
      region: 'us-east-1',
      headers: { ...headers, 'x-amz-content-sha256': hash },
      ...this.keys,
    });
    const signed = await signer.sign();
    const answer = await fetch(url, { method, headers: signed.headers, ...(body !== undefined && { body }) });
    return { status: answer.status, headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) };
  }

  /** As `ask`; anything but success fails the test. */
  async must(...asked: Parameters<S3Peer['ask']>): Promise<PeerAnswer> {
    const answer = await this.ask(...asked);
    assert(answer.status < 300, `${asked[0]} ${asked[1]}: ${answer.status} ${answer.bytes.toString()}`);
    return answer;
  }

  /** The names of all objects of a bucket, sorted. */
  async keysIn(bucket: string): Promise<string[]> {
    const names: string[] = [];
    for (let after = ''; ;) {
      const { bytes } = await this.must('GET', `/${bucket}?list-type=2&start-after=${encodeURIComponent(after)}`);
      const page = parseXml(bytes);
      const found = (page?.children ?? []).flatMap((each) => (each.name === 'Contents' ? [textOf(each, 'Key') ?? ''] : []));
      names.push(...found);
      if (found.length === 0) return names.sort();
      after = found.at(-1) ?? '';
    }
  }

  /** The bucket with all that is in it. */
  async removeBucket(bucket: string): Promise<void> {
    const names = await this.keysIn(bucket);
    for (const name of names) await this.must('DELETE', `/${bucket}/${name}`);
    await this.must('DELETE', `/${bucket}`);
  }
}
