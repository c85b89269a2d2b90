import type { ErrorCode, FaultWords } from '../../platform/index.ts';

/** An error for people: what happened to what, and what can be done. Sentences with a full stop, safe to show. */
export interface Message {
  readonly what: string;
  readonly next?: string;
}

/** The facts of an error, ready to be put into a sentence. */
export interface FactReader {
  /** The fact in quotation marks, or `otherwise` where it is missing. */
  quoted(name: string, otherwise?: string): string;
  /** The fact as it is (safe to show), or `undefined`. */
  plain(name: string): string | undefined;
  size(name: string): number | undefined;
  list(name: string): readonly string[];
}

/** A language: a maker of messages for every code, and the few other sentences that errors need. */
export interface Phrasebook {
  readonly errors: { readonly [Code in ErrorCode]: (facts: FactReader) => Message };
  readonly unknown: (text: string) => Message;
  readonly cause: (text: string) => string;
  readonly faultWords: FaultWords;
}
