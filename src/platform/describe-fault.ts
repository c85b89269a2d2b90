import { englishFaultWords } from './fault-words-english.ts';
import { indonesianFaultWords } from './fault-words-indonesian.ts';
import type { FaultWords } from './fault-words.ts';
import { currentLanguage, type Language } from './locale.ts';

export const faultWords: Readonly<Record<Language, FaultWords>> = { en: englishFaultWords, id: indonesianFaultWords };

/** Makes text from outside harmless for where it is shown. */
type Clean = (text: string) => string;

/** "cannot be read (permission denied)" from `unreadable` and `EACCES`. What is not known is shown as it is. */
export function describeFault(kind: string, reason: string, clean: Clean, words: FaultWords = faultWords[currentLanguage()]): string {
  const what = words.kinds[kind] ?? clean(kind);
  const why = describeReason(reason, clean, words);
  return why === '' || why === what ? what : `${what} (${why})`;
}

/** A system code or a reason that a lower room gave, in words. */
export function describeReason(text: string, clean: Clean, { systemCodes, reasons }: FaultWords = faultWords[currentLanguage()]): string {
  const known = systemCodes[text] ?? reasons[text];
  if (known !== undefined) return known;
  // Reasons with a value in them: the table has them with `…` in its place.
  for (const [pattern, translated] of Object.entries(reasons)) {
    const [start, end, more] = pattern.split('…');
    if (start === undefined || end === undefined || more !== undefined || text.length < start.length + end.length) continue;
    if (text.startsWith(start) && text.endsWith(end))
      return translated.replace('…', () => clean(text.slice(start.length, text.length - end.length)));
  }
  return clean(text);
}
