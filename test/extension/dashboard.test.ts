import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { DashboardData } from '../../src/service/index.ts';
import { parsePageMessage } from '../../src/extension/presentation/dashboard-message.ts';
import { dashboardPage } from '../../src/extension/presentation/dashboard-page.ts';
import { setLanguage } from '../../src/platform/index.ts';

afterEach(() => void setLanguage('en'));

const nowNs = BigInt(Date.parse('2026-11-23T08:00:00+07:00')) * 1_000_000n;
const timeZone = 'Asia/Jakarta';
const quiet: DashboardData = {
  year: 2026,
  years: [2025, 2026],
  days: [],
  sets: [],
  growth: [],
  nonconformities: [],
  chain: { state: 'intact', count: 0 },
  timeZone,
};
const pageOf = (more: Partial<DashboardData> = {}) => dashboardPage({ ...quiet, ...more }, { nowNs, timeZone: 'UTC' });

test('the calendar has every day of the year in a column of its week, Monday first, leap years too', () => {
  const { days, months, weeks } = pageOf().calendar;
  assert.equal(days.length, 365);
  assert.deepEqual([days[0]?.date, days[0]?.week, days[0]?.weekday], ['2026-01-01', 0, 3]); // a Thursday
  assert.deepEqual([days[4]?.date, days[4]?.week, days[4]?.weekday], ['2026-01-05', 1, 0]);
  assert.equal(weeks, 53);
  assert.equal(months[1]?.week, days.find(({ date }) => date === '2026-02-01')?.week);
  assert.equal(pageOf({ year: 2028 }).calendar.days.length, 366);
});

test('a night says its result in words, leads to each of its records, and to the history of its day', () => {
  const { days, legend } = pageOf({
    sets: [{ name: 'a', title: 'Accounting' }],
    days: [
      {
        date: '2026-11-14',
        result: 'failed',
        runs: 2,
        records: [
          { number: 1312, set: 'a', at: '2026-11-14T21:00:04+07:00', result: 'failed' },
          { number: 1313, set: 'a', at: '2026-11-14T21:20:00+07:00', result: 'success' },
        ],
      },
    ],
  }).calendar;
  const day = days.find(({ date }) => date === '2026-11-14');
  assert.equal(day?.label, 'Saturday, 14 November 2026: failed, 2 records');
  assert.deepEqual(
    day?.links.map(({ text }) => text),
    ['No. 1312, 21:00, Accounting: failed', 'No. 1313, 21:20, Accounting: successful', 'Show in the history'],
  );
  assert.deepEqual(
    day?.links.map(({ action }) => action),
    [
      { kind: 'record', number: 1312 },
      { kind: 'record', number: 1313 },
      { kind: 'day', day: '2026-11-14' },
    ],
  );
  assert.deepEqual(
    legend.map(({ mark, count }) => [mark, count]),
    [
      ['success', '0'],
      ['success-with-exceptions', '0'],
      ['stopped', '0'],
      ['missed', '0'],
      ['failed', '1'],
    ],
  );
});

test('a night without any record says so, and days to come say nothing', () => {
  const { days } = pageOf({ days: [{ date: '2026-11-01', result: 'missed', runs: 0, records: [] }] }).calendar;
  assert.match(days.find(({ date }) => date === '2026-11-01')?.label ?? '', /missed, no record/);
  assert.deepEqual(days.filter(({ isFuture }) => isFuture).map(({ date }) => date)[0], '2026-11-24');
});

test('a set that is older than its objective is marked, and one without an objective is not judged', () => {
  const { rows } = pageOf({
    sets: [
      { name: 'a', title: 'A', lastSuccess: { at: '2026-11-22T21:00:00+07:00', record: 5 }, ageHours: 11, rpoHours: 26 },
      { name: 'b', title: 'B', lastSuccess: { at: '2026-11-21T21:00:00+07:00', record: 4 }, ageHours: 35, rpoHours: 26 },
      { name: 'c', title: 'C', rpoHours: 26 },
      { name: 'd', title: 'D', ageHours: 900 },
    ],
  }).sets;
  assert.deepEqual(
    rows.map((row) => row[2]?.mark),
    ['success', 'failed', 'failed', undefined],
  );
  assert.equal(rows[1]?.[2]?.markText, 'older than the objective');
});

type Figure = NonNullable<DashboardData['sets'][number]['offsite']>;
type OffsiteFigure = Omit<Figure, 'behindFiles' | 'behindBytes'> & Partial<Figure>;

