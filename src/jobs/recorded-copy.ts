import { isAbort, isCode, systemClock } from '../platform/index.ts';
import type { RecordContent, RecordTrigger } from '../records/index.ts';
import type { OffsiteCopy } from '../settings/index.ts';
import { newsOf } from './copy-news.ts';
import type { DrivePlace } from './drive-account.ts';
import { runJob, type JobName, type JobResult } from './job-result.ts';
import { copyRecordsOf, noteFailedTry, OpenCopy, type WorkOptions } from './offsite-copy.ts';
import {
  offsiteSampleJob,
  offsiteScrubJob,
  offsiteSyncJob,
  type SampleDetails,
  type ScrubDetails,
  type SyncDetails,
} from './offsite-jobs.ts';
import { readableCopyJob, type ReadableCopyDetails, type ReadableCopyOptions } from './readable-copy-job.ts';
import type { RecordKeeper } from './record-keeper.ts';
import { recordOfReadableCopy, recordOfSample, recordOfScrub, recordOfSync, type AboutCopy } from './record-of-copy.ts';
import type { RepositoryAccess } from './repository-access.ts';

export interface RecordedCopyOptions {
  readonly copy: OffsiteCopy;
  readonly place: DrivePlace;
  readonly keeper: RecordKeeper;
}

/** Why it is done: `manual` when somebody wanted it now. */
type Trigger = RecordTrigger;

/** Work on one configured copy that leaves its record, and the head of the records beside the copy when it brought something. */
export class RecordedCopy {
  readonly #options: RecordedCopyOptions;

  constructor(options: RecordedCopyOptions) {
    this.#options = options;
  }

  /** Opens the copy for `job`; that it cannot be opened is recorded. @throws as `OpenCopy.open` */
  async open(job: 'offsite-sync' | 'offsite-scrub' | 'offsite-sample', trigger: Trigger, againMs?: number): Promise<OpenCopy> {
    const { copy, place } = this.#options;
    try {
      return await OpenCopy.open(copy, { place, againMs });
    } catch (error) {
      // Another process is at it, and leaves the record.
      if (!isCode(error, 'offsite.busy') && !isAbort(error)) await this.#noteFailure(job, trigger, error);
      throw error;
    }
  }

  async sync(
    opened: OpenCopy,
    options: WorkOptions & { readonly mayUseKnown?: boolean; readonly mayRemoveAll?: boolean; readonly dryRun?: boolean },
    trigger: Trigger,
  ): Promise<JobResult<SyncDetails>> {
    const result = await offsiteSyncJob(opened, options);
    if (options.dryRun !== true)
      await this.#take(result, trigger, opened, hasBrought(result, opened), (about) => recordOfSync(result, about), options.signal);
    return result;
  }

  async scrub(opened: OpenCopy, options: WorkOptions, trigger: Trigger): Promise<JobResult<ScrubDetails>> {
    const result = await offsiteScrubJob(opened, options);
    await this.#take(
      result,
      trigger,
      opened,
      result.details !== undefined || hasBrought(result, opened),
      (about) => recordOfScrub(result, about),
      options.signal,
    );
    return result;
  }

  async sample(
    opened: OpenCopy,
    options: WorkOptions & { readonly percent?: number | undefined },
    trigger: Trigger,
  ): Promise<JobResult<SampleDetails>> {
    const result = await offsiteSampleJob(opened, options);
    await this.#take(result, trigger, opened, result.details !== undefined, (about) => recordOfSample(result, about), options.signal);
    return result;
  }

  async readable(access: RepositoryAccess, options: ReadableCopyOptions, trigger: Trigger): Promise<JobResult<ReadableCopyDetails>> {
    const result = await readableCopyJob(access, options);
    await this.#take(
      result,
      trigger,
      undefined,
      result.details !== undefined,
      (about) => recordOfReadableCopy(result, { ...about, to: options.to }),
      access.signal,
    );
    return result;
  }

  async #noteFailure(job: JobName, trigger: Trigger, error: unknown): Promise<void> {
    // A sample reads; whether the copy has everything does not depend on it.
    if (job !== 'offsite-sample') await noteFailedTry(this.#options.copy, this.#options.place, error);
    const result = await runJob<never>(job, this.#options.place.clock ?? systemClock, () => Promise.reject(error));
    await this.#take(
      result,
      trigger,
      undefined,
      false,
      (about) => (job === 'offsite-sync' ? recordOfSync(result, about) : recordOfScrub(result, about)),
      undefined,
    );
  }

  /** Never rejects: the work is done, and is not undone for its record. */
  async #take(
    result: JobResult<unknown>,
    trigger: Trigger,
    opened: OpenCopy | undefined,
    did: boolean,
    make: (about: AboutCopy) => RecordContent,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { copy, place, keeper } = this.#options;
    const memory = opened?.records ?? copyRecordsOf(copy, place);
    const { told = {}, folderIds = [] } = await memory
      .read()
      .catch(() => ({}) as { readonly told?: undefined; readonly folderIds?: undefined });
    const news = newsOf(told[result.job], result, { did, isAsked: trigger === 'manual' });
    const uploaded = opened?.uploaded ?? { files: 0, bytes: 0 };
    if (news.isRecorded) {
      await keeper.write((about) => {
        const content = make({
          ...about,
          trigger,
          via: trigger === 'manual' ? about.via : 'schedule',
          copy,
          account: place.settings?.account,
          folderIds,
          uploaded,
        });
        return news.before === undefined
          ? content
          : { ...content, evidence: { ...content.evidence, attemptsBefore: news.before.attempts, notGoodSince: news.before.since } };
      });
    }
    if (news.told !== told[result.job])
      await memory.update((record) => ({ ...record, told: { ...record.told, [result.job]: news.told } })).catch(() => undefined);
    if (opened && signal && result.details !== undefined && uploaded.files > 0)
      await keeper.keepHead((head, owner) => opened.keepAnchor({ head, owner }, (other) => keeper.history.has(other), signal));
  }
}

function hasBrought({ details }: JobResult<SyncDetails>, { uploaded }: OpenCopy): boolean {
  return uploaded.files > 0 || (details?.trashedFiles ?? 0) > 0;
}
