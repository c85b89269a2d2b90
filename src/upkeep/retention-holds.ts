import { createHash } from 'node:crypto';
import { CadanganError, type ErrorFacts } from '../platform/index.ts';
import type { StoredSnapshot } from '../repository/index.ts';
import type { ChangeFigures } from './measure-change.ts';
import { removedBy, type RetentionPlan } from './plan-retention.ts';
import { groupSnapshots } from './snapshot-groups.ts';

/** From which share of the files of a snapshot on, in percent, a change is a sudden one. */
export interface ChangeThresholds {
  readonly changedPercent: number;
  readonly vanishedPercent: number;
  readonly scrambledPercent: number;
  readonly renamedPercent: number;
  /** Fewer files than this say nothing, whatever their share. */
  readonly filesMin: number;
}

/**
 * `test/upkeep/sudden-change.test.ts` has what they let pass and what they hold: nights of a company, commits and a reformatting of source
 * code, dumps that are new every night, on one side; an encryption of everything, and of a part of it, on the other.
 */
export const defaultThresholds: ChangeThresholds = {
  changedPercent: 75,
  vanishedPercent: 50,
  scrambledPercent: 2,
  renamedPercent: 2,
  filesMin: 10,
};

/** Why nothing is removed until a person says so. */
export type RetentionHold = {
  /** The same for the same thing, whenever it is looked for: what was released by it stays released. */
  readonly subject: string;
} & (
  | { readonly kind: 'keeps-nothing' | 'empties'; readonly group: string }
  | { readonly kind: 'not-readable'; readonly names: readonly string[] }
  | { readonly kind: 'snapshots-missing'; readonly snapshots: readonly string[] }
  /** The clock of the machine was wrong, or is: rules go by dates. `future`: a backup has a date still to come. */
  | { readonly kind: 'newest-backup' | 'future'; readonly snapshot: string; readonly time: string }
  | ({ readonly kind: 'clock-forward' } & Pick<ClockForward, 'from' | 'to'>)
  | { readonly kind: 'sudden-change'; readonly figures: ChangeFigures; readonly what: readonly ChangeKind[] }
  /** A hold of another day that nobody released. */
  | { readonly kind: 'open'; readonly nonconformity: string }
);
export type ChangeKind = 'changed' | 'vanished' | 'scrambled' | 'renamed';

/** How a backup differed from the one before, by what was counted then: shares of the files of the one before, 0 to 1. */
export interface KnownNight {
  readonly set: string;
  readonly snapshotId: string;
  readonly changed: number;
  readonly vanished: number;
}

/** The last that happened to the clock, by a day or more: it was set forward, and by what the machine counts nobody lived through that. */
export interface ClockForward {
  /** The same whenever it is looked for. */
  readonly id: string;
  /** RFC 3339. */
  readonly from: string;
  readonly to: string;
  readonly fromNs: bigint;
}

export interface RetentionEvidence {
  readonly nowNs: bigint;
  /** All that the repository lists, whatever the plan is about. */
  readonly all: readonly StoredSnapshot[];
  /** Names of backup sets that are known: the first tag of a snapshot is that of its set. */
  readonly sets: readonly string[];
  /** Files of snapshots, or of what they hold, that cannot be read. */
  readonly unreadable: readonly string[];
  /** Snapshots that the records know and the repository lists no more, or with other content. */
  readonly missing: readonly string[];
  /** The last good backups of sets, by the order in which they were recorded; no clock has a say in that. */
  readonly newest: readonly string[];
  readonly clockForward: ClockForward | undefined;
  /** Of each group that would lose something: how its newest snapshots differ from those before them, oldest first. */
  readonly changes: readonly (readonly ChangeFigures[])[];
  /** What else is known of the nights of a set, whose snapshots may be gone. */
  readonly nights: readonly KnownNight[];
  /** Nonconformities that an earlier hold has opened, with its subjects. */
  readonly open: readonly { readonly id: string; readonly subjects: readonly string[] }[];
  /** Subjects of holds that a person has released. */
  readonly released: ReadonlySet<string>;
}

/** No rule counts less than hours, and the clocks of two machines may differ by some. */
const futureNsMax = 86_400_000_000_000n;
/** So many of the newest snapshots of a group are judged: what came with the weekend, and nobody looked. */
export const changesJudged = 7;
/** So many altogether tell what is usual. */
export const changesMeasured = 14;

/**
 * What smells about removing what the plan removes. A plan that removes nothing is held back by nothing. Pure.
 * @param isRule the plan follows a policy; otherwise a person has named snapshots
 */
