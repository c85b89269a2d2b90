import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { SetStateKind, SnapshotLock } from '../../src/service/index.ts';
import { iconOfState } from '../../src/extension/presentation/icons.ts';
import { groupByDate } from '../../src/extension/presentation/date-groups.ts';
import { setFacts } from '../../src/extension/presentation/set-facts.ts';
import { setDetails, setRow } from '../../src/extension/presentation/set-row.ts';
import { matchesFilter } from '../../src/extension/presentation/snapshot-filter.ts';
import { entryRow, setOfSnapshot, snapshotFacts, snapshotRow } from '../../src/extension/presentation/snapshot-row.ts';
import { statusItem } from '../../src/extension/presentation/status-item.ts';
import { newTroubles } from '../../src/extension/presentation/troubles.ts';
import { progressText, rateOf, shareOf } from '../../src/extension/presentation/run-text.ts';
import { setLanguage, setTimeZone } from '../../src/platform/index.ts';
import { instant, makeEntry, makeRun, makeSet, makeSnapshot } from './sample.ts';

const now = instant('2026-11-22T18:00:00Z');
const states: readonly SetStateKind[] = [
  'never-run',
  'success',
  'exceptions',
  'failed',
  'stopped',
  'missed',
  'overdue',
  'running',
  'waiting',
];
const running = {
  job: 'backup',
  elapsedMs: 10_000,
  filesDone: 1200,
  bytesDone: 2 ** 30,
  bytesTotal: 4 * 2 ** 30,
  errorCount: 0,
  currentPath: '/srv/x',
} as const;

afterEach(() => {
  setLanguage('en');
  setTimeZone(undefined);
});

test('a set says in its row when it ran and when it runs next, and a screen reader also how', () => {
  const row = setRow(makeSet({ lastRun: makeRun(), nextRun: '2026-11-22T22:00:00Z' }), now);
  assert.match(row.description ?? '', /^\d\d:12 · next /);
  assert.match(row.spoken, /^Backup set Accounting, successful, /);
  assert.deepEqual([row.id, row.context], ['set:accounting', 'set.idle.ran']);
});

test('every state has words of its own for a screen reader, in both languages', () => {
  for (const language of ['en', 'id'] as const) {
    setLanguage(language);
    const spoken = states.map((state) => setRow(makeSet({ state }), now).spoken);
    assert.equal(new Set(spoken).size, states.length);
  }
});

test('colour means something: green for success, yellow and red for trouble, none otherwise', () => {
  const colors = Object.fromEntries(states.map((state) => [state, iconOfState(state).color ?? '']));
  assert.deepEqual(colors, {
    'never-run': '',
    success: 'testing.iconPassed',
    exceptions: 'list.warningForeground',
    failed: 'list.errorForeground',
    stopped: '',
    missed: 'list.warningForeground',
    overdue: 'list.warningForeground',
    running: '',
    waiting: '',
  });
});

test('the words for conditions tell running, missed and idle sets apart', () => {
  assert.equal(setRow(makeSet({ state: 'running', running }), now).context, 'set.running');
  assert.equal(
    setRow(makeSet({ state: 'missed', missedWindows: ['2026-11-21T14:00:00Z'], lastRun: makeRun() }), now).context,
    'set.missed.ran',
  );
  assert.equal(setRow(makeSet({ state: 'never-run' }), now).context, 'set.idle');
});

test('rows under a set have ids of their own', () => {
  const details = setDetails(makeSet({ sources: ['/a', '/b'], missedWindows: ['2026-11-20T14:00:00Z'], lastRun: makeRun() }), now);
  assert.deepEqual(
    details.map(({ context }) => context),
    ['detail.missed', 'detail.last', 'detail.next', 'detail.source', 'detail.source', 'detail.repository'],
  );
  assert.equal(new Set(details.map(({ id }) => id)).size, details.length);
});

test('a snapshot shows time, set, host and what it added', () => {
  const row = snapshotRow('/mnt/backup', makeSnapshot({ bytesAdded: 3 * 2 ** 20 }), makeSet());
  assert.match(row.label, /^\d\d:\d\d Accounting$/);
  assert.equal(row.description, 'srv-01 · +3.0 MiB');
  assert.ok(snapshotFacts(makeSnapshot()).every(([name, value]) => name !== '' && value !== ''));
  const locked = (lock: SnapshotLock) => snapshotFacts(makeSnapshot(), lock).find(([name]) => name === 'Object lock')?.[1];
  assert.match(locked({ kind: 'locked', until: '2026-12-30T10:00:00Z' }) ?? '', /^cannot be deleted until 30 Dec 2026, /);
  assert.match(locked({ kind: 'legal-hold' }) ?? '', /^cannot be deleted: a legal hold/);
  assert.equal(locked({ kind: 'free' }), undefined);
});

test('a snapshot is of the set whose tag it has, else of the one with its sources, else of none', () => {
  const [a, b] = [makeSet({ name: 'a', sources: ['/x'] }), makeSet({ name: 'b', sources: ['/y', '/z'] })];
  assert.equal(setOfSnapshot(makeSnapshot({ tags: ['b'], paths: ['/x'] }), [a, b]), b);
  assert.equal(setOfSnapshot(makeSnapshot({ tags: [], paths: ['/z', '/y'] }), [a, b]), b);
  assert.equal(setOfSnapshot(makeSnapshot({ tags: [], paths: ['/w'] }), [a, b]), undefined);
});

