import { packTargetBytes, type BlobIndex, type PackId } from '../repository/index.ts';
import { noLocks, type Locks } from './locked-files.ts';
import { ChosenBlobs, type PackSums } from './choose-blobs.ts';
import type { ListedPacks } from './listed-packs.ts';
import { PackTable } from './pack-table.ts';
import type { PrunePolicy } from './prune-policy.ts';
import type { UsedBlobs } from './used-blobs.ts';

/** What becomes of a pack of the index. */
export const packFate = { keep: 0, repack: 1, drop: 2 } as const;

export interface PruneState {
  readonly index: BlobIndex;
  readonly used: UsedBlobs;
  readonly packs: Pick<ListedPacks, 'sizeOf' | 'strangers'>;
  /** By pack number, how many index files name it. */
  readonly namedBy: Uint8Array;
  /** Packs that wait for their removal, and since when (nanoseconds since 1970). */
  readonly waiting: ReadonlyMap<PackId, bigint>;
  /** Packs that nobody can remove yet, or that an index file names which nobody can remove. Default: none. */
  readonly locked?: Locks;
  readonly nowNs: bigint;
  /** Of the format: 1 has no compression. */
  readonly version: number;
}

/**
 * As restic counts, see its `PruneStats`; sizes in bytes, of sealed blobs. Ours are `wait`: what goes when a day has passed, and `locked`:
 * what is needless and stays, in packs that are locked.
 */
export interface PruneSums {
  readonly blobs: Readonly<Record<'used' | 'duplicate' | 'unused' | 'total' | 'repack' | 'repackRemove' | 'remove' | 'remain', number>>;
  readonly bytes: Readonly<
    Record<
      | 'used'
      | 'duplicate'
      | 'unused'
      | 'unreferenced'
      | 'uncompressed'
      | 'total'
      | 'repack'
      | 'repackRemove'
      | 'remove'
      | 'remain'
      | 'remainUnused'
      | 'wait'
      | 'locked'
      | 'removeNow',
      number
    >
  >;
  readonly packs: Readonly<
    Record<
      'used' | 'unused' | 'partlyUsed' | 'unreferenced' | 'total' | 'keep' | 'repack' | 'remove' | 'wait' | 'locked' | 'removeNow',
      number
    >
  >;
}

export interface PrunePlan {
  /** By pack number, of `packFate`. */
  readonly fates: Uint8Array;
  readonly chosen: Pick<ChosenBlobs, 'isChosen'>;
  /** Packs that wait behind this prune, and since when. */
  readonly waiting: ReadonlyMap<PackId, bigint>;
  /** Packs that no index names behind this prune, and that need not wait. */
  readonly removed: readonly PackId[];
  /** Packs that would have gone, in whole or in part, and are locked. */
  readonly locked: Locks;
  readonly sums: PruneSums;
}

/** What speaks against pruning: nothing may be removed before an index says the truth. */
export interface PruneObstacle {
  readonly kind: 'packs-missing' | 'pack-size';
  readonly packs: readonly PackId[];
}

/** A pack waits for a day; the hour less is for a schedule that is early. rustic has the same. */
export const waitNs = 23n * 3600n * 1_000_000_000n;

/** Below so many it is not worth the trouble, and the last of them would be rewritten each time. */
const smallPacksMin = 10;
/** What counts as small without being asked to be strict: nightly packs of a few folders, not such as ended a little early. */
const smallShare = 1 / 25;
const strictShare = 4 / 5;

/** Decides what a prune does. Pure: the same state gives the same plan. Memory: a byte an entry of the index, and some 80 a pack. */
export function planPrune(state: PruneState, policy: PrunePolicy): PrunePlan | PruneObstacle {
  const { index, used } = state;
  const chosen = new ChosenBlobs(index, used);
  const sorted = sortPacks(state, chosen.sums, policy);
  if (sorted.missing.length > 0) return { kind: 'packs-missing', packs: sorted.missing };
  if (sorted.wrongSize.length > 0) return { kind: 'pack-size', packs: sorted.wrongSize };
  chooseRepacked(state, sorted, chosen, policy);
  const { fates, table } = sorted;
  // Of a locked pack that stays without being needed nobody has looked whether it is whole.
  if (sorted.count.repack > 0) chosen.leaveToPacksThatStay((pack) => fates[pack] === packFate.keep && table.usedBlobs(pack) > 0);
  const leaving = leavingPacks(state, sorted, policy);
  const { waiting, removed } = leaving;
  return { fates, chosen, waiting, removed, locked: sorted.locked, sums: sumsOfAll(state, chosen, sorted, leaving) };
}