export function retentionHolds(
  plan: RetentionPlan,
  isRule: boolean,
  evidence: RetentionEvidence,
  thresholds: ChangeThresholds = defaultThresholds,
): RetentionHold[] {
  if (removedBy(plan).length === 0) return [];
  const { all, sets, unreadable, missing, changes, nights, open, released } = evidence;
  const found: RetentionHold[] = [
    ...(isRule ? [...keepsNothing(plan), ...byWrongClock(plan, evidence)] : []),
    ...emptied(plan, all, sets),
    ...(unreadable.length > 0
      ? [{ kind: 'not-readable' as const, subject: `unreadable:${nameOfAll(unreadable)}`, names: unreadable }]
      : []),
    ...(missing.length > 0 ? [{ kind: 'snapshots-missing' as const, subject: `missing:${nameOfAll(missing)}`, snapshots: missing }] : []),
    ...changes.flatMap((ofGroup) => suddenChanges(ofGroup, nights, thresholds)),
  ].filter(({ subject }) => !released.has(subject));
  const told = new Set(found.map(({ subject }) => subject));
  const waiting = open.flatMap(({ id, subjects }): RetentionHold[] => {
    const [subject] = subjects;
    return subject === undefined || subjects.some((one) => told.has(one)) ? [] : [{ kind: 'open', subject, nonconformity: id }];
  });
  return [...found, ...waiting];
}

/** What keeps the plan from being carried out, as an error: the first hold in full, the kinds of the others, and the subjects of all. */
export function heldError([first, ...others]: readonly [RetentionHold, ...RetentionHold[]]): CadanganError {
  const subjects = [first, ...others].map(({ subject }) => subject);
  const more = others.length > 0 && { more: others.length, otherHolds: others.map(({ kind }) => kind) };
  return new CadanganError('retention.held', { ...factsOf(first), ...more, subjects });
}

/** The facts of one hold, for a sentence. */
export function holdError(hold: RetentionHold): CadanganError {
  return new CadanganError('retention.held', factsOf(hold));
}

function factsOf(hold: RetentionHold): ErrorFacts {
  switch (hold.kind) {
    case 'keeps-nothing':
    case 'empties':
      return { hold: hold.kind, group: hold.group };
    case 'not-readable':
      return { hold: hold.kind, count: hold.names.length, file: hold.names[0] };
    case 'snapshots-missing':
      return { hold: hold.kind, count: hold.snapshots.length, snapshot: hold.snapshots[0] };
    case 'newest-backup':
    case 'future':
      return { hold: hold.kind, snapshot: hold.snapshot, time: hold.time };
    case 'clock-forward':
      return { hold: hold.kind, from: hold.from, to: hold.to };
    case 'open':
      return { hold: hold.kind, nonconformity: hold.nonconformity };
    case 'sudden-change': {
      const { snapshotId, time, filesBefore, extensions, changed, vanished, scrambled, renamed } = hold.figures;
      return {
        hold: hold.kind,
        snapshot: snapshotId,
        time,
        filesBefore,
        changed,
        vanished,
        scrambled,
        renamed,
        what: hold.what,
        extensions,
      };
    }
  }
}

/** A policy that wants nothing of a group: a mistyped tag (restic's issue 4568). What is protected there does not count. */
function keepsNothing({ groups }: RetentionPlan): RetentionHold[] {
  return groups.flatMap(({ key, keep, remove }): RetentionHold[] => {
    const [newest] = remove;
    if (newest === undefined || keep.some(({ reasons }) => reasons.length > 0)) return [];
    return [{ kind: 'keeps-nothing', subject: `keeps-nothing:${shortName(newest)}`, group: groupName(key) }];
  });
}

/** A rule goes by the dates of snapshots, and these are of the clock of the machine at that time. */
function byWrongClock(plan: RetentionPlan, { nowNs, newest, clockForward }: RetentionEvidence): RetentionHold[] {
  const gone = removedBy(plan);
  const kept = plan.groups.flatMap(({ keep, remove }) => (remove.length > 0 ? keep.map(({ snapshot }) => snapshot) : []));
  const isNewest = ({ id, snapshot: { original = id } }: StoredSnapshot): boolean => newest.includes(id) || newest.includes(original);
  const future = [...kept, ...gone].filter(({ timeNs }) => timeNs > nowNs + futureNsMax);
  const [first] = future;
  return [
    ...gone.filter(isNewest).map((one): RetentionHold => ({
      kind: 'newest-backup',
      subject: `newest-backup:${shortName(one)}`,
      ...named(one),
    })),
    ...(first === undefined ? [] : [{ kind: 'future' as const, subject: `future:${nameOfAll(future.map(shortName))}`, ...named(first) }]),
    ...(clockForward !== undefined && gone.some(({ timeNs }) => timeNs <= clockForward.fromNs)
      ? [{ kind: 'clock-forward' as const, subject: `clock-forward:${clockForward.id}`, from: clockForward.from, to: clockForward.to }]
      : []),
  ];
}

