import type { AnswerHead } from '../../http/index.ts';
import { answerOf } from './listing.ts';
import { S3Fault } from './s3-fault.ts';
import type { S3Line } from './s3-line.ts';
import { textOf } from './xml.ts';

/**
 * Until when an object, or one version of it, can be removed by nobody: milliseconds since 1970, Infinity for a legal hold, which lasts
 * until somebody lifts it; undefined when it is not locked.
 * @throws as `S3Line.send`: S3Fault of 404 when there is no such object
 */
export async function lockOf(line: S3Line, key: string, versionId: string | undefined, signal: AbortSignal): Promise<number | undefined> {
  const version: Readonly<Record<string, string>> = versionId === undefined ? {} : { versionId };
  const head = await line.send({ method: 'HEAD', key, query: version, signal });
  const told = lockInHead(head);
  // Only versions are locked. Whoever may not read the retention is not told of it in the head either, and learns so by asking for it.
  if (told !== undefined || head.header('x-amz-version-id') === undefined) return told;
  return retentionOf(line, key, version, signal);
}

function lockInHead(head: AnswerHead): number | undefined {
  if (head.header('x-amz-object-lock-legal-hold')?.toUpperCase() === 'ON') return Infinity;
  return timeOf(head.header('x-amz-object-lock-retain-until-date'));
}

async function retentionOf(
  line: S3Line,
  key: string,
  version: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<number | undefined> {
  try {
    const answer = await line.send({ method: 'GET', key, query: { retention: '', ...version }, signal });
    return timeOf(textOf(answerOf(answer, 'Retention'), 'RetainUntilDate'));
  } catch (error) {
    if (error instanceof S3Fault && [400, 404, 405, 501].includes(error.status)) return undefined; // nothing is locked there
    throw error;
  }
}

function timeOf(text: string | undefined): number | undefined {
  const ms = Date.parse(text ?? '');
  return Number.isFinite(ms) ? ms : undefined;
}
