import { randomFillSync } from 'node:crypto';

/** The only door to randomness. Keys, nonces, ids and names of temporary files come from here. */
export interface Random {
  /** Fills `target` with random bytes and returns it. */
  fill<T extends Uint8Array>(target: T): T;
}

/** The operating system's generator, fit for keys and nonces. */
export const systemRandom: Random = { fill: (target) => randomFillSync(target) };

/** An id that nobody else will ever make. */
export function randomId(random: Random): string {
  return Buffer.from(random.fill(new Uint8Array(16))).toString('hex');
}

/** A whole number from 0 to `bound` - 1; the favour of the modulo is below 2^-16 for a `bound` up to 2^32. */
export function randomBelow(random: Random, bound: number): number {
  return Buffer.from(random.fill(new Uint8Array(6))).readUIntBE(0, 6) % bound;
}
