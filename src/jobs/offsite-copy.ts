import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import pMap from 'p-map';
import { DriveFolder, openUploadJournal, type DriveClient, type UploadJournal } from '../google/index.ts';
import {
  CopyMemoryFile,
  DriveCopy,
  keepAnchor,
  lagOf,
  originalNamesOf,
  recordedErrorOf,
  sampleCopy,
  scrubCopy,
  sumBytes,
  syncCopy,
  type Comparison,
  type CopyListing,
  type CopyProgressSink,
  type CopyMemory,
  type Finding,
  type OriginalNames,
  type RecordedError,
  type SampleReport,
  type ScrubReport,
  type SyncOptions,
  type SyncReport,
} from '../offsite/index.ts';
import { CadanganError, holdName, isAbort, systemClock, systemRandom, type Clock } from '../platform/index.ts';
import type { ChainHead } from '../records/index.ts';
import { formatTimestamp } from '../repository/index.ts';
import type { OffsiteCopy } from '../settings/index.ts';
import { openStorage, parseLocation, type Storage } from '../storage/index.ts';
import { openDriveClient, type DrivePlace } from './drive-account.ts';

export interface OpenCopyOptions {
  readonly place: DrivePlace;
  /** For tests. */
  readonly againMs?: number | undefined;
}

export interface WorkOptions {
  readonly signal: AbortSignal;
  readonly progress?: CopyProgressSink | undefined;
}

const itemsKeptMax = 1000;

/**
 * One configured copy, opened: original, folder on Drive, journal and memory. One process of a machine has it at a time. Each work takes
 * down what it found, also when it fails.
 */
export class OpenCopy implements AsyncDisposable {
  readonly settings: OffsiteCopy;
  readonly clock: Clock;
  readonly memory: CopyMemoryFile;
  readonly client: DriveClient;
  readonly #source: Storage;
  readonly #folder: DriveFolder;
  readonly #target: DriveCopy;
  readonly #journal: UploadJournal;
  readonly #held: AsyncDisposable;
  readonly #againMs: number | undefined;
  readonly #provedByMd5: Map<string, string>;
  readonly #knownDamaged = new Set<string>();
  #known: CopyListing | undefined;
  /** What a work that goes on has still to do. */
  #lag: { readonly files: number; readonly bytes: number } | undefined;
  /** Of the last look at it. */
  #original: OriginalNames | undefined;
  #uploaded = { files: 0, bytes: 0 };

  private constructor(
    settings: OffsiteCopy,
    { place, againMs }: OpenCopyOptions,
    parts: {
      readonly client: DriveClient;
      readonly journal: UploadJournal;
      readonly held: AsyncDisposable;
      readonly memory: CopyMemoryFile;
      readonly remembered: CopyMemory;
    },
  ) {
    const { client, journal, held, memory, remembered } = parts;
    this.settings = settings;
    this.clock = place.clock ?? systemClock;
    this.client = client;
    this.memory = memory;
    this.#source = openStorage(settings.repository);
    this.#provedByMd5 = new Map(Object.entries(remembered.provedByMd5 ?? {}));
    this.#folder = new DriveFolder(client, copyPathOf(settings.to), { journal, knownIds: remembered.folderIds });
    this.#target = new DriveCopy(this.#folder, { provedByMd5: this.#provedByMd5 });
    this.#journal = journal;
    this.#held = held;
    this.#againMs = againMs;
  }

  /** @throws `offsite.busy` when another process has it; `drive.not-set-up`; `storage.denied` ... for the state folder */
  static async open(settings: OffsiteCopy, options: OpenCopyOptions): Promise<OpenCopy> {
    const { stateFolder, random = systemRandom } = options.place;
    const client = await openDriveClient(options.place);
    try {
      await mkdir(stateFolder, { recursive: true, mode: 0o700 });
      const held = await holdName(stateFolder, `offsite ${settings.name}`, random);
      if (held === undefined) throw new CadanganError('offsite.busy', { copy: settings.name });
      const memory = copyMemoryOf(settings, options.place);
      const journal = await openUploadJournal(join(stateFolder, `offsite-${settings.name}-uploads.jsonl`));
      return new OpenCopy(settings, options, { client, journal, held, memory, remembered: await memory.read() });
    } catch (error) {
      client.close();
      throw error;
    }
  }

