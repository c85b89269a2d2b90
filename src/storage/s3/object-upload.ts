import { createHash } from 'node:crypto';
import { forEachBounded } from '../../platform/index.ts';
import { ConnectionFault } from '../../http/index.ts';
import { answerOf, pagesOf, type PagedList } from './listing.ts';
import { faultOf, S3Fault } from './s3-fault.ts';
import type { S3Line } from './s3-line.ts';
import { childrenOf, escapeXml, parseXml, textOf } from './xml.ts';

export interface Upload {
  readonly key: string;
  readonly bytes: Uint8Array;
  /** Of the bytes, in hex. */
  readonly sha256: string;
  readonly signal: AbortSignal;
}

/**
 * How a server is asked to store an object. A server refuses what it does not know; what it did not know of once it is not told again.
 * `checksum`: Amazon stores `x-amz-checksum-sha256` and wants it or `Content-MD5` where objects are locked; the first is the name of the
 * file and costs nothing, the second is known to all and is computed.
 */
export interface Manner {
  readonly isConditional: boolean;
  readonly checksum: 'sha256' | 'md5';
}

export const fullManner: Manner = { isConditional: true, checksum: 'sha256' };

/** What to ask with less of, after a refusal that may be for what was asked with; undefined when nothing is left to leave out. */
export function plainerManner({ isConditional, checksum }: Manner, { status, code }: S3Fault): Manner | undefined {
  if (status !== 501 && !(status === 400 && maybeUnknown.has(code))) return undefined;
  if (checksum === 'sha256') return { isConditional, checksum: 'md5' };
  return isConditional ? { isConditional: false, checksum } : undefined;
}

const maybeUnknown: ReadonlySet<string> = new Set(['InvalidRequest', 'InvalidArgument', 'NotImplemented', 'InvalidHeader', 'HTTP 400']);

/**
 * Stores an object in one request, which the server refuses when the bytes are others than the hash says. An abort before the whole body is
 * on its way leaves nothing; after it the answer decides.
 * @throws S3Fault: 412 when the name is taken; as `S3Line.send`
 */
export async function putObject(line: S3Line, { key, bytes, sha256, signal }: Upload, manner: Manner): Promise<void> {
  const checksum: Record<string, string> =
    manner.checksum === 'sha256'
      ? { 'x-amz-checksum-sha256': Buffer.from(sha256, 'hex').toString('base64') }
      : { 'Content-MD5': createHash('md5').update(bytes).digest('base64') };
  const condition: Record<string, string> = manner.isConditional ? { 'If-None-Match': '*' } : {};
  const headers = { 'Content-Type': 'application/octet-stream', ...checksum, ...condition };
  await line.send({ method: 'PUT', key, headers, body: bytes, sha256, signal, settleOnceSent: true });
}

const partsAtOnce = 3;

/**
 * Stores a large object in parts: what a line loses is a part and not the whole. Nothing has the name before the last request. What fails
 * or is aborted is taken back as far as it can be; what cannot is found by `listUploads`.
 * @param partBytes at least 5 MiB, says Amazon, but for the last one
 */
export async function putInParts(line: S3Line, { key, bytes, signal }: Upload, partBytes: number): Promise<void> {
  const headers = { 'Content-Type': 'application/octet-stream' };
  // An abort waits for the answer: without the id nobody could take back what may have begun.
  const first = await line.send({ method: 'POST', key, query: { uploads: '' }, headers, signal, settleOnceSent: true });
  const begun = answerOf(first, 'InitiateMultipartUploadResult');
  const uploadId = textOf(begun, 'UploadId') ?? '';
  if (!isUploadId(uploadId)) throw new ConnectionFault('not an answer of S3');
  try {
    const tags = new Map<number, string>();
    await forEachBounded(partsOf(bytes, partBytes), partsAtOnce, signal, async ({ number, part }, own) => {
      tags.set(number, await putPart(line, { key, uploadId, number, part, signal: own }));
    });
    await complete(line, key, uploadId, tags, signal);
  } catch (error) {
    await abortUpload(line, { key, uploadId }, undefined).catch(() => undefined); // `listUploads` finds it
    throw error;
  }
}

