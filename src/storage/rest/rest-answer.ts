import { ConnectionFault, type AnswerHead } from '../../http/index.ts';
import { CadanganError } from '../../platform/index.ts';
import { fileLabel, type FileName } from '../storage.ts';

/** What was asked for, for the facts of an error. */
export interface Asked {
  readonly location: string;
  readonly file?: FileName | undefined;
  readonly neededBytes?: number;
}

/** Success with a body as asked, or with none. */
export function isDone({ status }: AnswerHead): boolean {
  return status === 200 || status === 201 || status === 204;
}

/**
 * What an answer means that is none of those the request is made for. A redirect is one of them: bytes and passwords go to the address that
 * was written down, and to no other.
 */
export function refusal({ status }: AnswerHead, { location, file, neededBytes }: Asked): CadanganError {
  const facts = { location, ...(file && { file: fileLabel(file) }), reason: `HTTP ${status}` };
  if (status === 401 || status === 403) return new CadanganError('storage.denied', facts);
  // All that rclone says when the disk behind it is full, and of any other trouble of writing.
  if (status === 500 && neededBytes !== undefined)
    return new CadanganError('storage.unreachable', { ...facts, reason: 'could-not-store', status });
  if (status === 507) return new CadanganError('storage.full', { ...facts, neededBytes });
  return new CadanganError('storage.unreachable', facts);
}

/** Faults of the line in the words of a storage; everything else as it is. */
export function lineError(error: unknown, { location, file }: Asked): unknown {
  if (!(error instanceof ConnectionFault)) return error;
  const { reason, between } = error;
  const facts = { location, ...(file && { file: fileLabel(file) }), reason, ...(between !== undefined && { between }) };
  return new CadanganError('storage.unreachable', facts, { cause: error });
}

/** Of a body, in bytes. @throws ConnectionFault when the server does not say it, or of other bytes than those of the file */
export function bodyBytesOf(head: AnswerHead): number {
  assertPlain(head);
  const text = head.header('content-length') ?? '';
  if (!/^\d{1,15}$/.test(text)) throw new ConnectionFault('the server does not say how large the file is');
  return Number(text);
}

/** @throws ConnectionFault for what somebody on the way has compressed, which nobody has asked for */
export function assertPlain(head: AnswerHead): void {
  if ((head.header('content-encoding') ?? 'identity') !== 'identity') throw new ConnectionFault('the answer is compressed');
}

/**
 * `Content-Range: bytes 5-9/100` (RFC 9110 14.4). rclone writes an end before the start for a range behind the end of the file, so the end
 * is not looked at: how much came shows in the body.
 */
export function contentRangeOf(head: AnswerHead): { readonly start: number | undefined; readonly totalBytes: number | undefined } {
  const [, start, total] = /^bytes (?:\*|(\d{1,15})-(?:-?\d{1,15}))\/(\d{1,15}|\*)$/.exec(head.header('content-range') ?? '') ?? [];
  return { start: numberOf(start), totalBytes: numberOf(total) };
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined || text === '*' ? undefined : Number(text);
}
