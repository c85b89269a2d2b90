import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { HostError, listener } from '../../src/host/index.ts';
import { protocol } from '../../src/service/index.ts';
import { systemClock, systemRandom } from '../../src/platform/index.ts';
import { RecordHistory, recordsFolder, verifyAuditPack, type RecordContent } from '../../src/records/index.ts';
import { EngineStage, until, type Window } from '../host/engine-stage.ts';

const person = { name: 'Siti Rahma', position: 'QHSE Manager' } as const;

test('the history is listed newest first, in pages, and filtered by kind, result, set, day and snapshot', async (t) => {
  const { window } = await busyHouse(t);
  const all = await list(window);
  assert.deepEqual(
    all.rows.map(({ number, kind, result }) => [number, kind, result]),
    [
      [6, 'internal-backup', 'failed'],
      [5, 'internal-backup', 'success-with-exceptions'],
      [4, 'check', 'success'],
      [3, 'internal-backup', 'success'],
      [2, 'configuration-change', undefined],
      [1, 'history-start', undefined],
    ],
  );
  assert.deepEqual([all.total, (await list(window, { offset: 4, limit: 1 })).rows.map(({ number }) => number)], [6, [2]]);
  const numbers = async (filter: Partial<protocol.RecordsParams>) => (await list(window, filter)).rows.map(({ number }) => number);
  assert.deepEqual(await numbers({ kinds: ['check', 'history-start'] }), [4, 1]);
  assert.deepEqual(await numbers({ results: ['failed', 'success-with-exceptions'] }), [6, 5]);
  assert.deepEqual(await numbers({ set: 'away' }), [6]);
  const { today } = all;
  assert.deepEqual([(await numbers({ from: today, to: today })).length, await numbers({ to: '2020-01-01' })], [6, []]);
  const [, withExceptions] = all.rows;
  assert.deepEqual(await numbers({ snapshots: [withExceptions?.snapshotId ?? ''] }), [5]);
  assert.deepEqual(
    [withExceptions?.setTitle, withExceptions?.resultText, withExceptions?.day],
    ['Data of the office', 'Completed with exceptions', today],
  );
  assert.match(withExceptions?.summary ?? '', /^1 file · .* · 1 exception$/);
});

test('a record opens with everything that it says, its exceptions in words, and what can be done with it now', async (t) => {
  const { stage, window } = await busyHouse(t);
  const page = await read(window, 5);
  assert.deepEqual(
    page.exceptions.map(({ item }) => item),
    [stage.path('gone')],
  );
  assert.doesNotMatch(page.exceptions[0]?.text ?? '', /ENOENT|vanished/);
  assert.deepEqual(
    [page.restorable?.location, page.restorable?.snapshot, page.repeatable],
    [stage.repository, page.snapshotId, { kind: 'backup', set: 'data' }],
  );
  assert.equal(JSON.parse(page.line).number, 5);
  const labels = page.fields.map(({ label }) => label);
  for (const label of ['No.', 'Kind', 'Result', 'Actual', 'Source', 'Destination', 'Snapshot', 'Own hash'])
    assert.ok(labels.includes(label), label);
  assert.deepEqual([(await read(window, 4)).repeatable, (await read(window, 4)).restorable], [undefined, undefined], 'a check is neither');
  await assert.rejects(read(window, 99), hasCode('record.not-found'));
});

test('words are those of the language of the window', async (t) => {
  const { stage } = await busyHouse(t);
  const page = await read(stage.window({ language: 'id', maySchedule: false }), 5);
  assert.deepEqual([page.kindText, page.resultText], ['Cadangan internal', 'Selesai dengan pengecualian']);
});

test('what another process appends is told, and counted', async (t) => {
  const stage = new EngineStage(t);
  stage.configure();
  let told = 0;
  const window = stage.window({ client: { listeners: [listener(protocol.recordsChanged, () => (told += 1))] } });
  const before = await window.client.request(protocol.recordsSummary, undefined);
  assert.deepEqual([before.chain, before.openNonconformities, before.drillDue], ['unknown', 0, undefined]);
  await historyOf(stage).append({ ...common, kind: 'check', result: 'success' });
  await until(() => told > 0, 'the window is told');
  const after = await window.client.request(protocol.recordsSummary, undefined);
  assert.equal(after.count, before.count + 1);
  assert.ok(after.kinds.some(({ kind, text }) => kind === 'check' && text === 'Verification of the repository'));
});

