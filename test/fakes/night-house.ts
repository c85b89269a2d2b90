import { dirname } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { backup, compileExcludeRules, findParent, prepareSource, type BackupOptions, type BackupResult } from '../../src/backup/index.ts';
import { askRepositoryAt, reviewRecords, verifyWithAnchors } from '../../src/service/index.ts';
import {
  drillJob,
  RecordKeeper,
  recordOfBackup,
  recordOfDrill,
  recordOfJob,
  recordOfMissedRun,
  type ExceptionSink,
  type JobResult,
  type RepositoryAccess,
} from '../../src/jobs/index.ts';
import { runJob } from '../../src/jobs/job-result.ts';
import { CadanganError, type Random, passwordFromText } from '../../src/platform/index.ts';
import { timestampText, type HistoryRecord, type RecordContent, type RecordTrigger } from '../../src/records/index.ts';
import { loadSnapshot, Repository, type StoredSnapshot } from '../../src/repository/index.ts';
import { keepLastGood, loadConfiguration, type BackupSet, type Configuration } from '../../src/settings/index.ts';
import { openStorage, type Storage } from '../../src/storage/index.ts';
import { neverAborted } from './never-aborted.ts';
import { VirtualClock } from './virtual-clock.ts';

/** What goes wrong with one run: the storage does not answer, it goes away while data is written, somebody stops the run. */
export type NightFault = 'unreachable' | 'write-fails' | 'stopped';

export interface NightHouseOptions {
  readonly configFile: string;
  readonly stateFolder: string;
  readonly password: string;
  /** Milliseconds since 1970. */
  readonly startMs: number;
  readonly offsetMinutes: number;
  readonly random: Random;
  /** Beside what the configuration says. */
  readonly backup?: Partial<BackupOptions>;
}

export interface RunWish {
  readonly set: string;
  readonly atMs: number;
  readonly durationMs: number;
  readonly trigger: RecordTrigger;
  readonly planned?: { readonly startMs: number; readonly endMs: number };
  readonly fault?: NightFault;
}

/**
 * A server whose nights go by as fast as the work takes: real backups into a real repository, real records, real reviews; only the clock is
 * moved by hand, and what goes wrong is ordered.
 */
export class NightHouse {
  readonly clock: VirtualClock;
  readonly keeper: RecordKeeper;
  readonly configuration: Configuration;
  readonly #options: NightHouseOptions;
  readonly #repositories = new Map<string, OpenHouseRepository>();
  /** By set: the snapshot that the next one compares with. */
  readonly #parents = new Map<string, StoredSnapshot>();

  private constructor(options: NightHouseOptions, configuration: Configuration, clock: VirtualClock) {
    const { stateFolder, random } = options;
    this.#options = options;
    this.configuration = configuration;
    this.clock = clock;
    this.keeper = new RecordKeeper({
      stateFolder,
      clock,
      random,
      software,
      via: 'schedule',
      settings: () => configuration,
      onError: (error) => {
        throw error;
      },
    });
  }

  /** Reads the configuration, and records it as the first start does. */
  static async open(options: NightHouseOptions): Promise<NightHouse> {
    const clock = new NightClock({ startNs: nsOf(options.startMs), offsetMinutes: options.offsetMinutes });
    const loaded = await loadConfiguration(options.configFile);
    const { configuration, problems } = loaded;
    if (problems.length > 0) throw new Error(`the configuration is not right: ${JSON.stringify(problems[0])}`);
    const house = new NightHouse(options, configuration, clock);
    await house.keeper.noteConfiguration(keepLastGood(loaded, undefined));
    return house;
  }

  /** A repository, with a key that costs nothing to open when `isCheap`. */
  async initRepository(location: string, isCheap = false): Promise<void> {
    const { random, password } = this.#options;
    await Repository.init({ storage: openStorage(location, { random }), clock: this.clock, random }, passwordFromText(password), {
      signal: neverAborted,
      ...(isCheap && { kdfCost: { N: 16, r: 1, p: 1 } }),
    });
  }