test('entries: folders unfold, files have sizes, other things are neither', () => {
  assert.equal(entryRow('p', makeEntry({ type: 'dir' })).context, 'entry.folder');
  assert.match(entryRow('p', makeEntry()).description ?? '', /^2\.0 KiB · /);
  const link = entryRow('p', makeEntry({ type: 'symlink', linkTarget: '/etc' }));
  assert.deepEqual([link.context, link.description], ['entry.other', '/etc']);
});

test('the status bar is silent without sets, names the next run, then the percent, then the trouble', () => {
  assert.equal(statusItem([], new Map(), now), undefined);
  assert.match(statusItem([makeSet({ nextRun: '2026-11-22T22:00:00Z' })], new Map(), now)?.text ?? '', /^\$\(shield\) Backup .*\d\d:00$/);
  const item = statusItem([makeSet({ state: 'running', running })], new Map([['accounting', 35 * 2 ** 20]]), now);
  assert.deepEqual([item?.text, item?.kind], ['$(sync~spin) 25% 35.0 MiB/s', 'running']);
  assert.deepEqual(
    statusItem([makeSet(), makeSet({ name: 'b', title: 'B', state: 'failed' })], new Map(), now)?.text,
    '$(error) Backup failed: B',
  );
  assert.equal(
    statusItem([makeSet({ state: 'missed' }), makeSet({ name: 'b', state: 'overdue' })], new Map(), now)?.text,
    '$(error) 2 backups need attention',
  );
});

test('progress says only what is known', () => {
  assert.equal(
    progressText({ ...running, bytesTotal: 4 * 2 ** 30 }, 2 ** 30 / 60),
    '25% · 1,200 files · 1.0 GiB · 17.1 MiB/s · 3 min 0 s left',
  );
  const { bytesTotal: _unknown, ...early } = running;
  assert.equal(progressText(early), '1,200 files · 1.0 GiB');
  assert.deepEqual([shareOf(early), rateOf(running, running), rateOf(undefined, running)], [undefined, undefined, 2 ** 30 / 10]);
});

test('a failed or missed run is told once, a new one again, and success never', () => {
  const failed = makeSet({ state: 'failed', lastRun: makeRun({ outcome: 'failed' }) });
  const [trouble] = newTroubles([makeSet(), failed], {});
  assert.equal(trouble?.kind, 'failed');
  assert.deepEqual(newTroubles([failed], { accounting: trouble?.key ?? '' }), []);
  const again = { ...failed, lastRun: makeRun({ outcome: 'failed', endedAt: '2026-11-23T14:00:00Z' }) };
  assert.equal(newTroubles([again], { accounting: trouble?.key ?? '' }).length, 1);
  assert.equal(newTroubles([makeSet({ state: 'missed', missedWindows: ['2026-11-21T14:00:00Z'] })], {})[0]?.kind, 'missed');
});

test('a run elsewhere of which no progress is known shows as running, not as the last one', () => {
  const set = makeSet({ state: 'running', lastRun: makeRun() });
  assert.equal(setRow(set, now).description, 'running');
  assert.deepEqual(statusItem([set], new Map(), now), {
    kind: 'running',
    text: '$(sync~spin) Accounting',
    tooltip: ['Accounting: running'],
  });
  assert.equal(setRow(makeSet({ state: 'waiting', lastRun: makeRun() }), now).description, 'waiting');
});

test('a set of which nobody can say how it ran is neither one that never ran nor one that ran well', () => {
  const row = setRow(makeSet({ state: 'unknown' }), now);
  assert.deepEqual([row.description, row.icon.name, row.context], ['unknown', 'question', 'set.idle']);
  setLanguage('id');
  assert.equal(setRow(makeSet({ state: 'unknown' }), now).description, 'tidak diketahui');
  setLanguage('en');
});

test('times, days, today and yesterday are those of the zone that was chosen, wherever they stand', () => {
  const set = makeSet({ lastRun: makeRun(), nextRun: '2026-11-23T14:00:00Z', missedWindows: ['2026-11-20T20:00:00Z'] });
  const snapshot = makeSnapshot({ time: '2026-11-21T17:30:00Z' }); // half past midnight of the 22nd in Jakarta
  const shown = (): readonly unknown[] => [
    setRow(set, now).description,
    setDetails(set, now)[0]?.description,
    setFacts(set)[1]?.[1].slice(0, 18),
    statusItem([set], new Map(), now)?.text,
    snapshotRow('/mnt/backup', snapshot, set).label,
    groupByDate([snapshot], now)[0]?.label,
    matchesFilter(snapshot, { from: '2026-11-22' }, [set]),
  ];
  setTimeZone('Asia/Jakarta');
  assert.deepEqual(shown(), [
    'Yesterday 21:12 · next 21:00',
    '21 Nov 2026, 03:00',
    '22 Nov 2026, 21:00',
    '$(shield) Backup 21:00',
    '00:30 Accounting',
    'Yesterday',
    true,
  ]);
  setTimeZone('UTC');
  assert.deepEqual(shown(), [
    '14:12 · next 23 Nov 2026 14:00',
    '20 Nov 2026, 20:00',
    '22 Nov 2026, 14:00',
    '$(shield) Backup 23 Nov 2026 14:00',
    '17:30 Accounting',
    'Yesterday',
    false,
  ]);
});
