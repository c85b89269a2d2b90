import type { BackupProgress } from '../backup/index.ts';
import {
  checkJob,
  isOnServer,
  recordOfBackup,
  recordOfCheck,
  recordOfDrill,
  recordOfRestore,
  repositoryFolderOf,
  restoreJob,
  targetServer,
  type BackupDetails,
  type ExceptionSink,
  type JobResult,
  type RecordAbout,
  type RecordKeeper,
  type RepositoryAccess,
  type RestoreDetails,
  type ProgramVet,
} from '../jobs/index.ts';
import { CadanganError, snapshotRoot, textOf, type Environment, type Pace } from '../platform/index.ts';
import type { RecordContent } from '../records/index.ts';
import { lookAtServer } from '../restore/index.ts';
import { formatTimestamp } from '../repository/index.ts';
import type { BackupSet, Configuration } from '../settings/index.ts';
import { recordOfBare, recordOfRunBegun } from './bare-run.ts';
import type { Call } from './call.ts';
import { planDrill, runDrill } from './drill-run.ts';
import { paceOf } from './pace.ts';
import type { PasswordWish } from './passwords.ts';
import { withPriority } from './priority.ts';
import type { BackupParams, CheckParams, DrillParams, RestoreParams, RestorePreview, RunJob, RunProgress, RunResult } from './protocol.ts';
import { previewRestore } from './restore-preview.ts';
import { repositoryAccess, type RepositoryWays } from './repository-access.ts';
import { planRestoreSteps, type RestoreStep } from './restore-steps.ts';
import { backupSet } from './set-job.ts';
import { snapshotNamed } from './snapshot-named.ts';

export interface RunDeskOptions extends RepositoryWays {
  readonly environment: Environment;
  readonly stateFolder: string;
  readonly vetProgram?: ProgramVet | undefined;
  readonly programVersion: string;
  /** As it is in force at any time. */
  readonly configuration: () => Configuration;
  readonly keeper: RecordKeeper;
  readonly log: (level: 'info' | 'warning' | 'error', message: string) => void;
  /** A run began or ended. */
  readonly onChange: () => void;
  /** A run went on a little. Called often. */
  readonly onProgress: () => void;
}

export interface RunWish extends PasswordWish {
  /** The id of the run, which its record keeps. */
  readonly run?: string | undefined;
  readonly onProgress?: ((progress: RunProgress) => void) | undefined;
  /** Which kind of client wants it. Default: the editor. */
  readonly via?: Call['via'] | undefined;
  readonly user?: Call['user'];
  /** For the record: why it runs, and the window that it belongs to. Default: somebody wanted it now. */
  readonly occasion?: (Partial<Pick<RecordAbout, 'trigger' | 'planned' | 'rule'>> & { readonly via?: 'schedule' }) | undefined;
}

/** What a run leaves: its record, which all is told from. */
type RecordMaker = (about: RecordAbout) => RecordContent;

type BackupOptions = NonNullable<BackupParams['options']>;

export interface BackupRunWish extends RunWish {
  readonly options?: BackupOptions | undefined;
  /** Leave no snapshot when nothing has changed since the last. */
  readonly skipsUnchanged?: boolean;
  readonly onException?: ExceptionSink;
  readonly onCommandLine?: (line: string) => void;
}

interface ActiveRun {
  readonly id: string | undefined;
  readonly listeners: Set<(progress: RunProgress) => void>;
  readonly stopping: AbortController;
  progress: RunProgress;
  readonly making: Promise<RunResult>;
}

const startedProgress = { elapsedMs: 0, filesDone: 0, bytesDone: 0, errorCount: 0, currentPath: '' } as const;

/** Makes runs in this process: opens, works, writes the record, and tells of progress meanwhile. */
export class RunDesk {
  readonly #options: RunDeskOptions;
  readonly #active = new Set<ActiveRun>();
  readonly #closing = new AbortController();

  constructor(options: RunDeskOptions) {
    this.#options = options;
  }

