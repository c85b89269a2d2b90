import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byteStringFromRaw, bytesOf, hasRawBytes, rawTextOf, spelledOut } from '../../src/platform/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { freshSeed } from '../seeds.ts';

test('a text keeps the bytes that are none, also the genuine U+FFFD beside them', () => {
  const bytes = Buffer.concat([Buffer.from('/a\ufffd/é'), Buffer.from([0xff, 0x2f, 0xc3, 0xed, 0xa0, 0x80])]);
  const raw = rawTextOf(bytes);
  assert.equal(raw, '/a\ufffd/é\udcff/\udcc3\udced\udca0\udc80');
  assert.deepEqual(bytesOf(byteStringFromRaw(raw)), bytes);
  assert.equal(hasRawBytes(raw), true);
  assert.equal(spelledOut('/é\udcff😀'), '/é\\xff😀');
  assert.equal(hasRawBytes('é\ufffd😀'), false); // whose halves stand in a pair
  assert.equal(byteStringFromRaw('é😀'), Buffer.from('é😀').toString('latin1'));
});

test('whatever the bytes are, they come back', () => {
  const seed = freshSeed();
  const random = new SeededRandom(seed);
  for (let run = 0; run < 2000; run++) {
    const bytes = random.fill(Buffer.alloc(1 + (random.uint32() % 12)));
    for (let at = 0; at < bytes.length; at++)
      if (random.uint32() % 3 === 0) bytes[at] = [0xe2, 0x82, 0xac, 0xef, 0xbf, 0xbd, 0x2f][random.uint32() % 7]!;
    const raw = rawTextOf(bytes);
    assert.deepEqual(bytesOf(byteStringFromRaw(raw)), bytes, `seed ${seed}`);
    assert.equal(hasRawBytes(raw), !Buffer.from(bytes.toString('utf8')).equals(bytes), `seed ${seed}`);
  }
});
