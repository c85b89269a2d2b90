// What version 0.1 left on disk, read by the program as it is now: whoever updates loses no record, no run, no missed window, no sign-in.
// How the files were made stands in test/fixtures/version-0.1/README.md. They are never changed; the values below may grow, but not differ.
import assert from 'node:assert/strict';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { after, before, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { LastGoodFile } from '../../src/service/last-good-file.ts';
import { RunList } from '../../src/service/run-list.ts';
import { protocol, unhostedSchedule, type RunResult } from '../../src/service/index.ts';
import { RecordKeeper } from '../../src/jobs/index.ts';
import { CredentialFile, openUploadJournal } from '../../src/google/index.ts';
import { CopyMemoryFile } from '../../src/offsite/index.ts';
import { CadanganError, keepForOwner, passwordFromText, systemRandom } from '../../src/platform/index.ts';
import {
  listNonconformities,
  parseAnchorTag,
  RecordHistory,
  recordsFolder,
  verifyHistory,
  type HistoryRecord,
} from '../../src/records/index.ts';
import { listSnapshots, Repository } from '../../src/repository/index.ts';
import { hostKey } from '../../src/host/index.ts';
import type { SetStatus } from '../../src/schedule/index.ts';
import { loadConfiguration } from '../../src/settings/index.ts';
import { openStorage } from '../../src/storage/index.ts';
import { startDriveEmulator, type DriveEmulator } from '../drive-emulator/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { engineHere } from '../host/engine-here.ts';
import { EngineStage, until } from '../host/engine-stage.ts';
import type { Channel } from '../../src/host/channel.ts';

const fixture = fileURLToPath(new URL('../fixtures/version-0.1', import.meta.url));

/** Another one than that of the fixture, which does not know its tokens: nobody else is to be asked for its account. */
let drive: DriveEmulator;
before(async () => {
  drive = await startDriveEmulator();
  process.env['CADANGAN_GOOGLE_ENDPOINT'] = drive.url;
});
after(() => drive.close());

const head = { chain: '18ad2526c8feb98e', number: 76, hash: 'cbef4325eab9fcd7c7c5f900bb883432619a5db65479b103434225197f6c1c75' };

test('the configuration is right, and says what it said', async (t) => {
  const stage = settled(t);
  const { configuration, problems } = await loadConfiguration(stage.configFile);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    [configuration.timeZone, configuration.organisation, configuration.drill?.files],
    ['Asia/Jakarta', 'PT Contoh Sejahtera', 3],
  );
  assert.deepEqual(
    [configuration.googleDrive?.account, configuration.googleDrive?.clientFile],
    ['backup@company.co.id', `${folderOf(stage)}/google-client.json`],
  );
  const { documentNumber, window, drillIntervalDays, rtoMinutes, recordsKeptYears } = configuration.instruction ?? {};
  assert.deepEqual([documentNumber, window, drillIntervalDays, rtoMinutes, recordsKeptYears], ['IK-IT-003', '21:00-23:00', 30, 240, 5]);
  const [server, website] = configuration.sets;
  assert.deepEqual(
    [server?.name, server?.schedule, server?.rpoHours, server?.excludes],
    ['server', { kind: 'window', window: '21:00-23:00', days: ['mon'], timeZone: undefined, atWindowEnd: 'finish' }, 192, ['*.tmp']],
  );
  assert.deepEqual(
    [website?.name, website?.schedule, website?.tags],
    ['website', { kind: 'on-change', settleSeconds: 5, minIntervalSeconds: 0 }, ['public']],
  );
  const [copy] = configuration.offsiteCopies;
  assert.deepEqual([copy?.name, copy?.to, copy?.settleSeconds, copy?.sampleReadPercent], ['office', 'gdrive:Cadangan/server', 5, 10]);
});