test('a person approves records, and closes a nonconformity once, with cause and correction', async (t) => {
  const stage = new EngineStage(t);
  stage.configure();
  const { client } = stage.window();
  const dayMs = 86_400_000;
  const nowMs = Date.now(); // a day may end meanwhile
  const dayBefore = (days: number) => new Date(nowMs - days * dayMs).toISOString().slice(0, 10);
  await historyOf(stage, 40 * dayMs).append({
    ...common,
    kind: 'nonconformity-opened',
    nonconformity: {
      id: 'NC-0001',
      subject: 'drill-overdue:2026-11-01',
      rule: 'drill-overdue',
      facts: { day: '2026-11-01', days: 30 },
      records: [1],
    },
  });
  assert.equal((await client.request(protocol.recordsSummary, undefined)).openNonconformities, 1);
  const [open] = await client.request(protocol.listNonconformities, undefined);
  assert.deepEqual([open?.id, open?.ruleText, open?.closed], ['NC-0001', 'Restore drill overdue', undefined]);
  const closing = { id: 'NC-0001', cause: 'Nobody had the time', correction: 'Drill done', ...person };
  const row = await client.request(protocol.closeNonconformity, closing);
  assert.equal(row.kind, 'nonconformity-closed');
  await assert.rejects(client.request(protocol.closeNonconformity, closing), hasCode('arguments.invalid'));
  const [closed] = await client.request(protocol.listNonconformities, undefined);
  assert.deepEqual([closed?.closed?.number, closed?.closed?.cause, closed?.closed?.name], [row.number, closing.cause, person.name]);
  assert.deepEqual((await client.request(protocol.readRecord, { number: 1 })).nonconformities, ['NC-0001']);
  const decide = (decision: protocol.DecideNonconformityParams['decision']) =>
    client.request(protocol.decideNonconformity, { id: 'NC-0001', decision, ...person });
  await assert.rejects(decide({ kind: 'assign', owner: person }), hasCode('arguments.invalid'), 'it is closed');
  assert.equal(
    (await decide({ kind: 'check', helped: false, why: 'Overdue again' })).summary,
    'NC-0001: it did not help: opened again; Overdue again',
  );
  await decide({ kind: 'assign', owner: { name: 'Budi', position: 'IT Officer' }, due: dayBefore(1) });
  const [again] = await client.request(protocol.listNonconformities, undefined);
  assert.deepEqual([again?.isOpen, again?.owner?.name, again?.due], [true, 'Budi', dayBefore(1)]);
  assert.match(again?.stateText ?? '', /^Still open; .*opened again; .*it did not help.*; Owner: Budi, IT Officer; was due on /);
  await decide({ kind: 'withdraw', why: 'There was a drill' });
  const entered = await client.request(protocol.enterFinding, { text: 'No signature', records: [1], ...person });
  assert.deepEqual([entered.kind, entered.summary], ['nonconformity-opened', 'NC-0002: No signature']);
  const states = (await client.request(protocol.listNonconformities, undefined)).map(({ id, isOpen }) => [id, isOpen]);
  assert.deepEqual(states, [
    ['NC-0002', true],
    ['NC-0001', false],
  ]);
  const [from, to] = [dayBefore(20), dayBefore(10)];
  const approve = (more: Partial<protocol.ApproveParams> = {}) =>
    client.request(protocol.approveRecords, { act: 'checked', from, to, ...person, ...more });
  const approved = await approve();
  const through = approved.number - 1;
  assert.deepEqual([approved.kind, approved.summary], ['approval', `Checked: Siti Rahma, ${from} – ${to}, through No. ${through}`]);
  await assert.rejects(approve({ from: to, to: from }), hasCode('arguments.invalid'));
  await assert.rejects(approve({ name: ' ' }), hasCode('arguments.invalid'));
  await assert.rejects(approve({ to: dayBefore(-1) }), hasCode('arguments.invalid'), 'it has not ended');
  await assert.rejects(approve({ from: dayBefore(90), to: dayBefore(60) }), hasCode('arguments.invalid'), 'it lies before the history');
  await assert.rejects(approve({ act: 'approved' }), hasCode('arguments.invalid'), 'the same person');
  const rejected = await approve({ act: 'approved', rejectedFor: 'Two nights are missing' });
  assert.equal(rejected.kind, 'rejection');
  assert.match(rejected.summary, /^Rejected \(Approved\): Siti Rahma, .*: Two nights are missing$/);
});

test('reports come out in the format and language that are asked for, and the audit pack proves itself', async (t) => {
  const {
    stage,
    window: { client },
  } = await busyHouse(t);
  const { today } = await client.request(protocol.recordsSummary, undefined);
  const period = { from: today, to: today };
  const textOf = ({ bytes }: protocol.PeriodDocument): string => Buffer.from(bytes).toString('utf8');
  const pdf = await client.request(protocol.makeReport, { ...period, format: 'pdf', language: 'en' });
  assert.match(textOf(pdf), /^%PDF-/);
  const html = await client.request(protocol.makeReport, { ...period, format: 'html', language: 'id' });
  assert.match(textOf(html), /<html lang="id">[^]*Cadangan internal/);
  const csv = await client.request(protocol.makeReport, { ...period, format: 'csv', language: 'en' });
  assert.match(textOf(csv), /internal-backup|Internal backup/);
  const pack = await client.request(protocol.makeAuditPack, period);
  writeFileSync(stage.path('a.zip'), pack.bytes);
  assert.equal((await verifyAuditPack(stage.path('a.zip'))).isIntact, true);
});