  /** The set's backup as the schedule makes it, with its record, and what was written into packs. */
  async backup({
    set: name,
    atMs,
    durationMs,
    trigger,
    planned,
    fault,
  }: RunWish): Promise<{ readonly record: HistoryRecord; readonly packBytes: number }> {
    const set = this.#setNamed(name);
    const stop = new AbortController();
    if (nsOf(atMs) < this.clock.nowNs()) throw new Error(`the run of ${name} would begin before the one before has ended`);
    this.moveTo(atMs);
    const {
      repository: { location },
      sources,
      rpoHours,
    } = set;
    let packBytes = 0;
    const result = await runJob('backup', this.clock, async (note) => {
      const { repository, watch } = await this.#open(location);
      Object.assign(watch, { fault, stop, onPack: (bytes: number) => (packBytes += bytes) });
      try {
        return { details: await this.#store(repository, set, note, stop.signal), repositoryId: repository.config.id };
      } finally {
        this.moveTo(atMs + durationMs);
      }
    });
    if (fault !== undefined) this.forget(location); // what its index says of this run is not what there is
    const record = await this.#write((about) =>
      recordOfBackup(result, { ...about, set: name, trigger, planned: planned && this.#windowText(planned), rpoHours, sources, location }),
    );
    return { record, packBytes };
  }

  /** Another state of the repository may be there by now. */
  forget(location: string): void {
    this.#repositories.delete(location);
    this.#parents.clear();
  }

  /** As the job of a backup does it, but the repository stays open: a year has hundreds of indexes, and each run would read all of them. */
  async #store(repository: Repository, { name, sources }: BackupSet, note: ExceptionSink, signal: AbortSignal): Promise<BackupResult> {
    await using lock = await repository.lock({ exclusive: false, signal });
    const rules = await compileExcludeRules({}, { environment: {}, windows: false });
    const options = {
      sources,
      rules,
      workingFolder: '/',
      programVersion: software,
      tags: [name],
      ownTags: await this.keeper.anchorTags(),
      workerCount: 1,
      ...this.#options.backup,
    };
    const parent = this.#parents.get(name) ?? (await findParent(repository, { ...options, signal }, prepareSource(options))) ?? 'none';
    const details = await backup(repository, {
      ...options,
      parent,
      signal: AbortSignal.any([signal, lock.signal]),
      onIssue: ({ path, kind, reason }) => note({ item: path, kind, reason, weight: kind === 'changed' ? 'note' : 'lost' }),
    });
    if (details.snapshotId !== undefined) this.#parents.set(name, await loadSnapshot(repository, details.snapshotId, neverAborted));
    return details;
  }

  async #open(location: string): Promise<OpenHouseRepository> {
    const known = this.#repositories.get(location);
    if (known) return known;
    const { password, random } = this.#options;
    const watch: Watch = {};
    const storage = watched(openStorage(location, { random }), watch);
    const repository = await Repository.open({ storage, clock: this.clock, random }, passwordFromText(password), neverAborted);
    await repository.loadIndex({ signal: neverAborted });
    const opened = { repository, watch };
    this.#repositories.set(location, opened);
    return opened;
  }

  /** What the schedule writes when it comes back and a window has gone by. */
  async missed(set: string, window: { readonly startMs: number; readonly endMs: number }, atMs: number): Promise<HistoryRecord> {
    this.moveTo(atMs);
    const planned = this.#windowText(window);
    return this.#write((about) => recordOfMissedRun(planned, 'not-running', { ...about, set, trigger: 'schedule' }));
  }

  /** What an off-site copy leaves, without the copy. */
  async offsite(location: string, account: string, atMs: number, error?: CadanganError): Promise<HistoryRecord> {
    this.moveTo(atMs);
    const at = this.#text(atMs);
    const result: JobResult<unknown> = {
      job: 'offsite-sync',
      outcome: error ? 'failed' : 'success',
      exceptions: [],
      exceptionCount: 0,
      startedAt: at,
      endedAt: at,
      details: undefined,
      ...(error && { error }),
    };
    return this.#write((about) => recordOfJob('external-backup', result, about, { destination: { account, location } }));
  }

