import { inspect } from 'node:util';
import { CadanganError, currentLanguage, type ErrorFacts } from '../platform/index.ts';
import { english } from './messages-english.ts';
import { indonesian } from './messages-indonesian.ts';
import type { FactReader, Message, Phrasebook } from './phrasebook.ts';
import { safeText } from './safe-text.ts';

/** That of the chosen language. */
export function phrasebook(): Phrasebook {
  return currentLanguage() === 'id' ? indonesian : english;
}

/** What a code and its facts mean to people, in the chosen language. */
export function describeError(error: unknown, language: Phrasebook = phrasebook()): Message {
  if (error instanceof CadanganError) return language.errors[error.code](readerOf(error.facts, language));
  return language.unknown(safeText(error instanceof Error ? error.message : inspect(error)));
}

/** The errors beneath an error, from the outside in; for `--verbose`. */
export function describeCauses(error: unknown, language: Phrasebook = phrasebook()): string[] {
  const lines: string[] = [];
  let cause = error instanceof Error ? error.cause : undefined;
  // A bound, because an error may be its own cause.
  for (let depth = 0; cause !== undefined && depth < 8; depth++) {
    lines.push(language.cause(safeText(cause instanceof Error ? `${cause.name}: ${cause.message}` : inspect(cause))));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return lines;
}

/** "cannot be read (permission denied)" from `unreadable` and `EACCES`. */
export function describeException(kind: string, reason: string, language: Phrasebook = phrasebook()): string {
  const what = language.exceptionKinds[kind] ?? safeText(kind);
  const why = wordsFor(reason, language);
  return why === '' || why === what ? what : `${what} (${why})`;
}

/** A system code or a reason that a lower room gave, in words. */
function wordsFor(text: string, { systemCodes, reasons }: Phrasebook): string {
  const known = systemCodes[text] ?? reasons[text];
  if (known !== undefined) return known;
  // Reasons with a value in them: the table has them with `…` in its place.
  for (const [pattern, translated] of Object.entries(reasons)) {
    const [start, end, more] = pattern.split('…');
    if (start === undefined || end === undefined || more !== undefined || text.length < start.length + end.length) continue;
    if (text.startsWith(start) && text.endsWith(end)) return translated.replace('…', () => safeText(text.slice(start.length, text.length - end.length)));
  }
  return safeText(text);
}

function readerOf(facts: ErrorFacts, language: Phrasebook): FactReader {
  const plain = (name: string): string | undefined => {
    const value = facts[name];
    if (value === undefined || value === '') return undefined;
    const text = Array.isArray(value) ? value.join(', ') : String(value);
    return wordsFor(text, language);
  };
  return {
    plain,
    quoted: (name, otherwise = '') => {
      const text = plain(name);
      return text === undefined ? otherwise : text.startsWith('"') ? text : `"${text}"`;
    },
    size: (name) => {
      const value = facts[name];
      return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : undefined;
    },
    list: (name) => {
      const value = facts[name];
      return Array.isArray(value) ? value.map((item) => safeText(String(item))) : [];
    },
  };
}
