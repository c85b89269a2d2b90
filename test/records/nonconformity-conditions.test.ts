// Nonconformities are judged by condition: what lasts cannot stay closed, what follows each other is one, and what matters opens one.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import {
  closeNonconformity,
  decide,
  findNonconformities,
  listNonconformities,
  nonconformityText,
  openByPerson,
  openNonconformities,
  type Decision,
  type Finding,
  type HistoryRecord,
  type Nonconformity,
  type PlannedWindow,
  type RecordContent,
  type RecordHistory,
  type RecordKind,
  type RuleContext,
} from '../../src/records/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { makeHistory, someBackup, temporaryState } from './some-records.ts';

const hourMs = 3_600_000;
const begin = Date.parse('2026-11-01T21:00:00+07:00');
const repository = '/mnt/backup/repository';
const copyLocation = 'gdrive:Cadangan/server';

const context: RuleContext = {
  instruction: undefined,
  designatedAccount: undefined,
  timeZone: 'Asia/Jakarta',
  planned: [],
  sets: [{ name: 'accounting', rpoHours: undefined, sinceMs: begin - hourMs }],
  copies: [{ name: 'drive', repository, location: copyLocation, lagHoursMax: 72, sinceMs: begin }],
  locations: [repository],
  nowMs: begin + 30 * 24 * hourMs,
};

const findings = (records: readonly HistoryRecord[], more: Partial<RuleContext> = {}): Finding[] =>
  findNonconformities(records, { ...context, ...more });
const told = (records: readonly HistoryRecord[], more: Partial<RuleContext> = {}) =>
  findings(records, more).map(({ subject, records: numbers, lasts }) => [subject, numbers, lasts]);

test('nights that follow each other and have one cause are one, with its list; a good night or another cause ends it', () => {
  const windows = nights(7);
  const missed = (night: number, cause: string) =>
    record({
      number: 10 + night,
      kind: 'missed-run',
      result: 'missed',
      planned: windowText(windows[night]),
      reason: { code: 'schedule.missed', facts: { reason: 'not-running', cause } },
    });
  const good = (night: number) => backup(10 + night, night);
  const found = findings([good(0), missed(1, 'off'), missed(2, 'off'), missed(3, 'asleep'), good(4), missed(5, 'off'), missed(6, 'off')], {
    planned: windows,
    copies: [],
  });
  assert.deepEqual(
    found.map(({ parts, records }) => [parts?.map((part) => part.slice(-10)), records]),
    [
      [
        ['2026-11-02', '2026-11-03'],
        [11, 12],
      ],
      [['2026-11-04'], [13]],
      [
        ['2026-11-06', '2026-11-07'],
        [15, 16],
      ],
    ],
  );
});

test('a row of nights grows under one number, is opened again by a night after it was closed, and names each night', async (t) => {
  const { history, ...tools } = await someHistory(t);
  const look = (count: number) => tools.open(findings([], { planned: nights(count), copies: [] }));
  await look(2);
  await look(3);
  await look(3);
  const [row, ...others] = await listNonconformities(history.records());
  assert.deepEqual([row?.id, row?.parts.length, row?.isOpen, others], ['NC-0001', 3, true, []]);
  assert.equal(
    nonconformityText(row ?? assert.fail(), 'Asia/Jakarta'),
    'No good backup in the window: accounting, 1 November 2026; 2 November 2026; 3 November 2026',
  );
  await tools.close('NC-0001');
  await look(3);
  assert.equal((await tools.list()).at(0)?.isOpen, false, 'nights that were accounted for stay so');
  await look(4);
  const [again] = await tools.list();
  assert.deepEqual([again?.isOpen, again?.parts.length, again?.reopenedBy.length, again?.closed], [true, 4, 1, undefined]);
  assert.equal((await tools.list()).length, 1);
});

test('what lasts is opened again when it was closed: a drill overdue without a drill, an off-site copy that still fails', async (t) => {
  const tools = await someHistory(t);
  const start = record({ number: 1, kind: 'history-start', at: instantText(begin) });
  const failed = copying(3, 1, 'failed');
  const drillDue = { instruction: { clauses: [], drillIntervalDays: 20 } };
  const look = async (...records: HistoryRecord[]) => {
    await tools.open(findings([start, failed, ...records], drillDue));
    return (await tools.list()).map(({ rule, isOpen }) => [rule, isOpen]);
  };
  assert.deepEqual(await look(), [
    ['off-site-failed', true],
    ['drill-overdue', true],
  ]);
  for (const id of ['NC-0001', 'NC-0002']) await tools.close(id);
  assert.deepEqual(await look(), [
    ['off-site-failed', true],
    ['drill-overdue', true],
  ]);
  const passed = record({ number: 5, kind: 'drill', trigger: 'manual', result: 'success', ...times(25 * 24) });
  for (const id of ['NC-0001', 'NC-0002']) await tools.close(id);
  assert.deepEqual(await look(copying(4, 2, 'success'), passed), [
    ['off-site-failed', false],
    ['drill-overdue', false],
  ]);
});

