import { hostname, tmpdir } from 'node:os';
import pMap from 'p-map';
import { CadanganError, isAbort, isCode, isMachinePath, textOf, type ByteString, type Clock, type Random } from '../../platform/index.ts';
import { listReadableSnapshots, type Repository, type StoredSnapshot } from '../../repository/index.ts';
import type { RestoreProgress } from '../../restore/index.ts';
import type { RecordWorld } from '../../records/index.ts';
import { runJob, timeText, type ExceptionSink, type JobException, type JobResult } from '../job-result.ts';
import { userName } from '../record-about.ts';
import { repositoryFolderOf, withRepository, type OpenedRepository, type RepositoryAccess } from '../repository-access.ts';
import { openIndex } from '../snapshot-path.ts';
import { compareWithSource } from './compare-source.ts';
import type { DrillDetails, DrilledFile, DrilledSet, WrittenEvidence } from './drill-details.ts';
import { writeEvidence } from './drill-evidence.ts';
import { chooseSnapshot, shareOfSample, type DrillDate, type DrillSample } from './drill-wish.ts';
import { hashedAtOnce } from './hash-file.ts';
import { pickFiles, pickFolder, type PickedSample } from './pick-sample.ts';
import { restoreSample } from './restore-sample.ts';
import { removeLeftScratch, ScratchFolder } from './scratch-folder.ts';

/** A backup set, and the repository that it is to be restored from. */
export interface DrillTarget {
  /** Snapshots carry it as a tag. */
  readonly set: string;
  readonly access: RepositoryAccess;
}

export interface DrillOptions {
  readonly date: DrillDate;
  readonly sample: DrillSample;
  /** For the evidence: whether it was the backup server or the copy on Google Drive. */
  readonly from: string;
  /** The folder in which the scratch folder is made. Default: the system's for temporary files. */
  readonly scratchParent?: string | undefined;
  /** The folder of the records; the evidence lies in it. */
  readonly recordsFolder: string;
  /** Lends the rights that it is written with, as of a history. */
  readonly writing?: RecordWorld['writing'];
  /** What the recovery time is held against. */
  readonly rtoMinutes?: number | undefined;
  /** How the evidence names the program. */
  readonly software: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  /** At most four times a second within a set. */
  readonly progress?: ((progress: DrillProgress) => void) | undefined;
  readonly onException?: ExceptionSink | undefined;
}

/** Totals grow with each set, since its sample is chosen when it is its turn. */
export interface DrillProgress {
  readonly phase: 'choosing' | 'restoring' | 'comparing';
  readonly set: string;
  readonly filesDone: number;
  readonly filesTotal: number;
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly currentPath: string;
}

/**
 * Proves that backups can be restored: of each set a sample of one date is restored into a scratch folder and every byte of it verified,
 * against the repository and, where the source is untouched since, against the source. The evidence is written, the scratch folder taken
 * away, whatever happens.
 *
 * A single byte that is lost or wrong makes it `failed`, and so does a set that could not be opened (`error` tells of the first; the others
 * are still drilled), or when nothing was verified at all. A set without a snapshot of that date and a recovery time beyond the objective
 * are exceptions. Never rejects.
 * @param targets at least one
 */
export async function drillJob(targets: readonly DrillTarget[], options: DrillOptions): Promise<JobResult<DrillDetails>> {
  let failure: unknown;
  const result = await runJob('drill', options.clock, async (note) => {
    const drill = new Drill(targets, options, note);
    const finished = await drill.run();
    failure = drill.failure;
    return finished;
  });
  return failure === undefined ? result : { ...result, error: failure };
}

/** In the evidence; the record has more of them. */
const exceptionsInEvidence = 1000;

class Drill {
  readonly #targets: readonly DrillTarget[];
  readonly #options: DrillOptions;
  readonly #parent: string;
  readonly #startedAt: string;
  readonly #note: ExceptionSink;
  readonly #exceptions: JobException[] = [];
  readonly #sets: DrilledSet[] = [];
  #exceptionCount = 0;
  #isContentLost = false;
  #withoutFolder = 0;
  #recoveryMs = 0;
  #chosen = { files: 0, bytes: 0 };
  /** What kept the first set from being drilled. */
  failure: unknown;

  constructor(targets: readonly DrillTarget[], options: DrillOptions, note: ExceptionSink) {
    this.#targets = targets;
    this.#options = options;
    this.#parent = options.scratchParent ?? tmpdir();
    this.#startedAt = timeText(options.clock);
    this.#note = (exception) => {
      this.#exceptionCount += 1;
      if (this.#exceptions.length < exceptionsInEvidence) this.#exceptions.push(exception);
      note(exception);
      options.onException?.(exception);
    };
  }