function named({ id, snapshot: { time } }: StoredSnapshot): { readonly snapshot: string; readonly time: string } {
  return { snapshot: id, time };
}

/** Of each set, and of what else there is by host and paths, at least one snapshot stays. */
function emptied(plan: RetentionPlan, all: readonly StoredSnapshot[], sets: readonly string[]): RetentionHold[] {
  const gone = new Set(removedBy(plan).map(({ id }) => id));
  const isOfSet = ({ snapshot }: StoredSnapshot): boolean => sets.includes(snapshot.tags[0] ?? '');
  const bySet = Map.groupBy(all.filter(isOfSet), ({ snapshot }) =>
    groupName({ host: snapshot.hostname, paths: snapshot.tags.slice(0, 1) }),
  );
  const byPlace = groupSnapshots(
    all.filter((snapshot) => !isOfSet(snapshot)),
    { host: true, paths: true, tags: false, isEmpty: false },
  ).map(({ key, snapshots }) => [groupName(key), snapshots] as const);
  return [...bySet, ...byPlace].flatMap(([group, snapshots]): RetentionHold[] =>
    snapshots.every(({ id }) => gone.has(id))
      ? [{ kind: 'empties', subject: `empties:${nameOfAll([group, ...snapshots.map(shortName)])}`, group }]
      : [],
  );
}

function suddenChanges(changes: readonly ChangeFigures[], nights: readonly KnownNight[], thresholds: ChangeThresholds): RetentionHold[] {
  const measured = new Set<string>(changes.map(({ snapshotId }) => snapshotId));
  const gone = nights.filter(({ set, snapshotId }) => set === changes[0]?.set && !measured.has(snapshotId)).slice(-changesMeasured);
  return changes.slice(-changesJudged).flatMap((figures): RetentionHold[] => {
    const others = changes.filter((one) => one !== figures);
    const usual = (kind: ChangeKind): number =>
      lesserMedian([
        ...others.map((one) => shareOf(kind, one)),
        ...(kind === 'changed' || kind === 'vanished' ? gone.map((night) => night[kind]) : []),
      ]);
    const what = changeKinds.filter((kind) => {
      const share = shareOf(kind, figures);
      return figures[kind] >= thresholds.filesMin && share * 100 >= thresholds[`${kind}Percent`] && usual(kind) < share / 2;
    });
    return what.length === 0 ? [] : [{ kind: 'sudden-change', subject: `sudden-change:${figures.snapshotId.slice(0, 16)}`, figures, what }];
  });
}

const changeKinds = ['changed', 'vanished', 'scrambled', 'renamed'] as const satisfies readonly ChangeKind[];

/**
 * What is usual in a set is not sudden: a folder of dumps is another one every night. Usual is what half of the other nights reach, of an
 * even number the lesser of the two in the middle; 0 where there are none.
 */
function lesserMedian(shares: readonly number[]): number {
  return shares.toSorted((a, b) => a - b)[Math.floor((shares.length - 1) / 2)] ?? 0;
}

function shareOf(kind: ChangeKind, figures: ChangeFigures): number {
  return figures[kind] / Math.max(1, figures.filesBefore);
}

/** For people: `srv-01: /srv/accounting`. */
function groupName({
  host = '',
  paths = [],
  tags = [],
}: {
  readonly host?: string;
  readonly paths?: readonly string[];
  readonly tags?: readonly string[];
}): string {
  return [host, [...paths, ...tags].join(', ')].filter((part) => part !== '').join(': ');
}

/** By the snapshot as it was made: a change of its tags changes nothing here. */
function shortName(snapshot: StoredSnapshot): string {
  return (snapshot.snapshot.original ?? snapshot.id).slice(0, 16);
}

function nameOfAll(names: readonly string[]): string {
  return createHash('sha256').update(names.toSorted().join('\n')).digest('hex').slice(0, 16);
}