  /** A restore drill with its evidence. @param names of the sets; default: all */
  async drill(atMs: number, files: number, names?: readonly string[]): Promise<HistoryRecord> {
    this.moveTo(atMs);
    const { instruction } = this.configuration;
    const sets = this.configuration.sets.filter(({ name }) => names?.includes(name) ?? true);
    const { random, stateFolder } = this.#options;
    const { signal } = new AbortController();
    const result = await drillJob(
      sets.map(({ name, repository: { location } }) => ({ set: name, access: this.#access(location, signal) })),
      {
        date: { kind: 'random' },
        sample: { kind: 'files', files, maxBytes: 2 ** 30 },
        from: 'backup-server',
        recordsFolder: this.keeper.history.folder,
        scratchParent: dirname(stateFolder),
        rtoMinutes: instruction?.rtoMinutes,
        software,
        clock: this.clock,
        random,
        signal,
      },
    );
    const locations = [...new Set(sets.map(({ repository }) => repository.location))];
    return this.#write((about) =>
      recordOfDrill(result, {
        ...about,
        trigger: 'manual',
        via: 'editor',
        sets: sets.map(({ name }) => name),
        locations,
        from: 'backup-server',
        date: 'random',
      }),
    );
  }

  /** What the records show against the instruction, as it is looked for after every run. */
  review(): Promise<readonly HistoryRecord[]> {
    return reviewRecords(this.keeper, this.configuration, Number(this.clock.nowNs() / 1_000_000n));
  }

  /** As *Verify Records* does it: the chain, and every repository. */
  verify(): ReturnType<typeof verifyWithAnchors> {
    const { random, stateFolder } = this.#options;
    const { signal } = new AbortController();
    const locations = [...new Set(this.configuration.sets.map(({ repository }) => repository.location))];
    return verifyWithAnchors(this.keeper, {
      clock: this.clock,
      locations,
      copies: [],
      ask: (location) => askRepositoryAt(this.#access(location, signal)),
      signal,
      place: { settings: undefined, stateFolder, environment: {}, clock: this.clock, random },
    });
  }

  /** Time only goes on. */
  moveTo(ms: number): void {
    if (nsOf(ms) > this.clock.nowNs()) this.clock.setWallClock(nsOf(ms));
  }

  async #write(make: Parameters<RecordKeeper['write']>[0]): Promise<HistoryRecord> {
    const record = await this.keeper.write(make);
    if (!record) throw new Error('a record was not written');
    return record;
  }

  #access(location: string, signal: AbortSignal): RepositoryAccess {
    const { password, random } = this.#options;
    return {
      location,
      signal,
      password: async () => passwordFromText(password),
      world: { clock: this.clock, random, openStorage: (where) => openStorage(where, { random }) },
    };
  }

  #setNamed(name: string): BackupSet {
    const set = this.configuration.sets.find((candidate) => candidate.name === name);
    if (!set) throw new Error(`there is no set ${name}`);
    return set;
  }

  #windowText({ startMs, endMs }: { readonly startMs: number; readonly endMs: number }): NonNullable<RecordContent['planned']> {
    return { start: this.#text(startMs), end: this.#text(endMs) };
  }

  #text(ms: number): string {
    return timestampText(nsOf(ms), this.#options.offsetMinutes);
  }
}

/** Nothing waits for long: a lock that confirms itself after a moment does so at once. What is due in minutes belongs to another night. */
class NightClock extends VirtualClock {
  override async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms > shortMsMax) return super.sleep(ms, signal);
    signal?.throwIfAborted();
    await nextTurn();
  }
}

const shortMsMax = 5_000;
const software = 'cadangan 0.1.0';

function nsOf(ms: number): bigint {
  return BigInt(Math.round(ms)) * 1_000_000n;
}

/** What is to happen to the storage, and who counts. */
interface Watch {
  fault?: NightFault | undefined;
  stop?: AbortController;
  onPack?: (bytes: number) => void;
}

interface OpenHouseRepository {
  readonly repository: Repository;
  readonly watch: Watch;
}

/** The storage, with the trouble that was ordered. */
function watched(storage: Storage, watch: Watch): Storage {
  const away = (): CadanganError => new CadanganError('storage.unreachable', { location: storage.location, reason: 'EHOSTDOWN' });
  const write: Storage['write'] = async (file, bytes, signal) => {
    if (watch.fault === 'unreachable') throw away();
    if (file.kind === 'data') {
      if (watch.fault === 'write-fails') throw away();
      if (watch.fault === 'stopped') watch.stop?.abort(new CadanganError('aborted', { reason: 'user' }));
      watch.onPack?.(bytes.length);
    }
    await storage.write(file, bytes, signal);
  };
  return new Proxy(storage, {
    get(target, name): unknown {
      const value: unknown = name === 'write' ? write : Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