  /** @param options `mayUseKnown`: compare with what is known to be on Drive, if anything is, instead of asking */
  async sync({
    mayUseKnown = false,
    mayRemoveAll,
    dryRun,
    ...work
  }: WorkOptions & { readonly mayUseKnown?: boolean; readonly mayRemoveAll?: boolean; readonly dryRun?: boolean }): Promise<SyncReport> {
    const options = { ...(await this.#options(work)), mayRemoveAll, dryRun, known: mayUseKnown ? this.#known : undefined };
    if (dryRun) return syncCopy(this.#world, options);
    return this.#noted(
      () => syncCopy(this.#world, options),
      (report) => report,
    );
  }

  async scrub(work: WorkOptions): Promise<ScrubReport> {
    const { lastWholeAt } = await this.memory.read();
    const options = await this.#options(work);
    const found = await this.#noted(
      () => scrubCopy(this.#world, options),
      ({ sync }) => sync,
    );
    const report = { ...found, findings: await this.#withoutNews(found.findings, lastWholeAt) };
    await this.memory.update((remembered) => ({
      ...remembered,
      distrusted: undefined,
      lastScrub: {
        at: this.#now(),
        checked: { files: report.checkedFiles, bytes: report.checkedBytes },
        found: countsOf(report),
        items: report.findings
          .filter(({ kind }) => kind !== 'unconfirmed')
          .slice(0, itemsKeptMax)
          .map(({ kind, path }) => ({ kind, path })),
        healedFiles: report.sync.uploadedFiles,
        leftFiles: report.sync.lag.files,
      },
    }));
    return report;
  }

  /** Reads a part of the copy in full. What is wrong is healed from the original at once. @param percent default: as configured */
  async sample({ signal, progress }: WorkOptions, percent = this.settings.sampleReadPercent): Promise<SampleReport> {
    this.#uploaded = { files: 0, bytes: 0 };
    const remembered = await this.memory.read();
    const listing = await this.#target.list(signal);
    const report = await sampleCopy({ target: this.#target, clock: this.clock }, listing, {
      percent,
      cursor: remembered.sampleCursor,
      signal,
      progress,
    });
    const distrusted = report.damaged.map(({ id }) => id);
    await this.memory.update((latest) => ({
      ...latest,
      sampleCursor: report.cursor,
      distrusted: distrusted.length > 0 ? distrusted : latest.distrusted,
      lastSample: {
        at: this.#now(),
        read: { files: report.readFiles, bytes: report.readBytes },
        damaged: report.damaged.map(({ kind, name }) => `${kind}/${name}`),
      },
    }));
    if (distrusted.length > 0) await this.sync({ signal, progress });
    return report;
  }

  /** What the last work has uploaded, also when it failed then. */
  get uploaded(): { readonly files: number; readonly bytes: number } {
    return this.#uploaded;
  }

  /** Keeps the head of the records beside the copy. @param isOurs whether the records have this very record @throws as Drive does */
  async keepAnchor(
    anchor: { readonly head: ChainHead; readonly owner: string },
    isOurs: (head: ChainHead) => Promise<boolean>,
    signal: AbortSignal,
  ): Promise<void> {
    await keepAnchor(this.#folder, anchor, isOurs, signal);
  }

  /** What the original got since the copy was last whole is not missing, it only has not been copied yet. */
  async #withoutNews(findings: readonly Finding[], lastWholeAt: string | undefined): Promise<Finding[]> {
    const wholeMs = lastWholeAt === undefined ? 0 : Date.parse(lastWholeAt);
    const isOld = async (path: string): Promise<boolean> => {
      try {
        return (await stat(join(this.settings.repository, path))).mtimeMs <= wholeMs;
      } catch {
        return false; // gone again meanwhile
      }
    };
    const stays = await pMap(findings, async ({ kind, path }) => kind !== 'missing' || isOld(path), { concurrency: 16 });
    return findings.filter((_finding, at) => stays[at]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#journal.close();
    await this.#source.close();
    this.client.close();
    await this.#held[Symbol.asyncDispose]();
  }

  get #world(): { readonly source: Storage; readonly target: DriveCopy; readonly clock: Clock } {
    return { source: this.#source, target: this.#target, clock: this.clock };
  }

  async #options({ signal, progress }: WorkOptions): Promise<SyncOptions> {
    const { distrusted = [] } = await this.memory.read();
    return {
      signal,
      progress,
      againMs: this.#againMs,
      knownDamaged: this.#knownDamaged,
      distrusted: new Set(distrusted),
      onPlan: (_plan, comparison) => this.#notePlan(comparison),
      onUploaded: ({ sizeBytes = 0 }, wasThere) => this.#noteUploaded(sizeBytes, wasThere),
    };
  }

  /** What is behind is written down before it is worked off: the work may take days, or never end. */
  #notePlan(comparison: Comparison): void {
    const total = { files: comparison.states.length, bytes: sumBytes(comparison.states.map(({ source }) => source)) };
    this.#lag = lagOf(comparison);
    this.#original = originalNamesOf(comparison.states.map(({ source }) => source));
    void this.memory.update((remembered) => ({ ...remembered, total, behind: this.#behind(remembered) })).catch(() => undefined);
  }

  #noteUploaded(bytes: number, wasThere: boolean): void {
    this.#lag = this.#lag && { files: Math.max(0, this.#lag.files - 1), bytes: Math.max(0, this.#lag.bytes - bytes) };
    if (!wasThere) this.#uploaded = { files: this.#uploaded.files + 1, bytes: this.#uploaded.bytes + bytes };
  }

  #behind(remembered: CopyMemory): CopyMemory['behind'] {
    return this.#lag === undefined || this.#lag.files === 0
      ? remembered.behind
      : { ...this.#lag, since: remembered.behind?.since ?? this.#now() };
  }

  async #noted<Report>(work: () => Promise<Report>, syncOf: (report: Report) => SyncReport): Promise<Report> {
    this.#lag = undefined;
    this.#original = undefined;
    this.#uploaded = { files: 0, bytes: 0 };
    try {
      const report = await work();
      const sync = syncOf(report);
      this.#known = sync.listing;
      await this.memory.update((remembered) => ({
        ...afterSync(remembered, sync, this.#original, this.#now()),
        ...this.#place(remembered),
      }));
      return report;
    } catch (error) {
      this.#known = undefined;
      // That it failed is told by the error; a state folder that cannot be written must not hide it.
      await this.memory
        .update((remembered) => ({
          ...remembered,
          ...this.#place(remembered),
          behind: this.#behind(remembered),
          lastSync: lastTryOf(error, this.#now(), this.#uploaded),
        }))
        .catch(() => undefined);
      throw error;
    }
  }

  #place(remembered: CopyMemory): Pick<CopyMemory, 'folderIds' | 'provedByMd5'> {
    const { folderIds } = this.#target;
    return {
      folderIds: folderIds.length > 0 ? [...folderIds] : remembered.folderIds,
      provedByMd5: this.#provedByMd5.size > 0 ? Object.fromEntries(this.#provedByMd5) : undefined,
    };
  }

  #now(): string {
    const nowNs = this.clock.nowNs();
    return formatTimestamp(nowNs, this.clock.offsetMinutes(nowNs));
  }
}

/** The memory of a copy, to be looked at without opening it. */
export function copyMemoryOf({ name, repository, to }: OffsiteCopy, { stateFolder, random }: DrivePlace): CopyMemoryFile {
  return new CopyMemoryFile(stateFolder, name, { source: repository, to }, random ?? systemRandom);
}

/** That nothing could even begin is a try that failed, too. A memory that cannot be written must not hide what went wrong. */
export async function noteFailedTry(copy: OffsiteCopy, place: DrivePlace, error: unknown): Promise<void> {
  const clock = place.clock ?? systemClock;
  const nowNs = clock.nowNs();
  const lastSync = lastTryOf(error, formatTimestamp(nowNs, clock.offsetMinutes(nowNs)), { files: 0, bytes: 0 });
  await copyMemoryOf(copy, place)
    .update((remembered) => ({ ...remembered, lastSync }))
    .catch(() => undefined);
}

function afterSync(
  remembered: CopyMemory,
  { lag, doubts, heldBackFiles, snapshots, sourceFiles, sourceBytes, uploadedFiles, uploadedBytes, trashedFiles }: SyncReport,
  original: OriginalNames | undefined,
  now: string,
): CopyMemory {
  const isWhole = lag.files === 0;
  return {
    ...remembered,
    lastSync: {
      at: now,
      outcome: isWhole ? 'whole' : 'incomplete',
      uploaded: { files: uploadedFiles, bytes: uploadedBytes },
      trashedFiles,
    },
    total: { files: sourceFiles, bytes: sourceBytes },
    behind: isWhole ? undefined : { ...lag, since: remembered.behind?.since ?? now },
    lastWholeAt: isWhole ? now : remembered.lastWholeAt,
    original: isWhole && original ? { snapshots: [...original.snapshots], sha256: original.sha256 } : remembered.original,
    heldBack: heldBackFiles > 0 && doubts.length > 0 ? { files: heldBackFiles, doubts: [...doubts] } : undefined,
    distrusted: isWhole ? undefined : remembered.distrusted,
    snapshots: [...snapshots],
  };
}

function countsOf({ findings }: ScrubReport): NonNullable<CopyMemory['lastScrub']>['found'] {
  const counts = { missing: 0, damaged: 0, doubled: 0, trashed: 0, foreign: 0, extra: 0, unconfirmed: 0, damagedAtSource: 0 };
  for (const { kind } of findings) counts[kind] += 1;
  return counts;
}

/** What is remembered of a try that did not come to its end. */
function lastTryOf(
  error: unknown,
  at: string,
  uploaded: { readonly files: number; readonly bytes: number },
): NonNullable<CopyMemory['lastSync']> {
  if (isAbort(error)) return { at, outcome: 'stopped', uploaded, trashedFiles: 0 };
  const { code, facts } = recordedErrorOf(error);
  return { at, outcome: 'failed', uploaded, trashedFiles: 0, error: { code, facts: plainFacts(facts) } };
}

function plainFacts(facts: RecordedError['facts']): NonNullable<NonNullable<CopyMemory['lastSync']>['error']>['facts'] {
  return Object.fromEntries(
    Object.entries(facts).flatMap(([name, value]) =>
      value === undefined
        ? []
        : [[name, typeof value === 'bigint' ? Number(value) : typeof value === 'object' ? [...value] : value] as const],
    ),
  );
}

/** The folder of a copy on Drive. @throws `storage.invalid-location` */
export function copyPathOf(location: string): string {
  const parsed = parseLocation(location);
  if (parsed.scheme !== 'gdrive')
    throw new CadanganError('storage.invalid-location', { location, reason: 'it is not a folder on Google Drive' });
  return parsed.path;
}
