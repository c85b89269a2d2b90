/** `CADANGAN_TEST_SEED=...` lives a run again that a random test has told of. */
const given = process.env['CADANGAN_TEST_SEED'];

/** For random tests: a seed that is not fixed, to be printed. */
export function freshSeed(): number {
  return given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
}

/** For tests that take the same seeds each time: the first of them. */
export function firstSeed(): number {
  return given === undefined ? 1 : Number(given);
}