test('what is not configured any more does not last', () => {
  const failed = [
    copying(3, 1, 'failed'),
    record({ number: 4, kind: 'check', result: 'failed', source: { location: '/mnt/old' }, ...times(3) }),
  ];
  assert.deepEqual(told(failed, { copies: [] }), [
    ['off-site-failed:3', [3], false],
    ['check-failed:4', [4], false],
  ]);
});

test('one that was withdrawn is not opened again, and what comes later of the same is a new one', async (t) => {
  const tools = await someHistory(t);
  const look = (count: number) => tools.open(findings([], { planned: nights(count), copies: [] }));
  await look(2);
  await tools.decide('NC-0001', { kind: 'withdraw', why: 'the clock was wrong' });
  await look(2);
  const [withdrawn, ...none] = await tools.list();
  assert.deepEqual(
    [withdrawn?.isOpen, withdrawn?.withdrawn?.why, withdrawn?.withdrawn?.name, none],
    [false, 'the clock was wrong', 'Budi', []],
  );
  await look(3);
  const [, fresh] = await tools.list();
  assert.deepEqual([fresh?.id, fresh?.parts, fresh?.isOpen], ['NC-0002', ['missed-night:accounting:2026-11-03'], true]);
  await assert.rejects(tools.close('NC-0001'), { code: 'arguments.invalid' });
  await assert.rejects(tools.decide('NC-0001', { kind: 'withdraw', why: 'twice' }), { code: 'arguments.invalid' });
  const lasting = findings([copying(3, 1, 'failed')]);
  await tools.open(lasting);
  await tools.decide('NC-0003', { kind: 'withdraw', why: 'a test' });
  await tools.open(lasting);
  assert.equal((await tools.list()).at(2)?.isOpen, false);
});

test('a correction has an owner and a day, and a check that it helped; one that did not help opens it again', async (t) => {
  const tools = await someHistory(t);
  await tools.open(findings([], { planned: nights(1), copies: [] }));
  const owner = { name: 'Rina', position: 'Server Admin' };
  await tools.decide('NC-0001', { kind: 'assign', owner, due: '2026-12-01' });
  await assert.rejects(tools.decide('NC-0001', { kind: 'check', helped: true, why: '' }), { code: 'arguments.invalid' });
  await tools.close('NC-0001');
  const [closed] = await tools.list();
  assert.deepEqual([closed?.owner, closed?.due, closed?.isOpen], [owner, '2026-12-01', false]);
  await tools.decide('NC-0001', { kind: 'check', helped: false, why: 'missed again' });
  const [unhelped] = await tools.list();
  assert.deepEqual([unhelped?.isOpen, unhelped?.check?.why, unhelped?.closed], [true, 'missed again', undefined]);
  await tools.close('NC-0001');
  await tools.decide('NC-0001', { kind: 'check', helped: true, why: 'four good weeks' });
  const [helped] = await tools.list();
  assert.deepEqual([helped?.isOpen, helped?.check?.helped, helped?.check?.name, helped?.told.length], [false, true, 'Budi', 6]);
});

test("an auditor's own finding is entered, with an owner and a day, and names only records that there are", async (t) => {
  const tools = await someHistory(t);
  const finding = { text: 'The form has no signature', records: [2], owner: { name: 'Rina', position: 'Admin' }, due: '2026-12-01' };
  await openByPerson(tools.history, finding, tools.common('nonconformity-opened'));
  await assert.rejects(openByPerson(tools.history, { ...finding, records: [99] }, tools.common('nonconformity-opened')), {
    code: 'record.not-found',
  });
  const [one] = await tools.list();
  assert.deepEqual([one?.id, one?.rule, one?.records, one?.owner?.name, one?.due], ['NC-0001', 'finding', [2], 'Rina', '2026-12-01']);
  assert.equal(nonconformityText(one ?? assert.fail(), undefined), 'The form has no signature');
});

