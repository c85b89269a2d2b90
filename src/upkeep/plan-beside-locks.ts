import { parsePackId, type BlobIndex, type PackId } from '../repository/index.ts';
import type { Storage } from '../storage/index.ts';
import type { LoadedIndexFiles } from './index-files.ts';
import type { ListedPacks } from './listed-packs.ts';
import { locksOf, type LockedFile, type Locks } from './locked-files.ts';
import { packFate, type PrunePlan, type PruneSums } from './plan-prune.ts';

interface Asking {
  readonly storage: Storage;
  readonly index: BlobIndex;
  readonly packs: ListedPacks;
  /** What is known beforehand. */
  readonly first: Locks;
  readonly signal: AbortSignal;
}

/**
 * Asks for the locks of what a plan removes or rewrites, and plans without what is locked, until no more of it is. A question costs less
 * than to rewrite a pack that stays. @param plan with these locks
 */
export async function planBesideLocks(
  { storage, index, packs, first, signal }: Asking,
  plan: (locked: Locks) => Promise<PrunePlan>,
): Promise<PrunePlan> {
  const asked = new Set<string>();
  const locked = new Map(first);
  for (;;) {
    const found = await plan(locked);
    if (storage.lockedUntilMs === undefined) return found;
    const leaving = [...leavingOf(found, index, packs)].filter((id) => !asked.has(id));
    const locks = await locksOf(storage, 'data', leaving, signal);
    if (locks.size === 0) return found;
    for (const id of leaving) asked.add(id);
    for (const [id, untilMs] of locks) locked.set(id, untilMs);
  }
}

function* leavingOf({ fates, removed }: PrunePlan, index: BlobIndex, packs: ListedPacks): Generator<PackId> {
  for (const [pack, fate] of fates.entries()) if (fate !== packFate.keep && packs.sizeOf(pack) !== undefined) yield index.packIdAt(pack);
  for (const id of removed) if (index.packNumberOf(id) === undefined) yield id;
}

/** Packs, by their ids: each is locked as long as any index file that names it. */
export function locksOfNamed(index: BlobIndex, { files }: LoadedIndexFiles, locks: Locks): Locks {
  const locked = new Map<string, number>();
  for (const { id, packs } of files) {
    const untilMs = locks.get(id);
    if (untilMs === undefined) continue;
    for (const pack of packs) {
      const packId = index.packIdAt(pack);
      locked.set(packId, Math.max(untilMs, locked.get(packId) ?? 0));
    }
  }
  return locked;
}

/** What of a plan came to be. @param left what turned out to be locked when it was to be removed */
export function sumsOfDone({ sums }: PrunePlan, packs: ListedPacks, left: readonly LockedFile[]): PruneSums {
  const ids = left.flatMap(({ kind, name }) => (kind === 'data' ? [parsePackId(name)] : []));
  if (ids.length === 0) return sums;
  const leftBytes = ids.reduce((sum, id) => sum + (packs.sizeOfId(id) ?? 0), 0);
  return {
    ...sums,
    bytes: { ...sums.bytes, removeNow: sums.bytes.removeNow - leftBytes, locked: sums.bytes.locked + leftBytes },
    packs: { ...sums.packs, removeNow: sums.packs.removeNow - ids.length, locked: sums.packs.locked + ids.length },
  };
}
