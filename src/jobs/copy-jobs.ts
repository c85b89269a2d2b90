import type { DriveClient } from '../google/index.ts';
import {
  expectedOf,
  lagOf,
  listOwnCopy,
  originalNamesOf,
  readFirstPart,
  rememberedBeside,
  rememberedFailure,
  rememberedOrigins,
  rememberedPlan,
  rememberedProgress,
  rememberedSample,
  rememberedSampleSoFar,
  rememberedScrub,
  rememberedSync,
  sampleCopy,
  scrubCopy,
  sumBytes,
  syncCopy,
  type Amount,
  type ArchiveFormat,
  type BesideWork,
  type Comparison,
  type CopyFile,
  type CopyMemory,
  type CopyMemoryFile,
  type CopyProgressSink,
  type CopyWorld,
  type FirstPart,
  type OriginalNames,
  type SampleReport,
  type SyncOptions,
  type SyncReport,
} from '../offsite/index.ts';
import { CadanganError, isAbort, isCode, isOnDrive, systemClock, type Clock } from '../platform/index.ts';
import type { RecordContent, RecordTrigger } from '../records/index.ts';
import { formatTimestamp } from '../repository/index.ts';
import { readableFolderOf, type OffsiteCopy } from '../settings/index.ts';
import { aroundRun } from './around-run.ts';
import {
  noteDamaged,
  noteFindings,
  noteSync,
  sampleDetails,
  scrubDetails,
  syncDetails,
  type SampleDetails,
  type ScrubDetails,
  type SyncDetails,
} from './copy-details.ts';
import { newsOf, type Told } from './copy-news.ts';
import { openDriveClient } from './drive-account.ts';
import type { StoragePlace } from './storage-place.ts';
import { runJob, timeText, type ExceptionSink, type Finished, type JobName, type JobResult } from './job-result.ts';
import { copyMemoryOf, lookAtCopy, openCopy, openOriginal, rememberedPlace, type OpenCopy } from './open-copy.ts';
import type { HistoryKeeping } from './history-keeping.ts';
import { keepHistoryAhead, keepHistoryOffsite } from './keep-history-offsite.ts';
import { noteReadable } from './readable-copies.ts';
import { readableCopyJob, type ReadableCopyDetails, type ReadableCopyOptions } from './readable-copy-job.ts';
import { placeOf, type RecordAbout } from './record-about.ts';
import type { RecordKeeper } from './record-keeper.ts';
import { recordOfBegun } from './record-of-job.ts';
import { recordOfReadableCopy, recordOfSample, recordOfScrub, recordOfSync, type AboutCopy } from './record-of-copy.ts';
import { openedKeyAt, withRepository, type RepositoryAccess } from './repository-access.ts';
import type { RunResult } from './run-of-record.ts';
import type { ProgramVet } from './set-program.ts';

export interface CopyJobsOptions {
  readonly copy: OffsiteCopy;
  readonly place: StoragePlace;
  /** Where each job that is worth it leaves its record. */
  readonly records: RecordKeeper;
  /** What else there is to keep the history beside the copy. */
  readonly history?: Omit<HistoryKeeping, 'records'> | undefined;
  /** Of the original, without asking a person: what goes to a new copy first. Without it a copy can be restored from when all is there. */
  readonly password?: RepositoryAccess['password'] | undefined;
  /** What the programs of the copy say. */
  readonly onLine?: ((line: string) => void) | undefined;
  readonly vet?: ProgramVet | undefined;
  /** See `SyncOptions`; for tests. */
  readonly againMs?: number | undefined;
  /** Between two times that it is written down how far it is; for tests. */
  readonly noteEveryMs?: number | undefined;
}

export interface WorkOptions {
  readonly signal: AbortSignal;
  readonly progress?: CopyProgressSink | undefined;
}

export interface SyncWish extends WorkOptions {
  /** Compare with what is known to be in the copy, if anything is, instead of asking. */
  readonly mayUseKnown?: boolean;
  readonly mayRemoveAll?: boolean | undefined;
  /** Copy everything again, although its folder, or what was in it, is gone. */
  readonly mayBeginAnew?: boolean | undefined;
  /** Changes nothing, leaves no record, is not remembered, and may be while another process works on the copy. */
  readonly dryRun?: boolean;
}

