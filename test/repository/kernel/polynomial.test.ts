import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isCode } from '../../../src/platform/index.ts';
import {
  checkPolynomial,
  formatPolynomial,
  isIrreducible,
  parsePolynomial,
  randomPolynomial,
} from '../../../src/repository/kernel/index.ts';
import { SeededRandom } from '../../fakes/seeded-random.ts';

test('isIrreducible() agrees with trial division for every polynomial to degree 10', () => {
  for (let polynomial = 2n; polynomial < 1n << 11n; polynomial++) {
    assert.equal(isIrreducible(polynomial), !hasSmallerFactor(polynomial), polynomial.toString(2));
  }
});

test('isIrreducible() rejects 0, 1 and every product', () => {
  assert.ok(!isIrreducible(0n) && !isIrreducible(1n));
  const factor = fc.bigInt({ min: 2n, max: (1n << 40n) - 1n });
  fc.assert(fc.property(factor, factor, (a, b) => assert.ok(!isIrreducible(product(a, b)))));
});

test('randomPolynomial() gives irreducible polynomials of degree 53 that survive being written and read', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const polynomial = randomPolynomial(new SeededRandom(seed));
      assert.equal(polynomial >> 53n, 1n);
      assert.ok(isIrreducible(polynomial));
      assert.equal(parsePolynomial(formatPolynomial(polynomial)), polynomial);
    }),
    { numRuns: 20 },
  );
});

test('parsePolynomial() reads what restic wrote', () => {
  assert.equal(parsePolynomial('3da3358b4dc173'), 0x3da3358b4dc173n);
});

test('parsePolynomial() and checkPolynomial() refuse what restic cannot have written', () => {
  const refused = (read: () => unknown): void => assert.throws(read, (error) => isCode(error, 'repository.damaged'));
  for (const text of [
    '',
    '0',
    '1',
    'x',
    '-3da3358b4dc173',
    '0x3da3358b4dc173',
    ' 3da3358b4dc173',
    '3da3358b4dc175',
    '3da3358b4dc1730',
    'f'.repeat(1000),
  ]) {
    refused(() => parsePolynomial(text));
  }
  refused(() => checkPolynomial(0n));
  refused(() => checkPolynomial(-1n));
  refused(() => checkPolynomial(0x3da3358b4dc173n << 1n));
});

function hasSmallerFactor(polynomial: bigint): boolean {
  const degree = polynomial.toString(2).length - 1;
  for (let factor = 2n; factor < 1n << BigInt(Math.floor(degree / 2) + 1); factor++) {
    let rest = polynomial;
    while (rest.toString(2).length >= factor.toString(2).length)
      rest ^= factor << BigInt(rest.toString(2).length - factor.toString(2).length);
    if (rest === 0n) return true;
  }
  return false;
}

function product(a: bigint, b: bigint): bigint {
  let sum = 0n;
  for (let bit = 0n; b >> bit !== 0n; bit++) if ((b >> bit) & 1n) sum ^= a << bit;
  return sum;
}
