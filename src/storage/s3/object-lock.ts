import { ConnectionFault, type AnswerHead } from '../../http/index.ts';
import { answerOf } from './listing.ts';
import { isOfCredentials } from './s3-errors.ts';
import { S3Fault } from './s3-fault.ts';
import type { S3Line } from './s3-line.ts';
import { parseXml, textOf } from './xml.ts';

/** Whether a bucket locks objects at all, asked once: most do not, and then there is no question for each object. */
export class BucketLocks {
  readonly #line: S3Line;
  /** Undefined until the server has answered. */
  #isWithout: boolean | undefined;

  constructor(line: S3Line) {
    this.#line = line;
  }

  /** As `lockOf`; of a bucket that locks nothing undefined, whether there is such an object or not. */
  async lockOf(key: string, signal: AbortSignal): Promise<number | undefined> {
    this.#isWithout ??= await this.#asksWhetherWithout(signal);
    return this.#isWithout ? undefined : lockOf(this.#line, key, undefined, signal);
  }

  /**
   * Whoever may not ask that, and whose server does not know the question, is told of each object. Such a server refuses it in any words,
   * or takes it for the one without the question and lists the bucket (rclone's does).
   */
  async #asksWhetherWithout(signal: AbortSignal): Promise<boolean> {
    try {
      const answer = await this.#line.send({ method: 'GET', query: { 'object-lock': '' }, signal });
      const root = parseXml(answer.bytes);
      if (root === undefined) throw new ConnectionFault('not an answer of S3');
      return root.name === 'ObjectLockConfiguration' && textOf(root, 'ObjectLockEnabled') !== 'Enabled';
    } catch (error) {
      if (!(error instanceof S3Fault) || error.code === 'NoSuchBucket' || isOfCredentials(error) || isPassing(error)) throw error;
      return error.code === 'ObjectLockConfigurationNotFoundError' || [405, 501].includes(error.status);
    }
  }
}

/** Asked in a while, it may be answered. Not every 5xx is of that kind: NooBaa says 500 to what it does not know. */
function isPassing({ status, code }: S3Fault): boolean {
  return [429, 502, 503, 504].includes(status) || code === 'SlowDown';
}

/**
 * Until when an object, or one version of it, can be removed by nobody: milliseconds since 1970, Infinity for a legal hold, which lasts
 * until somebody lifts it; undefined when it is not locked, or not any more by the server's clock.
 * @throws as `S3Line.send`: S3Fault of 404 when there is no such object
 */
export async function lockOf(line: S3Line, key: string, versionId: string | undefined, signal: AbortSignal): Promise<number | undefined> {
  const version: Readonly<Record<string, string>> = versionId === undefined ? {} : { versionId };
  const head = await line.send({ method: 'HEAD', key, query: version, signal });
  if (head.header('x-amz-object-lock-legal-hold')?.toUpperCase() === 'ON') return Infinity;
  const until = head.header('x-amz-object-lock-retain-until-date');
  if (until !== undefined) return lastingMs(until, head);
  // Only versions are locked. Whoever may not read the retention is not told of it in the head either, and learns so by asking for it.
  if (head.header('x-amz-version-id') === undefined) return undefined;
  return retentionOf(line, key, version, signal);
}

async function retentionOf(
  line: S3Line,
  key: string,
  version: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<number | undefined> {
  try {
    const answer = await line.send({ method: 'GET', key, query: { retention: '', ...version }, signal });
    return lastingMs(textOf(answerOf(answer, 'Retention'), 'RetainUntilDate'), answer);
  } catch (error) {
    if (error instanceof S3Fault && [400, 404, 405, 501].includes(error.status)) return undefined; // nothing is locked there
    throw error;
  }
}

/** A server goes on to tell of a lock that is over. */
function lastingMs(until: string | undefined, head: AnswerHead): number | undefined {
  const untilMs = Date.parse(until ?? '');
  const serverMs = Date.parse(head.header('date') ?? '');
  return Number.isNaN(untilMs) || untilMs <= serverMs ? undefined : untilMs;
}