interface Part {
  readonly key: string;
  readonly uploadId: string;
  readonly number: number;
  readonly part: Uint8Array;
  readonly signal: AbortSignal;
}

async function putPart(line: S3Line, { key, uploadId, number, part, signal }: Part): Promise<string> {
  // Where objects are locked Amazon wants a checksum of each part.
  const headers = { 'Content-MD5': createHash('md5').update(part).digest('base64') };
  const query = { partNumber: String(number), uploadId };
  const answer = await line.send({ method: 'PUT', key, query, headers, body: part, signal });
  const tag = answer.header('etag') ?? '';
  if (tag === '') throw new ConnectionFault('a part without a tag');
  return tag;
}

async function complete(
  line: S3Line,
  key: string,
  uploadId: string,
  tags: ReadonlyMap<number, string>,
  signal: AbortSignal,
): Promise<void> {
  const parts = [...tags]
    .toSorted(([a], [b]) => a - b)
    .map(([number, tag]) => `<Part><PartNumber>${number}</PartNumber><ETag>${escapeXml(tag)}</ETag></Part>`);
  const body = Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`);
  const answer = await line.send({ method: 'POST', key, query: { uploadId }, body, signal, settleOnceSent: true });
  // It begins before the parts are put together, and so may say 200 and then that it failed.
  if (parseXml(answer.bytes)?.name !== 'CompleteMultipartUploadResult') throw faultOf({ ...answer, status: 500 }, answer.bytes, 0);
}

function* partsOf(bytes: Uint8Array, partBytes: number): Generator<{ readonly number: number; readonly part: Uint8Array }> {
  for (let at = 0, number = 1; at < bytes.length; at += partBytes, number++) yield { number, part: bytes.subarray(at, at + partBytes) };
}

/** An upload in parts that was begun and not finished. */
export interface UnfinishedUpload {
  readonly key: string;
  readonly uploadId: string;
  /** Milliseconds since 1970, by the server's clock. */
  readonly begunMs: number;
}

/** @throws as `S3Line.send` */
export async function* listUploads(line: S3Line, prefix: string, signal: AbortSignal): AsyncGenerator<UnfinishedUpload, void, undefined> {
  const list: PagedList = {
    query: { uploads: '', prefix },
    root: 'ListMultipartUploadsResult',
    next: { 'key-marker': 'NextKeyMarker', 'upload-id-marker': 'NextUploadIdMarker' },
  };
  for await (const page of pagesOf(line, list, signal)) {
    for (const upload of childrenOf(page, 'Upload')) {
      const [key = '', uploadId = ''] = [textOf(upload, 'Key'), textOf(upload, 'UploadId')];
      const begunMs = Date.parse(textOf(upload, 'Initiated') ?? '');
      if (key.startsWith(prefix) && isUploadId(uploadId) && Number.isFinite(begunMs)) yield { key, uploadId, begunMs };
    }
  }
}

/** What its parts have taken, in bytes: the first thousand of them. @throws as `S3Line.send` */
export async function sizeOfUpload(line: S3Line, { key, uploadId }: UnfinishedUpload, signal: AbortSignal): Promise<number> {
  const parts = answerOf(await line.send({ method: 'GET', key, query: { uploadId }, signal }), 'ListPartsResult');
  return childrenOf(parts, 'Part').reduce((sum, part) => sum + (Number(textOf(part, 'Size')) || 0), 0);
}

/** Takes an upload back; one that is over already is none. @throws as `S3Line.send` */
export async function abortUpload(
  line: S3Line,
  { key, uploadId }: Pick<UnfinishedUpload, 'key' | 'uploadId'>,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await line.send({ method: 'DELETE', key, query: { uploadId }, signal });
  } catch (error) {
    if (!(error instanceof S3Fault && error.code === 'NoSuchUpload')) throw error;
  }
}

function isUploadId(text: string): boolean {
  return /^[\x21-\x7e]{1,2048}$/.test(text);
}