export interface ReadableWish extends Omit<ReadableCopyOptions, 'client' | 'format' | 'to'> {
  /** Default: as configured. */
  readonly format?: ArchiveFormat | undefined;
  /** Default: as configured, else beside the copy. */
  readonly to?: string | undefined;
  /** How many readable copies stay; default: all. */
  readonly keep?: number | undefined;
}

/** Why it is done: `manual` when somebody wanted it now, who may have given it an id, and asked in his way. */
export interface CopyOccasion {
  readonly via?: RecordAbout['via'] | undefined;
  readonly user?: RecordAbout['user'];
  readonly trigger: RecordTrigger;
  readonly run?: string | undefined;
}

/** With what is told of the run: what its record says, or would say where it is not worth one. */
export interface ToldResult<Details> extends JobResult<Details> {
  readonly told: RunResult;
  /** Something in the copy is another than before, or was looked at as a whole. */
  readonly did: boolean;
  /** See `SyncReport`. */
  readonly isIncomplete: boolean;
}

/** What a job has done so far: known also when it fails then. */
interface Tally {
  uploaded: Amount;
  trashedFiles: number;
  /** What there is still to do, and what the original was when that was found. */
  lag: Amount | undefined;
  original: OriginalNames | undefined;
  isIncomplete: boolean;
}

/** How a job is told of. */
interface Telling<Details> {
  readonly occasion: CopyOccasion;
  readonly signal: AbortSignal;
  /** It is only tried out: it leaves no record, and is not remembered. */
  readonly isTrial?: boolean;
  readonly recordOf: (result: JobResult<Details>, about: AboutCopy) => RecordContent;
}

/**
 * The jobs on one configured copy. The first that needs it opens the copy, which stays open until this is disposed of: one process of a
 * machine has it at a time. Each job takes down what it found, also when it fails; leaves its record; and keeps the history of the records
 * beside the copy when it was recorded. One at a time. What keeps a copy from being opened ends the job and stands in its result.
 */
export class CopyJobs implements AsyncDisposable {
  readonly memory: CopyMemoryFile;
  readonly #options: CopyJobsOptions;
  readonly #clock: Clock;
  #client: DriveClient | undefined;
  #open: OpenCopy | undefined;
  /** For what is only tried out. */
  #look: OpenCopy | undefined;

  constructor(options: CopyJobsOptions) {
    this.#options = options;
    this.#clock = options.place.clock ?? systemClock;
    this.memory = copyMemoryOf(options.copy, options.place);
  }

