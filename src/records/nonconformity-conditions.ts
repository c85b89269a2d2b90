import { isAlarm } from '../platform/index.ts';
import type { Finding, NonconformityRule, RuleContext, RuledCopy, RuledSet } from './finding.ts';
import { endMsOf, isGood, startMsOf, type HistoryRecord } from './record.ts';
import { rowsOf } from './rows.ts';

/* Rules about what lasts until something good comes: it is told once, grows while more of it comes, and cannot be closed before. */

const hourMs = 3_600_000;

/**
 * A set whose newest good backup was older than its recovery point objective. A recovery point is as old as the beginning of its backup;
 * times that follow each other are one. Before the first backup it counts from when the objective was set.
 */
export function backupsOverObjective(records: readonly HistoryRecord[], { sets = [], nowMs }: RuleContext): Finding[] {
  return sets.flatMap((set) => {
    const { name, rpoHours, sinceMs } = set;
    if (rpoHours === undefined || sinceMs === undefined) return [];
    const goods = records.filter((record) => record.kind === 'internal-backup' && record.set === name && isGood(record));
    const before = goods.findLast((record) => endMsOf(record) <= sinceMs);
    const after = goods.filter((record) => endMsOf(record) > sinceMs);
    const gaps = [before, ...after].map((record, at): Gap | undefined => {
      const next = after[at];
      const dueMs = (record ? startMsOf(record) : sinceMs) + rpoHours * hourMs;
      const isOver = Math.min(next ? endMsOf(next) : Infinity, nowMs) > dueMs;
      return isOver ? { record, dueMs, lasts: next === undefined } : undefined;
    });
    return rowsOf(gaps).map((row) => overObjective(set, row));
  });
}

/** A time in which the newest good backup was too old. */
interface Gap {
  /** That backup. */
  readonly record: HistoryRecord | undefined;
  readonly dueMs: number;
  readonly lasts: boolean;
}

function overObjective({ name, rpoHours = 0 }: RuledSet, row: readonly [Gap, ...Gap[]]): Finding {
  const [{ record, dueMs }] = row;
  const subjectOf = (gap: Gap) => `rpo-exceeded:${name}:${gap.record?.number ?? 0}`;
  return {
    rule: 'rpo-exceeded',
    subject: subjectOf(row[0]),
    parts: row.map(subjectOf),
    atMs: dueMs,
    facts: { set: name, hours: rpoHours, ...(record && { lastGood: record.number }) },
    records: row.flatMap((gap) => gap.record?.number ?? []),
    lasts: row.some((gap) => gap.lasts),
  };
}

/** A backup that has far less of a source than there was, or next to nothing of what is there; until one has it again. */
export function suspectBackups(records: readonly HistoryRecord[], { sets }: RuleContext): Finding[] {
  const made = records.filter((record) => record.kind === 'internal-backup' && isGood(record));
  const bySet = Map.groupBy(made, (record) => record.set ?? `${record.destination?.location ?? ''} ${sourcesOf(record).join(' ')}`);
  return [...bySet.values()].flatMap((ofSet) =>
    rowsOf(alarmsOf(ofSet)).map((row): Finding => {
      const [{ record: first, item, kind }, ...others] = row;
      const isConfigured = sets?.some(({ name }) => name === first.set) ?? true;
      return ofRow('backup-suspect', [first, ...others.map(({ record }) => record)], {
        facts: { set: first.set ?? '', source: item, what: kind },
        lasts: isConfigured && (others.at(-1)?.record ?? first) === ofSet.at(-1),
      });
    }),
  );
}

/** A backup, and the first thing by which it says that it has too little. */
interface Alarm {
  readonly record: HistoryRecord;
  readonly item: string;
  readonly kind: string;
}

/** Undefined for a backup that says nothing of the kind. @param ofSet backups of one set, in their order */
function alarmsOf(ofSet: readonly HistoryRecord[]): (Alarm | undefined)[] {
  let filesWhole = 0;
  return ofSet.map((record) => {
    const { exceptions = [], counts } = record;
    const files = counts?.['filesTotal'] ?? 0;
    const sources = new Set(sourcesOf(record));
    // A source that was not there at all is one when there is less than there was with it.
    const found = exceptions.find(
      ({ kind, item, weight }) => isAlarm({ kind }) || (weight === 'lost' && sources.has(item) && files < filesWhole),
    );
    if (!found) filesWhole = files;
    return found && { record, item: found.item, kind: found.kind };
  });
}

