// How long a set keeps its snapshots, and what protects one of them: as a window shows it.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { holdSentence, holdSentences, seenSubject } from '../../src/extension/presentation/hold-sentence.ts';
import { countChoices, keepTexts, parseCount, withCount } from '../../src/extension/presentation/keep-counts.ts';
import { holdDayProblem, parseDay } from '../../src/extension/presentation/periods.ts';
import { protectionText } from '../../src/extension/presentation/protection-text.ts';
import { retentionPageHtml, type RetentionView } from '../../src/extension/presentation/retention-page-html.ts';
import { snapshotFacts, snapshotRow } from '../../src/extension/presentation/snapshot-row.ts';
import { setLanguage, setTimeZone } from '../../src/platform/index.ts';
import type { RepositoryStats, RetentionPreview } from '../../src/service/index.ts';
import { instant, makeSet, makeSnapshot } from './sample.ts';

setTimeZone('UTC');
afterEach(() => setLanguage('en'));

const hostile = `<img src=x onerror="alert('1')">`;

const preview: RetentionPreview = {
  rule: 'keep 2 daily snapshots',
  snapshots: [
    { id: 'c'.repeat(64), time: '2026-11-22T21:00:00Z', isRemoved: false, why: ['daily snapshot'] },
    { id: 'b'.repeat(64), time: '2026-11-21T21:00:00Z', isRemoved: true, why: [] },
    {
      id: 'a'.repeat(64),
      time: '2026-11-20T21:00:00Z',
      isRemoved: false,
      why: ['oldest daily snapshot', 'protected'],
      protection: { kind: 'protected' },
    },
  ],
  holds: [],
};

const stats: RepositoryStats = {
  snapshots: 3,
  bytes: 5 * 2 ** 30,
  unusedBytes: 2 ** 30,
  pruneBytes: 2 ** 29,
  pruneNowBytes: 2 ** 20,
  waitingBytes: 0,
};

function view(values: Partial<RetentionView> = {}): RetentionView {
  return { set: makeSet(), preview, asOfNs: instant('2026-11-23T08:30:00Z'), size: { kind: 'not-measured' }, ...values };
}

/** What somebody reads, a line for each cell and paragraph. */
function textOf(html: string): string {
  return html
    .replaceAll(/<[^>]+>/g, '\n')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .join('\n');
}

test('the page of a set says its rule, what would go, and of each other snapshot why it stays', () => {
  const { title, body } = retentionPageHtml(view());
  assert.equal(title, 'Retention of Accounting');
  const text = textOf(body);
  assert.match(text, /1 snapshot would go, 2 snapshots would stay\.\nAs of 23 Nov 2026, 08:30\.\n/);
  assert.match(text, /Rule\nkeep 2 daily snapshots\n/);
  assert.match(text, /Would go \(1\)\nDate of backup\nSnapshot\n21 Nov 2026, 21:00\nbbbbbbbb\n/);
  assert.match(
    text,
    /Would stay \(2\)\nDate of backup\nSnapshot\nWhy it stays\n22 Nov 2026, 21:00\ncccccccc\ndaily snapshot\n20 Nov 2026, 21:00\naaaaaaaa\noldest daily snapshot\nprotected\n/,
  );
  assert.doesNotMatch(text, /What smells/);
  setLanguage('id');
  const indonesian = textOf(retentionPageHtml(view()).body);
  assert.match(indonesian, /1 snapshot akan dihapus, 2 snapshot akan tetap ada\./);
  assert.match(indonesian, /20 Nov 2026 pukul 21\.00/);
});

test('a rule that would remove nothing says so, and a set without a rule keeps all', () => {
  const whole = { ...preview, snapshots: preview.snapshots.filter(({ isRemoved }) => !isRemoved) };
  assert.match(textOf(retentionPageHtml(view({ preview: whole })).body), /Nothing would go, 2 snapshots would stay\./);
  const without = textOf(retentionPageHtml(view({ preview: undefined })).body);
  assert.match(without, /The set has no rule: all snapshots stay\./);
  assert.doesNotMatch(without, /Would|Preview Again/);
});

test('what holds a removal back stands on the page, each with what was counted', () => {
  const holds = [
    { code: 'retention.held', message: '', facts: { hold: 'empties', group: hostile } },
    { code: 'retention.held', message: '', facts: { hold: 'snapshots-missing', count: 3, snapshot: 'f'.repeat(64) } },
  ];
  const { body } = retentionPageHtml(view({ preview: { ...preview, holds } }));
  const text = textOf(body);
  assert.match(text, /Removal on hold: 1 snapshot would go, 2 snapshots would stay\./);
  assert.match(text, /What smells\nno snapshot would be left: /);
  assert.match(text, /snapshots are gone that the records know: ffffffff and 2 more\n/);
  assert.doesNotMatch(body, /<img/);
});

test('a sudden change is told in files, and only what was unusual about it', () => {
  const facts = {
    hold: 'sudden-change',
    snapshot: 'd'.repeat(64),
    time: '2026-11-22T21:00:00Z',
    filesBefore: 1200,
    changed: 40,
    vanished: 3,
    scrambled: 900,
    renamed: 0,
    what: ['scrambled'],
    extensions: [],
  };
  assert.equal(
    holdSentence({ code: 'retention.held', message: '', facts }),
    'a backup changed more than usual: 22 Nov 2026, 21:00, dddddddd, 900 of 1,200 files look encrypted',
  );
});

