import { isAbort, isCode, systemClock } from '../platform/index.ts';
import type { RecordContent, RecordTrigger } from '../records/index.ts';
import type { OffsiteCopy } from '../settings/index.ts';
import { newsOf, type Told } from './copy-news.ts';
import type { DrivePlace } from './drive-account.ts';
import { runJob, type JobName, type JobResult } from './job-result.ts';
import { copyMemoryOf, noteFailedTry, OpenCopy, type WorkOptions } from './offsite-copy.ts';
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
import type { RunResult } from './run-of-record.ts';
import type { RecordAbout } from './record-about.ts';

export interface RecordedCopyOptions {
  readonly copy: OffsiteCopy;
  readonly place: DrivePlace;
  readonly keeper: RecordKeeper;
}

/** Why it is done: `manual` when somebody wanted it now, who may have given it an id. */
export interface CopyOccasion {
  readonly trigger: RecordTrigger;
  readonly run?: string | undefined;
}

/** With what is told of the run: what its record says, or would say where it is not worth one. */
export interface ToldResult<Details> extends JobResult<Details> {
  readonly told: RunResult;
}

/** Work on one configured copy that leaves its record, and the head of the records beside the copy when it brought something. */
export class RecordedCopy {
  readonly #options: RecordedCopyOptions;

  constructor(options: RecordedCopyOptions) {
    this.#options = options;
  }

  /** Opens the copy for `job`; that it cannot be opened is recorded. @throws as `OpenCopy.open` */
  async open(job: 'offsite-sync' | 'offsite-scrub' | 'offsite-sample', occasion: CopyOccasion, againMs?: number): Promise<OpenCopy> {
    const { copy, place } = this.#options;
    try {
      return await OpenCopy.open(copy, { place, againMs });
    } catch (error) {
      // Another process is at it, and leaves the record.
      if (!isCode(error, 'offsite.busy') && !isAbort(error)) await this.#noteFailure(job, occasion, error);
      throw error;
    }
  }

  async sync(
    opened: OpenCopy,
    options: WorkOptions & { readonly mayUseKnown?: boolean; readonly mayRemoveAll?: boolean; readonly dryRun?: boolean },
    occasion: CopyOccasion,
  ): Promise<ToldResult<SyncDetails>> {
    const result = await offsiteSyncJob(opened, options);
    const did = options.dryRun === true ? undefined : hasBrought(result, opened);
    return this.#take(result, occasion, opened, did, (about) => recordOfSync(result, about), options.signal);
  }

  async scrub(opened: OpenCopy, options: WorkOptions, occasion: CopyOccasion): Promise<ToldResult<ScrubDetails>> {
    const result = await offsiteScrubJob(opened, options);
    const did = result.details !== undefined || hasBrought(result, opened);
    return this.#take(result, occasion, opened, did, (about) => recordOfScrub(result, about), options.signal);
  }

  async sample(
    opened: OpenCopy,
    options: WorkOptions & { readonly percent?: number | undefined },
    occasion: CopyOccasion,
  ): Promise<ToldResult<SampleDetails>> {
    const result = await offsiteSampleJob(opened, options);
    const did = result.details !== undefined;
    return this.#take(result, occasion, opened, did, (about) => recordOfSample(result, about), options.signal);
  }

  async readable(access: RepositoryAccess, options: ReadableCopyOptions, occasion: CopyOccasion): Promise<ToldResult<ReadableCopyDetails>> {
    const result = await readableCopyJob(access, options);
    const did = result.details !== undefined;
    const make = (about: AboutCopy): RecordContent => recordOfReadableCopy(result, { ...about, to: options.to });
    return this.#take(result, occasion, undefined, did, make, access.signal);
  }

  async #noteFailure(job: JobName, occasion: CopyOccasion, error: unknown): Promise<void> {
    // A sample reads; whether the copy has everything does not depend on it.
    if (job !== 'offsite-sample') await noteFailedTry(this.#options.copy, this.#options.place, error);
    const result = await runJob<never>(job, this.#options.place.clock ?? systemClock, () => Promise.reject(error));
    await this.#take(
      result,
      occasion,
      undefined,
      false,
      (about) => (job === 'offsite-sync' ? recordOfSync(result, about) : recordOfScrub(result, about)),
      undefined,
    );
  }

  /**
   * Never rejects: the work is done, and is not undone for its record.
   * @param did as `newsOf` has it; undefined for what was only tried out, and leaves no record
   */
  async #take<Details>(
    result: JobResult<Details>,
    { trigger, run }: CopyOccasion,
    opened: OpenCopy | undefined,
    did: boolean | undefined,
    make: (about: AboutCopy) => RecordContent,
    signal: AbortSignal | undefined,
  ): Promise<ToldResult<Details>> {
    const { copy, place, keeper } = this.#options;
    const memory = opened?.memory ?? copyMemoryOf(copy, place);
    const { told = {}, folderIds = [] } = await memory
      .read()
      .catch(() => ({}) as { readonly told?: undefined; readonly folderIds?: undefined });
    const uploaded = opened?.uploaded ?? { files: 0, bytes: 0 };
    const contentOf = (about: RecordAbout, before?: Told): RecordContent => {
      const via = trigger === 'manual' ? about.via : 'schedule';
      const content = make({ ...about, trigger, run, via, copy, account: place.settings?.account, folderIds, uploaded });
      return before === undefined
        ? content
        : { ...content, evidence: { ...content.evidence, attemptsBefore: before.attempts, notGoodSince: before.since } };
    };
    if (did === undefined) return { ...result, told: keeper.tell(contentOf(keeper.about())) };
    const news = newsOf(told[result.job], result, { did, isAsked: trigger === 'manual' });
    const toldRun = news.isRecorded
      ? await keeper.writeRun((about) => contentOf(about, news.before))
      : keeper.tell(contentOf(keeper.about()));
    if (news.told !== told[result.job])
      await memory
        .update((remembered) => ({ ...remembered, told: { ...remembered.told, [result.job]: news.told } }))
        .catch(() => undefined);
    if (opened && signal && result.details !== undefined && uploaded.files > 0)
      await keeper.keepHead((head, owner) => opened.keepAnchor({ head, owner }, (other) => keeper.history.has(other), signal));
    return { ...result, told: toldRun };
  }
}

function hasBrought({ details }: JobResult<SyncDetails>, { uploaded }: OpenCopy): boolean {
  return uploaded.files > 0 || (details?.trashedFiles ?? 0) > 0;
}
