import type { ErrorFacts } from '../platform/index.ts';
import type { Place } from './positions.ts';

/** What can be wrong in a configuration file. The sentence for people is made by `describeProblem`. */
export type ProblemCode =
  | 'unreadable' // facts: reason, a system code or `not-utf-8`
  | 'too-large' // facts: maxBytes
  | 'blank' // nothing is written in it
  | 'too-deep' // facts: max
  | 'syntax' // facts: reason, a word of the JSON parser
  | 'duplicate-key' // facts: key
  | 'unknown-key' // facts: key, suggestion
  | 'missing' // facts: key
  | 'wrong-type' // facts: expected, actual
  | 'invalid-value' // facts: value, and `allowed` or `expected`
  | 'out-of-range' // facts: origin (what is measured), minimum, maximum
  | 'conflict' // facts: key, other: two keys that exclude each other
  | 'duplicate-name' // facts: name, otherLine
  | 'shared-folder' // facts: location, relation (`same`, `inside`, `around`), other (`copy`, `readable`, `set`), name, otherLocation, otherLine
  | 'secret' // facts: key. A secret stands in the file; facts never hold it
  | 'password-unattended' // the set runs by itself, and nobody is there to give its password
  | 'password-file-missing' // facts: file, at: when it was looked at, in milliseconds
  | 'password-file-exposed' // facts: file, mode or readers, at
  | 'password-file-unchecked' // facts: file, at. Windows does not say who may read it
  | 'unsupported-version'; // facts: version

/** One thing that is not as it must be. Errors keep their set (or the general value) from being used, warnings keep nothing. */
export interface Problem extends Place {
  readonly severity: 'error' | 'warning';
  readonly code: ProblemCode;
  readonly facts: ErrorFacts;
  /** Where in the configuration, e.g. `sets[2].schedule.window`; empty for the whole file. */
  readonly path: string;
  /** The name of the set it stands in, as far as it has one. */
  readonly set: string | undefined;
}

/** `sets[2].schedule.window` */
export function pathText(path: readonly PropertyKey[]): string {
  return path.map((part, at) => (typeof part === 'number' ? `[${part}]` : `${at === 0 ? '' : '.'}${String(part)}`)).join('');
}