/** What is decided of each pack by itself, and sums that go on to grow. Packs are numbers. */
interface SortedPacks {
  readonly table: PackTable;
  readonly fates: Uint8Array;
  readonly missing: PackId[];
  readonly wrongSize: PackId[];
  /** That rewriting would make better. */
  readonly candidates: number[];
  readonly small: number[];
  readonly smallBytes: number;
  /** That would have gone. */
  readonly locked: Map<PackId, number>;
  /** In those that an index goes on to name. */
  lockedUnusedBytes: number;
  readonly count: { used: number; unused: number; partlyUsed: number; keep: number; repack: number; remove: number };
  readonly bytes: { uncompressed: number; repack: number; repackRemove: number; remove: number; locked: number };
  readonly blobs: { repack: number; repackRemove: number; remove: number };
}

function sortPacks(state: PruneState, sums: PackSums, policy: PrunePolicy): SortedPacks {
  const { index, packs, version } = state;
  const sorted: SortedPacks = {
    table: new PackTable(sums, version, policy),
    fates: new Uint8Array(index.packCount),
    missing: [],
    wrongSize: [],
    candidates: [],
    small: [],
    smallBytes: packTargetBytes * (policy.repackSmall ? strictShare : smallShare),
    locked: new Map(),
    lockedUnusedBytes: 0,
    count: { used: 0, unused: 0, partlyUsed: 0, keep: 0, repack: 0, remove: 0 },
    bytes: { uncompressed: 0, repack: 0, repackRemove: 0, remove: 0, locked: 0 },
    blobs: { repack: 0, repackRemove: 0, remove: 0 },
  };
  const { table } = sorted;
  for (let pack = 0; pack < index.packCount; pack++) {
    const listedBytes = packs.sizeOf(pack);
    if (table.usedBlobs(pack) === 0) {
      if (listedBytes === undefined || !isLeftLocked(state, sorted, pack)) drop(sorted, pack, listedBytes !== undefined);
      else {
        sorted.count.unused += 1;
        sorted.count.keep += 1;
      }
      continue;
    }
    if (listedBytes === undefined) sorted.missing.push(index.packIdAt(pack));
    else if (listedBytes !== table.sizeBytes(pack)) sorted.wrongSize.push(index.packIdAt(pack));
    sortNeeded(sorted, pack, policy);
  }
  return sorted;
}

/**
 * What is needless in it stays, and the index goes on to name it: backups may use it, and no check wonders at it. Nobody is to rewrite
 * other packs in its stead.
 */
function isLeftLocked({ index, locked = noLocks }: PruneState, sorted: SortedPacks, pack: number): boolean {
  const id = locked.size > 0 ? index.packIdAt(pack) : undefined;
  const untilMs = id && locked.get(id);
  if (id === undefined || untilMs === undefined) return false;
  const unusedBytes = sorted.table.unusedBytes(pack);
  sorted.locked.set(id, untilMs);
  sorted.lockedUnusedBytes += unusedBytes;
  sorted.bytes.locked += unusedBytes;
  return true;
}

/** One that is gone and needed by nobody is only to be forgotten by the index. */
function drop({ table, fates, count, blobs, bytes }: SortedPacks, pack: number, isThere: boolean): void {
  fates[pack] = packFate.drop;
  blobs.remove += table.unusedBlobs(pack);
  bytes.remove += table.unusedBytes(pack);
  if (!isThere) return;
  count.unused += 1;
  count.remove += 1;
}

function sortNeeded({ table, count, bytes, candidates, small, smallBytes }: SortedPacks, pack: number, policy: PrunePolicy): void {
  const isWhole = table.unusedBlobs(pack) === 0;
  const kind = table.kind(pack);
  if (isWhole) count.used += 1;
  else count.partlyUsed += 1;
  if (table.hasUncompressed(pack)) bytes.uncompressed += table.sizeBytes(pack);
  if (policy.repackCacheableOnly && kind === 'data') count.keep += 1;
  else if (!isWhole || kind === 'mixed' || table.mustCompress(pack)) candidates.push(pack);
  else if (table.sizeBytes(pack) < smallBytes) small.push(pack);
  else count.keep += 1;
}

/** Rewrites packs, the most worthwhile first, until so little is unused that it may stay. Trees and what is small are not left for that. */
function chooseRepacked(state: PruneState, sorted: SortedPacks, { totals }: ChosenBlobs, policy: PrunePolicy): void {
  const { table, fates, candidates, small, smallBytes, count, bytes, blobs } = sorted;
  count.keep += candidates.length + small.length;
  if (small.length >= smallPacksMin) for (const pack of small) candidates.push(pack);
  const unusedBytesMax = policy.unusedBytesMax(totals.usedBytes);
  for (const pack of candidates.sort(byWorth(table, smallBytes))) {
    const sizeBytes = table.sizeBytes(pack);
    if (bytes.repack + sizeBytes >= policy.repackBytesMax) continue;
    const isWanted = table.kind(pack) !== 'data' || table.mustCompress(pack) || sizeBytes < smallBytes;
    const unusedBytes = totals.duplicateBytes + totals.unusedBytes - bytes.remove - bytes.repackRemove - sorted.lockedUnusedBytes;
    if (!isWanted && unusedBytes < unusedBytesMax) continue;
    if (isLeftLocked(state, sorted, pack)) continue;
    fates[pack] = packFate.repack;
    count.keep -= 1;
    count.repack += 1;
    blobs.repack += table.usedBlobs(pack) + table.unusedBlobs(pack);
    blobs.repackRemove += table.unusedBlobs(pack);
    bytes.repack += sizeBytes;
    bytes.repackRemove += table.unusedBytes(pack);
    if (table.hasUncompressed(pack)) bytes.uncompressed -= sizeBytes;
  }
}

