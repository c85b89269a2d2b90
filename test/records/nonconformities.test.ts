import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  brokenChain,
  closeNonconformity,
  findLostSnapshots,
  findNonconformities,
  listNonconformities,
  openNonconformities,
  removedBackups,
  type ChainFault,
  type HistoryRecord,
  type PlannedWindow,
  type RecordContent,
  type RecordResult,
  type RuleContext,
  type SnapshotLoss,
} from '../../src/records/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { makeHistory, someBackup, temporaryState } from './some-records.ts';

const instruction = { clauses: [], window: '21:00-23:00', drillIntervalDays: 30 };
const context: RuleContext = {
  instruction,
  designatedAccount: 'backup@contoh.example',
  timeZone: 'Asia/Jakarta',
  planned: [],
  nowMs: Date.parse('2026-11-30T00:00:00+07:00'),
};
const window = { start: '2026-11-14T21:00:00+07:00', end: '2026-11-14T23:00:00+07:00' };
const night: PlannedWindow = { set: 'accounting', day: '2026-11-14', startMs: Date.parse(window.start), endMs: Date.parse(window.end) };

const subjects = (records: readonly HistoryRecord[], more: Partial<RuleContext> = {}) =>
  findNonconformities(records, { ...context, ...more }).map(({ subject }) => subject);

test('a planned run beyond the window of the instruction is one, a run by hand is not', () => {
  const ran = (started: string, ended: string, more: Partial<HistoryRecord> = {}) =>
    record({ started: `2026-11-14T${started}+07:00`, ended: `2026-11-14T${ended}+07:00`, planned: window, ...more });
  assert.deepEqual(subjects([ran('21:00:00', '22:59:59')]), []);
  assert.deepEqual(subjects([ran('20:59:00', '21:30:00')]), ['outside-window:7']);
  assert.deepEqual(subjects([ran('22:30:00', '23:00:01')]), ['outside-window:7']);
  assert.deepEqual(subjects([ran('09:00:00', '09:30:00', { trigger: 'manual' })]), []);
  const overMidnight = { instruction: { ...instruction, window: '22:00-02:00' } };
  assert.deepEqual(subjects([record({ started: '2026-11-14T23:30:00+07:00', ended: '2026-11-15T01:59:00+07:00' })], overMidnight), []);
  assert.deepEqual(subjects([record({ started: '2026-11-14T23:30:00+07:00', ended: '2026-11-15T02:01:00+07:00' })], overMidnight), [
    'outside-window:7',
  ]);
  // Without a window in the instruction that of the set counts.
  assert.deepEqual(subjects([ran('22:30:00', '23:10:00')], { instruction: { clauses: [] } }), ['outside-window:7']);
});

test('a night without a good backup in its window is one, also when nothing at all was recorded', () => {
  const good = record({ started: '2026-11-14T21:00:00+07:00', ended: '2026-11-14T21:10:00+07:00' });
  assert.deepEqual(subjects([good], { planned: [night] }), []);
  assert.deepEqual(subjects([{ ...good, result: 'failed' }], { planned: [night] }), ['missed-night:accounting:2026-11-14']);
  assert.deepEqual(subjects([{ ...good, set: 'projects' }], { planned: [night] }), ['missed-night:accounting:2026-11-14']);
  const missed = record({ kind: 'missed-run', result: 'missed', planned: window, number: 8 });
  const later = record({
    number: 9,
    trigger: 'catch-up',
    started: '2026-11-15T08:00:00+07:00',
    ended: '2026-11-15T08:10:00+07:00',
    planned: window,
  });
  const [found] = findNonconformities([missed, later], { ...context, planned: [night] });
  assert.deepEqual([found?.records, found?.facts['nextGood'], found?.facts['why']], [[8], 9, 'missed']);
  assert.deepEqual(subjects([], { planned: [night], nowMs: night.endMs - 1 }), [], 'the window is still open');
});

test('a drill is overdue once for every time that its interval ran out, and one that failed is one', () => {
  const start = record({ kind: 'history-start', number: 1, at: '2026-01-01T08:00:00+07:00' });
  const drill = (at: string, result: RecordResult) => record({ kind: 'drill', trigger: 'manual', started: at, ended: at, at, result });
  assert.deepEqual(subjects([start], { nowMs: Date.parse('2026-01-31T07:59:00+07:00') }), []);
  assert.deepEqual(subjects([start]), ['drill-overdue:2026-01-31']);
  const passed = drill('2026-01-20T10:00:00+07:00', 'success');
  const failed = drill('2026-02-10T10:00:00+07:00', 'failed');
  const late = drill('2026-03-10T10:00:00+07:00', 'success');
  assert.deepEqual(subjects([start, passed, failed, late], { nowMs: Date.parse('2026-04-01T00:00:00+07:00') }), [
    'drill-failed:7',
    'drill-overdue:2026-02-19',
  ]);
});

