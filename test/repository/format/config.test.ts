import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCode } from '../../../src/platform/index.ts';
import { parseConfig, serializeConfig } from '../../../src/repository/format/index.ts';
import { expectDamaged } from './expect-damaged.ts';

const id = 'f0da58e340b4c9a16a8dd131221a406a860f727a760868e242879be42a3050e4';
// From the repository in test/fixtures/restic/tiny-0.14.
const fromRestic = `{"version":2,"id":"${id}","chunker_polynomial":"292a91ba9f108b"}`;

test("restic's config is read, and written back byte for byte", () => {
  const config = parseConfig(Buffer.from(fromRestic));
  assert.deepEqual(config, { version: 2, id, chunkerPolynomial: 0x292a91ba9f108bn });
  assert.equal(Buffer.from(serializeConfig(config)).toString('utf8'), fromRestic);
});

test('a version that we do not know is unsupported, not damaged', () => {
  assert.throws(
    () => parseConfig(Buffer.from(fromRestic.replace('2', '3'))),
    (error) => isCode(error, 'repository.unsupported') && error.facts['version'] === 3,
  );
});

test('a polynomial of another degree, or a bad id, is damage', () => {
  for (const polynomial of ['', '0', '92a91ba9f108b', '692a91ba9f108b', '292a91ba9f108bff3', '0x292a91ba9f108b', '292A91BA9F108B']) {
    expectDamaged(() => parseConfig(Buffer.from(fromRestic.replace('292a91ba9f108b', polynomial))), /chunker_polynomial/);
  }
  expectDamaged(() => parseConfig(Buffer.from(fromRestic.replace(id, id.slice(1)))), /id/);
});
