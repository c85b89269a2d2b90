import { isCode } from '../platform/index.ts';
import type { Repository, StoredSnapshot } from '../repository/index.ts';
import { FileCounts, measureChange, type ChangeFigures } from './measure-change.ts';
import type { RetentionPlan } from './plan-retention.ts';
import { changesMeasured } from './retention-holds.ts';
import { groupSnapshots } from './snapshot-groups.ts';

export interface RecentChanges {
  readonly changes: readonly (readonly ChangeFigures[])[];
  /** Snapshots of which a folder cannot be read: `snapshots/<id>`. */
  readonly unreadable: readonly string[];
}

/**
 * How the newest snapshots of each set, host and its paths changed from one to the next, where the plan removes one of them. Loads the
 * index. @throws `aborted` and the storage's errors; damage is told in the result
 */
export async function recentChanges(
  repository: Repository,
  plan: RetentionPlan,
  all: readonly StoredSnapshot[],
  signal: AbortSignal,
): Promise<RecentChanges> {
  const gone = new Set(plan.groups.flatMap(({ remove }) => remove.map(({ id }) => id)));
  if (gone.size === 0) return { changes: [], unreadable: [] };
  try {
    await repository.loadIndex({ signal });
  } catch (error) {
    return { changes: [], unreadable: [fileNamed(error)] };
  }
  // The name of its set is the first tag of a snapshot: two sets of the same folders may leave out different things.
  const bySet = Map.groupBy(all, ({ snapshot }) => snapshot.tags[0] ?? '');
  const places = [...bySet.values()].flatMap((ofSet) => groupSnapshots(ofSet, { host: true, paths: true, tags: false, isEmpty: false }));
  const changes: ChangeFigures[][] = [];
  const counts = new FileCounts(repository);
  const unreadable: string[] = [];
  for (const { snapshots } of places.filter((place) => place.snapshots.some(({ id }) => gone.has(id)))) {
    const figures: ChangeFigures[] = [];
    for (const [before, after] of pairsOf(snapshots.slice(-1 - changesMeasured))) {
      try {
        figures.push(await measureChange(repository, before, after, { signal, counts }));
      } catch (error) {
        if (!isCode(error, 'repository.damaged')) throw error;
        unreadable.push(`snapshots/${after.id}`);
      }
    }
    changes.push(figures);
  }
  return { changes, unreadable };
}

/** Each with the one before it. */
function pairsOf<Item>(items: readonly Item[]): (readonly [Item, Item])[] {
  return items.slice(1).flatMap((after, at) => {
    const before = items[at];
    return before === undefined ? [] : [[before, after] as const];
  });
}

/** @throws what is no damage */
function fileNamed(error: unknown): string {
  if (!isCode(error, 'repository.damaged')) throw error;
  const { facts } = error;
  return `${String(facts['kind'] ?? 'index')}/${String(facts['name'] ?? '')}`;
}