test('whoever releases a removal has seen all that speaks against it, and releases what was shown in full', () => {
  const facts = { hold: 'empties', group: 'accounting', more: 1, otherHolds: ['not-readable'], subjects: ['empties:1', 'unreadable:2'] };
  assert.deepEqual(holdSentences({ code: 'retention.held', message: '', facts }), [
    'no snapshot would be left: accounting',
    'not everything in the repository can be read',
  ]);
  assert.equal(holdSentences({ code: 'retention.held', message: '', facts: { hold: 'empties' } }).length, 1);
  assert.equal(seenSubject({ code: 'retention.held', message: '', facts }), 'empties:1');
  assert.throws(() => seenSubject({ code: 'retention.held', message: 'held', facts: { hold: 'empties' } }), /held/);
});

test('the size says what a prune would free, at once and later, and why it would free nothing', () => {
  const page = (size: RetentionView['size']): string => textOf(retentionPageHtml(view({ size })).body);
  assert.match(page({ kind: 'measuring' }), /Being measured/);
  const measured = page({ kind: 'measured', stats });
  assert.match(measured, /Size\n5\.0 GiB\nNeeded by no snapshot\n1\.0 GiB\nA prune would free\n512.0 MiB, of these 1\.0 MiB at once\n/);
  assert.doesNotMatch(measured, /Waits/);
  const waiting = page({
    kind: 'measured',
    stats: { ...stats, pruneNowBytes: stats.pruneBytes, waitingBytes: 2 ** 20, nextRemoval: '2026-11-23T21:00:00Z' },
  });
  assert.match(waiting, /A prune would free\n512.0 MiB\nWaits for its removal\n1\.0 MiB, the first of it until 23 Nov 2026, 21:00\n/);
  const refused = { code: 'prune.refused', message: '', facts: { location: '/mnt/backup' } };
  const doubtful = page({ kind: 'measured', stats: { ...stats, refused } });
  assert.match(doubtful, /A prune would free\nnot known: /);
  assert.doesNotMatch(doubtful, /Needed by no snapshot/, 'what is not known is no 0');
  assert.match(
    page({ kind: 'failed', error: { code: 'repository.missing', message: '', facts: { location: '/mnt/backup' } } }),
    /Measure\n?$/,
  );
});

test('every button of the page is one that it knows, and names of files are no markup', () => {
  const { body } = retentionPageHtml(view({ set: makeSet({ title: hostile, location: hostile }), size: { kind: 'measured', stats } }));
  assert.deepEqual(
    [...body.matchAll(/data-action="([^"]*)"/g)].map(([, action]) => action),
    ['change', 'preview', 'measure'],
  );
  assert.doesNotMatch(body, /<img/);
});

test('more rows than anybody reads are counted', () => {
  const many = Array.from({ length: 1_003 }, (_, at) => ({ id: String(at), time: '2026-11-20T21:00:00Z', isRemoved: true, why: [] }));
  const { body } = retentionPageHtml(view({ preview: { ...preview, snapshots: many } }));
  assert.match(body, /Would go \(1,003\)/);
  assert.match(body, /… and 3 more/);
});

test('a protected snapshot has a lock, and says why to the mouse and to a screen reader', () => {
  const held = makeSnapshot({ protection: { kind: 'held', until: '2027-01-31' } });
  const row = snapshotRow('/mnt/backup', held, makeSet());
  assert.deepEqual([row.icon.name, row.context], ['lock', 'snapshot']);
  assert.match(row.spoken, /, on hold until 31 Jan 2027$/);
  assert.deepEqual(
    snapshotFacts(held).find(([name]) => name === 'Protection'),
    ['Protection', 'on hold until 31 Jan 2027'],
  );
  const free = snapshotRow('/mnt/backup', makeSnapshot(), makeSet());
  assert.equal(free.icon.name, 'archive');
  assert.ok(snapshotFacts(makeSnapshot()).every(([name]) => name !== 'Protection'));
  assert.deepEqual([protectionText({ kind: 'protected' }), protectionText({ kind: 'held' })], ['protected', 'on hold']);
  setLanguage('id');
  assert.equal(protectionText({ kind: 'held', until: '2027-01-31' }), 'ditahan sampai 31 Jan 2027');
});

test('a hold ends on one day of the calendar that is not over', () => {
  const today = '2026-11-29';
  for (const day of ['2026-11-29', ' 2027-02-28 ']) assert.equal(holdDayProblem(day, today), undefined, day);
  for (const text of ['', '2026', '2027-02-30', '31-01-2027', '2027-01-01..2027-01-02', 'x'])
    assert.equal(holdDayProblem(text, today), 'Write it as 2026-12-24.', text);
  assert.equal(holdDayProblem('2026-11-28', today), 'This day is over.');
  assert.equal(parseDay('2027-01-01..2027-01-01'), '2027-01-01', 'a day all the same, and written as one');
});

test('a rule is asked for count by count: 0 takes one out, what is there can be chosen, and the rest stays', () => {
  assert.deepEqual(withCount({ keepDaily: 7, keepHourly: 24 }, 'keepDaily', 0), { keepHourly: 24 });
  assert.deepEqual(withCount({ keepDaily: 7 }, 'keepYearly', 3), { keepDaily: 7, keepYearly: 3 });
  assert.deepEqual(countChoices('keepWeekly', 6), [0, 4, 5, 6, 8, 12, 26]);
  assert.equal(keepTexts({ keepMonthly: 12, keepDaily: 7, keepHourly: 24 }), '24 hourly, 7 daily, 12 monthly');
  assert.equal(keepTexts({}), '');
  assert.deepEqual(['0', ' 12 ', '100000', '100001', '-1', '1.5', '', 'x'].map(parseCount), [
    0,
    12,
    100_000,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
