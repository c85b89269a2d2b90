import type { HistoryRecord, KeySuccession } from './record.ts';
import { isSignedBy, publicKeyFrom, type PublicKey } from './signing-key.ts';

/** What the next key signs to show that whoever introduces it has it. docs/records.md has the words. */
export function successionBytes({ from, throughNumber, throughHash }: Omit<KeySuccession, 'proof'>, to: string): Buffer {
  return Buffer.from(`cadangan key:${throughNumber}:${throughHash}:${from}:${to}`);
}

/** The id of the key that signs what follows this record. */
export function keyBehind(record: HistoryRecord | undefined): string | undefined {
  if (record?.succession?.proof === undefined || record.publicKey === undefined) return record?.key;
  return publicKeyFrom(record.publicKey)?.id;
}

/** A place of the chain from where another key signs, and none before it has introduced it. */
export interface KeyBreak {
  /** The id of the key that signed before, and the last record that it signed. */
  readonly from: string | undefined;
  readonly last: { readonly number: number; readonly hash: string } | undefined;
  /** The id of the key that signs from there on. */
  readonly to: string;
  isDeclared: boolean;
}

/**
 * The key that a record introduces as the next one: signed by the key in use, and by the next one in `proof`.
 * @returns undefined where it is forged
 */
export function nextKeyOf(
  { publicKey = '', succession, previous, number }: HistoryRecord,
  current: PublicKey | undefined,
): PublicKey | undefined {
  const next = publicKeyFrom(publicKey);
  if (next === undefined || succession?.proof === undefined || current === undefined) return undefined;
  const { from, throughNumber, throughHash, proof } = succession;
  const isOfHere = from === current.id && throughNumber === number - 1 && throughHash === previous;
  return isOfHere && next.id !== from && isSignedBy(next, successionBytes(succession, next.id), proof) ? next : undefined;
}

/**
 * The break that a record explains: the key before was lost. Undefined where the chain shows no such break, or it is explained already. A
 * key that was lost in its turn cannot say it, so any that signs later may.
 */
export function declaredBreak({ succession }: HistoryRecord, breaks: readonly KeyBreak[]): KeyBreak | undefined {
  return breaks.find(
    ({ from, last, isDeclared }) =>
      !isDeclared &&
      succession !== undefined &&
      from === succession.from &&
      last?.number === succession.throughNumber &&
      last.hash === succession.throughHash,
  );
}
