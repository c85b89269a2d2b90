import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { NonconformityInfo, RecordPage, RecordRow, RecordsSummary, RecordsVerification } from '../../src/service/index.ts';
import { parsePeriod, usualPeriods } from '../../src/extension/presentation/periods.ts';
import { filterParams, isEmptyRecordFilter, recordFilterText, recordResults } from '../../src/extension/presentation/record-filter.ts';
import { pageStyle } from '../../src/extension/presentation/page-parts.ts';
import {
  nonconformityPageHtml,
  recordFaultPageHtml,
  recordPageHtml,
  verificationPageHtml,
} from '../../src/extension/presentation/record-page-html.ts';
import { groupRecords, iconOfResult, nonconformityRow, recordRow, recordTooltip } from '../../src/extension/presentation/record-rows.ts';
import { setLanguage } from '../../src/platform/index.ts';

afterEach(() => setLanguage('en'));

const hostile = `<img src=x onerror="alert('1')">\u202egnp.exe`;

test('records stand by day, newest first: today and yesterday by themselves, older ones under their month', () => {
  const rows = [
    ['2026-11-23', 9],
    ['2026-11-23', 8],
    ['2026-11-22', 7],
    ['2026-11-20', 6],
    ['2026-10-31', 5],
  ].map(([day, number]) => makeRow({ day: String(day), number: Number(number) }));
  const groups = groupRecords({ rows, faults: [], isWhole: true }, '2026-11-23');
  assert.deepEqual(
    groups.map(({ kind, label }) => [kind, label]),
    [
      ['day', 'Today'],
      ['day', 'Yesterday'],
      ['month', 'November 2026'],
      ['month', 'October 2026'],
    ],
  );
  const [today, , november] = groups;
  assert.deepEqual(today?.kind === 'day' && today.items.map(({ row }) => row?.number), [9, 8]);
  assert.deepEqual(november?.kind === 'month' && november.days.map(({ label }) => label), ['20 Nov 2026']);
  setLanguage('id');
  assert.deepEqual(
    groupRecords({ rows, faults: [], isWhole: true }, '2026-11-24').map(({ label }) => label),
    ['Kemarin', 'November 2026', 'Oktober 2026'],
  );
});

test('a row says when and of which set; a screen reader hears the number, the result and what happened too', () => {
  const row = recordRow(makeRow());
  assert.deepEqual(
    [row.id, row.label, row.description, row.context],
    ['record:8', 'Internal backup', '21:00 · Accounting', 'record.backup'],
  );
  assert.equal(row.spoken, 'Record 8, Internal backup, Completed with exceptions, 21:00, Accounting, 4 files · 1 exception');
  const { snapshotId: _none, result: _result, resultText: _text, ...event } = makeRow({ kind: 'approval', kindText: 'Approval' });
  assert.deepEqual([recordRow(event).context, recordRow(event).icon], ['record', { name: 'verified' }]);
  assert.equal(recordRow({ ...event, kind: 'constructor' }).icon.name, 'note', 'a kind of a later version');
  assert.deepEqual(
    recordTooltip(event).map(([name]) => name),
    ['No.', 'Date', 'Set', 'What'],
  );
});

test('every result has an icon of its own colour or shape', () => {
  assert.equal(new Set(recordResults.map((result) => iconOfResult(result).name)).size, 4, 'missed and with exceptions are both warnings');
});

test('a filter goes to the engine as it takes it, and stands in words in the header', () => {
  const filter = { kind: 'check', result: 'failed', set: 'accounting', from: '2026-11-01', to: '2026-11-30' } as const;
  assert.deepEqual(filterParams(filter), {
    kinds: ['check'],
    results: ['failed'],
    set: 'accounting',
    from: '2026-11-01',
    to: '2026-11-30',
  });
  assert.deepEqual([filterParams({}), isEmptyRecordFilter({ from: undefined }), isEmptyRecordFilter(filter)], [{}, true, false]);
  const summary: RecordsSummary = {
    count: 1,
    openNonconformities: 0,
    chain: 'intact',
    today: '2026-11-23',
    kinds: [{ kind: 'check', text: 'Verification of the repository' }],
    sets: [],
    persons: [],
    isListOfPersons: false,
  };
  assert.equal(
    recordFilterText(filter, summary, [{ name: 'accounting', title: 'Accounting' }]),
    'Verification of the repository · failed · Accounting · 1 Nov 2026 – 30 Nov 2026',
  );
});