  /** The ids of what runs here. */
  get runs(): readonly string[] {
    return [...this.#active].flatMap(({ id }) => id ?? []);
  }

  /** Waits for a run that somebody else has begun, and stops it with the signal. @throws `arguments.invalid` when it does not go on here */
  async join(id: string, { signal, onProgress }: Pick<Call, 'signal' | 'onProgress'>): Promise<RunResult> {
    const run = [...this.#active].find((active) => active.id === id);
    if (run === undefined) throw new CadanganError('arguments.invalid', { argument: 'run', value: id, reason: 'it does not go on here' });
    const stop = (): void => run.stopping.abort(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    onProgress(run.progress);
    run.listeners.add(onProgress);
    try {
      return await run.making;
    } finally {
      signal.removeEventListener('abort', stop);
      run.listeners.delete(onProgress);
    }
  }

  backup(set: BackupSet, wish: BackupRunWish): Promise<RunResult> {
    return this.#make({ job: 'backup', set: set.name, location: set.repository.location }, wish, async (run, signal) => {
      const { environment, stateFolder, vetProgram, programVersion, log, repositories, keeper, clock, configuration } = this.#options;
      const { force, skipIfUnchanged, extraVerify } = wish.options ?? {};
      const { limits = {} } = set;
      const pace = paceOf(limits, { clock, timeZone: configuration().timeZone });
      const access = this.#access(set.repository.location, { ...wish, asksFirst: false, signal }, pace);
      const make = async (): Promise<JobResult<BackupDetails>> =>
        backupSet(set, access, {
          environment,
          stateFolder,
          vet: vetProgram,
          programVersion,
          run: wish.run,
          trigger: wish.occasion?.trigger ?? 'manual',
          // Before the set's own program runs: dumping a database for a repository that cannot be opened helps nobody.
          hold: () => repositories.hold(set.repository.location, { ...wish, signal }),
          ownTags: await keeper.anchorTags(),
          progress: (progress) => this.#report(run, { job: 'backup', set: set.name, ...backupProgressOf(progress) }),
          onException: wish.onException,
          onCommandLine: (line) => {
            log('info', `${set.name}: ${line}`);
            wish.onCommandLine?.(line);
          },
          overrides: {
            skipIfUnchanged: skipIfUnchanged ? 'same-tree' : wish.skipsUnchanged ? 'same-sources' : undefined,
            ...(force !== undefined && { force }),
            ...(extraVerify !== undefined && { extraVerify }),
          },
        });
      const result = await withPriority(limits, (message) => log('warning', `${set.name}: ${message}`), make);
      return (about) =>
        recordOfBackup(result, { ...about, rpoHours: set.rpoHours, sources: set.sources, location: set.repository.location });
    });
  }

  restore(params: RestoreParams, wish: RunWish): Promise<RunResult> {
    return this.#make({ job: 'restore', location: params.location }, wish, async (run, signal) => {
      const { repositories, clock } = this.#options;
      const startMs = clock.monotonicMs();
      const { id, steps } = await repositories.use(params.location, { ...wish, signal }, async (opened) => {
        const stored = snapshotNamed(opened, params.snapshot);
        return { id: stored.id, steps: await planRestoreSteps(params, stored, (path) => opened.nodeAt(stored, path, signal)) };
      });
      if (steps.length === 0) throw new CadanganError('arguments.invalid', { argument: 'paths', reason: 'nothing to restore is named' });
      const results: JobResult<RestoreDetails>[] = [];
      for (const step of steps) {
        const result = await restoreJob(this.#access(params.location, { ...wish, signal }), {
          snapshot: step.subfolder === undefined ? id : `${id}:${step.subfolder}`,
          target: step.target,
          includes: step.includes,
          keepsFoldersAbove: step.keepsFoldersAbove,
          overwrite: params.overwrite,
          verify: true,
          progress: (progress) =>
            this.#report(run, {
              job: 'restore',
              elapsedMs: clock.monotonicMs() - startMs,
              errorCount: 0,
              ...sumOf(results, progress),
              currentPath: textOf(progress.currentPath),
            }),
        });
        results.push(result);
        if (result.error !== undefined) break; // what stopped one would stop the next
      }
      const { location, snapshot, request } = params;
      const chosen = params.paths.filter((path) => path !== snapshotRoot).map(textOf);
      const targets = [...new Set(steps.map(({ target }) => target))];
      return (about) => recordOfRestore(results, { ...about, location, snapshot, chosen, targets, request });
    });
  }

  /** Whether a server can be restored to. @throws what is wrong with it, or with what was typed */
  async checkTarget(repository: string, target: string, wish: RunWish): Promise<{ readonly isThere: boolean }> {
    if (!isOnServer(target))
      throw new CadanganError('arguments.invalid', { argument: 'target', value: target, reason: 'it is not on a server' });
    const { openServer, random } = this.#options;
    const { files, repositoryPath } = targetServer(target, repository, (location) => openServer(location, wish));
    try {
      return await lookAtServer({ files, repositoryPath }, random, wish.signal);
    } finally {
      await files.close();
    }
  }

  /** What a restore would do; no run, leaves no trace. */
  preview(params: RestoreParams, wish: RunWish): Promise<RestorePreview> {
    const { repositories, clock, openServer } = this.#options;
    const startMs = clock.monotonicMs();
    return repositories.use(params.location, wish, async (opened) => {
      const stored = snapshotNamed(opened, params.snapshot);
      const steps: readonly RestoreStep[] = await planRestoreSteps(params, stored, (path) => opened.nodeAt(stored, path, wish.signal));
      return previewRestore(opened.repository, stored, steps, {
        overwrite: params.overwrite,
        repositoryFolder: repositoryFolderOf(params.location),
        openServer: (location) => openServer(location, wish),
        repository: params.location,
        signal: wish.signal,
        progress: (progress) =>
          wish.onProgress?.({
            job: 'restore',
            elapsedMs: clock.monotonicMs() - startMs,
            errorCount: 0,
            ...progress,
            currentPath: textOf(progress.currentPath),
          }),
      });
    });
  }

  check({ location, readData }: CheckParams, wish: RunWish): Promise<RunResult> {
    return this.#make({ job: 'check', location }, wish, async (run, signal) => {
      const { clock } = this.#options;
      const startMs = clock.monotonicMs();
      const result = await checkJob(this.#access(location, { ...wish, signal }), {
        readData: readData ? 'all' : 'none',
        progress: ({ phase, done, total, bytesDone, bytesTotal, errorCount }) =>
          this.#report(run, {
            job: 'check',
            elapsedMs: clock.monotonicMs() - startMs,
            filesDone: done,
            bytesDone,
            errorCount,
            currentPath: phase,
            ...(total > 0 && { filesTotal: total }),
            ...(bytesTotal > 0 && { bytesTotal }),
          }),
      });
      return (about) => recordOfCheck(result, { ...about, location, readData: readData ? 'all' : 'none' });
    });
  }

  /** @throws `set.unknown`, `offsite.unknown`, `arguments.invalid` when there is nothing to drill */
  async drill({ set, ...params }: DrillParams, wish: RunWish): Promise<RunResult> {
    const { clock, random, keeper, programVersion, configuration } = this.#options;
    const plan = planDrill({ ...params, sets: set === undefined ? [] : [set] }, configuration());
    const about = { job: 'drill', ...(set !== undefined && { set }) } as const;
    return this.#make({ ...about, location: plan.drilled.locations[0] ?? '' }, wish, async (run, signal) => {
      const startMs = clock.monotonicMs();
      const result = await runDrill(plan, {
        configuration: configuration(),
        accessOf: ({ location }) => this.#access(location, { ...wish, signal }),
        recordsFolder: keeper.history.folder,
        software: programVersion,
        clock,
        random,
        signal,
        progress: ({ filesDone, filesTotal, bytesDone, bytesTotal, currentPath }) =>
          this.#report(run, {
            ...about,
            elapsedMs: clock.monotonicMs() - startMs,
            filesDone,
            filesTotal,
            bytesDone,
            bytesTotal,
            errorCount: 0,
            currentPath,
          }),
      });
      return (known) => recordOfDrill(result, { ...known, ...plan.drilled });
    });
  }

  get isBusy(): boolean {
    return this.#active.size > 0;
  }

  /** Stops everything at its next safe point, and resolves when all has ended and is written down. */
  async close(): Promise<void> {
    this.#closing.abort(new CadanganError('aborted', { reason: 'shutdown' }));
    await Promise.allSettled([...this.#active].map(({ making }) => making));
  }

  /** Whatever keeps a run from its end stands in its result: a failed run leaves a record as much as a good one. */
  async #make(
    { location, ...about }: { readonly job: RunJob; readonly set?: string; readonly location: string },
    wish: RunWish,
    work: (run: ActiveRun, signal: AbortSignal) => Promise<RecordMaker>,
  ): Promise<RunResult> {
    const started = this.#nowText();
    const stopping = new AbortController();
    const signal = AbortSignal.any([wish.signal, stopping.signal, this.#closing.signal]);
    const { via = 'editor', user, run: id, onProgress } = wish;
    const made = Promise.withResolvers<RunResult>();
    const run: ActiveRun = {
      id,
      stopping,
      listeners: new Set(onProgress ? [onProgress] : []),
      progress: { ...startedProgress, ...about },
      making: made.promise,
    };
    this.#active.add(run);
    this.#options.onChange();
    const occasion = { ...(about.set !== undefined && { set: about.set }), via, user, trigger: 'manual', run: id } as const;
    const bare = (error: unknown): RecordMaker => {
      const what = { job: about.job, location, started, ended: this.#nowText(), error };
      return (known) => recordOfBare(what, known);
    };
    const { keeper } = this.#options;
    const make = async (): Promise<RunResult> => {
      const record = await work(run, signal).catch(bare);
      return keeper.writeRun((known) => record({ ...known, ...occasion, ...wish.occasion }));
    };
    const { job } = about;
    // A backup that was killed is known from the schedule; without an id the record of a run could not be told from a note of it.
    const isNoted = id !== undefined && (job === 'restore' || job === 'check' || job === 'drill');
    made.resolve(isNoted ? keeper.during((known) => recordOfRunBegun({ job, location }, { ...known, ...occasion }), make) : make());
    try {
      return await run.making;
    } finally {
      this.#active.delete(run);
      this.#options.onChange();
    }
  }

  #nowText(): string {
    const { clock } = this.#options;
    const nowNs = clock.nowNs();
    return formatTimestamp(nowNs, clock.offsetMinutes(nowNs));
  }

  #access(location: string, wish: RunWish & Pick<BackupRunWish, 'options'>, pace?: Pace): RepositoryAccess {
    return repositoryAccess(this.#options, location, wish, { ...wish.options, pace });
  }

  #report(run: ActiveRun, progress: RunProgress): void {
    run.progress = progress;
    for (const listener of run.listeners) listener(progress);
    this.#options.onProgress();
  }
}

/** Totals are there as soon as the backup knows them. */
function backupProgressOf({ filesTotal, bytesTotal, ...progress }: BackupProgress): Omit<RunProgress, 'job' | 'set'> {
  return { ...progress, ...(filesTotal !== undefined && { filesTotal }), ...(bytesTotal !== undefined && { bytesTotal }) };
}

/** With what the steps before have done. */
function sumOf(
  results: readonly JobResult<RestoreDetails>[],
  progress: { readonly filesDone: number; readonly filesTotal: number; readonly bytesDone: number; readonly bytesTotal: number },
): Omit<RunProgress, 'job' | 'elapsedMs' | 'errorCount' | 'currentPath'> {
  const counts = results.flatMap(({ details }) => (details ? [details.restored.counts] : []));
  const files = counts.reduce(
    (sum, { filesRestored, filesUnchanged, filesSkipped }) => sum + filesRestored + filesUnchanged + filesSkipped,
    0,
  );
  const bytes = counts.reduce(
    (sum, { bytesRestored, bytesUnchanged, bytesSkipped }) => sum + bytesRestored + bytesUnchanged + bytesSkipped,
    0,
  );
  const { filesDone, filesTotal, bytesDone, bytesTotal } = progress;
  return { filesDone: files + filesDone, filesTotal: files + filesTotal, bytesDone: bytes + bytesDone, bytesTotal: bytes + bytesTotal };
}
