import { availableParallelism, hostname as systemHostname } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import {
  byteStringFromText,
  CadanganError,
  isAbort,
  isAlarm,
  isCode,
  nativeWindowsFiles,
  shownPathOf,
  system,
  type Clock,
  type WindowsFiles,
} from '../platform/index.ts';
import {
  BlobSaver,
  formatTimestamp,
  listReadableSnapshots,
  PackStore,
  saveSnapshot,
  snapshotOwner,
  TimestampWriter,
  type CompressionMode,
  type Repository,
  type Snapshot,
  type SnapshotId,
  type SnapshotSummary,
  type StoredSnapshot,
  type TreeId,
} from '../repository/index.ts';
import type { SourceTotals } from './scan-ahead.ts';
import { systemAccountNames } from './account-names.ts';
import { Archiver } from './archiver.ts';
import { DataPool } from './data-pool.ts';
import { lastFilledSnapshot, type HistoryWish } from './empty-sources.ts';
import type { ChangeRules } from './node-maker.ts';
import { chooseParent } from './parent-snapshot.ts';
import { prepareSource, type PreparedSource, type SourceOptions } from './prepared-source.ts';
import type { BackupProgressSink } from './progress.ts';
import { reportProgress } from './progress-reporter.ts';
import { RunTally, type FileSink, type SourceIssue } from './run-tally.ts';
import { SourceCounts, sourceAlarms, type AlarmLimits } from './source-losses.ts';
import { statFollowing } from './source-stat.ts';
import { saysNothingNew, type SkipRule } from './unchanged.ts';

export interface BackupOptions extends SourceOptions {
  /** What `prepareSource` gave for the same options, when the caller had time to begin early. */
  readonly prepared?: PreparedSource | undefined;
  readonly tags?: readonly string[];
  /** Of this snapshot alone, each another one: two snapshots that differ only in them say the same. */
  readonly ownTags?: readonly string[];
  /** Default: the system's name. */
  readonly host?: string | undefined;
  /** The instant of the snapshot; default: when the run begins. */
  readonly timeNs?: bigint | undefined;
  /** The snapshot to compare with; default: what `findParent` finds. */
  readonly parent?: StoredSnapshot | 'none' | undefined;
  /** Read every file again, whatever the parent says. */
  readonly force?: boolean;
  readonly changes?: ChangeRules;
  readonly withAtime?: boolean;
  /** Who is asked for what only Windows has; default: Windows itself, where we run on it and can. */
  readonly windowsFiles?: WindowsFiles | undefined;
  readonly compression?: CompressionMode;
  readonly extraVerify?: boolean;
  /** Default: the cores of the machine, at most 4. */
  readonly workerCount?: number | undefined;
  /** Do everything but write: no pack, no index, no snapshot. */
  readonly dryRun?: boolean;
  /** Leave no snapshot when its parent says the same. */
  readonly skipIfUnchanged?: SkipRule | undefined;
  readonly alarms?: AlarmLimits | undefined;
  /** The folder that the repository lies in, when it is one. */
  readonly repositoryFolder?: string | undefined;
  readonly programVersion: string;
  readonly progress?: BackupProgressSink | undefined;
  /** Each issue when it happens; all of them are in the result too. */
  readonly onIssue?: (issue: SourceIssue) => void;
  /** Each file when it is in the snapshot, for people who want to see them all. */
  readonly onFile?: FileSink | undefined;
  readonly signal: AbortSignal;
}

export interface BackupResult {
  /** None in a dry run, and when nothing has changed and that was to be skipped. */
  readonly snapshotId: SnapshotId | undefined;
  /** The parent says the same, and so no snapshot was made. */
  readonly isUnchanged: boolean;
  readonly tree: TreeId;
  readonly parentId: SnapshotId | undefined;
  readonly summary: SnapshotSummary;
  readonly durationMs: number;
  /** What could not be stored, or changed while it was read: with any of them the run is not a plain success. */
  readonly issues: readonly SourceIssue[];
  /** All of them; `issues` keeps the first 10,000. */
  readonly issueCount: number;
  /** Not stored because only their program can make them. */
  readonly socketsSkipped: number;
  /** What no run stores, whatever the files have: words for it, see `notStored`. */
  readonly notStored: readonly NotStored[];
  /** As it was done: a repository of the first format has none, whatever was asked for. */
  readonly compression: CompressionMode;
  /** Sources with nothing in them but folders, of which no snapshot ever had more: nothing is lost, but it may be the wrong folder. */
  readonly emptySources: readonly string[];
  /** Damaged trees of the parent; their files were read and stored again. */
  readonly parentTreesDamaged: number;
}

