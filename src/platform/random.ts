import { randomFillSync } from 'node:crypto';

/** The only door to randomness. Keys, nonces, ids and names of temporary files come from here. */
export interface Random {
  /** Fills `target` with random bytes and returns it. */
  fill<T extends Uint8Array>(target: T): T;
}

/** The operating system's generator, fit for keys and nonces. */
export const systemRandom: Random = { fill: (target) => randomFillSync(target) };
