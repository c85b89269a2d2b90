import type { Instruction } from '../settings/index.ts';
import type { RecordValues } from './record.ts';

/** What the work instruction does not allow. */
export const nonconformityRules = [
  'outside-window',
  'missed-night',
  'drill-overdue',
  'wrong-account',
  'off-site-failed',
  'backup-removed',
  'chain-broken',
  'rpo-exceeded',
  'backup-suspect',
  'copy-behind',
  'damage-found',
  'check-failed',
  'scrub-failed',
  'drill-failed',
  'restore-failed',
  // Old backups are not removed, because something smells; a person releases it.
  'retention-held',
  // What a person has found, an auditor for example.
  'finding',
] as const;
export type NonconformityRule = (typeof nonconformityRules)[number];

/** Something that is not as the instruction wants it. */
export interface Finding {
  readonly rule: NonconformityRule;
  /** The same for the same thing, whenever it is looked for. */
  readonly subject: string;
  /** Of a row of the same (nights without a backup, one after the other): the subject of each, oldest first. Default: `subject` alone. */
  readonly parts?: readonly string[] | undefined;
  /** What it is about goes on at the time of looking: then it cannot stay closed. */
  readonly lasts?: boolean | undefined;
  /** The instant that it is about, in milliseconds since 1970. */
  readonly atMs: number;
  readonly facts: RecordValues;
  /** Numbers of the records that show it. */
  readonly records: readonly number[];
}

/** A window of a set that has ended. Whoever knows the schedule says which there were. */
export interface PlannedWindow {
  readonly set: string;
  /** The day on which it began, in the zone of its set. */
  readonly day: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** A backup set, as far as rules ask for it. */
export interface RuledSet {
  readonly name: string;
  readonly rpoHours: number | undefined;
  /** Since when that is its objective, in milliseconds since 1970; undefined when no record knows. */
  readonly sinceMs: number | undefined;
}

/** An off-site copy, as far as rules ask for it; locations as records have them. */
export interface RuledCopy {
  readonly name: string;
  readonly repository: string;
  readonly location: string;
  /** How old a backup may be that it does not have. */
  readonly lagHoursMax: number;
  /** Since when it is wanted, in milliseconds since 1970. */
  readonly sinceMs: number;
}

export interface RuleContext {
  readonly instruction: Instruction | undefined;
  /** The one account on Google Drive that is configured. */
  readonly designatedAccount: string | undefined;
  readonly timeZone: string | undefined;
  /** Windows that ended before `nowMs`, and after the history began. */
  readonly planned: readonly PlannedWindow[];
  /** Sets and copies that are configured: of others nothing lasts. */
  readonly sets?: readonly RuledSet[];
  readonly copies?: readonly RuledCopy[];
  /** Where repositories lie that are configured, as records have it. */
  readonly locations?: readonly string[];
  readonly nowMs: number;
}
