import assert from 'node:assert/strict';
import { CadanganError } from '../../platform/index.ts';
import { damaged } from './damaged.ts';
import { formatExact } from './go-json.ts';
import { isId } from './ids.ts';
import { JsonFields } from './json-fields.ts';

/** What a repository fixes for its whole life. */
export interface RepositoryConfig {
  /** 1 has no compression. */
  readonly version: 1 | 2;
  /** 64 random hex digits; no hash of anything. */
  readonly id: string;
  /** Of degree 53, bit i is the coefficient of x^i. Whether it is irreducible is for the chunker to say. */
  readonly chunkerPolynomial: bigint;
}

/** @throws `repository.damaged`; `repository.unsupported` for a version other than 1 and 2 */
export function parseConfig(bytes: Uint8Array): RepositoryConfig {
  const fields = JsonFields.parse('config', bytes);
  const version = fields.integer('version', 0xffff_ffff);
  if (version !== 1 && version !== 2) throw new CadanganError('repository.unsupported', { kind: 'config', version });
  const id = fields.text('id');
  if (!isId(id)) throw damaged('config', 'its id is not 64 hex digits');
  const polynomial = fields.text('chunker_polynomial');
  if (!/^[0-9a-f]{1,16}$/.test(polynomial)) fields.fail('chunker_polynomial', polynomial);
  const chunkerPolynomial = BigInt(`0x${polynomial}`);
  if (!hasDegree53(chunkerPolynomial)) fields.fail('chunker_polynomial', polynomial);
  return { version, id, chunkerPolynomial };
}

export function serializeConfig(config: RepositoryConfig): Uint8Array {
  assert(isId(config.id) && hasDegree53(config.chunkerPolynomial), 'the config can be read back');
  const { version, id, chunkerPolynomial } = config;
  return Buffer.from(formatExact({ version, id, chunker_polynomial: chunkerPolynomial.toString(16) }));
}

function hasDegree53(polynomial: bigint): boolean {
  return polynomial >> 53n === 1n;
}