  async run(): Promise<{ readonly details: DrillDetails; readonly isFailure: boolean; readonly repositoryId?: string }> {
    const { clock, random } = this.#options;
    for (const { path, reason } of await removeLeftScratch(this.#parent, clock)) this.#noteOf(path, 'scratch-left', reason);
    const scratch = await ScratchFolder.make(this.#parent, random);
    try {
      for (const group of Map.groupBy(this.#targets, ({ access }) => access.location).values()) await this.#repository(group, scratch);
    } finally {
      await scratch
        .remove()
        .catch((error: unknown) => this.#noteOf(scratch.path, 'scratch-left', error instanceof Error ? error.message : String(error)));
    }
    if (this.#withoutFolder === this.#targets.length && this.#options.sample.kind === 'folder')
      throw new CadanganError('path.not-found', { path: textOf(this.#options.sample.folder) });
    this.#holdAgainstObjective();
    const files = this.#sets.flatMap((set) => set.files);
    const isFailure = this.#isContentLost || this.failure !== undefined || files.length === 0;
    const details = this.#detailsOf(files, await this.#writeEvidence(!isFailure));
    const repositories = new Set(this.#sets.map(({ repositoryId }) => repositoryId));
    const [repositoryId] = repositories;
    return { details, isFailure, ...(repositories.size === 1 && repositoryId !== undefined && { repositoryId }) };
  }

  /** All the sets of one repository, which is opened once. What keeps it from being opened keeps no other one. */
  async #repository(group: readonly DrillTarget[], scratch: ScratchFolder): Promise<void> {
    const [first] = group;
    if (first === undefined) return;
    const { clock } = this.#options;
    const restored: DrilledSet[] = [];
    let left: readonly DrillTarget[] = group;
    const startMs = clock.monotonicMs();
    try {
      await withRepository(first.access, 'shared', async (opened) => {
        const snapshots = await this.#snapshotsOf(opened);
        await openIndex(opened.repository, snapshots, opened.signal, this.#note);
        for (const target of group) {
          const made = await this.#restore(target, snapshots, opened, scratch);
          if (made) restored.push(made);
          left = left.slice(1);
        }
        this.#recoveryMs += clock.monotonicMs() - startMs;
      });
    } catch (error) {
      if (isAbort(error)) throw error;
      this.failure ??= error;
      for (const { set } of left) this.#noteOf(set, 'not-drilled', error instanceof CadanganError ? error.code : String(error), 'lost');
    }
    for (const set of restored) this.#sets.push(await this.#compare(set));
  }

  /** Oldest first. One that cannot be read is a loss, and no reason to leave the others untried. */
  async #snapshotsOf({ repository, signal }: OpenedRepository): Promise<StoredSnapshot[]> {
    return listReadableSnapshots(
      repository,
      ({ facts }) => {
        this.#isContentLost = true;
        this.#noteOf(`snapshots/${String(facts['name'] ?? '')}`, 'snapshot-damaged', String(facts['reason'] ?? ''), 'lost');
      },
      signal,
    );
  }

  async #restore(
    { set, access }: DrillTarget,
    snapshots: readonly StoredSnapshot[],
    opened: OpenedRepository,
    scratch: ScratchFolder,
  ): Promise<DrilledSet | undefined> {
    const { date, random, sample: wanted } = this.#options;
    const snapshot = chooseSnapshot(
      snapshots.filter(({ snapshot: { tags } }) => tags.includes(set)),
      date,
      random,
    );
    if (!snapshot) return this.#noteOf(set, 'no-snapshot', date.kind === 'before' ? date.day : '');
    this.#report('choosing', set, undefined);
    const sample = await this.#pick(set, snapshot, opened);
    if (!sample) return undefined;
    if (sample.files.length === 0) this.#noteOf(set, 'no-files', '');
    const { repository, signal } = opened;
    const before = this.#chosen;
    this.#chosen = { files: before.files + sample.files.length, bytes: before.bytes + sample.bytes };
    const { files, isContentLost } =
      sample.files.length === 0
        ? { files: [], isContentLost: false }
        : await restoreSample(repository, snapshot, sample, {
            scratch,
            name: set,
            folder: wanted.kind === 'folder' ? wanted.folder : undefined,
            repositoryFolder: repositoryFolderOf(access.location),
            signal,
            note: this.#note,
            progress: (progress) => this.#report('restoring', set, progress, before),
          });
    this.#isContentLost ||= isContentLost;
    return { set, location: access.location, repositoryId: repository.config.id, snapshot, foldersRead: sample.foldersRead, files };
  }

  /** Undefined when the snapshot does not have the folder that is wanted. */
  async #pick(
    set: string,
    { snapshot }: StoredSnapshot,
    { repository, signal }: { readonly repository: Repository; readonly signal: AbortSignal },
  ): Promise<PickedSample | undefined> {
    const onUnreadable = (path: ByteString, { facts }: CadanganError): void => {
      this.#isContentLost = true;
      this.#noteOf(textOf(path), 'tree-damaged', String(facts['reason'] ?? ''), 'lost');
    };
    const options = { random: this.#options.random, signal, onUnreadable };
    const share = shareOfSample(
      this.#options.sample,
      this.#targets.findIndex((target) => target.set === set),
      this.#targets.length,
    );
    if (share.kind === 'files') return pickFiles(repository, snapshot.tree, share, options);
    try {
      return await pickFolder(repository, snapshot.tree, share.folder, options);
    } catch (error) {
      if (!isCode(error, 'path.not-found')) throw error;
      this.#withoutFolder += 1;
      return undefined;
    }
  }

  /** Against the source, as far as that is what it was. The recovery itself is over; this takes nothing of its time. */
  async #compare(set: DrilledSet): Promise<DrilledSet> {
    if (!set.snapshot.snapshot.paths.every((source) => isMachinePath(source))) return set;
    this.#report('comparing', set.set, undefined);
    const files = await pMap(
      set.files,
      async (file): Promise<DrilledFile> => ({ ...file, source: await compareWithSource(file, file.sha256, this.#options.signal) }),
      { concurrency: hashedAtOnce },
    );
    for (const { path } of files.filter(({ source }) => source === 'differs')) {
      this.#isContentLost = true;
      this.#noteOf(textOf(path), 'source-differs', '', 'lost');
    }
    return { ...set, files };
  }

  #holdAgainstObjective(): void {
    const { rtoMinutes } = this.#options;
    const minutes = this.#recoveryMs / 60_000;
    if (rtoMinutes !== undefined && minutes > rtoMinutes)
      this.#noteOf(this.#targets.map(({ set }) => set).join(', '), 'rto-exceeded', `${minutes.toFixed(1)} min > ${rtoMinutes} min`);
  }

  #writeEvidence(isPassed: boolean): Promise<WrittenEvidence> {
    const { software, from, date, sample, rtoMinutes, random, recordsFolder, clock } = this.#options;
    const { writing = (work) => work() } = this.#options;
    const user = userName();
    return writing(() =>
      writeEvidence(
        recordsFolder,
        {
          software,
          host: hostname(),
          user,
          startedAt: this.#startedAt,
          endedAt: timeText(clock),
          from,
          date: date.kind === 'before' ? date.day : date.kind,
          sample: sample.kind === 'files' ? { files: sample.files, maxBytes: sample.maxBytes } : { folder: textOf(sample.folder) },
          recoverySeconds: Math.round(this.#recoveryMs) / 1000,
          rtoMinutes,
          isPassed,
          exceptions: this.#exceptions,
          exceptionCount: this.#exceptionCount,
        },
        this.#sets,
        random,
      ),
    );
  }

  #detailsOf(files: readonly DrilledFile[], evidence: WrittenEvidence): DrillDetails {
    const ofSource = (...verdicts: readonly DrilledFile['source'][]): number =>
      files.filter(({ source }) => verdicts.includes(source)).length;
    return {
      sets: this.#sets,
      filesChosen: this.#chosen.files,
      filesVerified: files.length,
      bytesVerified: files.reduce((sum, { node }) => sum + Number(node.size), 0),
      filesSameAtSource: ofSource('same'),
      filesChangedAtSource: ofSource('changed', 'gone'),
      recoveryMs: this.#recoveryMs,
      evidence,
    };
  }

  #noteOf(item: string, kind: string, reason: string, weight: JobException['weight'] = 'note'): undefined {
    this.#note({ item, kind, reason, weight });
  }

  #report(phase: DrillProgress['phase'], set: string, progress: RestoreProgress | undefined, before = this.#chosen): void {
    const { files, bytes } = this.#chosen;
    this.#options.progress?.({
      phase,
      set,
      filesDone: before.files + (progress?.filesDone ?? 0),
      filesTotal: files,
      bytesDone: before.bytes + (progress?.bytesDone ?? 0),
      bytesTotal: bytes,
      currentPath: progress ? textOf(progress.currentPath) : '',
    });
  }
}
