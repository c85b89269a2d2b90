import { describeFault, formatCount, formatNumber, holdText, l10n } from '../../platform/index.ts';
import type { Nonconformity } from '../nonconformities.ts';
import { instantMsOf } from '../timestamp.ts';
import { clockTime, longDay, shortDay } from './dates.ts';
import { nightReasonText, ruleText } from './words.ts';

/* What nonconformities say, in the language of the moment. */

type Text = Pick<Nonconformity, 'rule' | 'subject' | 'facts'> & Partial<Pick<Nonconformity, 'parts'>>;

/** What a nonconformity is about, in a sentence. */
export function nonconformityText({ rule, subject, facts, parts = [] }: Text, timeZone: string | undefined): string {
  if (rule === undefined) return subject;
  const fact = (name: string) => String(facts[name] ?? '');
  const time = (name: string) => (Number.isNaN(instantMsOf(fact(name))) ? '–' : clockTime(instantMsOf(fact(name)), timeZone));
  const head = ruleText(rule);
  switch (rule) {
    case 'outside-window':
      return withMore(
        l10n.t('{rule}: {set} ran from {started} to {ended}', {
          rule: head,
          set: fact('set'),
          started: time('started'),
          ended: time('ended'),
        }),
        parts,
      );
    case 'missed-night':
      return missedNightText(facts, parts);
    case 'drill-overdue':
      return l10n.t('{rule}: it was due on {day} (every {days} days)', { rule: head, day: longDay(fact('day')), days: fact('days') });
    case 'wrong-account':
      return withMore(
        l10n.t('{rule}: {account} instead of {designated}', { rule: head, account: fact('account'), designated: fact('designated') }),
        parts,
      );
    case 'off-site-failed':
      return l10n.t('{rule}: {copy}', { rule: head, copy: fact('copy') });
    case 'backup-removed':
      return l10n.t('{rule} ({count}): {location}', {
        rule: head,
        count: formatCount(Number(facts['count'] ?? 0)),
        location: fact('location'),
      });
    case 'chain-broken':
      return fact('file') === '' ? head : l10n.t('{rule}: {file}, line {line}', { rule: head, file: fact('file'), line: fact('line') });
    case 'rpo-exceeded':
      return l10n.t('{rule}: {set}, {hours} h', { rule: head, set: fact('set'), hours: formatNumber(Number(facts['hours'] ?? 0), 1) });
    case 'backup-suspect':
      return withMore(
        l10n.t('{rule}: "{source}" {what}', {
          rule: fact('set') === '' ? head : `${head} (${fact('set')})`,
          source: fact('source'),
          what: describeFault(fact('what'), '', (text) => text),
        }),
        parts,
      );
    case 'copy-behind':
      return facts['never'] === true
        ? l10n.t('{rule}: {copy} was never completed', { rule: head, copy: fact('copy') })
        : l10n.t('{rule}: {copy}, {hours} h', { rule: head, copy: fact('copy'), hours: fact('hours') });
    case 'damage-found':
    case 'check-failed':
    case 'scrub-failed':
    case 'restore-failed':
      return withMore(fact('location') === '' ? head : l10n.t('{rule}: {copy}', { rule: head, copy: fact('location') }), parts);
    case 'retention-held':
      return withMore(l10n.t('{rule} ({set}): {why}', { rule: head, set: fact('set'), why: holdText(fact('hold')) }), parts);
    case 'drill-failed':
      return withMore(head, parts);
    case 'finding':
      return fact('text');
  }
}

/** Of a row the first is told in full. */
function withMore(text: string, parts: readonly string[]): string {
  return parts.length < 2 ? text : l10n.t('{text}; and {count} more of the same', { text, count: formatCount(parts.length - 1) });
}

function missedNightText(facts: Nonconformity['facts'], parts: readonly string[]): string {
  const set = String(facts['set'] ?? '');
  const days = parts.length === 0 ? [String(facts['day'] ?? '')] : parts.map((part) => part.slice(-'2026-11-14'.length));
  const night = l10n.t('{rule}: {set}, {day}', { rule: ruleText('missed-night'), set, day: daysText(days) });
  const why = nightReasonText(String(facts['reason'] ?? ''));
  const text = why === '' ? night : `${night} (${why})`;
  return facts['nextGood'] === undefined
    ? text
    : l10n.t('{text}. Next good backup: No. {number}', { text, number: String(facts['nextGood']) });
}

/** Days that a sentence names one by one; of a longer row the first and the last. */
const daysNamedMax = 7;

function daysText(days: readonly string[]): string {
  const [first = '', last = ''] = [days[0], days.at(-1)];
  if (days.length <= daysNamedMax) return days.map(longDay).join('; ');
  return l10n.t('{count} nights from {first} to {last}', { count: formatCount(days.length), first: longDay(first), last: longDay(last) });
}

/** Whether it is open, who mends it until when, how it came to an end and whether that helped. @param today `2026-11-23` */
export function nonconformityStateText(one: Nonconformity, timeZone: string | undefined, today: string): string {
  const { isOpen, owner } = one;
  const mends = [
    ...(owner && isOpen ? [l10n.t('Owner: {name}', { name: personText(owner) })] : []),
    ...(isOpen ? [dueText(one, today)] : []),
  ];
  return [outcomeText(one, timeZone), ...mends].filter((part) => part !== '').join('; ');
}

/** Whether it is open, and how it came to an end. */
export function outcomeText({ isOpen, closed, withdrawn, check, reopenedBy }: Nonconformity, timeZone: string | undefined): string {
  const day = (at: string) => shortDay(instantMsOf(at), timeZone);
  const helped = check && !isOpen ? [l10n.t('{day}: it helped ({name})', { day: day(check.at), name: check.name })] : [];
  const unhelped = check && isOpen ? [l10n.t('{day}: it did not help ({name})', { day: day(check.at), name: check.name })] : [];
  const again = reopenedBy.length > 0 ? [l10n.t('opened again')] : [];
  const { why = '' } = withdrawn ?? {};
  return [
    ...(withdrawn ? [l10n.t('Withdrawn {day}: {name}: {why}', { day: day(withdrawn.at), name: personText(withdrawn), why })] : []),
    ...(closed ? [[day(closed.at), personText(closed)].filter((part) => part !== '').join(', ')] : []),
    ...(isOpen ? [l10n.t('Still open'), ...again, ...unhelped] : helped),
  ].join('; ');
}

/** Until when it is to be mended; empty where nobody said. @param today `2026-11-23` */
export function dueText({ isOpen, due }: Nonconformity, today: string): string {
  if (due === undefined) return '';
  return isOpen && due < today ? l10n.t('was due on {day}', { day: longDay(due) }) : l10n.t('due on {day}', { day: longDay(due) });
}

/** `Budi Santoso, IT Officer` */
export function personText({ name, position }: { readonly name: string; readonly position: string }): string {
  return [name, position].filter((part) => part !== '').join(', ');
}
