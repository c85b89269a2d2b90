import { isAbort, isAlarm, type Clock } from '../platform/index.ts';
import { formatTimestamp } from '../repository/index.ts';
import type { ProgramReport } from './set-program.ts';

export type JobName =
  | 'init'
  | 'backup'
  | 'restore'
  | 'dump'
  | 'check'
  | 'retention'
  | 'tag'
  | 'prune'
  | 'offsite-sync'
  | 'offsite-scrub'
  | 'offsite-sample'
  | 'readable-copy'
  | 'drill'
  | 'repair-index'
  | 'repair-packs'
  | 'repair-snapshots'
  | 'recover'
  | 'rewrite'
  | 'copy-snapshots';

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
  /**
   * By name: the first 10,000 that are lost and 1,000 notes; `exceptionCount` counts all. Also those of a job that then failed or was
   * stopped.
   */
  readonly exceptions: readonly JobException[];
  readonly exceptionCount: number;
  /** RFC 3339, local time. */
  readonly startedAt: string;
  readonly endedAt: string;
  /** What the work says about itself; undefined when it did not come to its end, and has nothing to tell. */
  readonly details: Details | undefined;
  /** Of the repository that was worked on; undefined when it could not be opened. */
  readonly repositoryId?: string;
  /** What ended the job early: a `CadanganError`, or a mistake of our own. */
  readonly error?: unknown;
  /** The programs of the configuration that ran around it. */
  readonly programs?: readonly ProgramReport[];
}

/** What a job's work gives back when it came to its end. */
export interface Finished<Details> {
  readonly details: Details;
  /** The evidence says that the aim was missed, although the work ran to its end: damage found, content lost. */
  readonly isFailure?: boolean;
  readonly repositoryId?: string;
  /** What ended it early, where there is something to tell of what was done until then. */
  readonly endedBy?: unknown;
}

/** Takes down an exception when it happens. */
export type ExceptionSink = (exception: JobException) => void;

/** A source that is gone altogether must not fill the memory, and a note about every file must not push out what is lost. */
const keptMax: Readonly<Record<JobException['weight'], number>> = { lost: 10_000, note: 1_000 };

/** Runs `work` and turns whatever comes of it into a result. Never rejects. */
export async function runJob<Details>(
  job: JobName,
  clock: Clock,
  work: (note: ExceptionSink) => Promise<Finished<Details>>,
): Promise<JobResult<Details>> {
  const startedAt = timeText(clock);
  const exceptions: JobException[] = [];
  const counts = { lost: 0, note: 0 };
  const result = (
    outcome: Outcome,
    rest: { details?: Details; error?: unknown; repositoryId?: string | undefined },
  ): JobResult<Details> => ({
    job,
    outcome,
    exceptions,
    exceptionCount: counts.lost + counts.note,
    startedAt,
    endedAt: timeText(clock),
    details: rest.details,
    ...(rest.repositoryId !== undefined && { repositoryId: rest.repositoryId }),
    ...('error' in rest && { error: rest.error }),
  });
  try {
    const {
      details,
      isFailure = false,
      repositoryId,
      endedBy,
    } = await work((exception) => {
      counts[exception.weight] += 1;
      // What concerns the whole comes first, however late it is known.
      if (isAlarm(exception)) exceptions.splice(exceptions.filter(isAlarm).length, 0, exception);
      else if (counts[exception.weight] <= keptMax[exception.weight]) exceptions.push(exception);
    });
    if (endedBy !== undefined) return result(isAbort(endedBy) ? 'stopped' : 'failed', { details, repositoryId, error: endedBy });
    return result(isFailure ? 'failed' : exceptions.length > 0 ? 'success-with-exceptions' : 'success', { details, repositoryId });
  } catch (error) {
    return result(isAbort(error) ? 'stopped' : 'failed', { error });
  }
}

/** The time of day, RFC 3339 with the offset of local time. */
export function timeText(clock: Clock): string {
  const nowNs = clock.nowNs();
  return formatTimestamp(nowNs, clock.offsetMinutes(nowNs));
}
