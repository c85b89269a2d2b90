import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { backup, compileExcludeRules, prepareSource } from '../backup/index.ts';
import { historyFolderOf } from '../offsite/index.ts';
import { CadanganError, isCode, makeFolder, makeOwnFolder, replaceFile, rm, system, systemClock, systemRandom } from '../platform/index.ts';
import { anchorTag, parseAnchorTag, type ChainHead } from '../records/index.ts';
import {
  isRecordsSnapshot,
  listReadableSnapshots,
  recordsSnapshotTag,
  type OpenedKey,
  type Repository,
  type StoredSnapshot,
} from '../repository/index.ts';
import { removeSnapshots } from '../upkeep/index.ts';
import { collectHistory, type CollectedHistory } from './collect-history.ts';
import type { HistoryKeeping } from './history-keeping.ts';
import { openOriginal } from './open-copy.ts';
import { protectedToday } from './protected-snapshots.ts';
import { withRepository, type RepositoryAccess } from './repository-access.ts';
import type { StoragePlace } from './storage-place.ts';

export interface RecordsSnapshotOptions {
  /** The copied repository. */
  readonly repository: string;
  /** The copy that the records go to with it, as its text says. */
  readonly to: string;
  readonly place: StoragePlace;
  readonly keeping: HistoryKeeping;
  /** The last try failed: what it left behind, if anything, is no answer. */
  readonly isAgain?: boolean | undefined;
  readonly signal: AbortSignal;
}

/** What of the history lies in the repository. */
export interface RecordsSnapshot {
  readonly id: string;
  readonly head: ChainHead;
  /** When it was put there, milliseconds since 1970. */
  readonly madeMs: number;
}

const dayMs = 86_400_000;
/** The schedule of every day may be a little early. */
export const recordsSnapshotEveryMs = dayMs - 3_600_000;
/** Where a backup knows of later records the day is not waited for; backups of every hour are not followed by a snapshot each. */
export const recordsSnapshotAgainMs = 6 * 3_600_000;
/** Of so many days the newest of each machine stays. The others go once there are some: that takes the repository for itself alone. */
const keptDays = 31;
const spareSnapshots = 5;
const lockMsMax = 60_000;
/** Holds the files that go into the snapshot: its path is the same each time, and shows what it is. */
const stagingFolder = 'records-offsite';

/**
 * Puts the history into a snapshot of the copied repository, from where it goes to the copy like everything else: for copies in places that
 * take restic's files and nothing beside them. It lies there sealed, since all of the repository is. A snapshot of this machine's history
 * that is not a day old is enough, whichever copy it was made for; where a backup there knows of later records, one of a few hours. Not so
 * where the last try failed.
 * @returns undefined where nothing was recorded yet
 * @throws `password.missing` where nobody can give the key unasked; `repository.locked`; as `withRepository` and `backup`
 */
export async function putRecordsIntoRepository(options: RecordsSnapshotOptions): Promise<RecordsSnapshot | undefined> {
  const { repository: location, to, place, keeping, isAgain = false, signal } = options;
  const { clock = systemClock, random = systemRandom } = place;
  const access: RepositoryAccess = {
    location,
    password: (own) => keyOf(options, own),
    retryLockForMs: lockMsMax,
    world: { clock, random, openStorage: (wanted) => openOriginal(wanted, place) },
    signal,
  };
  const chain = (await keeping.records.history.head())?.chain;
  if (chain === undefined) return undefined;
  const { all, knownNumber } = await withRepository(access, 'none', (opened) => seenIn(opened.repository, chain, opened.signal));
  const nowMs = Number(clock.nowNs() / 1_000_000n);
  const last = all.at(-1);
  const enoughMs = last !== undefined && knownNumber > last.head.number ? recordsSnapshotAgainMs : recordsSnapshotEveryMs;
  const isEnough = last !== undefined && nowMs - last.madeMs >= 0 && nowMs - last.madeMs < enoughMs;
  if (isEnough && !isAgain) return last;
  const collected = await collectHistory(keeping, { location: to, form: 'snapshot', sinceNumber: 0, signal });
  if (collected === undefined) return undefined;
  // The records lie there already; each try would leave another snapshot.
  if (collected.failure !== undefined && isEnough) throw collected.failure;
  const id = await store(access, place, keeping, collected);
  if (oldOf(all).length >= spareSnapshots) await removeOld(access, chain, keeping);
  if (collected.failure !== undefined) throw collected.failure; // the records are safe, and it is tried again
  return { id, head: collected.head, madeMs: nowMs };
}

