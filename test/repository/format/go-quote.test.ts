import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ByteString } from '../../../src/platform/index.ts';
import { byteStringFromText } from '../../../src/platform/index.ts';
import { goQuote, goUnquote } from '../../../src/repository/format/index.ts';
import { anyBytes } from './arbitraries.ts';
import { expectDamaged } from './expect-damaged.ts';

const raw = (bytes: string): ByteString => bytes as ByteString;

test('goQuote() writes what restic 0.14 wrote for the same names', () => {
  const known: ReadonlyArray<readonly [ByteString, string]> = [
    [raw('laporan 2026.txt'), 'laporan 2026.txt'],
    [raw('a"b\\c'), 'a\\"b\\\\c'],
    [raw('\x07\b\f\n\r\t\v'), '\\a\\b\\f\\n\\r\\t\\v'],
    [raw('\x01\x1f\x7f'), '\\x01\\x1f\\x7f'],
    [raw('\xff\xc3('), '\\xff\\xc3('],
    [raw('\xed\xa0\x80'), '\\xed\\xa0\\x80'],
    [raw('\xc0\xaf'), '\\xc0\\xaf'],
    [byteStringFromText('é😀～'), 'é😀～'],
    [byteStringFromText('\u0085\u00a0\u00ad\u200b\u2028\u3000\ufeff'), '\\u0085\\u00a0\\u00ad\\u200b\\u2028\\u3000\\ufeff'],
    [byteStringFromText('\ue000\ufffe\u{f0000}\u{10ffff}'), '\\ue000\\ufffe\\U000f0000\\U0010ffff'],
    [byteStringFromText('\ufffd'), '\ufffd'],
  ];
  for (const [name, quoted] of known) assert.equal(goQuote(name), quoted);
  for (const [name, quoted] of known) assert.equal(goUnquote(quoted), name);
});

test('goUnquote() gives back any bytes that goQuote() was given', () => {
  fc.assert(
    fc.property(anyBytes, (name) => assert.equal(goUnquote(goQuote(name)), name)),
    { numRuns: 2000 },
  );
});

test('goUnquote() reads the escapes that Go accepts but does not write', () => {
  assert.equal(goUnquote('\\101\\u0041\\U00000041\\xC3\\xa9'), 'AAA\xc3\xa9');
});

test('goUnquote() refuses what Go refuses', () => {
  for (const quoted of ['"', 'a\nb', '\\', '\\q', "\\'", '\\x4', '\\u12', '\\ud800', '\\U00110000', '\\400', '\\08']) {
    expectDamaged(() => goUnquote(quoted), /quoting/);
  }
});