function sourcesOf({ source }: HistoryRecord): readonly string[] {
  return source?.paths ?? [];
}

/**
 * A copy that does not have a backup which is older than it may be, or that never ran. What a copy brought or found whole, by a record of
 * its own, it has up to when that began: a copying that had nothing to do leaves no record, and then there was no newer backup either.
 */
export function copiesBehind(records: readonly HistoryRecord[], { copies = [], nowMs }: RuleContext): Finding[] {
  return copies.flatMap((copy) => {
    const last = records.findLast((record) => isGoodCopying(record, copy));
    const wholeMs = last ? startMsOf(last) : -Infinity;
    const waiting = records.find((record) => isBackupInto(record, copy.repository) && endMsOf(record) > wholeMs);
    if (!waiting) return [];
    const dueMs = Math.max(endMsOf(waiting), copy.sinceMs) + copy.lagHoursMax * hourMs;
    if (nowMs <= dueMs) return [];
    return [
      {
        rule: 'copy-behind',
        subject: `copy-behind:${copy.name}:${last?.number ?? 0}`,
        atMs: dueMs,
        facts: { copy: copy.name, hours: copy.lagHoursMax, never: last === undefined },
        records: [waiting.number, ...(last ? [last.number] : [])].toSorted((a, b) => a - b),
        lasts: true,
      },
    ];
  });
}

function isGoodCopying(record: HistoryRecord, { location }: RuledCopy): boolean {
  return record.kind === 'external-backup' && record.destination?.location === location && isGood(record);
}

function isBackupInto(record: HistoryRecord, repository: string): boolean {
  return record.kind === 'internal-backup' && record.destination?.location === repository && isGood(record);
}

/** Damaged bytes in a repository, whoever came upon them; until a check finds the repository whole. */
export function damage(records: readonly HistoryRecord[], context: RuleContext): Finding[] {
  const looks = records.filter((record) => isDamage(record) || (record.kind === 'check' && record.result === 'success'));
  const byPlace = Map.groupBy(looks, placeOf);
  return [...byPlace].flatMap(([location, ofPlace]) =>
    rowsOf(ofPlace.map((record) => (isDamage(record) ? record : undefined))).map((row): Finding => {
      const lasts = isConfigured(location, context) && row.at(-1) === ofPlace.at(-1);
      return ofRow('damage-found', row, { facts: { location }, lasts });
    }),
  );
}

/** What checks, restores, drills, backups and copies call damage of a repository. */
function isDamage({ kind, counts, reason, exceptions = [], evidence }: HistoryRecord): boolean {
  if (kind === 'check' && (counts?.['errors'] ?? 0) > 0) return true;
  if (reason?.code === 'repository.damaged') return true;
  if (Number(evidence?.['parentTreesDamaged'] ?? 0) > 0) return true;
  return exceptions.some((exception) => ['damaged', 'source-damaged', 'archive-damaged'].includes(exception.kind));
}

/** Where the repository lies that a record is about. */
function placeOf({ kind, source, destination, evidence }: HistoryRecord): string {
  if (kind === 'internal-backup') return destination?.location ?? '';
  return source?.location ?? String(evidence?.['location'] ?? '');
}

function isConfigured(location: string, { sets, copies, locations }: RuleContext): boolean {
  if (sets === undefined || copies === undefined) return true;
  return (locations ?? []).includes(location) || copies.some((copy) => copy.repository === location || copy.location === location);
}

/** Kinds of work whose failure is one; of the copy on Drive all that is compared and read back is one kind of work. */
const works: readonly { readonly kinds: readonly HistoryRecord['kind'][]; readonly rule: NonconformityRule; readonly isEvent: boolean }[] =
  [
    { kinds: ['check'], rule: 'check-failed', isEvent: false },
    { kinds: ['scrub'], rule: 'scrub-failed', isEvent: false },
    { kinds: ['drill'], rule: 'drill-failed', isEvent: false },
    // Each restore is another one: a later one that succeeds undoes nothing.
    { kinds: ['internal-restore', 'external-restore'], rule: 'restore-failed', isEvent: true },
  ];