  /** Brings the copy up to its original. */
  sync(wish: SyncWish, occasion: CopyOccasion): Promise<ToldResult<SyncDetails>> {
    const { dryRun = false, mayUseKnown = false, mayRemoveAll, mayBeginAnew, signal } = wish;
    return this.#job('offsite-sync', { occasion, signal, isTrial: dryRun, recordOf: recordOfSync }, async (note, tally) => {
      const { snapshots } = await this.memory.read();
      const { sync } = await this.#syncing(tally, { ...wish, isTrial: dryRun }, async (open, options) => ({
        sync: await syncCopy(this.#world(open), {
          ...options,
          dryRun,
          mayRemoveAll,
          mayBeginAnew,
          known: mayUseKnown ? open.known : undefined,
        }),
      }));
      if (mayRemoveAll && !dryRun) await this.memory.update((memory) => rememberedOrigins(memory, sync));
      noteSync(sync, note);
      return { details: syncDetails(this.#options.copy, sync, snapshots), isFailure: !dryRun && sync.leftBehindFiles > 0 };
    });
  }

  /**
   * Compares the whole copy by checksums, without a download, and heals it. Whatever was wrong is an exception, also when it is right
   * again.
   */
  scrub(wish: WorkOptions, occasion: CopyOccasion): Promise<ToldResult<ScrubDetails>> {
    return this.#job('offsite-scrub', { occasion, signal: wish.signal, recordOf: recordOfScrub }, async (note, tally) => {
      const { snapshots, lastWholeAt } = await this.memory.read();
      const lastWholeMs = lastWholeAt === undefined ? 0 : Date.parse(lastWholeAt);
      const report = await this.#syncing(tally, wish, (open, options) => scrubCopy(this.#world(open), { ...options, lastWholeMs }));
      await this.memory.update((memory) => rememberedScrub(memory, report, this.#now()));
      noteFindings(report, note);
      return { details: scrubDetails(this.#options.copy, report, snapshots), isFailure: report.sync.leftBehindFiles > 0 };
    });
  }

  /** Downloads a part of the copy, as configured or `percent`, and proves every byte. What is wrong is healed from the original at once. */
  sample(wish: WorkOptions & { readonly percent?: number | undefined }, occasion: CopyOccasion): Promise<ToldResult<SampleDetails>> {
    const { copy } = this.#options;
    const { signal, progress, percent = copy.sampleReadPercent } = wish;
    return this.#job('offsite-sample', { occasion, signal, recordOf: recordOfSample }, async (note, tally) => {
      const report = await this.#beside('sample', async () => {
        const { source, target } = await this.#opened();
        const memory = await this.memory.read();
        const listing = await listOwnCopy({ source, target }, { expected: expectedOf(memory), signal });
        let soFar: SampleReport | undefined;
        const onRead = (report: SampleReport): void => void (soFar = report);
        try {
          return await sampleCopy({ target, clock: this.#clock }, listing, {
            percent,
            cursor: memory.sampleCursor,
            signal,
            progress,
            onRead,
          });
        } catch (error) {
          await this.#noteSoFar(soFar);
          throw error;
        }
      });
      await this.memory.update((memory) => rememberedSample(memory, report, this.#now()));
      if (report.damaged.length > 0)
        await this.#syncing(tally, wish, async (open, options) => ({ sync: await syncCopy(this.#world(open), options) }));
      noteDamaged(report, note);
      return { details: sampleDetails(copy, report) };
    });
  }

  /**
   * Writes a snapshot as an archive, remembers it, and lets go of old ones. The copy itself need not be opened for it.
   * @param access to the original
   * @throws `state.unusable` when it is written and cannot be remembered
   */
  async readable(
    access: Omit<RepositoryAccess, 'location' | 'world'>,
    wish: ReadableWish,
    occasion: CopyOccasion,
  ): Promise<ToldResult<ReadableCopyDetails>> {
    const { copy, place } = this.#options;
    const rule = copy.readableCopies;
    const { keep, format = rule?.format ?? 'zip', to = rule?.to ?? readablePlaceOf(copy) } = wish;
    const { signal } = access;
    const world = { clock: this.#clock, openStorage: (location: string) => openOriginal(location, place) };
    const result = await this.#around('readable-copy', { occasion, signal }, newTally(), () =>
      readableCopyJob({ ...access, location: copy.repository, world }, { ...wish, format, to, client: () => this.#driveClient() }),
    );
    const recordOf: Telling<ReadableCopyDetails>['recordOf'] = (of, about) => recordOfReadableCopy(of, { ...about, to });
    // Whoever wanted it now is told himself, perhaps that his password is wrong.
    if (result.error === undefined || occasion.trigger !== 'manual') await this.#noteBeside('readable', result.error);
    const told = await this.#tell(result, { occasion, signal, recordOf }, newTally());
    const client = keep === undefined || !isOnDrive(to) ? undefined : await this.#driveClient().catch(() => undefined);
    if (result.details) await noteReadable(copy, place, result.details, this.#clock, { keep, client, signal });
    return told;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#open?.[Symbol.asyncDispose]();
    await this.#look?.[Symbol.asyncDispose]();
    this.#client?.close();
  }

  async #job<Details>(
    job: JobName,
    telling: Telling<Details>,
    work: (note: ExceptionSink, tally: Tally) => Promise<Finished<Details>>,
  ): Promise<ToldResult<Details>> {
    const tally = newTally();
    const make = (): Promise<JobResult<Details>> => runJob(job, this.#clock, (note) => work(note, tally));
    // Another process is at it, between programs of its own.
    const isBusy = await this.#opened().then(
      () => false,
      (error: unknown) => isCode(error, 'offsite.busy'),
    );
    if (isBusy) return this.#tell(await make(), telling, tally);
    const around = async (): Promise<ToldResult<Details>> => this.#tell(await this.#around(job, telling, tally, make), telling, tally);
    if (telling.isTrial === true) return around();
    return this.#options.records.during((about) => this.#begun(job, about, telling.occasion), around);
  }

  /** What is known of a work before it has begun. */
  #begun(job: JobName, about: RecordAbout, { via = about.via, user, trigger, run }: CopyOccasion): RecordContent {
    const { name: set, repository, to } = this.#options.copy;
    const kind = job === 'offsite-scrub' || job === 'offsite-sample' ? 'scrub' : 'external-backup';
    const places = { source: placeOf(repository, about.settings), destination: placeOf(to, about.settings) };
    return recordOfBegun(kind, job, { ...about, via, user: user ?? about.user, trigger, run, set }, places);
  }

  /** Between the programs that the configuration wants around each work on the copy. */
  #around<Details>(
    job: JobName,
    { occasion: { trigger, run }, signal, isTrial = false }: Pick<Telling<Details>, 'occasion' | 'signal' | 'isTrial'>,
    tally: Tally,
    make: () => Promise<JobResult<Details>>,
  ): Promise<JobResult<Details>> {
    const { copy, place, onLine, vet } = this.#options;
    const facts = { COPY: copy.name, RUN: run, TRIGGER: trigger, DRY_RUN: isTrial ? 'true' : undefined };
    const { environment } = place;
    return aroundRun({ programs: copy, job, clock: this.#clock, environment, facts, signal, onLine, vet }, make, () => ({
      FILES_UPLOADED: tally.uploaded.files,
      BYTES_UPLOADED: tally.uploaded.bytes,
    }));
  }

  /** Runs what brings the copy up to its original, and takes down what came of it. */
  async #syncing<Report extends { readonly sync: SyncReport }>(
    tally: Tally,
    { signal, progress, isTrial = false }: WorkOptions & { readonly isTrial?: boolean },
    work: (open: OpenCopy, options: SyncOptions) => Promise<Report>,
  ): Promise<Report> {
    try {
      const open = isTrial ? await this.#lookedAt() : await this.#opened();
      const memory = await this.memory.read();
      const { distrusted = [], restorable, origins, heldBack } = memory;
      if (!isTrial) await this.#historyAhead(open, signal);
      const report = await work(open, {
        signal,
        progress: isTrial ? progress : this.#noting(tally, progress),
        againMs: this.#options.againMs,
        firstPart: (ownSignal) => this.#firstPart(ownSignal ?? signal),
        uploadsAtOnce: this.#options.copy.limits?.workers,
        knownDamaged: open.knownDamaged,
        distrusted: new Set(distrusted),
        restorable,
        origins: origins && new Set(origins),
        wasRolledBack: heldBack?.doubts.includes('rolled-back'),
        expected: expectedOf(memory),
        onPlan: (_plan, comparison) => (isTrial ? undefined : this.#notePlan(tally, comparison)),
        onUploaded: (file, wasThere) => noteUploaded(tally, file, wasThere),
        onTrashed: () => (tally.trashedFiles += 1),
      });
      tally.isIncomplete = report.sync.isIncomplete;
      if (isTrial) return report;
      open.known = report.sync.listing;
      const times = { now: this.#now(), lookedAt: this.#textOf(report.sync.lookedAtNs) };
      await this.memory.update((known) => rememberedPlace(rememberedSync(known, report.sync, tally.original, times), open));
      return report;
    } catch (error) {
      if (this.#open) this.#open.known = undefined;
      if (!isTrial && !isCode(error, 'offsite.busy')) await this.#noteFailure(tally, error);
      throw error;
    }
  }

  /** That it cannot be told holds up no copying; then all goes as it comes. */
  async #firstPart(signal: AbortSignal): Promise<FirstPart | undefined> {
    const { copy, place, password } = this.#options;
    if (password === undefined) return undefined;
    const world = { clock: this.#clock, openStorage: (location: string) => openOriginal(location, place) };
    try {
      return await withRepository({ location: copy.repository, password, world, signal }, 'none', (opened) =>
        readFirstPart(opened.repository, opened.signal),
      );
    } catch (error) {
      if (isAbort(error)) throw error;
      return undefined;
    }
  }

  /** Runs what holds up no copying when it fails, and takes down whether it did. */
  async #beside<T>(work: BesideWork, run: () => Promise<T>): Promise<T> {
    try {
      const done = await run();
      await this.#noteBeside(work, undefined);
      return done;
    } catch (error) {
      await this.#noteBeside(work, error);
      throw error;
    }
  }

  /** Of a sample that does not come to its end, which is told by its error. */
  async #noteSoFar(soFar: SampleReport | undefined): Promise<void> {
    if (soFar !== undefined) await this.memory.update((memory) => rememberedSampleSoFar(memory, soFar)).catch(() => undefined);
  }

  async #noteBeside(work: BesideWork, error: unknown): Promise<void> {
    if (isAbort(error) || isCode(error, 'offsite.busy')) return;
    await this.memory.update((memory) => rememberedBeside(memory, work, error, this.#now())).catch(() => undefined);
  }

  async #noteFailure(tally: Tally, error: unknown): Promise<void> {
    const placed = (memory: CopyMemory): CopyMemory => (this.#open ? rememberedPlace(memory, this.#open) : memory);
    // That it failed is told by the error; a state folder that cannot be written must not hide it.
    await this.memory.update((memory) => rememberedFailure(placed(memory), error, tally, this.#now())).catch(() => undefined);
  }

  /** Whoever asks how the copy is, in whichever process, sees it move. */
  #noting(tally: Tally, progress: CopyProgressSink | undefined): CopyProgressSink {
    const { noteEveryMs = noteEveryMsDefault } = this.#options;
    let notedMs = this.#clock.monotonicMs();
    return (step) => {
      progress?.(step);
      const nowMs = this.#clock.monotonicMs();
      if (nowMs - notedMs < noteEveryMs) return;
      notedMs = nowMs;
      const { lag } = tally;
      void this.memory.update((memory) => rememberedProgress(memory, step, lag, this.#now())).catch(() => undefined);
    };
  }

  /** What is behind is written down before it is worked off: the work may take days, or never end. */
  #notePlan(tally: Tally, comparison: Comparison): void {
    const files = comparison.states.map(({ source }) => source);
    const [total, lag] = [{ files: files.length, bytes: sumBytes(files) }, lagOf(comparison)];
    tally.lag = lag;
    tally.original = originalNamesOf(files);
    void this.memory.update((memory) => rememberedPlan(memory, total, lag, this.#now())).catch(() => undefined);
  }

  /** Never rejects: the work is done, and is not undone for its record. */
  async #tell<Details>(result: JobResult<Details>, telling: Telling<Details>, tally: Tally): Promise<ToldResult<Details>> {
    const { records } = this.#options;
    const { occasion, signal, isTrial = false } = telling;
    const { told = {}, folderIds = [] } = await this.memory.read().catch((): Partial<CopyMemory> => ({}));
    const contentOf = (about: RecordAbout, before?: Told): RecordContent =>
      withAttempts(telling.recordOf(result, this.#aboutCopy(about, occasion, folderIds, tally)), before);
    const now = { did: hasDone(result, tally), isIncomplete: tally.isIncomplete };
    const { did } = now;
    const untold = (): ToldResult<Details> => ({ ...result, ...now, told: records.tell(contentOf(records.about())) });
    // Another process is at it, and leaves the record.
    if (isTrial || isCode(result.error, 'offsite.busy')) return untold();
    const before = told[result.job];
    const news = newsOf(before, result, { did, isAsked: occasion.trigger === 'manual' });
    const toldResult = news.isRecorded
      ? { ...result, ...now, told: await records.writeRun((about) => contentOf(about, news.before)) }
      : untold();
    if (news.told !== before)
      await this.memory.update((memory) => ({ ...memory, told: { ...memory.told, [result.job]: news.told } })).catch(() => undefined);
    if (result.details !== undefined && (news.isRecorded || tally.uploaded.files > 0)) await this.#keepHistory(signal);
    return toldResult;
  }

  /**
   * Beside a copy on Google Drive; elsewhere it went with the copying. Never rejects: what stood in its way is remembered, and whoever
   * keeps the history up tries again.
   */
  async #keepHistory(signal: AbortSignal): Promise<void> {
    const { copy, place } = this.#options;
    const open = this.#open?.drive?.folder;
    if (open === undefined) return;
    await keepHistoryOffsite(copy, place, this.#historyKeeping(), signal, { open }).catch(() => undefined);
  }

  /** Whoever can give the password for the first part of a copy can give the key for the records. */
  #historyKeeping(): HistoryKeeping {
    const { place, records, history, password } = this.#options;
    const world = { clock: this.#clock, openStorage: (wanted: string) => openOriginal(wanted, place) };
    const keyOf = password && ((location: string, signal: AbortSignal) => openedKeyAt({ location, password, world, signal }));
    return { keyOf, ...history, records };
  }

  /** That it cannot go holds up no copying, and is told when it is due. */
  async #historyAhead({ source }: OpenCopy, signal: AbortSignal): Promise<void> {
    const { copy, place } = this.#options;
    try {
      await keepHistoryAhead(copy, place, this.#historyKeeping(), source, signal);
    } catch (error) {
      if (isAbort(error)) throw error;
    }
  }

  #aboutCopy(about: RecordAbout, occasion: CopyOccasion, folderIds: readonly string[], { uploaded }: Tally): AboutCopy {
    const { copy, place } = this.#options;
    const { trigger, run, user = about.user } = occasion;
    const via = trigger === 'manual' ? (occasion.via ?? about.via) : 'schedule';
    const account = isOnDrive(copy.to) ? place.settings?.account : undefined;
    return { ...about, trigger, run, via, user, copy, account, folderIds, uploaded };
  }

  async #opened(): Promise<OpenCopy> {
    const { copy, place } = this.#options;
    return (this.#open ??= await openCopy(copy, { place, client: () => this.#driveClient(), memory: this.memory }));
  }

  async #lookedAt(): Promise<OpenCopy> {
    const { copy, place } = this.#options;
    return (this.#look ??= await lookAtCopy(copy, { place, client: () => this.#driveClient(), memory: this.memory }));
  }

  async #driveClient(): Promise<DriveClient> {
    return (this.#client ??= await openDriveClient(this.#options.place));
  }

  #world({ source, target }: OpenCopy): CopyWorld {
    return { source, target, clock: this.#clock };
  }

  #now(): string {
    return timeText(this.#clock);
  }

  #textOf(ns: bigint): string {
    return formatTimestamp(ns, this.#clock.offsetMinutes(ns));
  }
}

/** Beside a copy on Google Drive; beside any other one an archive would lie where nobody looks for it, or nothing but a repository may. */
function readablePlaceOf({ name, to }: OffsiteCopy): string {
  if (isOnDrive(to)) return readableFolderOf(to);
  throw new CadanganError('arguments.invalid', {
    argument: name,
    reason: 'a readable copy needs a place ("to", or --to): a folder, or one on Google Drive',
  });
}

const noteEveryMsDefault = 15_000;

function newTally(): Tally {
  return { uploaded: { files: 0, bytes: 0 }, trashedFiles: 0, lag: undefined, original: undefined, isIncomplete: false };
}

function noteUploaded(tally: Tally, { sizeBytes = 0 }: CopyFile, wasThere: boolean): void {
  const { uploaded, lag } = tally;
  tally.lag = lag && { files: Math.max(0, lag.files - 1), bytes: Math.max(0, lag.bytes - sizeBytes) };
  if (!wasThere) tally.uploaded = { files: uploaded.files + 1, bytes: uploaded.bytes + sizeBytes };
}

function hasDone({ job, details }: JobResult<unknown>, { uploaded, trashedFiles }: Tally): boolean {
  return uploaded.files > 0 || trashedFiles > 0 || (job !== 'offsite-sync' && details !== undefined);
}

function withAttempts(content: RecordContent, before: Told | undefined): RecordContent {
  return before === undefined
    ? content
    : { ...content, evidence: { ...content.evidence, attemptsBefore: before.attempts, notGoodSince: before.since } };
}