/** What files have on this system and we cannot read: on Windows with the program's binary for it more than without. */
export type NotStored = 'extended-attributes' | 'access-control-lists' | 'alternate-data-streams' | 'windows-attributes';

function notStoredWith(windowsFiles: WindowsFiles | undefined): readonly NotStored[] {
  if (!system.isWindows) return ['extended-attributes', 'access-control-lists'];
  const never = ['extended-attributes', 'alternate-data-streams'] as const;
  return windowsFiles ? never : ['windows-attributes', 'access-control-lists', ...never];
}

const workersMax = 4;
const strictChanges: ChangeRules = { ignoreCtime: false, ignoreInode: false };

/**
 * Backs up into an opened, locked repository whose index is loaded. The snapshot is written last; a run that throws leaves none, and what
 * it stored is in the index for the next run.
 * @throws `source.missing` when none of the sources exists, `source.contains-repository`, `aborted`, the storage's errors
 */
export async function backup(repository: Repository, options: BackupOptions): Promise<BackupResult> {
  const { clock } = repository;
  const startNs = options.timeNs ?? clock.nowNs();
  const startMs = clock.monotonicMs();
  const realStartNs = clock.nowNs();
  const prepared = options.prepared ?? prepareSource(options);
  const counts = new SourceCounts(prepared.tree);
  const tally = new RunTally(options.onIssue ?? (() => undefined), options.onFile, counts);
  using _scanAhead = prepared.scanAhead;
  for (const { path, error } of prepared.missing) tally.issue(path, 'unreadable', error);
  for (const { path, target } of prepared.links) tally.issue(path, 'source-link', target);
  const host = options.host ?? systemHostname();
  // With `--force` nothing is taken over from it, but it tells what there was.
  const before = await parentOf(repository, options, prepared, startNs);
  const parent = options.force ? undefined : before;
  const emptySources = await tellEmptied(repository, tally, prepared, { host, timeNs: startNs, signal: options.signal });

  const packStore = new PackStore(repository, { dryRun: options.dryRun ?? false });
  const tree = await storeTree(repository, packStore, tally, options, prepared, parent);
  refuseEmpty(prepared, tally, options.sources);
  await tellLosses(repository, tally, counts, options, before);
  const summary = summarize(tally, packStore, { startNs: realStartNs, endNs: clock.nowNs(), clock });
  const snapshot: Snapshot = {
    time: formatTimestamp(startNs, clock.offsetMinutes(startNs)),
    ...(parent ? { parent: parent.id } : {}),
    tree,
    paths: prepared.paths,
    hostname: host,
    ...snapshotOwner(),
    excludes: options.rules.patterns,
    tags: [...(options.tags ?? []), ...(options.ownTags ?? [])],
    programVersion: options.programVersion,
    summary,
  };
  const isUnchanged = await isSkipped(repository, tree, options, prepared, parent);
  const snapshotId = options.dryRun || isUnchanged ? undefined : await saveSnapshot(repository, snapshot, options.signal);
  return {
    snapshotId,
    isUnchanged,
    tree,
    parentId: parent?.id,
    summary,
    durationMs: clock.monotonicMs() - startMs,
    issues: tally.issues,
    issueCount: tally.issueCount,
    socketsSkipped: tally.sockets,
    notStored: notStoredWith(nativeWindowsFiles()),
    compression: repository.packBuilderOptions({ compression: options.compression ?? 'auto', extraVerify: true }).compression,
    emptySources,
    parentTreesDamaged: tally.parentTreesDamaged,
  };
}

