import type { AnswerHead } from '../../http/index.ts';
import { answerOf } from './listing.ts';
import { S3Fault } from './s3-fault.ts';
import type { S3Line } from './s3-line.ts';
import { textOf } from './xml.ts';

/** Whether a bucket locks objects at all, asked once: most do not, and then there is no question for each object. */
export class BucketLocks {
  readonly #line: S3Line;
  #isWithout = false;

  constructor(line: S3Line) {
    this.#line = line;
  }

  /** As `lockOf`; of a bucket that locks nothing undefined, whether there is such an object or not. */
  async lockOf(key: string, signal: AbortSignal): Promise<number | undefined> {
    this.#isWithout ||= await this.#asksWhetherWithout(signal);
    return this.#isWithout ? undefined : lockOf(this.#line, key, undefined, signal);
  }

  async #asksWhetherWithout(signal: AbortSignal): Promise<boolean> {
    try {
      const answer = await this.#line.send({ method: 'GET', query: { 'object-lock': '' }, signal });
      return textOf(answerOf(answer, 'ObjectLockConfiguration'), 'ObjectLockEnabled') !== 'Enabled';
    } catch (error) {
      if (!(error instanceof S3Fault)) throw error;
      if (error.code === 'ObjectLockConfigurationNotFoundError' || [405, 501].includes(error.status)) return true;
      if (error.status === 403) return false; // who may not ask that is told of each object
      throw error;
    }
  }
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