/** Trees and mixed packs first, then small ones, then those of which the largest share is unused. */
function byWorth(table: PackTable, smallBytes: number): (one: number, other: number) => number {
  const rank = (pack: number): number => (table.kind(pack) !== 'data' ? 0 : table.sizeBytes(pack) < smallBytes ? 1 : 2);
  return (one, other) =>
    rank(one) - rank(other) ||
    table.unusedBytes(other) * table.usedBytes(one) - table.unusedBytes(one) * table.usedBytes(other) ||
    one - other;
}

interface LeavingPacks {
  readonly waiting: Map<PackId, bigint>;
  waitingBytes: number;
  readonly removed: PackId[];
  removedBytes: number;
  /** Packs that no index knows. */
  unreferenced: number;
  unreferencedBytes: number;
}

/** Packs of the storage that no index names behind this prune: since when that is so decides whether they may go. */
function leavingPacks(state: PruneState, { fates, locked, bytes }: SortedPacks, policy: PrunePolicy): LeavingPacks {
  const { index, packs, namedBy, waiting, nowNs } = state;
  const leaving: LeavingPacks = {
    waiting: new Map(),
    waitingBytes: 0,
    removed: [],
    removedBytes: 0,
    unreferenced: 0,
    unreferencedBytes: 0,
  };
  const leave = (id: PackId, sizeBytes: number, sinceNs: bigint): void => {
    const lockedUntilMs = state.locked?.get(id);
    if (lockedUntilMs !== undefined) {
      // Since when no index names it stays known, so that it goes as soon as it can.
      leaving.waiting.set(id, sinceNs);
      locked.set(id, lockedUntilMs);
      bytes.locked += sizeBytes;
    } else if (policy.removeAtOnce || nowNs - sinceNs >= waitNs) {
      leaving.removed.push(id);
      leaving.removedBytes += sizeBytes;
    } else {
      leaving.waiting.set(id, sinceNs);
      leaving.waitingBytes += sizeBytes;
    }
  };
  for (let pack = 0; pack < index.packCount; pack++) {
    const sizeBytes = packs.sizeOf(pack);
    if (fates[pack] === packFate.keep || sizeBytes === undefined) continue;
    const id = index.packIdAt(pack);
    // What an index still names, or what is copied by this very run, has not waited yet.
    const isNew = fates[pack] === packFate.repack || namedBy[pack] !== 0;
    leave(id, sizeBytes, isNew ? nowNs : (waiting.get(id) ?? nowNs));
  }
  for (const [id, sizeBytes] of packs.strangers()) {
    leaving.unreferenced += 1;
    leaving.unreferencedBytes += sizeBytes;
    leave(id, sizeBytes, waiting.get(id) ?? nowNs);
  }
  return leaving;
}

function sumsOfAll({ version }: PruneState, { totals }: ChosenBlobs, sorted: SortedPacks, leaving: LeavingPacks): PruneSums {
  const { blobs, bytes, count } = sorted;
  const totalBlobs = totals.usedBlobs + totals.duplicateBlobs + totals.unusedBlobs;
  const needlessBytes = totals.duplicateBytes + totals.unusedBytes;
  const goneBytes = bytes.remove + bytes.repackRemove;
  return {
    blobs: {
      ...blobs,
      used: totals.usedBlobs,
      duplicate: totals.duplicateBlobs,
      unused: totals.unusedBlobs,
      total: totalBlobs,
      remain: totalBlobs - blobs.remove - blobs.repackRemove,
    },
    bytes: {
      ...bytes,
      uncompressed: version > 1 ? bytes.uncompressed : 0,
      used: totals.usedBytes,
      duplicate: totals.duplicateBytes,
      unused: totals.unusedBytes,
      unreferenced: leaving.unreferencedBytes,
      total: totals.usedBytes + needlessBytes + leaving.unreferencedBytes,
      remain: totals.usedBytes + needlessBytes - goneBytes,
      remainUnused: needlessBytes - goneBytes,
      wait: leaving.waitingBytes,
      removeNow: leaving.removedBytes,
    },
    packs: {
      ...count,
      unreferenced: leaving.unreferenced,
      total: count.used + count.unused + count.partlyUsed + leaving.unreferenced,
      wait: leaving.waiting.size - [...leaving.waiting.keys()].filter((id) => sorted.locked.has(id)).length,
      locked: sorted.locked.size,
      removeNow: leaving.removed.length,
    },
  };
}
