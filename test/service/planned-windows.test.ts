import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findNonconformities, type HistoryRecord, type RecordContent } from '../../src/records/index.ts';
import { formatWindowRule, parseWindowRule, windowsEnded } from '../../src/schedule/index.ts';
import { newestMsOf } from '../../src/service/believed-times.ts';
import { plannedWindowsOf } from '../../src/service/planned-windows.ts';
import { parseConfiguration, type Configuration } from '../../src/settings/index.ts';

const dayMs = 86_400_000;
const configurationOf = (window: string, timeZone?: string): Configuration =>
  parseConfiguration(
    JSON.stringify({
      version: 1,
      timeZone,
      sets: [{ name: 'files', sources: ['/srv'], repository: { location: '/r' }, schedule: { window } }],
    }),
  ).configuration;

/** The first thing that is recorded, as it stands in the records. */
const asRecorded = (configuration: Configuration): Partial<RecordContent> => ({
  kind: 'configuration-change',
  change: { what: 'configuration', after: JSON.stringify(configuration) },
});

/** A history: each record with the day of 2027 and the time at which it was written. */
function historyOf(...lines: readonly (readonly [at: string, content: Partial<RecordContent>])[]): HistoryRecord[] {
  return lines.map(([at, content], index) => ({
    kind: 'internal-backup',
    host: 'srv-01',
    operator: { user: 'backup', via: 'schedule' },
    software: 'cadangan',
    number: index + 1,
    previous: '',
    at: at.length > 20 ? at : `2027-${at}:00+07:00`,
    key: '',
    signature: '',
    hash: '',
    ...content,
  }));
}

const daysOf = (windows: readonly { readonly startMs: number }[]): string[] =>
  windows.map(({ startMs }) => new Date(startMs + 7 * 3_600_000).toISOString().slice(5, 16));

const jakarta = configurationOf('21:00-23:00', 'Asia/Jakarta');
const endMs = Date.parse('2027-03-05T12:00:00+07:00');

test('a window that was just written into the file judges no night before it', () => {
  const records = historyOf(['03-01T08:00', asRecorded(jakarta)]);
  const wanted = ['03-01T21:00', '03-02T21:00', '03-03T21:00', '03-04T21:00'];
  assert.deepEqual(daysOf(plannedWindowsOf(jakarta, records, endMs)), wanted);
  assert.deepEqual(daysOf(plannedWindowsOf(configurationOf('01:00-02:00', 'Asia/Jakarta'), records, endMs)), wanted);
  const changed = historyOf(
    ['03-01T08:00', asRecorded(jakarta)],
    [
      '03-03T08:00',
      {
        kind: 'configuration-change',
        change: { what: 'sets.files.schedule', after: JSON.stringify(configurationOf('01:00-02:00').sets[0]?.schedule) },
      },
    ],
  );
  assert.deepEqual(daysOf(plannedWindowsOf(configurationOf('01:00-02:00', 'Asia/Jakarta'), changed, endMs)), [
    '03-04T01:00',
    '03-05T01:00',
  ]);
});

test('a zone that is written down for the first time was in force before; another one is a change', () => {
  const unnamed = asRecorded(configurationOf('21:00-23:00'));
  const zone = (change: NonNullable<RecordContent['change']>): HistoryRecord[] =>
    historyOf(['03-01T08:00', unnamed], ['03-03T08:00', { kind: 'configuration-change', change }]);
  const named = zone({ what: 'timeZone', after: '"Asia/Jakarta"' });
  assert.equal(plannedWindowsOf(jakarta, named, endMs).length, 4);
  const moved = zone({ what: 'timeZone', before: '"Asia/Jakarta"', after: '"Asia/Jayapura"' });
  assert.deepEqual(daysOf(plannedWindowsOf(configurationOf('21:00-23:00', 'Asia/Jayapura'), moved, endMs)), ['03-03T19:00', '03-04T19:00']);
});

test('dates that nobody lived through had no windows, until a clock that is right again comes to them', () => {
  const step = (step: 'forward' | 'returned', from: string, to: string): Partial<RecordContent> => ({
    kind: 'clock-change',
    clock: {
      step,
      from: `2027-${from}:00+07:00`,
      to: `2027-${to}:00+07:00`,
      ...(step === 'forward' && { unlived: { start: `2027-${from}:00+07:00`, end: `2027-${to}:00+07:00` } }),
    },
  });
  const forward = historyOf(['03-01T08:00', asRecorded(jakarta)], ['03-04T22:00', step('forward', '03-01T22:00', '03-04T22:00')]);
  assert.deepEqual(daysOf(plannedWindowsOf(jakarta, forward, endMs)), []);
  const back = historyOf(
    ['03-01T08:00', asRecorded(jakarta)],
    ['03-04T22:00', step('forward', '03-01T22:00', '03-04T22:00')],
    ['03-01T23:30', step('returned', '03-04T23:30', '03-01T23:30')],
  );
  assert.deepEqual(daysOf(plannedWindowsOf(jakarta, back, endMs)), ['03-02T21:00', '03-03T21:00', '03-04T21:00']);
  assert.ok(newestMsOf(back) < Date.parse('2027-03-02T00:00:00+07:00'));
});

test('a set that came into being under a clock that was behind is planned from the next record on that can be believed', () => {
  const records = historyOf(
    ['1970-01-01T07:00:00+07:00', asRecorded(jakarta)],
    ['1970-01-01T07:01:00+07:00', { kind: 'internal-backup' }],
    ['03-03T08:00', { kind: 'internal-backup' }],
  );
  assert.deepEqual(daysOf(plannedWindowsOf(jakarta, records, endMs)), ['03-03T21:00', '03-04T21:00']);
  assert.deepEqual(plannedWindowsOf(jakarta, records.slice(0, 2), endMs), []);
});

test('a run is held against the window of the instruction in the zone of its record, or at the time that was written down with it', () => {
  const instruction = { clauses: [], window: '21:00-23:00', drillIntervalDays: undefined };
  const run = (timeZone: string | undefined, started: string, ended: string): HistoryRecord[] =>
    historyOf([
      '03-02T23:00',
      {
        trigger: 'schedule',
        result: 'success',
        ...(timeZone !== undefined && { timeZone }),
        started: `2027-03-02T${started}`,
        ended: `2027-03-02T${ended}`,
      },
    ]);
  const found = (records: HistoryRecord[], timeZone: string): number =>
    findNonconformities(records, { instruction, designatedAccount: undefined, timeZone, planned: [], nowMs: endMs }).length;
  for (const timeZone of ['UTC', 'Asia/Jakarta', 'Asia/Makassar']) {
    assert.equal(found(run(undefined, '21:05:00+07:00', '22:00:00+07:00'), timeZone), 0, timeZone);
    assert.equal(found(run('Asia/Jakarta', '14:05:00Z', '15:00:00Z'), timeZone), 0, timeZone);
    assert.equal(found(run('Asia/Jakarta', '13:05:00Z', '15:00:00Z'), timeZone), 1, timeZone);
  }
});

test('an equal rule is one line, by which records can be compared', () => {
  const rule = parseWindowRule('21.00 – 23.00', { timeZone: 'Asia/Jakarta' });
  assert.equal(formatWindowRule(rule), '21:00-23:00 sun,mon,tue,wed,thu,fri,sat Asia/Jakarta');
  assert.equal(windowsEnded(rule, endMs - dayMs, endMs).toArray().length, 1);
});