test('a backup older than its objective is one while it lasts, and times that follow each other are one', () => {
  const sets = [{ name: 'accounting', rpoHours: 26, sinceMs: begin - hourMs }];
  const now = (hours: number) => ({ sets, copies: [], nowMs: begin + hours * hourMs });
  assert.deepEqual(told([], now(24)), []);
  assert.deepEqual(told([], now(25.5)), [['rpo-exceeded:accounting:0', [], true]], 'since the set came into being');
  const nightly = [0, 1, 2, 4, 6].map((night) => backup(10 + night, night));
  assert.deepEqual(told(nightly.slice(0, 3), now(74)), []);
  assert.deepEqual(told(nightly.slice(0, 3), now(74.1)), [['rpo-exceeded:accounting:12', [12], true]]);
  assert.deepEqual(told(nightly, now(150)), [['rpo-exceeded:accounting:12', [12, 14], false]]);
  const failed = { ...backup(13, 3), result: 'failed' as const };
  assert.deepEqual(told([...nightly.slice(0, 3), failed], now(75)), [['rpo-exceeded:accounting:12', [12], true]], 'a failed one is none');
});

test('a copy that lags longer than it may, or never ran, is one until it is up again', () => {
  const now = (hours: number) => ({ nowMs: begin + hours * hourMs });
  assert.deepEqual(told([backup(2, 0)], now(72)), []);
  assert.deepEqual(told([backup(2, 0)], now(73)), [['copy-behind:drive:0', [2], true]]);
  assert.equal(findings([backup(2, 0)], now(73))[0]?.facts['never'], true);
  const copied = copying(3, 1, 'success');
  assert.deepEqual(told([backup(2, 0), copied], now(24 * 20)), [], 'nothing newer is waiting');
  assert.deepEqual(told([backup(2, 0), copied, backup(4, 1), copying(5, 25, 'failed')], now(24 + 73)), [
    ['off-site-failed:5', [5], true],
    ['copy-behind:drive:3', [3, 4], true],
  ]);
  assert.deepEqual(told([{ ...backup(2, 0), destination: { location: '/mnt/other' } }], now(24 * 20)), []);
});

test('a run that has next to nothing of a source is one, until a run has it again', () => {
  const vanished = { item: '/srv/data', kind: 'files-vanished', reason: '1000 of 1000', weight: 'lost' as const };
  const suspect = (number: number, night: number, kind = vanished.kind) =>
    ({ ...backup(number, night), result: 'success-with-exceptions', exceptions: [{ ...vanished, kind }], exceptionCount: 1 }) as const;
  const only = { copies: [] };
  assert.deepEqual(told([backup(2, 0), suspect(3, 1), suspect(4, 2)], only), [['backup-suspect:3', [3, 4], true]]);
  assert.deepEqual(told([suspect(3, 1), backup(4, 2)], only), [['backup-suspect:3', [3], false]]);
  for (const kind of ['mostly-unreadable', 'source-empty', 'source-link'])
    assert.deepEqual(told([suspect(3, 1, kind)], only), [['backup-suspect:3', [3], true]], kind);
  const oneFile = { ...vanished, item: '/srv/data/a.txt', kind: 'unreadable' };
  assert.deepEqual(told([{ ...suspect(3, 1), exceptions: [oneFile] }], only), []);
  const sourceAway = { ...suspect(3, 1), exceptions: [{ ...oneFile, item: '/srv/data' }], counts: { filesTotal: 10 } };
  const before = (filesTotal: number) => ({ ...backup(2, 0), counts: { filesTotal } });
  assert.deepEqual(told([before(11), sourceAway, { ...sourceAway, number: 4 }], only), [['backup-suspect:3', [3, 4], true]]);
  assert.deepEqual(told([before(10), sourceAway], only), [], 'it never had anything');
});

