import { formatBytes, l10n } from '../platform/index.ts';
import {
  clockTime,
  endMsOf,
  kindText,
  longDay,
  dayOf,
  nonconformityText,
  nonconformityRules,
  piecesOf,
  resultText,
  zoneName,
  type HistoryRecord,
} from '../records/index.ts';
import type { Section } from './message.ts';
import type { Notice } from './notice.ts';

/** The sentences that are made above this room. */
export interface NoticeSentences {
  /** Of what ended something: what it means, and what can be done. */
  readonly reason: (reason: NonNullable<HistoryRecord['reason']>) => { readonly what: string; readonly next?: string | undefined };
  readonly exception: (exception: NonNullable<HistoryRecord['exceptions']>[number]) => string;
  /** A text from outside, as it may be shown. */
  readonly safe: (text: string) => string;
}

export interface SectionContext {
  readonly sentences: NoticeSentences;
  readonly timeZone: string | undefined;
  /** As people call a set. */
  readonly titleOf: (set: string) => string;
}

const exceptionsMax = 5;
const lineCharsMax = 600;

/** What a record says to whoever is told of it, in the language of the moment. */
export function sectionOf(record: HistoryRecord, notice: Notice, context: SectionContext): Section {
  const { sentences, timeZone, titleOf } = context;
  const { number, reason, nonconformity } = record;
  const name = notice.set === undefined ? placeText(record) : titleOf(notice.set);
  const said = reason === undefined ? undefined : sentences.reason(reason);
  const line = (text: string): string => shortened(sentences.safe(text));
  const next = said?.next ?? nextOf(notice);
  return {
    title: line(titleText(record, notice, name)),
    tone: notice.kinds.includes('exceptions') ? 'note' : 'bad',
    about: line(`${timeText(endMsOf(record), timeZone)} · ${l10n.t('record No. {number}', { number: String(number) })}`),
    lines: [
      ...(said === undefined ? [] : [said.what]),
      ...(nonconformity === undefined ? [] : [nonconformityLine(nonconformity, timeZone)]),
      ...spaceLines(record),
      ...exceptionLines(record, sentences),
    ]
      .filter((text) => text !== '')
      .map(line),
    ...(next !== undefined && { next: line(next) }),
    record: number,
    ...(nonconformity?.records && { shows: [...nonconformity.records] }),
  };
}

/** What somebody can read on a phone: a whole sentence of ours, and the beginning of a path that fills pages. */
function shortened(text: string): string {
  const [first = '', more] = piecesOf(text, lineCharsMax);
  return more === undefined ? first : `${first}…`;
}

/** `23 November 2026, 21:04 WIB (Asia/Jakarta)` */
export function timeText(ms: number, timeZone: string | undefined): string {
  return `${longDay(dayOf(ms, timeZone))}, ${clockTime(ms, timeZone)} ${zoneName(ms, timeZone)}`;
}

function titleText(record: HistoryRecord, { kinds: [kind, special] }: Notice, name: string): string {
  const what = kindText(record.kind);
  const about = name === '' ? what : `${what}: ${name}`;
  switch (kind) {
    case 'failure':
    case 'exceptions':
      return record.kind === 'alert-failed' ? about : `${resultText(record)} – ${about}`;
    case 'missed-night':
      return l10n.t('Night without a backup: {set}', { set: name });
    case 'low-space':
      return l10n.t('Little space left: {location}', { location: String(record.evidence?.['location'] ?? '') });
    case 'nonconformity':
    case 'held-deletion':
    case 'off-site-lag':
    case 'overdue-drill': {
      const id = record.nonconformity?.id ?? '';
      if (special === 'off-site-lag') return l10n.t('Off-site copy behind – nonconformity {id}', { id });
      if (special === 'overdue-drill') return l10n.t('Restore drill overdue – nonconformity {id}', { id });
      if (special === 'held-deletion') return l10n.t('Removal on hold – nonconformity {id}', { id });
      return l10n.t('Nonconformity {id}', { id });
    }
  }
}

function placeText({ kind, destination, source, evidence }: HistoryRecord): string {
  if (kind === 'alert-failed') return String(evidence?.['receiver'] ?? '');
  return source?.location ?? destination?.location ?? String(evidence?.['location'] ?? '');
}

function nonconformityLine(given: NonNullable<HistoryRecord['nonconformity']>, timeZone: string | undefined): string {
  const { subject, facts = {}, parts = [] } = given;
  const rule = nonconformityRules.find((known) => known === given.rule);
  return nonconformityText({ rule, subject, facts, parts }, timeZone);
}

function spaceLines({ kind, evidence }: HistoryRecord): string[] {
  if (kind !== 'low-space') return [];
  const size = (name: string): string => formatBytes(Number(evidence?.[name] ?? 0));
  return [l10n.t('{free} free, less than {limit}.', { free: size('freeBytes'), limit: size('limitBytes') })];
}

function exceptionLines({ exceptions = [], exceptionCount = 0 }: HistoryRecord, { exception }: NoticeSentences): string[] {
  const shown = exceptions.slice(0, exceptionsMax).map((one) => `${one.item}: ${exception(one)}`);
  const left = Math.max(exceptionCount, exceptions.length) - shown.length;
  return left > 0 ? [...shown, l10n.t('… and {count} more', { count: left })] : shown;
}

function nextOf({ kinds }: Notice): string | undefined {
  if (kinds.includes('held-deletion')) return l10n.t('Look at what has changed, then release the removal or restore what was lost.');
  if (kinds.includes('overdue-drill')) return l10n.t('Run a restore drill: "cadangan drill".');
  if (kinds.includes('low-space')) return l10n.t('Make room there, or add some: a backup that finds no space fails.');
  return undefined;
}
