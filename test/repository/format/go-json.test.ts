import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ByteString } from '../../../src/platform/index.ts';
import {
  formatExact,
  jsonDepthMax,
  jsonString,
  jsonStringOfBytes,
  mayLoseNumbers,
  parseExact,
  parseExactText,
  RawNumber,
} from '../../../src/repository/format/index.ts';
import { anyJson } from './arbitraries.ts';
import { expectDamaged } from './expect-damaged.ts';

test('parseExact() keeps integers beyond 2^53 as bigints', () => {
  assert.deepEqual(parseExactText('[9007199254740991,9007199254740992,18446744073709551615,-9007199254740993]'), [
    9007199254740991,
    9007199254740992n,
    18446744073709551615n,
    -9007199254740993n,
  ]);
});

test('parseExact() keeps the text of a number that JavaScript would write differently', () => {
  const text = '[1.5,1.50,1e5,1E400,-0,0.1,123456789012345678901234567890.5,-7,1e-7]';
  assert.equal(formatExact(parseExactText(text)), text);
  assert.deepEqual(parseExactText('[1.5,1.50]'), [1.5, new RawNumber('1.50')]);
});

test('mayLoseNumbers() is true wherever JSON.parse loses something', () => {
  const number = fc.oneof(
    fc.bigInt(-(2n ** 66n), 2n ** 66n).map(String),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value.toExponential(3)),
    fc.constantFrom('-0', '0.0', '1E2', '1e400', '9007199254740993'),
  );
  const space = fc.constantFrom('', ' ', '\n\t');
  fc.assert(
    fc.property(
      number,
      space,
      space,
      fc.constantFrom('#', '[#]', '[1,#]', '{"a":#}', '{"a":{"b" :[true,#]}}', '{"x":"y","a":#}'),
      (text, before, after, frame) => {
        const json = frame.replace('#', before + text + after);
        const lost = JSON.stringify(JSON.parse(text)) !== text || (/^-?\d+$/.test(text) && !Number.isSafeInteger(Number(text)));
        if (lost) assert(mayLoseNumbers(json), json);
        assert.equal(formatExact(parseExactText(json)), json.replaceAll(/\s/g, ''));
      },
    ),
    { numRuns: 2000 },
  );
});

test('mayLoseNumbers() is not alarmed by ids and times', () => {
  assert(!mayLoseNumbers('{"mtime":"2026-11-23T06:20:28.185347128-07:00","content":["1234567890123456e5"],"size":123}'));
});

test('formatExact() and parseExact() undo each other for any value', () => {
  fc.assert(
    fc.property(anyJson, (value) => assert.deepEqual(parseExact(Buffer.from(formatExact(value))), value)),
    { numRuns: 1000 },
  );
});

test('jsonString() escapes as the encoder of Go 1.19 does', () => {
  assert.equal(
    jsonString('"\\\b\f\n\r\t\x01\x1f\x7f/<>&\u2028\u2029é😀\ufffd'),
    '"\\"\\\\\\u0008\\u000c\\n\\r\\t\\u0001\\u001f\x7f/\\u003c\\u003e\\u0026\\u2028\\u2029é😀\ufffd"',
  );
  assert.equal(jsonString('a\ud800b'), '"a\ufffdb"');
});

test('jsonStringOfBytes() writes one \\ufffd for each bad byte and leaves a real U+FFFD raw', () => {
  assert.equal(jsonStringOfBytes('a\xff\xe2\x82<\xef\xbf\xbd' as ByteString), '"a\\ufffd\\ufffd\\ufffd\\u003c\ufffd"');
});

test('parseExact() refuses nesting beyond its bound, however deep', () => {
  const nested = (depth: number): Uint8Array => Buffer.from('['.repeat(depth) + ']'.repeat(depth));
  parseExact(nested(jsonDepthMax));
  expectDamaged(() => parseExact(nested(jsonDepthMax + 1)), /nested/);
  expectDamaged(() => parseExact(nested(300_000)));
  expectDamaged(() => parseExact(Buffer.from(`${'['.repeat(300_000)}1.50${']'.repeat(300_000)}`)));
});

test('parseExact() reads bad UTF-8 as U+FFFD and refuses what is not JSON', () => {
  assert.equal(parseExact(Buffer.from([0x22, 0xff, 0x22])), '\ufffd');
  for (const text of ['', '{', '[1,]', 'nul', '01', '\ufeff{}', '{}{}']) expectDamaged(() => parseExact(Buffer.from(text)), /JSON/);
});

test('a key named __proto__ is data', () => {
  const value = parseExactText('{"__proto__":{"a":1.50}}');
  assert.equal(formatExact(value), '{"__proto__":{"a":1.50}}');
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
});