test('every record of three months is there, the chain is whole, and goes on with the same key', async (t) => {
  const stage = settled(t);
  const records = await recordsOf(stage);
  assert.equal(records.length, head.number);
  assert.deepEqual(countsOf(records.map(({ kind }) => kind)), {
    approval: 2,
    check: 1,
    'configuration-change': 5,
    drill: 2,
    'external-backup': 13,
    'history-start': 1,
    'internal-backup': 25,
    'internal-restore': 1,
    'key-change': 1,
    'missed-run': 2,
    'nonconformity-closed': 2,
    'nonconformity-opened': 6,
    'repository-created': 1,
    scrub: 12,
    'sign-in': 2,
  });
  assert.deepEqual(countsOf(records.map(({ result = 'none' }) => result)), {
    failed: 7,
    missed: 2,
    none: 17,
    stopped: 2,
    success: 47,
    'success-with-exceptions': 1,
  });
  assert.deepEqual(countsOf(records.map(({ at }) => at.slice(0, 7))), { '2026-09': 20, '2026-10': 31, '2026-11': 25 });
  assert.deepEqual(
    (await listNonconformities(historyOf(stage).records())).map(({ id, rule, closed }) => [id, rule, closed?.number]),
    [
      ['NC-0001', 'off-site-failed', 29],
      ['NC-0002', 'wrong-account', 48],
      ['NC-0003', 'missed-night', undefined],
      ['NC-0004', 'missed-night', undefined],
      ['NC-0005', 'off-site-failed', undefined],
      ['NC-0006', 'missed-night', undefined],
    ],
  );
  const verified = await verify(stage);
  assert.deepEqual(
    [verified.isIntact, verified.recordCount, verified.head, kindsOf(verified)],
    [true, head.number, head, ['head-unsigned']],
  );
  const next = await historyOf(stage, atJakarta('2026-12-01T08:00')).append({
    kind: 'check',
    host: 'backup-server',
    operator: { user: 'root', via: 'editor' },
    software: 'test',
    result: 'success',
  });
  assert.deepEqual([next.number, next.previous, next.key], [77, head.hash, records.at(-1)?.key]);
  const after = await verify(stage);
  assert.deepEqual([after.isIntact, after.recordCount, after.notes], [true, 77, []]);
});

test('an evidence that is another one is found', async (t) => {
  const stage = settled(t);
  const folder = join(recordsFolder(stage.path('state')), 'evidence');
  const [name = ''] = readdirSync(folder).sort();
  writeFileSync(join(folder, name), readFileSync(join(folder, name), 'utf8').replace('"isPassed": true', '"isPassed": false'));
  const { isIntact, faults } = await verify(stage);
  assert.deepEqual([isIntact, faults.map(({ kind, number }) => [kind, number])], [false, [['evidence', 45]]]);
});

test('the window shows the runs, the sets, the nonconformities, the drill and the copy', async (t) => {
  const stage = settled(t);
  const ask = await windowOn(stage, '2026-11-18T08:00');
  const runs = await ask(protocol.recentRuns, { limit: 200 });
  assert.equal(runs.length, 57);
  assert.deepEqual(countsOf(runs.map(({ job }) => job)), {
    backup: 27,
    check: 1,
    drill: 2,
    'drive-sign-in': 1,
    'offsite-sample': 5,
    'offsite-scrub': 7,
    'offsite-sync': 11,
    'readable-copy': 2,
    restore: 1,
  });
  assert.deepEqual(countsOf(runs.map(({ outcome }) => outcome)), {
    failed: 7,
    missed: 2,
    stopped: 2,
    success: 45,
    'success-with-exceptions': 1,
  });
  const [server, website] = await ask(protocol.listSets, undefined);
  const asOf = '2026-11-17T09:00:06+07:00';
  assert.deepEqual(
    [server?.lastRun?.outcome, server?.lastRun?.startedAt.slice(0, 16), server?.offsite],
    ['missed', '2026-11-16T21:00', { isProtected: true, copy: 'office', state: 'unknown', asOf, since: asOf }],
  );
  assert.deepEqual([website?.lastRun?.outcome, website?.lastRun?.record, website?.offsite?.isProtected], ['success', 76, true]);
  const dashboard = await ask(protocol.dashboard, { year: 2026 });
  assert.deepEqual(
    [dashboard.chain.state, dashboard.lastDrill?.record, dashboard.lastDrill?.result, dashboard.drillDue?.isOverdue],
    ['sound', 46, 'success', false],
  );
  assert.deepEqual(
    dashboard.days.filter(({ result }) => result !== 'success').map(({ date, result }) => [date, result]),
    [
      ['2026-10-12', 'missed'],
      ['2026-10-19', 'failed'],
      ['2026-10-20', 'failed'],
      ['2026-10-26', 'success-with-exceptions'],
      ['2026-11-10', 'stopped'],
      ['2026-11-16', 'missed'],
    ],
  );
  const account = await ask(protocol.driveStatus, undefined);
  const [copy] = account.copies;
  assert.deepEqual([account.state, account.account, account.signedInAt?.slice(0, 10)], ['signed-in', 'backup@company.co.id', '2026-09-29']);
  assert.deepEqual(
    [copy?.lastWholeAt?.slice(0, 16), copy?.total?.files, copy?.snapshots.length, copy?.readable.length, copy?.behind],
    ['2026-11-17T09:00', 38, 9, 2, undefined],
  );
  // When the last engine ended, the file had a slip: that it is right again is news, and nothing else is.
  const records = await recordsOf(stage);
  assert.deepEqual([records.length, records.at(-1)?.kind, records.at(-1)?.change?.what], [77, 'configuration-change', 'sets.server']);
});