async function storeTree(
  repository: Repository,
  packStore: PackStore,
  tally: RunTally,
  options: BackupOptions,
  source: PreparedSource,
  parent: StoredSnapshot | undefined,
): Promise<TreeId> {
  const { compression = 'auto', extraVerify = true, signal } = options;
  const workerCount = options.workerCount ?? Math.min(availableParallelism(), workersMax);
  // What a stopped run has of trees is still stored, see `salvage`.
  const giveUp = new AbortController();
  const trees = new BlobSaver(repository, packStore, { compression, extraVerify, signal: giveUp.signal });
  await using pool = new DataPool(repository, packStore, { workerCount, compression, extraVerify, signal });
  using _reporting = reportProgress(tally, expectedTotals(source, parent), options.progress, repository.clock);
  const archiver = new Archiver(repository, pool, trees, tally, {
    reader: source.reader,
    nodes: {
      withAtime: options.withAtime ?? false,
      accounts: systemAccountNames(),
      times: new TimestampWriter((ns) => repository.clock.offsetMinutes(ns)),
      ofWindows: system.isWindows,
    },
    changes: { ...(options.changes ?? strictChanges), ofWindows: system.isWindows },
    windowsFiles: options.windowsFiles ?? nativeWindowsFiles(),
    oneFileSystem: options.oneFileSystem ?? false,
    repositoryFolder: options.repositoryFolder === undefined ? undefined : statFollowing(byteStringFromText(options.repositoryFolder)),
    signal,
  });
  // A first run has no parent to guess its length from: then somebody who watches gets the files counted.
  await source.scanAhead.stop({ keepCounting: options.progress !== undefined && parent === undefined });
  try {
    const tree = await archiver.archive(source.tree, parent?.snapshot.tree);
    await pool.finish();
    await trees.finish();
    await packStore.flush(signal);
    return tree;
  } catch (error) {
    await salvage(pool, trees, packStore, error, repository.clock);
    giveUp.abort();
    throw error;
  }
}

/** A run that is stopped must end soon, also when the storage has ceased to answer: each of two steps gets this long. */
const salvageStepMsMax = 10_000;

/**
 * What a stopped run has sealed is stored and indexed, so that the next run need not read it again. When the storage is full or away, what
 * it did take is indexed if it still takes that: an index file is a thousand times smaller than the packs it names. After anything else
 * nothing more is written: a lost lock forbids it, and what a faulty memory or library made is not worth keeping.
 */
async function salvage(pool: DataPool, trees: BlobSaver, packStore: PackStore, stop: unknown, clock: Clock): Promise<void> {
  if (stop instanceof Error && isCode(stop.cause, 'repository.lock-lost')) return;
  const isStorage = isCode(stop, 'storage.full', 'storage.unreachable', 'storage.no-repository', 'storage.denied', 'file.in-use');
  if (!isStorage && !isAbort(stop)) return;
  await inTime(clock, () => (isStorage ? pool.writesSettled() : pool.salvage().then(() => trees.finish())));
  await inTime(clock, (signal) => packStore.flush(signal));
}

/** Waits for `work`, but not long. The run ends as it does either way; what could not be saved is read again next time. */
async function inTime(clock: Clock, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const giveUp = new AbortController();
  await Promise.race([work(giveUp.signal), clock.sleep(salvageStepMsMax, giveUp.signal)]).catch(() => undefined);
  giveUp.abort();
}

/**
 * The parent that a run with these options would choose. To be called before the index is loaded: then every blob of the parent is in an
 * index file that is read after.
 */
export async function findParent(
  repository: Repository,
  options: Pick<BackupOptions, 'host' | 'timeNs' | 'signal'>,
  prepared: PreparedSource,
): Promise<StoredSnapshot | undefined> {
  const timeNs = options.timeNs ?? repository.clock.nowNs();
  // A damaged snapshot is for `check` to name; here it is only no parent.
  const snapshots = await listReadableSnapshots(repository, () => undefined, options.signal);
  return chooseParent(snapshots, options.host ?? systemHostname(), prepared.paths, timeNs);
}