test('what is wrong in the history stands where it belongs among the records, and older faults wait for older records', () => {
  const rows = [
    ['2026-11-23', 9],
    ['2026-11-22', 7],
    ['2026-11-22', 7],
    ['2026-11-21', 6],
  ].map(([day, number]) => makeRow({ day: String(day), at: `${day}T21:00:00Z`, number: Number(number) }));
  const faults = ['2026-11-20', '2026-11-22', '2026-11-24'].map((day) => ({
    id: day,
    label: `fault of ${day}`,
    text: hostile,
    at: `${day}T22:00:00Z`,
    day,
    time: '22:00',
  }));
  const shown = (isWhole: boolean) =>
    groupRecords({ rows, faults, isWhole }, '2026-11-24')
      .flatMap((group) => (group.kind === 'day' ? [group] : group.days))
      .map(({ id, items }) => [id, items.map(({ row, fault }) => row?.number ?? fault?.label)]);
  const known = [
    ['2026-11-24', ['fault of 2026-11-24']],
    ['2026-11-23', [9]],
    ['2026-11-22', ['fault of 2026-11-22', 7]],
    ['2026-11-21', [6]],
  ];
  assert.deepEqual(shown(false), known);
  assert.deepEqual(shown(true), [...known, ['2026-11-20', ['fault of 2026-11-20']]]);
});

test('a record that is not as it was written looks like an error, whatever it says, and its page says what to do', () => {
  const row = recordRow(makeRow({ result: 'success', fault: 'Record 8 is not what was written' }));
  assert.deepEqual(
    [row.label, row.description, row.icon.name, row.context],
    ['Record 8 is not what was written', '21:00 · Internal backup · Accounting', 'error', 'record'],
  );
  const { body } = recordPageHtml(
    makePage({ result: 'success', fault: 'Record 8 is not what was written', faults: ['2026-11.jsonl, line 8: …'] }),
  );
  assert.match(body, /✕[^]*Record 8 is not what was written[^]*line 8[^]*What to do[^]*data-action="verify"/);
  assert.doesNotMatch(body, /✓/);
  const place = recordFaultPageHtml({
    id: 'x',
    label: hostile,
    text: hostile,
    at: '2026-11-22T22:00:00Z',
    day: '2026-11-22',
    time: '22:00',
  });
  assert.match(place.body, /What to do[^]*data-action="verify"/);
  assert.doesNotMatch(place.body, /<img|\u202e/);
});

test('the usual periods follow the calendar, also over the turn of a year', () => {
  assert.deepEqual(
    usualPeriods('2027-01-01').map(({ value: { from, to } }) => `${from}..${to}`),
    ['2027-01-01..2027-01-31', '2026-12-01..2026-12-31', '2026-12-31..2026-12-31', '2027-01-01..2027-01-01'],
  );
  assert.deepEqual(parsePeriod('2028-02'), { from: '2028-02-01', to: '2028-02-29' });
  for (const text of ['2026-11-01..', '..2026-11-01', '', 'november']) assert.equal(parsePeriod(text), undefined, text);
});

