import { isOnDrive } from '../../platform/index.ts';
import type { CopyInfo, DrillParams, RecordsSummary, SetInfo, SnapshotInfo } from '../../service/index.ts';
import { dayId } from './date-groups.ts';
import { instantOf } from './instants.ts';

/** A restore drill, as far as it has been put together. */
export interface DrillChoice {
  /** The set came with the command. */
  readonly isSetGiven: boolean;
  readonly sets: readonly SetInfo[];
  readonly copies: readonly CopyInfo[];
  readonly from?: NonNullable<DrillParams['from']>;
  /** Undefined: all that can be restored from there. */
  readonly set?: SetInfo | undefined;
  /** The name of one of several copies; undefined: of each repository the first in the configuration. */
  readonly copy?: string | undefined;
  /** `random`, `newest`, or a day. */
  readonly date?: string;
  /** Default: as the configuration wants it. */
  readonly sample?: DrillSampleChoice;
}

/** How much is tried: so many files at random, or everything in a folder of this machine. */
export type DrillSampleChoice =
  | { readonly kind: 'configured' }
  | { readonly kind: 'files'; readonly files: number }
  | { readonly kind: 'folder'; readonly folder: string };

/** The engine takes no more. */
export const drillFilesMax = 1000;

/** Sets that can be restored from there. Off-site: with a copy that has a snapshot, or those that lie on Google Drive themselves. */
export function setsFrom({ sets, copies, isSetGiven, set }: DrillChoice, from: NonNullable<DrillParams['from']>): readonly SetInfo[] {
  const wanted = isSetGiven && set !== undefined ? [set] : sets;
  if (from === 'backup-server') return wanted;
  const copied = new Set(copies.filter(({ snapshots }) => snapshots.length > 0).map(({ repository }) => repository));
  return wanted.filter(({ location }) => isOnDrive(location) || copied.has(location));
}

/** Those that a set which is drilled can be restored from, in the order of the configuration. */
export function copiesToDrill(choice: DrillChoice): readonly CopyInfo[] {
  const repositories = new Set((choice.set === undefined ? setsFrom(choice, 'drive') : [choice.set]).map(({ location }) => location));
  return choice.copies.filter(({ repository, snapshots }) => snapshots.length > 0 && repositories.has(repository));
}

/** From where, which set and which copy are questions only where there is a choice. */
export const isDrillStepNeeded = {
  from: (choice: DrillChoice): boolean => setsFrom(choice, 'drive').length > 0,
  set: (choice: DrillChoice): boolean => !choice.isSetGiven && setsFrom(choice, choice.from ?? 'backup-server').length > 1,
  copy: (choice: DrillChoice): boolean => {
    const repositories = copiesToDrill(choice).map(({ repository }) => repository);
    return choice.from === 'drive' && new Set(repositories).size < repositories.length;
  },
};

/** Those that are drilled: of a copy that was chosen, the sets of its repository. */
export function drilledSets(choice: DrillChoice): readonly SetInfo[] {
  if (choice.set !== undefined) return [choice.set];
  const sets = setsFrom(choice, choice.from ?? 'backup-server');
  const copy = choice.from === 'drive' ? choice.copies.find(({ name }) => name === choice.copy) : undefined;
  return copy === undefined ? sets : sets.filter(({ location }) => location === copy.repository);
}

/** The one set that is drilled; undefined when there are several. */
export function drilledSet(choice: DrillChoice): SetInfo | undefined {
  const [first, ...others] = drilledSets(choice);
  return others.length === 0 ? first : undefined;
}

/** What the engine is asked for. */
export function drillParams(choice: DrillChoice): DrillParams {
  const { from = 'backup-server', date = 'random', sample = { kind: 'configured' } } = choice;
  const set = drilledSet(choice);
  const copy = from === 'drive' ? (choice.copy ?? (set && copyOf(choice, set)?.name)) : undefined;
  return {
    from,
    ...(set !== undefined && { set: set.name }),
    ...(copy !== undefined && { copy }),
    ...(date !== 'random' && { date }),
    ...(sample.kind === 'files' && { sample: { files: sample.files } }),
    ...(sample.kind === 'folder' && { sample: { folder: sample.folder } }),
  };
}

/** Where the repository lies that is restored from: that of the set, or the copy of it. */
export function drilledLocation(choice: DrillChoice, set: SetInfo): string {
  return (choice.from === 'drive' ? copyOf(choice, set)?.location : undefined) ?? set.location;
}

/** The one that was chosen, else the first that something can be restored from. */
function copyOf(choice: DrillChoice, set: SetInfo): CopyInfo | undefined {
  return copiesToDrill({ ...choice, set }).find(({ name }) => choice.copy === undefined || name === choice.copy);
}

/**
 * The snapshot whose folders are shown: the newest of the date. Of a random one nobody knows yet which it will be.
 * @param snapshots newest first
 */
export function snapshotToShow(snapshots: readonly SnapshotInfo[], date = 'random'): SnapshotInfo | undefined {
  return isDay(date) ? snapshots.find(({ time }) => dayId(instantOf(time)) <= date) : snapshots[0];
}

/** A number of files that a drill can take; undefined for what is none. */
export function drillFilesOf(text: string): number | undefined {
  const files = /^\d{1,4}$/.test(text.trim()) ? Number(text) : 0;
  return files >= 1 && files <= drillFilesMax ? files : undefined;
}

/** `2026-11-23`, as the calendar has it. */
export function isDay(text: string): boolean {
  const ms = Date.parse(`${text}T00:00:00Z`);
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}

const reminderMs = 24 * 60 * 60_000;

/** An overdue drill is told once a day. @param toldAtMs when it was told last, since 1970 */
export function isReminderDue({ drillDue }: Pick<RecordsSummary, 'drillDue'>, toldAtMs: number | undefined, nowMs: number): boolean {
  return drillDue?.isOverdue === true && (toldAtMs === undefined || nowMs - toldAtMs >= reminderMs || toldAtMs > nowMs);
}