test('another account is one for each record, a row of failed copies is one altogether', () => {
  const copy = (number: number, result: RecordResult, account: string) =>
    record({ kind: 'external-backup', number, set: 'drive', trigger: 'change', result, destination: { account } });
  const ours = 'Backup@Contoh.example';
  assert.deepEqual(subjects([copy(1, 'success', ours), copy(2, 'success', 'other@mail.example')]), ['wrong-account:2']);
  const found = findNonconformities(
    [copy(1, 'failed', ours), copy(2, 'failed', ours), copy(3, 'success', ours), copy(4, 'stopped', ours), copy(5, 'failed', ours)],
    context,
  );
  assert.deepEqual(
    found.map(({ subject, records }) => [subject, records]),
    [
      ['off-site-failed:1', [1, 2]],
      ['off-site-failed:5', [5]],
    ],
  );
});

test('what was found is opened once, numbered without a gap, and closed with a cause, by somebody', async (t) => {
  const { history, random } = await makeHistory(temporaryState(t), 3, 31);
  const findings = findNonconformities(
    [record({ number: 2, result: 'failed' }), record({ number: 3, kind: 'missed-run', set: 'projects', result: 'missed' })],
    { ...context, planned: [night, { ...night, set: 'projects' }] },
  );
  const common = (kind: RecordContent['kind']): RecordContent => ({ ...someBackup(random), kind });
  const [first, second] = await Promise.all([
    openNonconformities(history, findings, common),
    openNonconformities(history, findings, common),
  ]);
  assert.deepEqual(
    [...first, ...second].map(({ nonconformity }) => nonconformity?.id),
    ['NC-0001', 'NC-0002'],
  );
  await closeNonconformity(
    history,
    'NC-0001',
    { cause: 'listrik padam', correction: 'diulang', by: { name: 'Budi', position: 'IT Officer' } },
    common('nonconformity-closed'),
  );
  const [closed, open] = await listNonconformities(history.records());
  assert.deepEqual([closed?.closed?.cause, closed?.closed?.name, open?.closed], ['listrik padam', 'Budi', undefined]);
  const again = { cause: 'x', correction: 'y', by: { name: 'z', position: '' } };
  await assert.rejects(closeNonconformity(history, 'NC-0001', again, common('nonconformity-closed')), { code: 'arguments.invalid' });
  await assert.rejects(closeNonconformity(history, 'NC-0009', again, common('nonconformity-closed')), { code: 'record.not-found' });
  assert.deepEqual(await openNonconformities(history, findings, common), [], 'a closed one is not opened again');
});

test('a snapshot that the records know and the repository lost, or holds with another tree, is told', async () => {
  const random = new SeededRandom(5);
  const hex = () => Buffer.from(random.bytes(32)).toString('hex');
  const repositoryId = hex();
  const made = (number: number) => record({ number, repositoryId, snapshotId: hex(), treeId: hex() });
  const [kept, gone, swapped, retired, retagged, repaired, foreign] = [
    made(2),
    made(3),
    made(4),
    made(5),
    made(6),
    made(7),
    { ...made(8), repositoryId: hex() },
  ];
  const retention = record({ number: 9, kind: 'retention', repositoryId, removedSnapshots: [retired.snapshotId ?? ''] });
  const repair = record({ number: 10, kind: 'repository-repair', repositoryId, removedSnapshots: [repaired.snapshotId ?? ''] });
  const present = [
    { id: kept.snapshotId ?? '', tree: kept.treeId ?? '' },
    { id: swapped.snapshotId ?? '', tree: hex() },
    { id: hex(), tree: retagged.treeId ?? '', original: retagged.snapshotId },
    { id: hex(), tree: hex(), original: repaired.snapshotId },
    { id: hex(), tree: hex() },
  ];
  async function* records(): AsyncGenerator<HistoryRecord> {
    yield* [kept, gone, swapped, retired, retagged, repaired, foreign, retention, repair];
  }
  const losses = await findLostSnapshots(records(), [{ id: repositoryId, location: '/mnt/backup', snapshots: present }]);
  assert.deepEqual(
    losses.map(({ kind, recordNumber }) => [kind, recordNumber]),
    [
      ['gone', 3],
      ['other-tree', 4],
    ],
  );
});

test('removed backups of one repository are one finding, and those that a nonconformity names are not told again', async (t) => {
  const { history, random } = await makeHistory(temporaryState(t), 1, 32);
  const loss = (snapshotId: string, location: string): SnapshotLoss => ({
    kind: 'gone',
    location,
    recordNumber: 2,
    at: '',
    set: 'accounting',
    snapshotId,
    treeId: undefined,
  });
  const first = removedBackups([loss('a', '/one'), loss('b', '/one'), loss('c', '/two')], [], 0);
  assert.deepEqual(
    first.map(({ facts }) => facts['snapshots']),
    [['a', 'b'], ['c']],
  );
  const common = (kind: RecordContent['kind']): RecordContent => ({ ...someBackup(random), kind });
  await openNonconformities(history, first, common);
  const known = await listNonconformities(history.records());
  assert.deepEqual(
    removedBackups([loss('a', '/one'), loss('d', '/one')], known, 0).map(({ subject, facts }) => [subject, facts['snapshots']]),
    [['backup-removed:d', ['d']]],
  );
});