test('the verification compares repositories that open without a question, and names the line that somebody forged', async (t) => {
  const { stage, window } = await busyHouse(t);
  const good = await window.client.request(protocol.verifyRecords, undefined);
  assert.deepEqual([good.isIntact, good.count, good.compared], [true, 6, [stage.repository]]);
  assert.deepEqual(
    good.notCompared.map(({ location, error }) => [location, error.code]),
    [[stage.path('away'), 'repository.missing']],
  );
  assert.equal((await window.client.request(protocol.recordsSummary, undefined)).chain, 'intact');
  const folder = recordsFolder(stage.path('state'));
  const [file = ''] = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  const lines = readFileSync(join(folder, file), 'utf8').split('\n');
  // At once, as the engine may be reading it: a file that is empty for a moment is another fault.
  writeFileSync(
    join(folder, 'forged'),
    lines.map((line, at) => (at === 5 ? line.replace('"result":"failed"', '"result":"success"') : line)).join('\n'),
  );
  renameSync(join(folder, 'forged'), join(folder, file));
  const forged = await window.client.request(protocol.verifyRecords, undefined);
  assert.deepEqual(
    [forged.isIntact, forged.faults[0]],
    [false, `${file}, line 6: record 6 was changed: its content does not fit its hash`],
  );
  const summary = await window.client.request(protocol.recordsSummary, undefined);
  assert.deepEqual([summary.chain, summary.openNonconformities], ['broken', 0], 'looking at a broken chain adds nothing to it');
});

test('the dashboard leads from the objective and the next run to the change of the configuration that set each', async (t) => {
  const stage = new EngineStage(t);
  // Not today, so that nothing runs meanwhile.
  const days = [['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'][(new Date().getUTCDay() + 3) % 7]];
  stage.configure({ rpoHours: 26, schedule: { window: '02:00-03:00', days } });
  const { client } = stage.window();
  const dashboard = async () => (await client.request(protocol.dashboard, { year: 2026 })).sets[0];
  // A change is in force a moment before its record is written.
  await until(async () => {
    const set = await dashboard();
    return set?.nextRun !== undefined && set.rpoRecord !== undefined && set.scheduleRecord !== undefined;
  }, 'it is planned, and recorded');
  const first = await dashboard();
  const whatOf = async (number = 0) => JSON.parse((await client.request(protocol.readRecord, { number })).line).change.what;
  assert.deepEqual([await whatOf(first?.rpoRecord), await whatOf(first?.scheduleRecord)], ['configuration', 'configuration']);
  stage.configure({ rpoHours: 30, schedule: { window: '02:00-03:00', days } });
  await until(async () => {
    const set = await dashboard();
    return set?.rpoHours === 30 && set.rpoRecord !== first?.rpoRecord;
  }, 'the objective is another one, and recorded');
  const next = await dashboard();
  assert.deepEqual([await whatOf(next?.rpoRecord), next?.scheduleRecord], ['sets.data.rpoHours', first?.scheduleRecord]);
});

const common: Omit<RecordContent, 'kind'> = { host: 'srv-02', operator: { user: 'other', via: 'command-line' }, software: 'test' };

/** Records 3 to 6: a good backup, a check, a backup with an exception, and one that failed. */
async function busyHouse(t: TestContext): Promise<{ readonly stage: EngineStage; readonly window: Window }> {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'first');
  await stage.initRepository();
  // A source that is not there is an exception of every backup but the first one.
  const gone = stage.path('gone');
  mkdirSync(gone);
  stage.configure(
    { title: 'Data of the office', sources: [stage.source, gone] },
    { name: 'away', repository: { location: stage.path('away') } },
  );
  const window = stage.window({ maySchedule: false });
  const { client } = window;
  await client.request(protocol.startBackup, { set: 'data' });
  await client.request(protocol.startCheck, { location: stage.repository, readData: false });
  rmdirSync(gone);
  await client.request(protocol.startBackup, { set: 'data' });
  await client.request(protocol.startBackup, { set: 'away' });
  return { stage, window };
}

/** @param agoMs by how much the clock of the records goes behind */
function historyOf(stage: EngineStage, agoMs = 0): RecordHistory {
  const clock = { ...systemClock, nowNs: () => systemClock.nowNs() - BigInt(agoMs) * 1_000_000n };
  return new RecordHistory(stage.path('state'), { clock, random: systemRandom, software: 'test' });
}

function list({ client }: Window, params: Partial<protocol.RecordsParams> = {}): Promise<protocol.RecordsPage> {
  return client.request(protocol.listRecords, { offset: 0, limit: 200, ...params });
}

function read({ client }: Window, number: number): Promise<protocol.RecordPage> {
  return client.request(protocol.readRecord, { number });
}

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof HostError && error.code === code;
}