test('the heads of the records in the tags of every snapshot are heads of this chain, and no snapshot that the records know is gone', async (t) => {
  const stage = settled(t);
  const ask = await windowOn(stage, '2026-11-18T08:00');
  const { isIntact, faults, notes, compared, notCompared } = await ask(protocol.verifyRecords, undefined);
  assert.deepEqual([isIntact, faults, notes.length], [true, [], 1]);
  assert.match(notes[0] ?? '', /^from record 77 on the machine is called .*, before it backup-server; no record says why$/);
  assert.deepEqual(
    [compared, notCompared.map(({ location, error }) => [location, error.code])],
    [[`${folderOf(stage)}/repository`], [['gdrive:Cadangan/server', 'drive.signed-out']]],
  );
  const repository = await Repository.open(
    { storage: openStorage(stage.repository) },
    passwordFromText('a-password-of-the-fixture'),
    neverAborted,
  );
  const anchors = (await listSnapshots(repository, neverAborted)).map(({ snapshot }) =>
    (snapshot.tags ?? []).flatMap((tag) => parseAnchorTag(tag) ?? []),
  );
  assert.deepEqual(
    anchors.map((tags) => tags.length),
    [1, 1, 1, 1, 1, 1, 1, 1, 1],
  );
  const history = historyOf(stage);
  for (const anchor of anchors.flat()) assert.deepEqual([anchor.chain, await history.has(anchor)], [head.chain, true]);
});

test('the schedule goes on from what ran and what was missed', async (t) => {
  const [server, website] = await setsOf(settled(t), '2026-11-17T12:00');
  assert.deepEqual(
    [server?.state, server?.missed.map(({ day }) => day), server?.next?.day, server?.overdueSinceMs],
    ['missed', ['2026-11-16'], '2026-11-23', undefined],
  );
  assert.deepEqual(
    [runText(server?.lastRun), runText(server?.lastSuccess)],
    ['manual 2026-11-10 09:00 stopped', 'window 2026-11-09 21:00 success'],
  );
  assert.deepEqual([website?.state, website?.missed, runText(website?.lastRun)], ['idle', [], 'reconcile 2026-11-17 09:00 success']);
});

test("a sign-in is taken from a file that is its owner's only", async (t) => {
  const file = settled(t).path('state', 'google-sign-in.json');
  const signIn = await new CredentialFile(file).load();
  assert.deepEqual(
    [signIn?.clientId, signIn?.account.emailAddress, signIn?.refreshToken],
    [
      '104729-cadangan.apps.googleusercontent.com',
      'backup@company.co.id',
      '1//0tMDXs0MvRadioBt2bbw76crbDrPXPlO_xz3peMxDyOVwBpVLb88pjYcU8HQMhnO-',
    ],
  );
  if (process.platform === 'win32') return;
  chmodSync(file, 0o644);
  await assert.rejects(new CredentialFile(file).load(), (error) => error instanceof CadanganError && error.code === 'drive.signed-out');
});

test('the copy remembers what is on Drive, when it was scrubbed, and where the next sample goes on', async (t) => {
  const memory = await copyMemory(settled(t));
  assert.deepEqual(
    [memory.lastSync?.outcome, memory.total?.files, memory.snapshots.length, memory.folderIds],
    ['whole', 38, 9, ['1e8d2GBKVV5IMhm1l7AI7rHB1w_fUz0TY']],
  );
  assert.deepEqual([memory.lastScrub?.checked.files, memory.lastScrub?.leftFiles, memory.lastSample?.damaged], [38, 0, []]);
  assert.match(memory.sampleCursor ?? '', /^c13d673556696fc5 index\/c13d673556696fc58d2a/);
  assert.deepEqual(
    memory.readable?.map(({ name }) => name),
    ['website 2026-09-28 08.31.zip', 'website 2026-09-29 09.00.zip'],
  );
});