test('what a closed nonconformity has accounted for is lost no more', async () => {
  const random = new SeededRandom(6);
  const [repositoryId, snapshotId] = [Buffer.from(random.bytes(32)).toString('hex'), Buffer.from(random.bytes(32)).toString('hex')];
  const backup = record({ number: 2, repositoryId, snapshotId });
  const about = { id: 'NC-0001', subject: 'backup-removed:x', rule: 'backup-removed' };
  const opened = record({ number: 3, kind: 'nonconformity-opened', nonconformity: { ...about, facts: { snapshots: [snapshotId] } } });
  const closed = record({ number: 4, kind: 'nonconformity-closed', nonconformity: { ...about, cause: 'x', correction: 'y' } });
  const kinds = async (...records: HistoryRecord[]) =>
    (await findLostSnapshots(records, [{ id: repositoryId, location: '', snapshots: [] }])).map(({ kind }) => kind);
  assert.deepEqual([await kinds(backup), await kinds(backup, opened), await kinds(backup, opened, closed)], [['gone'], ['gone'], []]);
});

test('a snapshot whose file cannot be read is damaged and not removed, and one repository may be seen at two locations', async () => {
  const repositoryId = 'a'.repeat(64);
  const made = (number: number, snapshotId: string) => record({ number, repositoryId, snapshotId, treeId: 'tree' });
  const seen = (location: string, ...ids: string[]) => ({
    id: repositoryId,
    location,
    snapshots: ids.map((id) => ({ id, tree: undefined })),
  });
  assert.deepEqual(await findLostSnapshots([made(2, 'x'), made(3, 'y')], [seen('/mnt', 'x'), seen('/srv', 'y')]), []);
});

test('a fault of the chain is told once, and the next one when it is found', async () => {
  const fault = (line: number): ChainFault => ({ kind: 'hash', file: '2026-11.jsonl', line, number: line });
  const [first] = brokenChain([fault(3), fault(5)], [], 0);
  assert.ok(first);
  assert.deepEqual([first.subject, first.records], ['chain-broken:2026-11.jsonl:3:hash', [3]]);
  const known = await listNonconformities([
    record({
      kind: 'nonconformity-opened',
      nonconformity: { id: 'NC-0001', rule: first.rule, subject: first.subject, facts: first.facts, records: [...first.records] },
    }),
  ]);
  assert.deepEqual(brokenChain([fault(3), fault(5)], known, 0), []);
  assert.deepEqual(
    brokenChain([fault(3), fault(5), fault(8)], known, 0).map(({ subject }) => subject),
    ['chain-broken:2026-11.jsonl:8:hash'],
  );
});

test('runs are held against the window and the account that were configured when they ran', () => {
  const change = (number: number, what: string, before: object | undefined, after: object) =>
    record({
      number,
      kind: 'configuration-change',
      change: { what, ...(before && { before: JSON.stringify(before) }), after: JSON.stringify(after) },
    });
  const ran = (number: number, hour: string) =>
    record({ number, started: `2026-11-14T${hour}:00:00+07:00`, ended: `2026-11-14T${hour}:30:00+07:00` });
  const moved = change(5, 'instruction', { window: '20:00-22:00' }, { window: '21:00-23:00' });
  assert.deepEqual(subjects([ran(3, '20'), ran(4, '22'), moved, ran(6, '20'), ran(7, '22')]).toSorted(), [
    'outside-window:4',
    'outside-window:6',
  ]);
  const copy = (number: number, account: string) => record({ number, kind: 'external-backup', destination: { account } });
  const other = change(5, 'googleDrive', { account: 'old@contoh.example' }, { account: 'backup@contoh.example' });
  assert.deepEqual(
    subjects([
      copy(3, 'old@contoh.example'),
      copy(4, 'backup@contoh.example'),
      other,
      copy(6, 'old@contoh.example'),
      copy(7, 'backup@contoh.example'),
    ]),
    ['wrong-account:4', 'wrong-account:6'],
  );
  const first = change(2, 'configuration', undefined, {
    googleDrive: { account: 'old@contoh.example' },
    instruction: { window: '20:00-22:00' },
  });
  assert.deepEqual(subjects([first, ran(3, '20'), copy(4, 'old@contoh.example'), moved, ran(6, '22')]), []);
});

test('an account that was refused is one, whatever is configured', () => {
  const refused = record({
    number: 4,
    kind: 'sign-in',
    result: 'failed',
    destination: { account: 'other@mail.example' },
    reason: { code: 'drive.wrong-account', facts: { account: 'other@mail.example', designatedAccount: 'backup@contoh.example' } },
  });
  assert.deepEqual(subjects([refused], { designatedAccount: undefined }), ['wrong-account:4']);
  assert.deepEqual(subjects([record({ number: 4, kind: 'sign-out', destination: { account: 'other@mail.example' } })]), []);
});

function record(more: Partial<HistoryRecord>): HistoryRecord {
  return {
    ...someBackup(new SeededRandom(1)),
    trigger: 'schedule',
    result: 'success',
    set: 'accounting',
    number: 7,
    previous: '',
    at: '2026-11-14T23:30:00+07:00',
    key: '',
    signature: '',
    hash: '',
    ...more,
  };
}
