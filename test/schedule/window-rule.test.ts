import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isCode } from '../../src/platform/index.ts';
import { parseWindowRule, weekdays } from '../../src/schedule/index.ts';
import { formatWindowRule, readWindowRule } from '../../src/schedule/window-rule.ts';
import { anyRule } from './any-rule.ts';

const jakarta = { timeZone: 'Asia/Jakarta' };

test('a window is read as people write it', () => {
  const minutesOf = (text: string): number[] => {
    const { startMinute, endMinute } = parseWindowRule(text, jakarta);
    return [startMinute, endMinute];
  };
  assert.deepEqual(minutesOf('21:00-23:00'), [21 * 60, 23 * 60]);
  assert.deepEqual(minutesOf(' 21.00 – 23.30 '), [21 * 60, 23 * 60 + 30]);
  assert.deepEqual(minutesOf('22:00-02:00'), [22 * 60, 2 * 60]);
  assert.deepEqual(minutesOf('9:05-24:00'), [9 * 60 + 5, 24 * 60]);
  assert.deepEqual(minutesOf('22:00-00:00'), [22 * 60, 24 * 60], 'midnight as an end is the end of the day');
  assert.deepEqual(minutesOf('00:00-24:00'), [0, 24 * 60]);
});

test('days are kept in the order of the week; none given and "daily" mean all', () => {
  const daysOf = (...days: string[]): readonly string[] => parseWindowRule('21:00-23:00', { ...jakarta, days }).days;
  assert.deepEqual(daysOf('fri', 'mon', 'fri'), ['mon', 'fri']);
  assert.deepEqual(daysOf('daily'), weekdays);
  assert.deepEqual(parseWindowRule('21:00-23:00', jakarta).days, weekdays);
});

for (const [window, why] of [
  ['21:00', 'no end'],
  ['25:00-26:00', 'no such hour'],
  ['21:60-22:00', 'no such minute'],
  ['24:00-01:00', 'begins after the day'],
  ['21:00-21:00', 'empty'],
  ['', 'nothing'],
  ['21:00-23:00x', 'more behind it'],
  ['24:30-01:00', 'past midnight'],
] as const) {
  test(`the window "${window}" is refused: ${why}`, () => {
    assert.throws(
      () => parseWindowRule(window, jakarta),
      (error) => isCode(error, 'arguments.invalid') && error.facts['window'] === window,
    );
  });
}

test('an unknown day, no day and an unknown time zone are refused', () => {
  for (const options of [{ ...jakarta, days: ['monday'] }, { ...jakarta, days: [] }, { timeZone: 'Asia/Nowhere' }]) {
    assert.throws(
      () => parseWindowRule('21:00-23:00', options),
      (error) => isCode(error, 'arguments.invalid'),
    );
  }
});

test('a rule written as a line is read back the same', () => {
  fc.assert(fc.property(anyRule(), (rule) => assert.deepEqual(readWindowRule(formatWindowRule(rule)), rule)));
});

test('what is not such a line gives no rule', () => {
  for (const line of ['', '21:00-23:00', '21:00-23:00 mon', '21:00-23:00 mon Mars/Phobos', '21:00-23:00 mon Asia/Jakarta more'])
    assert.equal(readWindowRule(line), undefined);
  fc.assert(fc.property(fc.string(), (line) => assert.equal(readWindowRule(line), undefined)));
});