test('a set that has a slip in it goes on as it was when the configuration was last right', async (t) => {
  const stage = settled(t);
  const used = await new LastGoodFile(stage.path('state'), systemRandom).used(stage.configFile);
  assert.deepEqual(
    used?.configuration.sets.map(({ name, rpoHours }) => [name, rpoHours]),
    [
      ['server', 192],
      ['website', undefined],
    ],
  );
  writeFileSync(stage.configFile, readFileSync(stage.configFile, 'utf8').replace('21:00-23:00", "days"', '21:00-25:00", "days"'));
  const sets = await setsOf(stage, '2026-11-18T08:00');
  const { problems } = await loadConfiguration(stage.configFile);
  assert.deepEqual(
    [sets.map(({ set, next }) => [set, next?.day]), problems.filter(({ severity }) => severity === 'error').length],
    [
      [
        ['server', '2026-11-23'],
        ['website', undefined],
      ],
      1,
    ],
  );
});

test('the key by which processes of one user know each other stays', async (t) => {
  const stage = settled(t);
  const before = readFileSync(stage.path('state', 'leader.key'));
  assert.deepEqual([before.length, Buffer.from(await hostKey(stage.path('state'), systemRandom)).equals(before)], [32, true]);
});

test('after a power failure: what was whole is read, what was torn is left out, and nothing of it is a fault', async (t) => {
  const stage = settled(t, { hasCrashed: true });
  assert.equal((await recordsOf(stage)).length, 78);
  const { isIntact, recordCount, notes } = await verify(stage);
  assert.deepEqual(
    [isIntact, recordCount, notes.map(({ kind, number }) => [kind, number])],
    [
      true,
      78,
      [
        ['unconfirmed', 79],
        ['head-unsigned', undefined],
      ],
    ],
  );
  const runs = await runsOf(stage);
  assert.deepEqual(
    [runs.length, runs[0]?.job, runs[0]?.set, runs[0]?.startedAt.slice(0, 10), runs[0]?.record],
    [58, 'backup', 'website', '2026-11-23', 78],
  );
  const [server, website] = await setsOf(stage, '2026-11-24T08:00');
  // The run of that evening ended with its engine, and so the window had none that came to its end.
  assert.deepEqual(
    [server?.state, runText(server?.lastRun), server?.missed.map(({ day }) => day)],
    ['overdue', 'window 2026-11-23 21:00 interrupted', ['2026-11-16', '2026-11-23']],
  );
  assert.deepEqual([website?.state, runText(website?.lastRun)], ['idle', 'reconcile 2026-11-23 20:50 success']);
  const memory = await copyMemory(stage);
  assert.deepEqual([memory.lastSync?.outcome, memory.behind?.files, memory.snapshots.length], ['whole', 4, 9]);
  const journal = await openUploadJournal(stage.path('state', 'offsite-office-uploads.jsonl'), { clock: atJakarta('2026-11-24T08:00') });
  const note = journal.get('data/24b3822c40ceadaaa4e1ee03904762a07d764a9d60bfde5a21c255a965cf5498');
  await journal.close();
  assert.deepEqual(
    [note?.id, note?.sizeBytes, note?.doneAtMs, note?.sessionUri?.includes('upload_id=')],
    ['1kKUpDZ_sX5gbvkGfr2sahlMIRwLK5ysL', 147, undefined, true],
  );
});

test('after a power failure: the next engine finds the run that never ended, records it, and sets aside what was torn', async (t) => {
  const stage = settled(t, { hasCrashed: true });
  const clock = atJakarta('2026-11-24T08:00');
  await engineHere(stage, clock);
  const lost = async (): Promise<RunResult | undefined> => (await runsOf(stage)).find(({ error }) => error?.code === 'host.lost');
  await meanwhile(
    clock,
    until(async () => (await lost()) !== undefined, 'the run is found'),
  );
  const run = await lost();
  assert.deepEqual([run?.job, run?.set, run?.outcome, run?.startedAt.slice(0, 16)], ['backup', 'server', 'stopped', '2026-11-23T21:00']);
  const records = await recordsOf(stage);
  const repair = records.find(({ kind }) => kind === 'repair');
  const stopped = records.find(({ reason }) => reason?.code === 'host.lost');
  assert.deepEqual(
    [repair?.number, repair?.evidence?.['file'], stopped?.kind, stopped?.set, stopped?.result],
    [79, '2026-11.jsonl', 'internal-backup', 'server', 'stopped'],
  );
  assert.ok(existsSync(join(recordsFolder(stage.path('state')), String(repair?.evidence?.['keptAs']))));
  const { isIntact, notes } = await verify(stage);
  assert.deepEqual(
    [isIntact, notes.map(({ kind, number }) => [kind, number])],
    [
      true,
      [
        ['repaired', 79],
        ['other-machine', 79],
      ],
    ],
  );
});