test('the page of a record names its exceptions, and has the buttons that fit', () => {
  const { body } = recordPageHtml(makePage());
  assert.match(body, /<h1>Internal backup, record No\. 8<\/h1>/);
  assert.deepEqual(
    [...body.matchAll(/data-action="(\w+)" data-argument="([^"]*)"/g)].map(([, action, argument]) => [action, argument]),
    [
      ['restore', '8'],
      ['repeat', ''],
      ['nonconformity', 'NC-0001'],
      ['copy', ''],
    ],
  );
  assert.match(body, /<th scope="row">Set<\/th><td>Accounting<\/td>/);
  assert.match(body, /Exceptions \(3\)[^]*<th scope="col">File or folder<\/th>[^]*… and 2 more/);
  const {
    restorable: _restorable,
    repeatable: _repeatable,
    ...looked
  } = makePage({ nonconformities: [], exceptions: [], exceptionCount: 0 });
  const plain = recordPageHtml(looked).body;
  assert.doesNotMatch(plain, /data-action="(?!copy)|Exceptions/);
});

test('nothing from outside becomes markup, in whatever page it stands', () => {
  const row = makeRow({ kindText: hostile });
  const nonconformity = makeNonconformity({
    id: hostile,
    text: hostile,
    ruleText: hostile,
    closed: {
      at: '2026-11-23T21:00:00Z',
      number: 9,
      cause: hostile,
      correction: hostile,
      prevention: hostile,
      name: hostile,
      position: hostile,
    },
  });
  const pages = [
    recordPageHtml(
      makePage({
        kindText: hostile,
        summary: hostile,
        line: hostile,
        nonconformities: [hostile],
        fields: [{ label: hostile, value: hostile }],
        exceptions: [{ item: hostile, text: hostile }],
      }),
    ),
    nonconformityPageHtml(nonconformity, [row]),
    verificationPageHtml(
      makeVerification({
        isIntact: false,
        stateText: hostile,
        faults: [hostile],
        notes: [hostile],
        witnesses: [hostile],
        compared: [hostile],
        notCompared: [{ location: hostile, error: { code: 'x', facts: {}, message: hostile } }],
        publicKey: hostile,
      }),
    ),
  ];
  for (const { body } of pages) {
    assert.doesNotMatch(body, /<img|onerror="|\u202e/);
    assert.match(body, /&#60;img/);
  }
});

test('a nonconformity can be closed once, and then says by whom and why', () => {
  const open = nonconformityPageHtml(makeNonconformity(), []);
  assert.match(open.body, /Still open[^]*data-action="close"/);
  const closed = makeNonconformity({
    closed: {
      at: '2026-11-23T21:00:00Z',
      number: 12,
      cause: 'No time',
      correction: 'Done',
      prevention: '',
      name: 'Siti',
      position: 'QHSE',
    },
  });
  const { body } = nonconformityPageHtml(closed, []);
  assert.doesNotMatch(body, /data-action="close"|Prevention/);
  assert.match(body, /Siti, QHSE[^]*No time[^]*Done/);
  assert.deepEqual(
    [nonconformityRow(closed).context, nonconformityRow(makeNonconformity()).context],
    ['nonconformity.closed', 'nonconformity.open'],
  );
});

test('a broken chain names its first fault first, and claims no proof', () => {
  const { body } = verificationPageHtml(
    makeVerification({ isIntact: false, state: 'broken', faults: ['2026-11.jsonl, line 8: …', 'second'] }),
  );
  assert.match(body, /Not intact[^]*<ol><li>2026-11\.jsonl, line 8[^]*second/);
  assert.doesNotMatch(body, /every hash/);
});

test('a chain that nobody outside was asked about is not called intact', () => {
  const { body } = verificationPageHtml(makeVerification());
  assert.match(body, /class="state warning"[^]*Sound in itself[^]*every hash[^]*nobody but this machine/);
  const witnesses = ['/mnt/backup: agrees'];
  const compared = verificationPageHtml(makeVerification({ state: 'intact', stateText: 'Intact up to No. 12', witnesses })).body;
  assert.match(compared, /class="state good"[^]*Intact up to No\. 12[^]*\/mnt\/backup: agrees/);
  assert.doesNotMatch(compared, /nobody but this machine/);
});

test('pages wear the colours of the theme alone', () => {
  assert.doesNotMatch(pageStyle, /#[0-9a-f]{3,8}\b|rgb|url\(|@import/i);
});

function makeRow(more: Partial<RecordRow> = {}): RecordRow {
  return {
    number: 8,
    kind: 'internal-backup',
    kindText: 'Internal backup',
    result: 'success-with-exceptions',
    resultText: 'Completed with exceptions',
    set: 'accounting',
    setTitle: 'Accounting',
    snapshotId: 'ab'.repeat(32),
    at: '2026-11-23T21:00:00+07:00',
    day: '2026-11-23',
    time: '21:00',
    summary: '4 files · 1 exception',
    ...more,
  };
}

function makePage(more: Partial<RecordPage> = {}): RecordPage {
  return {
    ...makeRow(),
    faults: [],
    fields: [{ label: 'Set', value: 'Accounting' }],
    exceptions: [{ item: '/srv/a', text: 'not found' }],
    exceptionCount: 3,
    nonconformities: ['NC-0001'],
    restorable: { location: '/mnt/backup', snapshot: 'ab'.repeat(32) },
    repeatable: { kind: 'backup', set: 'accounting' },
    line: '{"number":8}',
    ...more,
  };
}

function makeNonconformity(more: Partial<NonconformityInfo> = {}): NonconformityInfo {
  return {
    id: 'NC-0001',
    ruleText: 'Restore drill overdue',
    text: 'Restore drill overdue: it was due on 1 November 2026',
    openedAt: '2026-11-23T21:00:00Z',
    openedBy: 11,
    records: [1],
    isOpen: more.closed === undefined,
    lasts: false,
    stateText: 'Still open',
    ...more,
  };
}

function makeVerification(more: Partial<RecordsVerification> = {}): RecordsVerification {
  return {
    isIntact: true,
    state: 'sound',
    stateText: 'Sound in itself',
    count: 12,
    faults: [],
    notes: [],
    witnesses: [],
    compared: [],
    notCompared: [],
    publicKey: 'key',
    ...more,
  };
}