async function parentOf(
  repository: Repository,
  options: BackupOptions,
  prepared: PreparedSource,
  timeNs: bigint,
): Promise<StoredSnapshot | undefined> {
  if (options.parent === 'none') return undefined;
  return options.parent ?? findParent(repository, { ...options, timeNs }, prepared);
}

/**
 * A source that had something in it and has nothing now is most likely a disk that is not mounted: that is no plain success.
 * @returns those that never had anything
 */
async function tellEmptied(repository: Repository, tally: RunTally, { empty, tree }: PreparedSource, wish: HistoryWish): Promise<string[]> {
  const neverFilled: string[] = [];
  for (const source of empty) {
    const filled = await lastFilledSnapshot(repository, source, tree, wish);
    if (!filled) neverFilled.push(source.given);
    else tally.issue(source.path, 'source-empty', `snapshot ${nameOf(filled)}, had files in it; is the disk mounted?`);
  }
  return neverFilled;
}

/** What is missing of a source as a whole; one that is empty has said so. */
async function tellLosses(
  repository: Repository,
  tally: RunTally,
  counts: SourceCounts,
  { rules, alarms: limits = {}, signal }: BackupOptions,
  before: StoredSnapshot | undefined,
): Promise<void> {
  const hasSameRules = isDeepStrictEqual(before?.snapshot.excludes ?? [], rules.patterns);
  const told = new Set(tally.issues.filter(isAlarm).map(({ path }) => path));
  for (const { path, kind, reason } of await sourceAlarms(repository, counts, { before, hasSameRules, limits, signal }))
    if (!told.has(shownPathOf(path))) tally.issue(path, kind, reason);
}

function nameOf({ id, snapshot }: StoredSnapshot): string {
  return `${id.slice(0, 8)}, ${snapshot.time.slice(0, 10)}`;
}

/** Rules that leave out everything are a slip of the pen; a snapshot of nothing would look like a backup for years. */
function refuseEmpty({ reader }: PreparedSource, tally: RunTally, sources: readonly string[]): void {
  if (reader.hasExcluded && tally.filesDone + tally.others === 0) throw new CadanganError('source.empty', { paths: sources });
}

/** A dry run has stored no trees that could be compared more closely. */
async function isSkipped(
  repository: Repository,
  tree: TreeId,
  { skipIfUnchanged, dryRun, tags = [], signal }: BackupOptions,
  source: PreparedSource,
  parent: StoredSnapshot | undefined,
): Promise<boolean> {
  if (!skipIfUnchanged || !parent) return false;
  return saysNothingNew(repository, { tree, sources: source.tree, tags }, parent, dryRun ? 'same-tree' : skipIfUnchanged, signal);
}

/** What the parent held is the best guess at what there is now. */
function expectedTotals({ scanAhead }: PreparedSource, parent: StoredSnapshot | undefined): () => SourceTotals | undefined {
  const summary = parent?.snapshot.summary;
  if (!summary) return () => scanAhead.totals;
  const totals = { files: summary.totalFilesProcessed, bytes: summary.totalBytesProcessed };
  return () => totals;
}

function summarize(tally: RunTally, packStore: PackStore, times: { startNs: bigint; endNs: bigint; clock: Clock }): SnapshotSummary {
  const { files, folders } = tally;
  const { dataBlobs, treeBlobs, plainBytes, packedBytes } = packStore.totals;
  const text = (ns: bigint) => formatTimestamp(ns, times.clock.offsetMinutes(ns));
  return {
    backupStart: text(times.startNs),
    backupEnd: text(times.endNs),
    filesNew: files.new,
    filesChanged: files.changed,
    filesUnmodified: files.unmodified,
    dirsNew: folders.new,
    dirsChanged: folders.changed,
    dirsUnmodified: folders.unmodified,
    dataBlobs,
    treeBlobs,
    dataAdded: plainBytes,
    dataAddedPacked: packedBytes,
    totalFilesProcessed: tally.filesDone,
    totalBytesProcessed: tally.bytes,
  };
}
