import { englishFaultWords } from './fault-words-english.ts';
import { indonesianFaultWords } from './fault-words-indonesian.ts';
import type { FaultWords } from './fault-words.ts';
import { l10n } from './l10n.ts';
import { currentLanguage, type Language } from './locale.ts';

export const faultWords: Readonly<Record<Language, FaultWords>> = { en: englishFaultWords, id: indonesianFaultWords };

/** An exception, as jobs and records have it. */
interface Fault {
  readonly item: string;
  readonly kind: string;
  readonly reason: string;
}

/** Makes text from outside harmless for where it is shown. */
type Clean = (text: string) => string;

/** "cannot be read (permission denied)" from `unreadable` and `EACCES`. What is not known is shown as it is. */
export function describeFault(kind: string, reason: string, clean: Clean, words: FaultWords = faultWords[currentLanguage()]): string {
  const what = words.kinds[kind] ?? clean(kind);
  const why = describeReason(reason, clean, words);
  return why === '' || why === what ? what : `${what} (${why})`;
}

/** What a run says before anything else: sources of which there is nothing now, or next to nothing. One sentence each. */
export function alarmSentences(exceptions: readonly Fault[], clean: Clean): string[] {
  return exceptions.filter(isAlarm).map(({ item, kind, reason }) => {
    const facts = { path: clean(item), why: describeReason(reason, clean) };
    switch (kind) {
      case 'files-vanished':
        return l10n.t('Nearly all files of source "{path}" are gone: {why}', facts);
      case 'mostly-unreadable':
        return l10n.t('Most of source "{path}" could not be read: {why}', facts);
      case 'source-link':
        return l10n.t('Source "{path}" is a link: only the link is stored, not what it points to ({why})', facts);
      case 'nothing-chosen':
        return l10n.t('With "{path}" nothing of the snapshot was chosen; "cadangan ls" shows its paths', facts);
      default:
        return l10n.t('Source "{path}" is empty: {why}', facts);
    }
  });
}

/** It concerns a whole source, or a whole restore. */
export function isAlarm({ kind }: Pick<Fault, 'kind'>): boolean {
  return alarms.has(kind);
}

const alarms: ReadonlySet<string> = new Set(['source-empty', 'files-vanished', 'mostly-unreadable', 'source-link', 'nothing-chosen']);

/** A system code or a reason that a lower room gave, in words. */
export function describeReason(text: string, clean: Clean, { systemCodes, reasons }: FaultWords = faultWords[currentLanguage()]): string {
  const known = systemCodes[text] ?? reasons[text];
  if (known !== undefined) return known;
  // Reasons with values in them: the table has them with `…` in their places.
  for (const [pattern, translated] of Object.entries(reasons)) {
    const start = pattern.indexOf('…');
    if (start < 0 || !text.startsWith(pattern.slice(0, start))) continue;
    const [, ...values] = patternOf(pattern).exec(text) ?? [];
    if (values.length === 0) continue;
    const words = translated.split('…');
    return words.map((word, at) => word + (at < values.length ? clean(values[at] ?? '') : '')).join('');
  }
  return clean(text);
}

function patternOf(pattern: string): RegExp {
  const parts = pattern.split('…').map((part) => part.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
  return new RegExp(`^${parts.join('(.*)')}$`, 's');
}
