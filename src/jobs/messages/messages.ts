import { inspect } from 'node:util';
import { CadanganError, currentLanguage, describeFault, describeReason, type ErrorCode, type ErrorFacts } from '../../platform/index.ts';
import { english } from './messages-english.ts';
import { indonesian } from './messages-indonesian.ts';
import type { FactReader, Message, Phrasebook } from './phrasebook.ts';
import { safeText } from './safe-text.ts';

/** That of the chosen language. */
export function phrasebook(): Phrasebook {
  return currentLanguage() === 'id' ? indonesian : english;
}

/** Whether a text from outside is a code that we have a sentence for. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(english.errors, code);
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
  return describeFault(kind, reason, safeText, language.faultWords);
}

function readerOf(facts: ErrorFacts, language: Phrasebook): FactReader {
  const plain = (name: string): string | undefined => {
    const value = facts[name];
    if (value === undefined || value === '') return undefined;
    const text = Array.isArray(value) ? value.join(', ') : String(value);
    return describeReason(text, safeText, language.faultWords);
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
