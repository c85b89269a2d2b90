import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import fc from 'fast-check';
import { dayBefore, dayId, groupByDate, groupByDay } from '../../src/extension/presentation/date-groups.ts';
import { isEmptyFilter, filterText, matchesFilter, parseDayRange } from '../../src/extension/presentation/snapshot-filter.ts';
import { setLanguage } from '../../src/platform/index.ts';
import { instant, makeSet, makeSnapshot } from './sample.ts';

const jakarta = { timeZone: 'Asia/Jakarta' };
const now = instant('2026-11-23T05:00:00Z'); // noon of the 23rd in Jakarta

afterEach(() => setLanguage('en'));

test('groupByDate() shows today and yesterday by themselves, earlier days under their month, newest first', () => {
  const times = [
    '2026-11-23T02:00:00Z',
    '2026-11-22T14:00:00Z',
    '2026-11-21T14:00:00Z',
    '2026-11-20T14:00:00Z',
    '2026-10-31T16:59:59Z',
    '2025-11-20T00:00:00Z',
  ];
  const groups = groupByDate(times.map((time) => ({ time })).toReversed(), now, jakarta);
  const shown = groups.map((group) =>
    group.kind === 'day' ? group.label : `${group.label}: ${group.days.map(({ label }) => label).join(', ')}`,
  );
  assert.deepEqual(shown, [
    'Today',
    'Yesterday',
    'November 2026: 21 Nov 2026, 20 Nov 2026',
    'October 2026: 31 Oct 2026',
    'November 2025: 20 Nov 2025',
  ]);
});

test('groupByDate() speaks Indonesian', () => {
  setLanguage('id');
  const [today, month] = groupByDate([{ time: '2026-11-23T02:00:00Z' }, { time: '2026-08-17T02:00:00Z' }], now, jakarta);
  assert.deepEqual([today?.label, month?.label], ['Hari ini', 'Agustus 2026']);
});

test('a snapshot just after midnight of the zone is of the new day', () => {
  assert.equal(dayId(instant('2026-11-22T16:59:59Z'), jakarta), '2026-11-22');
  assert.equal(dayId(instant('2026-11-22T17:00:00Z'), jakarta), '2026-11-23');
  assert.equal(dayBefore('2026-03-01'), '2026-02-28');
});

test('groupByDay() loses nothing, doubles nothing and keeps days in order, for any times', () => {
  fc.assert(
    fc.property(fc.array(fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true })), (dates) => {
      const days = groupByDay(
        dates.map((date) => ({ time: date.toISOString() })),
        now,
        jakarta,
      );
      assert.equal(days.flatMap(({ items }) => items).length, dates.length);
      const ids = days.map(({ id }) => id);
      assert.deepEqual(ids, [...new Set(ids)].toSorted().toReversed());
    }),
  );
});

test('parseDayRange() reads days, months, years and ranges, and nothing else', () => {
  const cases: readonly (readonly [string, unknown])[] = [
    ['2026-11-22', { from: '2026-11-22', to: '2026-11-22' }],
    ['2026-02', { from: '2026-02-01', to: '2026-02-28' }],
    ['2024', { from: '2024-01-01', to: '2024-12-31' }],
    ['2026-11-01..2026-11-30', { from: '2026-11-01', to: '2026-11-30' }],
    ['2026-11..', { from: '2026-11-01' }],
    ['..2024-02', { to: '2024-02-29' }],
    ['2026-02-30', undefined],
    ['2026-13', undefined],
    ['2026-11-30..2026-11-01', undefined],
    ['', undefined],
    ['..', undefined],
    ['yesterday', undefined],
    ['2026-1-2', undefined],
    ['1..2..3', undefined],
  ];
  for (const [text, range] of cases) assert.deepEqual(parseDayRange(text), range, text);
});

test('a filter keeps what fits its set, its path and its days', () => {
  const [accounting, archive] = [makeSet(), makeSet({ name: 'archive', title: 'Archive', sources: ['/srv/archive'] })];
  const sets = [accounting, archive];
  const snapshot = makeSnapshot({ time: '2026-11-22T12:00:00Z' });
  const fits = (filter: Parameters<typeof matchesFilter>[1]) => matchesFilter(snapshot, filter, sets);
  assert.deepEqual([fits({}), fits({ set: 'accounting' }), fits({ set: 'archive' })], [true, true, false]);
  assert.deepEqual([fits({ path: '/srv/accounting/2026' }), fits({ path: '/srv' }), fits({ path: '/srv/acc' })], [true, true, false]);
  assert.deepEqual([fits({ from: '2026-11-22' }), fits({ to: '2026-11-21' }), fits({ from: '2026-11-23' })], [true, false, false]);
  assert.deepEqual([isEmptyFilter({}), isEmptyFilter({ set: 'x' })], [true, false]);
  assert.equal(filterText({ set: 'archive', from: '2026-11-01', to: '2026-11-30' }, sets), 'Archive · 1 Nov 2026 – 30 Nov 2026');
});
