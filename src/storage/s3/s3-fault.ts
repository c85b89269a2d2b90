import type { AnswerHead } from '../../http/index.ts';
import { parseXml, textOf } from './xml.ts';

/**
 * A request that S3 did not do. It has nothing of the request in it, and of the answer only words that cannot be anything else: a message
 * of a server may repeat what was signed.
 */
export class S3Fault extends Error {
  readonly status: number;
  /** Amazon's word (`NoSuchKey`), or `HTTP 403` where the answer has none. */
  readonly code: string;
  /** The region that the bucket lies in, where the answer says that it is another one. */
  readonly region: string | undefined;
  /** What the server's clock said, milliseconds since 1970. */
  readonly serverMs: number | undefined;
  /** What ours said when the request was signed. */
  readonly ourMs: number;
  /** For how long the server wants to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(facts: {
    readonly status: number;
    readonly code: string;
    readonly region?: string;
    readonly serverMs?: number;
    readonly ourMs: number;
    readonly retryAfterMs?: number;
  }) {
    super(facts.code);
    this.name = 'S3Fault';
    this.status = facts.status;
    this.code = facts.code;
    this.region = facts.region;
    this.serverMs = facts.serverMs;
    this.ourMs = facts.ourMs;
    this.retryAfterMs = facts.retryAfterMs;
  }

  /** The answer is without a word, as those to HEAD are, and another request would say more. */
  get isMute(): boolean {
    return this.code === `HTTP ${this.status}`;
  }
}

/** What an answer that is no success, or one that looks like a success with an error in it, says. */
export function faultOf(head: AnswerHead, body: Uint8Array, ourMs: number): S3Fault {
  const root = parseXml(body);
  const error = root?.name === 'Error' ? root : undefined;
  const region = wordOf(head.header('x-amz-bucket-region') ?? textOf(error, 'Region'), regionName);
  const serverMs = Date.parse(textOf(error, 'ServerTime') ?? head.header('date') ?? '');
  const retryAfter = wordOf(head.header('retry-after'), /^\d{1,6}$/);
  return new S3Fault({
    status: head.status,
    code: wordOf(textOf(error, 'Code'), /^[A-Za-z][A-Za-z0-9.]{0,79}$/) ?? `HTTP ${head.status}`,
    ourMs,
    ...(region !== undefined && { region }),
    ...(Number.isFinite(serverMs) && { serverMs }),
    ...(retryAfter !== undefined && { retryAfterMs: Number(retryAfter) * 1000 }),
  });
}

/** As S3 names regions: it becomes a part of a host's name. */
export const regionName = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;

function wordOf(text: string | undefined, shape: RegExp): string | undefined {
  return text !== undefined && shape.test(text) ? text : undefined;
}
