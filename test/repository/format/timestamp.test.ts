import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatTimestamp, isTimestamp, parseTimestamp, sameInstant, zeroTime } from '../../../src/repository/format/index.ts';
import { expectDamaged } from './expect-damaged.ts';

const dayNs = 86_400n * 10n ** 9n;

test('a time comes back from its text to the nanosecond, with its zone', () => {
  const ns = fc.bigInt(-62_167_132_800n * 10n ** 9n, 253_402_214_400n * 10n ** 9n);
  fc.assert(
    fc.property(ns, fc.integer({ min: -1439, max: 1439 }), (instant, offsetMinutes) => {
      const text = formatTimestamp(instant, offsetMinutes);
      assert.deepEqual(parseTimestamp(text), { ns: instant, offsetMinutes });
      assert(isTimestamp(text));
    }),
    { numRuns: 2000 },
  );
});

test('formatTimestamp() agrees with Date wherever Date can go', () => {
  fc.assert(
    fc.property(fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }), (date) => {
      assert.equal(formatTimestamp(BigInt(date.getTime()) * 1_000_000n), date.toISOString().replace(/\.?0*Z$/, 'Z'));
    }),
    { numRuns: 2000 },
  );
});

test('formatTimestamp() cuts trailing zeros as Go does', () => {
  assert.equal(formatTimestamp(1_200_000_000n), '1970-01-01T00:00:01.2Z');
  assert.equal(formatTimestamp(1n, 420), '1970-01-01T07:00:00.000000001+07:00');
  assert.equal(formatTimestamp(-1n), '1969-12-31T23:59:59.999999999Z');
  assert.equal(formatTimestamp(0n, -90), '1969-12-31T22:30:00-01:30');
});

test('formatTimestamp() rounds a local mean time with seconds and keeps the instant', () => {
  const text = formatTimestamp(0n, 427.2);
  assert.equal(text, '1970-01-01T07:07:00+07:07');
  assert.equal(parseTimestamp(text).ns, 0n);
});

test('formatTimestamp() clamps years outside 0 to 9999 and keeps the rest of the date', () => {
  assert.equal(formatTimestamp(parseTimestamp('9999-12-31T23:59:59Z').ns + dayNs), '9999-01-01T23:59:59Z');
  assert.equal(formatTimestamp(parseTimestamp('0000-01-01T00:00:00Z').ns - dayNs), '0000-12-31T00:00:00Z');
  // 12000 is a leap year, 9999 is none.
  const leapDay = parseTimestamp('8000-02-29T12:00:00Z').ns + 10n * 146_097n * dayNs;
  assert.equal(formatTimestamp(leapDay), '9999-03-01T12:00:00Z');
  assert.equal(formatTimestamp(2n ** 63n * 10n ** 9n).slice(0, 4), '9999');
  assert.equal(formatTimestamp(-(2n ** 63n) * 10n ** 9n).slice(0, 4), '0000');
});

test("Go's zero time is a time like any other", () => {
  assert.equal(formatTimestamp(parseTimestamp(zeroTime).ns), zeroTime);
});

test('digits beyond nanoseconds are dropped', () => {
  assert.equal(parseTimestamp('1970-01-01T00:00:00.0000000019Z').ns, 1n);
});

test('sameInstant() compares moments, not text', () => {
  assert(sameInstant('2026-11-23T13:20:28+07:00', '2026-11-23T06:20:28Z'));
  assert(!sameInstant('2026-11-23T13:20:28Z', '2026-11-23T13:20:28.000000001Z'));
});

test('text that is no RFC 3339 time is refused', () => {
  const texts = [
    '',
    '2026-11-23',
    '2026-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-11-31T00:00:00Z',
    '2026-11-23T24:00:00Z',
    '2026-11-23T06:20:60Z',
    '2026-11-23T06:20:28',
    '2026-11-23T06:20:28.Z',
    '2026-11-23T06:20:28+24:00',
    '2026-11-23 06:20:28Z',
    '12026-11-23T06:20:28Z',
  ];
  for (const text of texts) {
    expectDamaged(() => parseTimestamp(text));
    assert(!isTimestamp(text), text);
  }
});
