import { CadanganError, type Random } from '../../platform/index.ts';

/** A polynomial over GF(2): bit i is the coefficient of x^i. */
export type Polynomial = bigint;

const degree = 53;
/** About 2 in 53 candidates are irreducible, so this is never reached, unless the random source is broken. */
const triesMax = 1_000_000;

/** A random irreducible polynomial of degree 53, as restic makes one for a new repository. */
export function randomPolynomial(random: Random): Polynomial {
  for (let tries = 0; tries < triesMax; tries++) {
    const candidate = BigInt.asUintN(degree, Buffer.from(random.fill(new Uint8Array(8))).readBigUInt64LE());
    const polynomial = candidate | (1n << BigInt(degree)) | 1n;
    if (isIrreducible(polynomial)) return polynomial;
  }
  throw new Error(`No irreducible polynomial among ${triesMax} candidates: the random source is broken.`);
}

/**
 * Returns a polynomial that was read from a repository's config, if it is one that restic can have written.
 * @throws `repository.damaged` when its degree is not 53 or it is reducible
 */
export function checkPolynomial(polynomial: bigint): Polynomial {
  if (polynomial <= 0n || degreeOf(polynomial) !== degree) throw damagedPolynomial(`its degree is not ${degree}`);
  if (!isIrreducible(polynomial)) throw damagedPolynomial('it is reducible');
  return polynomial;
}

/** Reads `chunker_polynomial`, hexadecimal. @throws `repository.damaged`, also as `checkPolynomial` does */
export function parsePolynomial(text: string): Polynomial {
  if (!/^[0-9a-f]{1,16}$/i.test(text)) throw damagedPolynomial('it is not a hexadecimal number of 64 bits');
  return checkPolynomial(BigInt(`0x${text}`));
}

export function formatPolynomial(polynomial: Polynomial): string {
  return polynomial.toString(16);
}

/**
 * Ben-Or's test: P of degree n is reducible if and only if it shares a factor with x^(2^i) + x for some i up to n/2,
 * because that is the product of all irreducible polynomials whose degree divides i.
 */
export function isIrreducible(polynomial: Polynomial): boolean {
  const x = 2n;
  if (degreeOf(polynomial) < 1) return false;
  let power = remainder(x, polynomial);
  for (let i = 1; i <= degreeOf(polynomial) / 2; i++) {
    power = remainder(square(power), polynomial);
    if (greatestCommonDivisor(polynomial, power ^ x) !== 1n) return false;
  }
  return true;
}

/** Over GF(2) squaring moves bit i to bit 2i, so a base-4 digit's square is the hexadecimal digit in its place. */
function square(a: Polynomial): Polynomial {
  return BigInt(`0x${a.toString(4).replaceAll('3', '5').replaceAll('2', '4')}`);
}

function greatestCommonDivisor(a: Polynomial, b: Polynomial): Polynomial {
  while (b !== 0n) [a, b] = [b, remainder(a, b)];
  return a;
}

function remainder(a: Polynomial, modulus: Polynomial): Polynomial {
  const modulusDegree = degreeOf(modulus);
  for (let shift = degreeOf(a) - modulusDegree; shift >= 0; shift = degreeOf(a) - modulusDegree) a ^= modulus << BigInt(shift);
  return a;
}

/** -1 for the zero polynomial. */
function degreeOf(a: Polynomial): number {
  return a === 0n ? -1 : a.toString(2).length - 1;
}

function damagedPolynomial(reason: string): CadanganError {
  return new CadanganError('repository.damaged', { kind: 'config', name: 'chunker_polynomial', reason });
}