async function keyOf({ repository, keeping }: RecordsSnapshotOptions, signal: AbortSignal): Promise<OpenedKey> {
  if (keeping.keyOf === undefined) throw new CadanganError('password.missing', { location: repository });
  return keeping.keyOf(repository, signal);
}

interface OwnSnapshot extends RecordsSnapshot {
  readonly stored: StoredSnapshot;
}

interface Seen {
  /** Those of this machine and its history, the newest last. */
  readonly all: readonly OwnSnapshot[];
  /** The last record that any snapshot there knows of; 0: none. */
  readonly knownNumber: number;
}

async function seenIn(repository: Repository, chain: string, signal: AbortSignal): Promise<Seen> {
  const all: OwnSnapshot[] = [];
  let knownNumber = 0;
  for (const stored of await listReadableSnapshots(repository, () => undefined, signal)) {
    const head = stored.snapshot.tags.flatMap((tag) => parseAnchorTag(tag) ?? []).find((each) => each.chain === chain);
    if (head === undefined) continue;
    knownNumber = Math.max(knownNumber, head.number);
    if (isRecordsSnapshot(stored) && stored.snapshot.hostname === hostname())
      all.push({ stored, id: stored.id, head, madeMs: Number(stored.timeNs / 1_000_000n) });
  }
  return { all, knownNumber };
}

async function store(
  access: RepositoryAccess,
  { stateFolder, environment, random = systemRandom }: StoragePlace,
  { records }: HistoryKeeping,
  { head, files }: CollectedHistory,
): Promise<string> {
  const folder = join(stateFolder, stagingFolder);
  await makeOwnFolder(stateFolder);
  await rm(folder, { recursive: true, force: true });
  try {
    for (const { name, bytes } of files) {
      const path = join(folder, historyFolderOf(head.chain), name);
      await makeFolder(dirname(path), 0o700);
      await replaceFile(path, bytes, random);
    }
    const rules = await compileExcludeRules({}, { environment, windows: system.isWindows, ignoresCase: system.isWindows });
    const source = { sources: [folder], workingFolder: stateFolder, rules };
    const prepared = prepareSource(source);
    using _scanAhead = prepared.scanAhead;
    return await withRepository(access, 'shared', async ({ repository, signal }) => {
      await repository.loadIndex({ signal });
      const { issues, snapshotId } = await backup(repository, {
        ...source,
        prepared,
        parent: 'none',
        tags: [recordsSnapshotTag],
        ownTags: [anchorTag(head)],
        host: hostname(),
        programVersion: records.about().software,
        workerCount: 1,
        signal,
      });
      const [issue] = issues;
      if (issue === undefined && snapshotId !== undefined) return snapshotId;
      // One that lacks something would be taken for the history. Where it cannot be removed, the next whole one is newer.
      if (snapshotId !== undefined) await repository.storage.remove({ kind: 'snapshots', name: snapshotId }, signal).catch(() => undefined);
      throw new CadanganError('state.unusable', { path: folder, reason: issue?.reason ?? 'no snapshot was made' });
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** But the newest of each of the last days. */
function oldOf(all: readonly OwnSnapshot[]): readonly OwnSnapshot[] {
  const newest = new Map(all.map((own) => [Math.floor(own.madeMs / dayMs), own]));
  const kept = new Set([...newest.values()].slice(-keptDays));
  return all.filter((own) => !kept.has(own));
}

/** What people protect stays. Where somebody works on the repository it is done another day. */
async function removeOld(access: RepositoryAccess, chain: string, { records }: HistoryKeeping): Promise<void> {
  try {
    await withRepository({ ...access, retryLockForMs: 0 }, 'exclusive', async ({ repository, signal }) => {
      const { all } = await seenIn(repository, chain, signal);
      const isProtected = protectedToday(repository, { timeZone: records.about().settings?.timeZone });
      const old = oldOf(all).map(({ stored }) => stored);
      await removeSnapshots(
        repository,
        old.filter((stored) => !isProtected(stored)),
        { signal },
      );
    });
  } catch (error) {
    if (!isCode(error, 'repository.locked', 'storage.denied')) throw error;
  }
}