test('the off-site figure is good only where the last snapshot was found on Drive and nothing speaks against the copy', () => {
  const asOf = '2026-11-22T21:40:00+07:00';
  const cell = (offsite: OffsiteFigure) => {
    const [row] = pageOf({ sets: [{ name: 'a', title: 'A', offsite: { behindFiles: 0, behindBytes: 0, ...offsite } }] }).sets.rows;
    return [row?.[5]?.text, row?.[5]?.mark];
  };
  assert.deepEqual(cell({ isProtected: true, state: 'in-sync' }), ['off-site, verified', 'success']);
  assert.deepEqual(cell({ isProtected: true, state: 'in-sync', asOf }), ['off-site, verified as of 22 Nov 2026, 21:40', 'success']);
  for (const [state, text] of [
    ['stopped-by-trouble', 'stands still'],
    ['unknown', 'not known'],
    ['behind', 'behind'],
    ['paused', 'paused'],
  ] as const) {
    assert.deepEqual(cell({ isProtected: true, state, asOf }), [
      `off-site, verified as of 22 Nov 2026, 21:40 · ${text}`,
      'success-with-exceptions',
    ]);
  }
  assert.deepEqual(cell({ isProtected: true, state: 'copying', asOf }), [
    'off-site, verified as of 22 Nov 2026, 21:40 · copying',
    undefined,
  ]);
  const why = { code: 'drive.full', message: 'full', facts: {} };
  assert.deepEqual(
    cell({ isProtected: true, state: 'stopped-by-trouble', asOf, since: asOf, why, behindFiles: 3, behindBytes: 0, behindSince: asOf }),
    [
      'off-site, verified as of 22 Nov 2026, 21:40 · 3 files, 0 B behind since 22 Nov 2026, 21:40 · stands still since 22 Nov 2026, 21:40: Google Drive is full.',
      'success-with-exceptions',
    ],
  );
  assert.deepEqual(cell({ isProtected: false, state: 'in-sync' }), ['not off-site', 'failed']);
  assert.deepEqual(cell({ isProtected: false, state: 'behind', since: asOf }), [
    'not off-site · behind since 22 Nov 2026, 21:40',
    'failed',
  ]);
  assert.deepEqual(cell({ isProtected: false, state: 'unknown' }), ['not known', 'success-with-exceptions']);
});

test('a chain is called intact only with the head that was kept elsewhere and agrees, and until when', () => {
  const tile = (chain: DashboardData['chain']) => {
    const { value, mark, details } = pageOf({ chain }).tiles[0]!;
    return [value.text, mark, details.at(-1)?.text];
  };
  assert.deepEqual(tile({ state: 'sound', count: 12 }), ['Sound in itself', undefined, 'Not compared with heads kept elsewhere']);
  assert.deepEqual(tile({ state: 'intact', count: 12, compared: { through: 9, at: '2026-11-22T14:00:00Z' } }), [
    'Intact',
    'success',
    'Heads kept elsewhere agree up to No. 9, looked at on 22 Nov 2026',
  ]);
});

test('numbers and dates are written as the language writes them', () => {
  setLanguage('id');
  const page = pageOf({
    chain: { state: 'broken', count: 12_345, fault: 'baris 7' },
    growth: [{ at: '2026-11-14T21:00:00+07:00', dataBytes: 3 * 2 ** 20, repositoryBytes: 2 ** 20, record: 9 }],
  });
  assert.equal(page.tiles[0]?.value.text, 'Rusak');
  assert.deepEqual(
    page.tiles[0]?.details.map(({ text }) => text),
    ['12.345 rekaman', 'baris 7'],
  );
  assert.equal(page.growth.unit, 'MiB');
  assert.match(page.growth.points[0]?.text ?? '', /3,0 MiB di sumber, 1,0 MiB tersimpan/);
});

test('of a long year the table has the last backup of each month, and the chart has all', () => {
  const growth = Array.from({ length: 300 }, (_, day) => ({
    at: new Date(Date.UTC(2026, 0, 1 + day, 14)).toISOString(),
    dataBytes: day,
    repositoryBytes: day,
    record: day + 1,
  }));
  const page = pageOf({ growth });
  assert.equal(page.growth.times.length, 300);
  assert.deepEqual(page.growth.table.rows.map((row) => row[0]?.action).at(0), { kind: 'record', number: 31 });
  assert.equal(page.growth.table.rows.length, 10);
});

test('what the page may ask for is a record, a day, a year, or one of a few commands', () => {
  assert.deepEqual(parsePageMessage({ kind: 'record', number: 7, more: 1 }), { kind: 'record', number: 7 });
  assert.deepEqual(parsePageMessage({ kind: 'ready' }), { kind: 'ready' });
  assert.deepEqual(parsePageMessage({ kind: 'command', command: 'verifyRecords' }), { kind: 'command', command: 'verifyRecords' });
  for (const wrong of [
    undefined,
    'record',
    { kind: 'record', number: '7' },
    { kind: 'day', day: '../x' },
    { kind: 'year', year: 1.5 },
    { kind: 'command', command: 'workbench.action.quit' },
  ])
    assert.equal(parsePageMessage(wrong), undefined);
});