/** Slips of whoever asked by hand: nothing was tried yet, and he was told why. */
const slips: ReadonlySet<string> = new Set([
  'arguments.invalid',
  'repository.wrong-password',
  'password.missing',
  'password.empty',
  'snapshot.not-found',
  'snapshot.ambiguous',
  'path.not-found',
  'path.unsupported',
  'rights.denied',
  'retention.held',
  'snapshot.protected',
]);

/** A check, scrub, drill or restore that failed; until one of the same succeeds. One that found damage is told as that. */
export function failedWorks(records: readonly HistoryRecord[], context: RuleContext): Finding[] {
  return works.flatMap(({ kinds, rule, isEvent }) => {
    const ofKind = records.filter((record) => kinds.includes(record.kind) && (hasFailed(record) || isGood(record)));
    const byPlace = Map.groupBy(ofKind, (record) => (rule === 'drill-failed' ? '' : `${record.set ?? ''}\n${placeOf(record)}`));
    return [...byPlace.values()].flatMap((ofPlace) =>
      rowsOf(
        ofPlace.map((record) => (hasFailed(record) ? record : undefined)),
        () => !isEvent,
      ).map((row): Finding => {
        const [first] = row;
        const isLast = row.at(-1) === ofPlace.at(-1);
        const isWanted = rule === 'drill-failed' || isConfigured(placeOf(first), context);
        return ofRow(rule, row, {
          facts: { location: placeOf(first), ...(first.reason && { code: first.reason.code }) },
          lasts: !isEvent && isLast && isWanted,
        });
      }),
    );
  });
}

function hasFailed(record: HistoryRecord): boolean {
  const { result, kind } = record;
  return result === 'failed' && !(kind === 'check' && isDamage(record)) && !isSlip(record);
}

/** Somebody was there, and has seen what he asked for wrongly. */
export function isSlip({ reason, exceptions = [], trigger = 'manual' }: HistoryRecord): boolean {
  return trigger === 'manual' && (slips.has(reason?.code ?? '') || exceptions.some((exception) => exception.kind === 'nothing-chosen'));
}

const heldRule = 'retention-held' satisfies NonconformityRule;

/**
 * Removals of old backups that were held back, one after the other until one went through. What a person asks for by hand is answered to
 * him. It does not last: closing it is the release, and what smells anew has another subject.
 */
export function heldRetentions(records: readonly HistoryRecord[]): Finding[] {
  const isAsked = ({ trigger = 'manual', operator }: HistoryRecord): boolean => trigger === 'manual' && operator.via === 'command-line';
  const ofSets = Map.groupBy(
    records.filter((record) => record.kind === 'retention' && record.set !== undefined && !isAsked(record)),
    ({ set = '' }) => set,
  );
  return [...ofSets].flatMap(([set, ofSet]) =>
    rowsOf(ofSet.map((record) => (record.reason?.code === 'retention.held' ? record : undefined))).flatMap((row): Finding[] => {
      const [first] = row;
      const parts = [...new Set(row.flatMap(({ reason }) => heldParts(set, reason?.facts['subjects'])))];
      const [subject] = parts;
      const facts = { set, hold: String(first.reason?.facts['hold'] ?? '') };
      return subject === undefined
        ? []
        : [{ rule: heldRule, subject, parts, atMs: startMsOf(first), facts, records: row.map(({ number }) => number) }];
    }),
  );
}

function heldParts(set: string, subjects: unknown): string[] {
  return Array.isArray(subjects) ? subjects.map((subject) => `${heldRule}:${set}:${String(subject)}`) : [];
}

/** What was held back, of a part of its nonconformity. */
export function heldSubjectOf(part: string): string {
  return part.split(':').slice(2).join(':');
}

/** One finding of records that follow each other. */
function ofRow(
  rule: NonconformityRule,
  row: readonly [HistoryRecord, ...HistoryRecord[]],
  { facts, lasts }: Pick<Finding, 'facts' | 'lasts'>,
): Finding {
  const [first] = row;
  return {
    rule,
    subject: `${rule}:${first.number}`,
    parts: row.map(({ number }) => `${rule}:${number}`),
    atMs: startMsOf(first),
    facts,
    records: row.map(({ number }) => number),
    lasts,
  };
}
