import type { StoredSnapshot } from '../repository/index.ts';
import { lockWords, type Locks } from './locked-files.ts';
import { protectionOf, protectionWords, type Protection } from './protection.ts';
import { applyPolicy, reasonWords, type KeepReason, type PolicyDecision, type RetentionPolicy } from './retention-policy.ts';
import { groupSnapshots, type GroupBy, type SnapshotGroup } from './snapshot-groups.ts';

export interface KeptSnapshot {
  readonly snapshot: StoredSnapshot;
  /** Of the rules; none where only its protection keeps it. */
  readonly reasons: readonly KeepReason[];
  readonly protection: Protection | undefined;
  /** It would go, and the storage lets nobody remove it before; milliseconds since 1970, Infinity for a lock without an end. */
  readonly lockedUntilMs?: number;
  readonly counters: PolicyDecision['counters'];
}

/** What happens to the snapshots of one group, newest first. */
export interface PlannedGroup {
  readonly key: SnapshotGroup['key'];
  readonly keep: readonly KeptSnapshot[];
  readonly remove: readonly StoredSnapshot[];
}

/** What would be removed, and why each other snapshot stays. Nothing else is removed than what stands here. */
export interface RetentionPlan {
  readonly groups: readonly PlannedGroup[];
}

export interface RetentionMoment {
  readonly nowNs: bigint;
  /** See `protectionOf`. */
  readonly today: string;
}

/** Applies the policy to each group by itself; what is protected stays beside what the rules want. Pure. */
export function planRetention(
  snapshots: readonly StoredSnapshot[],
  { policy, groupBy }: { readonly policy: RetentionPolicy; readonly groupBy: GroupBy },
  { nowNs, today }: RetentionMoment,
): RetentionPlan {
  const groups = groupSnapshots(snapshots, groupBy).map(({ key, snapshots: members }): PlannedGroup => {
    const decisions = applyPolicy(members, policy, nowNs).map((decision) => ({
      ...decision,
      protection: protectionOf(decision.snapshot.snapshot, today),
    }));
    const [keep, remove] = partition(decisions, ({ reasons, protection }) => reasons.length > 0 || protection !== undefined);
    return { key, keep, remove: remove.map(({ snapshot }) => snapshot) };
  });
  return { groups };
}

/** The plan without what nobody can remove yet; that stays, and says until when. Pure. */
export function withoutLocked({ groups }: RetentionPlan, locks: Locks): RetentionPlan {
  if (locks.size === 0) return { groups };
  const keptOf = (snapshot: StoredSnapshot): KeptSnapshot[] => {
    const lockedUntilMs = locks.get(snapshot.id);
    return lockedUntilMs === undefined ? [] : [{ snapshot, reasons: [], protection: undefined, counters: {}, lockedUntilMs }];
  };
  return {
    groups: groups.map(({ key, keep, remove }) => ({
      key,
      keep: [...keep, ...remove.flatMap(keptOf)].toSorted(({ snapshot: one }, { snapshot: other }) => newestFirst(one, other)),
      remove: remove.filter(({ id }) => !locks.has(id)),
    })),
  };
}

/** Those that would be removed, and are locked. */
export function lockedBy({ groups }: RetentionPlan): readonly (KeptSnapshot & { readonly lockedUntilMs: number })[] {
  return groups.flatMap(({ keep }) =>
    keep.flatMap((kept) => (kept.lockedUntilMs === undefined ? [] : [{ ...kept, lockedUntilMs: kept.lockedUntilMs }])),
  );
}

function newestFirst({ timeNs: one }: StoredSnapshot, { timeNs: other }: StoredSnapshot): number {
  return one === other ? 0 : one > other ? -1 : 1;
}

/** Every snapshot that the plan removes. */
export function removedBy({ groups }: RetentionPlan): StoredSnapshot[] {
  return groups.flatMap(({ remove }) => remove);
}

/** Why a snapshot stays, in restic's words. */
export function matchesOf({ reasons, protection, lockedUntilMs }: KeptSnapshot): string[] {
  return [
    ...reasons.map(reasonWords),
    ...(protection ? [protectionWords(protection)] : []),
    ...(lockedUntilMs === undefined ? [] : [`locked until ${lockWords(lockedUntilMs)}`]),
  ];
}

function partition<Item>(items: readonly Item[], isFirst: (item: Item) => boolean): [Item[], Item[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}