/** A copy of the fixture in folders of its own; what is not signed names these folders. */
function settled(t: TestContext, { hasCrashed = false } = {}): EngineStage {
  const stage = new EngineStage(t);
  const state = stage.path('state');
  for (const name of ['cadangan.jsonc', 'google-client.json', 'password', 'state', 'repository'])
    cpSync(join(fixture, name), stage.path(name), { recursive: true });
  if (hasCrashed) cpSync(join(fixture, 'after-crash'), state, { recursive: true });
  for (const name of ['data', 'reports', 'website']) mkdirSync(stage.path('company', name), { recursive: true });
  const folder = folderOf(stage);
  for (const file of [
    stage.configFile,
    ...['last-good-configuration.json', 'offsite-office.json', 'records/configuration.json'].map((name) => join(state, name)),
  ]) {
    const text = readFileSync(file, 'utf8')
      .replaceAll('/srv/cadangan', folder)
      .replaceAll('/srv/company', `${folder}/company`)
      .replaceAll('/mnt/backup/main', `${folder}/repository`);
    writeFileSync(file, text);
  }
  // Git does not keep rights.
  for (const file of [
    stage.path('password'),
    ...['google-sign-in.json', 'installation-key.pem', 'leader.key'].map((name) => join(state, name)),
  ]) {
    chmodSync(file, 0o600);
    keepForOwner(file);
  }
  return stage;
}

/** As it stands in files of the fixture. */
function folderOf(stage: EngineStage): string {
  return stage.folder.replaceAll('\\', '/');
}

/** What a window asks an engine that runs no schedule, while the clock goes on. */
async function windowOn(stage: EngineStage, time: string): Promise<Channel['request']> {
  const clock = atJakarta(time);
  const channel = await meanwhile(clock, engineHere(stage, clock, { maySchedule: false }));
  return (procedure, params) => meanwhile(clock, channel.request(procedure, params));
}

/** Time goes on while something is done. */
async function meanwhile<T>(clock: VirtualClock, work: Promise<T>): Promise<T> {
  let isDone = false;
  work.finally(() => (isDone = true)).catch(() => undefined);
  while (!isDone) {
    await clock.advance(100);
    await delay(2);
  }
  return work;
}

function historyOf(stage: EngineStage, clock = atJakarta('2026-11-18T08:00')): RecordHistory {
  return new RecordHistory(stage.path('state'), { clock, random: systemRandom, software: 'test' });
}

async function recordsOf(stage: EngineStage): Promise<HistoryRecord[]> {
  const records: HistoryRecord[] = [];
  for await (const record of historyOf(stage).records()) records.push(record);
  return records;
}

async function verify(stage: EngineStage): ReturnType<typeof verifyHistory> {
  return verifyHistory(recordsFolder(stage.path('state')), { publicKey: await historyOf(stage).publicKey() });
}

function runsOf(stage: EngineStage): Promise<readonly RunResult[]> {
  const keeper = new RecordKeeper({
    stateFolder: stage.path('state'),
    clock: atJakarta('2026-11-24T08:00'),
    random: systemRandom,
    software: 'test',
    via: 'editor',
    onError: () => undefined,
  });
  return new RunList(keeper).recent(1000);
}

function setsOf(stage: EngineStage, time: string): Promise<readonly SetStatus[]> {
  return unhostedSchedule({
    configFile: stage.configFile,
    stateFolder: stage.path('state'),
    clock: atJakarta(time),
    random: systemRandom,
  });
}

function copyMemory(stage: EngineStage): ReturnType<CopyMemoryFile['read']> {
  const source = `${folderOf(stage)}/repository`;
  return new CopyMemoryFile(stage.path('state'), 'office', { source, to: 'gdrive:Cadangan/server' }, systemRandom).read();
}

function runText(run: SetStatus['lastRun']): string {
  const local = new Date((run?.startedMs ?? 0) + 7 * 3_600_000).toISOString();
  return `${run?.trigger} ${local.slice(0, 10)} ${local.slice(11, 16)} ${run?.outcome}`;
}

const kindsOf = ({ notes }: Awaited<ReturnType<typeof verify>>): string[] => notes.map(({ kind }) => kind);

function countsOf(words: readonly string[]): Record<string, number> {
  return Object.fromEntries([...new Set(words)].sort().map((word) => [word, words.filter((other) => other === word).length]));
}

function atJakarta(time: string): VirtualClock {
  return new VirtualClock({ startNs: BigInt(Date.parse(`${time}:00+07:00`)) * 1_000_000n });
}
