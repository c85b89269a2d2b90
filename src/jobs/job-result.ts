import { isAbort, type Clock } from '../platform/index.ts';
import { formatTimestamp } from '../repository/index.ts';

export type JobName = 'init' | 'backup' | 'restore' | 'check';

/** `success` is claimed only when nothing at all went wrong; the four words are those of the records. */
export type Outcome = 'success' | 'success-with-exceptions' | 'failed' | 'stopped';

/** One thing that is not as it was asked for. */
export interface JobException {
  /** A path or the name of a repository file. For people: bytes that are not UTF-8 show as U+FFFD. */
  readonly item: string;
  /** The work's own word for it: `unreadable`, `damaged` ... */
  readonly kind: string;
  readonly reason: string;
  /** `lost`: content is missing. `note`: the content is there, something beside it is not. */
  readonly weight: 'lost' | 'note';
}

export interface JobResult<Details> {
  readonly job: JobName;
  readonly outcome: Outcome;
  /** The first of them by name, at most some thousands; `exceptionCount` counts all. */
  readonly exceptions: readonly JobException[];
  readonly exceptionCount: number;
  /** RFC 3339, local time. */
  readonly startedAt: string;
  readonly endedAt: string;
  /** What the work says about itself; undefined when it did not come to its end. */
  readonly details: Details | undefined;
  /** What ended the job early: a `CadanganError`, or a mistake of our own. */
  readonly error?: unknown;
}

/** What a job's work gives back when it came to its end. */
export interface Finished<Details> {
  readonly details: Details;
  readonly exceptions: readonly JobException[];
  readonly exceptionCount: number;
  /** The evidence says that the aim was missed, although the work ran to its end: damage found, content lost. */
  readonly isFailure: boolean;
}

/** Runs `work` and turns whatever comes of it into a result. Never rejects. */
export async function runJob<Details>(job: JobName, clock: Clock, work: () => Promise<Finished<Details>>): Promise<JobResult<Details>> {
  const startedAt = timeText(clock);
  try {
    const { details, exceptions, exceptionCount, isFailure } = await work();
    const outcome = isFailure ? 'failed' : exceptionCount > 0 ? 'success-with-exceptions' : 'success';
    return { job, outcome, exceptions, exceptionCount, startedAt, endedAt: timeText(clock), details };
  } catch (error) {
    const outcome = isAbort(error) ? 'stopped' : 'failed';
    return { job, outcome, exceptions: [], exceptionCount: 0, startedAt, endedAt: timeText(clock), details: undefined, error };
  }
}

function timeText(clock: Clock): string {
  const nowNs = clock.nowNs();
  return formatTimestamp(nowNs, clock.offsetMinutes(nowNs));
}
