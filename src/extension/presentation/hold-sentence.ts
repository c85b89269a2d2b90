import { formatCount, formatDate, holdText, l10n } from '../../platform/index.ts';
import type { ErrorData } from '../../service/index.ts';
import { instantOf } from './instants.ts';
import { oneLine } from './plain-text.ts';
import { joined } from './set-row.ts';

/** What speaks against a removal, of a `retention.held`: why, and what was counted. */
export function holdSentence({ facts }: ErrorData): string {
  const hold = textOf(facts['hold']);
  return joined([holdText(hold), hold === 'sudden-change' ? changeText(facts) : foundText(facts)], ': ');
}

/** All that speaks against one removal, the first in full: that one is what somebody has seen who releases it. */
export function holdSentences(held: ErrorData): readonly string[] {
  const { otherHolds } = held.facts;
  return [holdSentence(held), ...(typeof otherHolds === 'object' ? otherHolds.map(holdText) : [])];
}

/** What that one is released by. @throws what keeps it from being released */
export function seenSubject(held: ErrorData): string {
  const { subjects } = held.facts;
  const [first] = typeof subjects === 'object' ? subjects : [];
  if (first === undefined) throw new Error(held.message);
  return first;
}

type Facts = ErrorData['facts'];

function foundText(facts: Facts): string {
  const found = joined([textOf(facts['group']), textOf(facts['file']), shortId(facts), textOf(facts['nonconformity'])], ', ');
  const others = countOf(facts['count']) - 1;
  return others > 0 ? l10n.t('{name} and {count} more', { name: found, count: formatCount(others) }) : found;
}

/** How the files of the snapshot before were found again. */
function changeText(facts: Facts): string {
  const total = formatCount(countOf(facts['filesBefore']));
  const what = Array.isArray(facts['what']) ? facts['what'] : [];
  const shares = (['changed', 'vanished', 'scrambled', 'renamed'] as const)
    .filter((kind) => what.includes(kind))
    .map((kind) => shareTexts[kind]({ count: formatCount(countOf(facts[kind])), total }));
  return joined([formatDate(instantOf(textOf(facts['time']))), shortId(facts), ...shares], ', ');
}

interface Share {
  readonly count: string;
  readonly total: string;
}

const shareTexts = {
  changed: (share: Share) => l10n.t('{count} of {total} files do not look like what they were', { ...share }),
  vanished: (share: Share) => l10n.t('{count} of {total} files are gone', { ...share }),
  scrambled: (share: Share) => l10n.t('{count} of {total} files look encrypted', { ...share }),
  renamed: (share: Share) => l10n.t('{count} of {total} files were replaced under a new extension', { ...share }),
} as const;

function shortId(facts: Facts): string {
  return textOf(facts['snapshot']).slice(0, 8);
}

function textOf(fact: Facts[string] | undefined): string {
  return typeof fact === 'string' ? oneLine(fact) : '';
}

function countOf(fact: Facts[string] | undefined): number {
  return typeof fact === 'number' ? fact : 0;
}
