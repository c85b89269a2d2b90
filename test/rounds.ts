import { firstSeed } from './seeds.ts';

/** How often a test does again what differs each time. */
export interface Rounds {
  /** With all the other tests. */
  readonly sample: number;
  /** In `npm run test:long`, which takes the files that import this one: what was promised of the program, or what a night has room for. */
  readonly long: number;
}

/** `npm run test:long` sets the variable, see `scripts/test-run.mjs`. */
export function rounds({ sample, long }: Rounds): number {
  return process.env['CADANGAN_TEST_ROUNDS'] === 'long' ? long : sample;
}

/** A seed for each round, the same ones every time. */
export function seedsOf(wanted: Rounds): readonly number[] {
  return Array.from({ length: rounds(wanted) }, (_, at) => firstSeed() + at);
}