test('a check, scrub, drill or restore that failed is one; a slip of who asked is none; damage is told as damage', () => {
  const work = (number: number, kind: RecordKind, more: Partial<HistoryRecord> = {}) =>
    record({ number, kind, result: 'failed', trigger: 'manual', source: { location: repository }, ...times(number), ...more });
  const unreachable = { reason: { code: 'storage.unreachable', facts: {} } };
  assert.deepEqual(told([work(2, 'check', unreachable), work(3, 'check', unreachable)]), [['check-failed:2', [2, 3], true]]);
  assert.deepEqual(told([work(2, 'check', unreachable), work(3, 'check', { result: 'success' })]), [['check-failed:2', [2], false]]);
  const scrub = { set: 'drive', destination: { location: copyLocation }, ...unreachable };
  assert.deepEqual(told([work(2, 'scrub', scrub)]), [['scrub-failed:2', [2], true]]);
  assert.deepEqual(told([work(2, 'drill', unreachable)]), [['drill-failed:2', [2], true]]);
  assert.deepEqual(
    told([work(2, 'internal-restore', unreachable), work(3, 'internal-restore', unreachable)]),
    [
      ['restore-failed:2', [2], false],
      ['restore-failed:3', [3], false],
    ],
    'each is a restore of its own',
  );
  for (const code of ['repository.wrong-password', 'snapshot.not-found', 'arguments.invalid'])
    assert.deepEqual(told([work(2, 'internal-restore', { reason: { code, facts: {} } })]), [], code);
  const mistyped = { exceptions: [{ item: '/nonsense', kind: 'nothing-chosen', reason: '', weight: 'lost' as const }] };
  assert.deepEqual(told([work(2, 'internal-restore', mistyped)]), [], 'a mistyped pattern');
  const damaged = { counts: { errors: 2 }, exceptions: [] };
  assert.deepEqual(told([work(2, 'check', damaged), work(3, 'check', damaged)]), [['damage-found:2', [2, 3], true]]);
  assert.deepEqual(told([work(2, 'check', damaged), work(3, 'check', { result: 'success', counts: { errors: 0 } })]), [
    ['damage-found:2', [2], false],
  ]);
  const tree = { ...backup(4, 0), evidence: { parentTreesDamaged: 1 } };
  assert.deepEqual(told([tree], { copies: [] }), [['damage-found:4', [4], true]]);
});

/** Windows of the first nights, in none of which there was a run. */
function nights(count: number): PlannedWindow[] {
  return Array.from({ length: count }, (_, night) => {
    const startMs = begin + night * 24 * hourMs;
    return { set: 'accounting', day: instantText(startMs).slice(0, 10), startMs, endMs: startMs + 2 * hourMs };
  });
}

function windowText(window: PlannedWindow | undefined): { start: string; end: string } {
  assert.ok(window);
  return { start: instantText(window.startMs), end: instantText(window.endMs) };
}

/** A good backup in the window of a night. */
function backup(number: number, night: number): HistoryRecord {
  const planned = windowText(nights(night + 1)[night]);
  return record({ number, planned, ...times(night * 24), exceptions: [], exceptionCount: 0, destination: { location: repository } });
}

/** @param hours after the beginning of the first window */
function copying(number: number, hours: number, result: 'success' | 'failed'): HistoryRecord {
  return record({ number, kind: 'external-backup', set: 'drive', result, destination: { location: copyLocation }, ...times(hours) });
}

function times(hours: number): { readonly started: string; readonly ended: string; readonly at: string } {
  const startMs = begin + hours * hourMs;
  return { started: instantText(startMs), ended: instantText(startMs + 600_000), at: instantText(startMs + 600_000) };
}

/** In the zone of the house. */
function instantText(ms: number): string {
  return `${new Date(ms + 7 * hourMs).toISOString().slice(0, 19)}+07:00`;
}

function record(more: Partial<HistoryRecord>): HistoryRecord {
  return {
    ...someBackup(new SeededRandom(1)),
    trigger: 'schedule',
    result: 'success',
    set: 'accounting',
    number: 7,
    previous: '',
    at: instantText(begin),
    key: '',
    signature: '',
    hash: '',
    ...more,
  };
}

interface Tools {
  readonly history: RecordHistory;
  readonly common: (kind: RecordKind) => RecordContent;
  readonly open: (found: readonly Finding[]) => Promise<readonly HistoryRecord[]>;
  readonly list: () => Promise<Nonconformity[]>;
  readonly decide: (id: string, decision: Decision) => Promise<HistoryRecord>;
  readonly close: (id: string) => Promise<HistoryRecord>;
}

async function someHistory(t: TestContext): Promise<Tools> {
  const { history, random } = await makeHistory(temporaryState(t), 2, 31);
  const by = { name: 'Budi', position: 'IT Officer' };
  const common = (kind: RecordKind): RecordContent => ({
    ...someBackup(random),
    kind,
    operator: { user: 'budi', via: 'command-line', ...by },
  });
  return {
    history,
    common,
    open: (found) => openNonconformities(history, found, common),
    list: () => listNonconformities(history.records()),
    decide: (id, decision) => decide(history, id, decision, common(`nonconformity-${wordOf[decision.kind]}`)),
    close: (id) => closeNonconformity(history, id, { cause: 'x', correction: 'y', by }, common('nonconformity-closed')),
  };
}

const wordOf = { close: 'closed', assign: 'assigned', check: 'checked', withdraw: 'withdrawn' } as const;
