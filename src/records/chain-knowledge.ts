import type { ComparedHead } from './compared-heads.ts';
import type { SnapshotLoss, UnknownSnapshot } from './known-snapshots.ts';
import type { HistoryRecord } from './record.ts';
import { savedHeadName, type Verification } from './verify.ts';

/** A place outside the history that was asked for heads of the chain: a repository, the folder of a copy, somebody's paper. */
export interface Witness {
  /** For people. */
  readonly location: string;
  /** When it was looked at, in milliseconds since 1970. */
  readonly atMs: number;
  /** Those that it keeps; of other histories, too. */
  readonly heads: readonly ComparedHead[];
  /** Why it could not be asked. What it keeps, nobody knows. */
  readonly reason?: NonNullable<HistoryRecord['reason']> | undefined;
}

/** Of a witness: `agrees` with every head of this history; `differs`; it keeps `none` of it; or it was `not-compared`. */
export type WitnessResult = 'agrees' | 'differs' | 'none' | 'not-compared';

/**
 * Everything that is known of the chain at one moment, and what it rests on. Whoever says something of the chain says it from here: the
 * verification, the forms, the audit pack, the dashboard.
 */
export interface ChainKnowledge {
  readonly verification: Verification;
  readonly witnesses: readonly Witness[];
  readonly losses: readonly SnapshotLoss[];
  readonly unknown: readonly UnknownSnapshot[];
}

/**
 * `empty`: there is no record, so nothing was proven. `sound`: in itself, and nobody outside was compared: whether its end was cut off, or
 * all of it written anew, cannot be told. `intact`: sound, and some place outside agrees, up to `confirmedThrough`.
 */
export type ChainState = 'broken' | 'empty' | 'sound' | 'intact';

export function chainStateOf({ verification, losses, unknown }: ChainKnowledge): ChainState {
  const isBroken = verification.faultCount > 0 || losses.length > 0 || unknown.some(({ isFresh }) => !isFresh);
  if (isBroken) return 'broken';
  if (verification.recordCount === 0) return 'empty';
  return confirmedThrough(verification) === undefined ? 'sound' : 'intact';
}

/** The newest record that a head kept elsewhere knows. What was written behind it, whoever has the key can write anew. */
export function confirmedThrough({ heads }: Pick<Verification, 'heads'>): number | undefined {
  const numbers = heads.flatMap(({ anchor, result }) => (result === 'agrees' && anchor.keptIn !== savedHeadName ? [anchor.number] : []));
  return numbers.length === 0 ? undefined : Math.max(...numbers);
}

export function resultOfWitness({ heads, reason }: Witness): WitnessResult {
  const ofHere = heads.filter(({ result }) => result !== 'other-history' && result !== 'disposed');
  if (ofHere.some(({ result }) => result !== 'agrees')) return 'differs';
  if (ofHere.length > 0) return 'agrees';
  return reason === undefined ? 'none' : 'not-compared';
}

/** Of heads that agree, the newest; of others, the one that says most against the chain. */
export function weightiestHead({ heads }: Witness): ComparedHead | undefined {
  const ofHere = heads.filter(({ result }) => result !== 'other-history' && result !== 'disposed');
  const against = ofHere.filter(({ result }) => result !== 'agrees');
  return (against.length > 0 ? against : ofHere).toSorted((a, b) => b.anchor.number - a.anchor.number)[0];
}
