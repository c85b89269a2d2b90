import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'node:test';
import {
  CopyJobs,
  historyOwner,
  keepCopyUp,
  originalLooks,
  readCopyAnchors,
  readCopyStatus,
  RecordKeeper,
  signInTrouble,
  type StoragePlace,
  type JobResult,
  type KeepCopyUpOptions,
  type KeptCopy,
} from '../../src/jobs/index.ts';
import { DriveFolder } from '../../src/google/index.ts';
import { DriveCopy, type CopyStatus, type OriginalLooks } from '../../src/offsite/index.ts';
import { CadanganError, isCode, systemClock, passwordFromText } from '../../src/platform/index.ts';
import { TaskLoop } from '../../src/schedule/index.ts';
import type { HistoryRecord } from '../../src/records/index.ts';
import type { OffsiteCopy } from '../../src/settings/index.ts';
import { otherAccount, sampleAccount } from '../drive-emulator/index.ts';
import { signedInStore } from '../google/drive-stage.ts';
import { copyOf, placeAt, recordsAt } from './copying-server.ts';
import { OffsiteStage } from './offsite-stage.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

class KeeperStage implements AsyncDisposable {
  readonly stage: OffsiteStage;
  readonly copy: OffsiteCopy;
  readonly place: StoragePlace;
  readonly results: JobResult<unknown>[] = [];
  readonly records: RecordKeeper;
  readonly notRecorded: unknown[] = [];
  readonly failures: unknown[] = [];
  /** All that there were: a short one is over before anybody who asks now and then could see it. */
  readonly waits = new Set<KeptCopy['state']['waiting']>();
  readonly tasks = new TaskLoop({ clock: systemClock, onFailure: (_task, error) => this.failures.push(error) });
  readonly looks: OriginalLooks;
  keeper: KeptCopy | undefined;
  /** Told of each state before the keeper goes on. */
  onState: (state: KeptCopy['state']) => void = () => undefined;

  constructor(stage: OffsiteStage, more: Partial<OffsiteCopy> = {}) {
    this.stage = stage;
    this.copy = copyOf(stage, more);
    this.place = placeAt(stage);
    this.looks = originalLooks(systemClock, () => this.place);
    this.records = recordsAt(this.place, (error) => this.notRecorded.push(error));
  }

  async start(timing: KeepCopyUpOptions['timing'] = {}): Promise<KeptCopy> {
    return (this.keeper = await keepCopyUp({
      copy: this.copy,
      tasks: this.tasks,
      place: this.place,
      records: this.records,
      password: async () => passwordFromText('password'),
      onResult: (result) => this.results.push(result),
      onState: (state) => {
        this.waits.add(state.waiting);
        this.onState(state);
      },
      timing: { againMs: 20, ...timing },
    }));
  }

  async stop(): Promise<void> {
    await this.keeper?.[Symbol.asyncDispose]();
    this.keeper = undefined;
  }

  /** A backup of which the keeper sees all or nothing, however long the disk takes for a file of it. */
  async backupAtOnce(): Promise<string> {
    this.keeper?.pause();
    try {
      return await this.stage.backup();
    } finally {
      this.keeper?.resume();
    }
  }

  async status(): Promise<CopyStatus> {
    const signIn = await signInTrouble(this.place);
    return readCopyStatus(this.copy, this.place, { keeper: this.keeper?.state, looks: this.looks, signIn });
  }

  async until(isTrue: (status: CopyStatus) => boolean): Promise<CopyStatus> {
    let status: CopyStatus | undefined;
    for (let i = 0; i < 6000; i++) {
      status = await this.status();
      if (status && isTrue(status)) return status;
      await delay(20);
    }
    assert.fail(`it did not come to that within two minutes: ${JSON.stringify(status)}`);
  }

  /** Without the one that begins the history. */
  async history(): Promise<HistoryRecord[]> {
    const records: HistoryRecord[] = [];
    for await (const record of this.records.history.records()) if (record.kind !== 'history-start') records.push(record);
    return records;
  }

  get jobs(): string[] {
    return this.results.map(({ job, outcome }) => `${job} ${outcome}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.tasks[Symbol.asyncDispose]();
    assert.deepEqual(this.failures, []);
    await this.stage[Symbol.asyncDispose]();
  }
}

const isInSync = ({ state }: CopyStatus): boolean => state === 'in-sync';

test('a keeper copies at the start and after every change by itself, scrubs and samples, and tells of each run that did something', async () => {
  await using keeping = new KeeperStage(await OffsiteStage.open());
  const { stage } = keeping;
  await stage.backup();
  await keeping.start();
  await keeping.until((status) => isInSync(status) && status.lastSample !== undefined);
  stage.assertWhole();
  assert.deepEqual(keeping.jobs, ['offsite-sync success', 'offsite-scrub success', 'offsite-sample success']);
  await keeping.until(({ watch }) => watch?.mode === 'events');
  const snapshot = await keeping.backupAtOnce();
  const status = await keeping.until(({ snapshots, state }) => snapshots.includes(snapshot) && state === 'in-sync');
  stage.assertWhole();
  assert.deepEqual([status.behind, status.trouble], [undefined, undefined]);
  assert.equal(keeping.jobs.length, 4);
  await keeping.stop();
  const history = await keeping.history();
  assert.deepEqual(
    history.map(({ kind, result, trigger, evidence }) => [kind, result, trigger, evidence?.['method']]),
    [
      ['external-backup', 'success', 'change', undefined],
      ['scrub', 'success', 'schedule', 'checksum'],
      ['scrub', 'success', 'schedule', 'download'],
      ['external-backup', 'success', 'change', undefined],
    ],
  );
  const last = history.at(-1);
  assert.deepEqual([last?.set, last?.evidence?.['snapshots'], last?.operator.via], ['office', [snapshot], 'schedule']);
  assert.deepEqual(
    [last?.source?.location, last?.destination?.location, last?.destination?.account],
    [stage.repository, 'gdrive:Backup/office', sampleAccount],
  );
  assert.match(last?.destination?.folderId ?? '', /./);
  assert.deepEqual(
    [last?.counts?.['filesTotal'], last?.counts?.['filesVerified'], last?.counts?.['filesMissing'], last?.counts?.['snapshots']],
    [stage.sourceFiles.length, stage.sourceFiles.length, 0, 2],
  );
  assert.equal(last?.counts?.['filesUploaded'], stage.sourceFiles.length - (history[0]?.counts?.['filesTotal'] ?? 0));
  assert.ok((last?.bytes?.['uploaded'] ?? 0) > 100_000);
  const anchors = await readCopyAnchors(keeping.copy, keeping.place, new AbortController().signal);
  assert.deepEqual(
    anchors.map(({ number, hash, owner }) => ({ number, hash, owner })),
    [{ number: last?.number, hash: last?.hash, owner: historyOwner() }],
    'the head is kept beside the copy, and the one before is gone',
  );
  assert.deepEqual(keeping.notRecorded, []);
  await stage.checkByRestic();
});

test('a repository that another folder took the place of is behind, is copied, and goes on being watched', async () => {
  await using place = new KeeperStage(await OffsiteStage.open(), { sampleReadPercent: 0 });
  const { stage } = place;
  await stage.backup();
  const [repository, yesterday] = [stage.repository, `${stage.repository}.yesterday`];
  cpSync(repository, yesterday, { recursive: true });
  await stage.backup();
  await place.start({ identityIntervalMs: 50 });
  await place.until((status) => isInSync(status) && status.watch?.mode === 'events');
  renameSync(repository, `${repository}.today`);
  renameSync(yesterday, repository);
  await place.until(({ state }) => state !== 'in-sync');
  const { snapshots } = await place.until((status) => isInSync(status) && status.snapshots.length === 1);
  assert.deepEqual(
    snapshots,
    stage.sourceFiles.filter((path) => path.startsWith('snapshots/')).map((path) => path.slice(10)),
  );
  cpSync(join(`${repository}.today`, 'snapshots'), join(repository, 'snapshots'), { recursive: true });
  const behind = await place.until(({ state }) => state !== 'in-sync');
  assert.ok(behind.since !== undefined || behind.state === 'copying', behind.state);
  await place.until((status) => isInSync(status) && status.snapshots.length === 2);
});

test('a service that is away is trouble that is shown, and how far behind the copy is; then it goes on', async () => {
  await using keeping = new KeeperStage(await OffsiteStage.open());
  const { stage } = keeping;
  await stage.backup();
  const keeper = await keeping.start();
  await keeping.until((status) => isInSync(status) && status.lastSample !== undefined && status.watch?.mode === 'events');
  await stage.emulator.stop();
  await keeping.backupAtOnce();
  const behind = await keeping.until(({ trouble, state }) => trouble !== undefined && state === 'stopped-by-trouble');
  assert.equal(behind.trouble?.kind, 'drive-unavailable');
  assert.ok(behind.behind && behind.behind.files >= 3 && behind.lastWholeAt !== undefined);
  // It is tried again and again, and recorded once.
  const failedAttempts = (): number => keeping.jobs.filter((job) => job === 'offsite-sync failed').length;
  for (let attempts = failedAttempts(); attempts < 3; attempts++) {
    keeper.retryNow();
    await keeping.until(() => failedAttempts() > attempts);
  }
  await stage.emulator.start({ sessions: 'lost' });
  keeper.retryNow();
  await keeping.until(isInSync);
  stage.assertWhole();
  await keeping.stop();
  const external = (await keeping.history()).filter(({ kind }) => kind === 'external-backup');
  assert.deepEqual(
    external.map(({ result, reason }) => [result, reason?.code]),
    [
      ['success', undefined],
      ['failed', 'drive.unavailable'],
      ['success', undefined],
    ],
  );
  assert.deepEqual([external[1]?.evidence, external[2]?.evidence?.['attemptsBefore']], [undefined, failedAttempts()]);
});

test('that a copy makes no headway for the moment can be seen while it is so, and no longer', async () => {
  await using keeping = new KeeperStage(await OffsiteStage.open());
  const { stage } = keeping;
  await stage.backup();
  stage.emulator.faults.order({ fault: 'refuse', reason: 'rateLimitExceeded', status: 429, retryAfterSeconds: 2, times: 1 });
  const keeper = await keeping.start();
  await keeping.until(() => keeping.waits.has('rate'));
  await keeping.until((status) => isInSync(status) && keeper.state.waiting === undefined);
  stage.assertWhole();
});

test('a revoked sign-in, another account, and a full drive stop the copy without a loop; once mended it goes on', async () => {
  await using keeping = new KeeperStage(await OffsiteStage.open());
  const { stage } = keeping;
  await stage.backup();
  const keeper = await keeping.start();
  await keeping.until((status) => isInSync(status) && status.lastSample !== undefined);

  const signIn = stage.drive.store.signIn;
  stage.person.withdrawConsent();
  stage.emulator.faults.order({ fault: 'unauthorized', endsToken: true });
  await keeping.backupAtOnce();
  void keeper.ask('sync', {});
  const signedOut = await keeping.until(({ trouble }) => trouble !== undefined);
  assert.equal(signedOut.trouble?.kind, 'signed-out');

  const refused = stage.emulator.log.count({});
  // By another process: nobody tells the keeper.
  stage.drive.store.signIn = signedInStore(stage.emulator, otherAccount).signIn;
  await keeping.until(({ trouble }) => trouble?.kind === 'wrong-account');
  await delay(500);
  assert.ok(stage.emulator.log.count({}) - refused < 10, 'it waits, and does not knock all the time');

  stage.drive.store.signIn = signedInStore(stage.emulator).signIn;
  assert.notDeepEqual(stage.drive.store.signIn, signIn);
  stage.person.setLimit(stage.person.usedBytes + 10_000);
  const full = await keeping.until(({ trouble }) => trouble?.kind === 'full');
  assert.ok(full.behind);
  stage.person.setLimit(1e12);
  keeper.retryNow();
  await keeping.until(isInSync);
  stage.assertWhole();
  assert.ok(keeping.results.some((result) => 'error' in result && isCode(result.error, 'drive.full')));
  await keeping.stop();
  const external = (await keeping.history()).filter(({ kind }) => kind === 'external-backup');
  assert.deepEqual(
    external.map(({ result, reason, destination }) => [result, reason?.code, destination?.account]),
    [
      ['success', undefined, sampleAccount],
      ['failed', 'drive.signed-out', sampleAccount],
      ['failed', 'drive.wrong-account', otherAccount],
      ['failed', 'drive.full', sampleAccount],
      ['success', undefined, sampleAccount],
    ],
  );
});

test('a sign-in that came before it was known that there is none is noticed, and nobody waits for the next try', async () => {
  await using keeping = new KeeperStage(await OffsiteStage.open());
  const { stage } = keeping;
  await stage.backup();
  await keeping.start();
  await keeping.until((status) => isInSync(status) && status.lastSample !== undefined);
  stage.person.withdrawConsent();
  const { signIn } = signedInStore(stage.emulator);
  keeping.onState = ({ trouble }) => {
    if (trouble?.kind === 'signed-out') stage.drive.store.signIn = signIn;
  };
  stage.emulator.faults.order({ fault: 'unauthorized', endsToken: true });
  const snapshot = await keeping.backupAtOnce();
  await keeping.until((status) => isInSync(status) && status.snapshots.includes(snapshot));
  assert.ok(keeping.results.some((result) => 'error' in result && isCode(result.error, 'drive.signed-out')));
});

test('pausing ends what is under way, resuming goes on, and another process of the machine keeps its hands off', async () => {
  await using keeping = new KeeperStage(await OffsiteStage.open(), { paused: true });
  const { stage } = keeping;
  await stage.backup();
  const keeper = await keeping.start();
  await keeping.until(({ state }) => state === 'paused');
  assert.deepEqual(stage.copyFiles, []);
  keeper.resume();
  await keeping.until(isInSync);
  const other = new KeeperStage(stage);
  await other.start();
  await other.until(({ trouble }) => trouble?.kind === 'busy');
  await other.stop();
  keeper.pause();
  await keeping.until(({ state }) => state === 'paused');
});

test('a repository on Google Drive is copied to another folder there, and looked at for changes, since it has no folder to watch', async () => {
  const place = 'gdrive:Direct/r';
  const readableCopies = { set: 'office', every: 'month', format: 'zip' } as const;
  await using keeping = new KeeperStage(await OffsiteStage.open(), { repository: place, readableCopies });
  const { stage } = keeping;
  await stage.backup();
  await stage.sync({ signal: neverAborted }, new DriveCopy(new DriveFolder(stage.drive.another(), 'Direct/r')));
  await keeping.start({ pollingIntervalMs: 500 });
  const { watch } = await keeping.until((status) => isInSync(status) && status.lastSample !== undefined && status.readable.length === 1);
  stage.assertWhole();
  assert.deepEqual(watch, { mode: 'polling' });
  const jobs = ['offsite-sync success', 'offsite-scrub success', 'offsite-sample success', 'readable-copy success'];
  assert.deepEqual(keeping.jobs.toSorted(), jobs.toSorted());
  const snapshot = await stage.backup();
  await stage.sync({ signal: neverAborted }, new DriveCopy(new DriveFolder(stage.drive.another(), 'Direct/r')));
  await keeping.until((status) => isInSync(status) && status.snapshots.includes(snapshot));
  stage.assertWhole();
  await keeping.stop();
  const last = (await keeping.history()).at(-1);
  assert.deepEqual([last?.kind, last?.trigger, last?.source?.location], ['external-backup', 'change', place]);
  assert.equal((await keeping.status()).original?.state, 'same', 'also where nobody keeps it up');
});

test('a job says that more may come soon when a file of the original that is listed cannot be read yet, and no longer when it can', async () => {
  await using keeping = new KeeperStage(await OffsiteStage.open(), { repository: 'gdrive:Direct/r' });
  const { stage, copy, place, records } = keeping;
  await stage.backup();
  const late = await stage.backup();
  await stage.sync({ signal: neverAborted }, new DriveCopy(new DriveFolder(stage.drive.another(), 'Direct/r')));
  stage.emulator.faults.order({ fault: 'refuse', reason: 'notFound', status: 404, on: 'files.download', file: late, times: null });
  await using jobs = new CopyJobs({ copy, place, records, againMs: 20 });
  const sync = () => jobs.sync({ signal: new AbortController().signal }, { trigger: 'manual' });
  const { isIncomplete, details } = await sync();
  assert.deepEqual([isIncomplete, details?.lagFiles], [true, 1]);
  stage.emulator.faults.clear();
  assert.equal((await sync()).isIncomplete, false);
  stage.assertWhole();
});

test('the programs of a copy run around each work on it; one before that fails keeps the copy from being made, and is recorded once', async () => {
  const says = (status: number): string[] => [
    process.execPath,
    '-e',
    `const env = process.env; console.log(env.CADANGAN_JOB, env.CADANGAN_COPY, env.CADANGAN_OUTCOME, env.CADANGAN_FILES_UPLOADED); process.exit(${status})`,
  ];
  await using keeping = new KeeperStage(await OffsiteStage.open(), { before: says(0), after: says(0) });
  const { stage, copy, place, records } = keeping;
  await stage.backup();
  const sync = async (options: OffsiteCopy, trigger: 'manual' | 'change' = 'manual') => {
    await using jobs = new CopyJobs({ copy: options, place, records, againMs: 20 });
    return await jobs.sync({ signal: new AbortController().signal }, { trigger });
  };
  const failing = { ...copy, before: says(3) };
  const results = [await sync(failing, 'change'), await sync(failing, 'change'), await sync(copy)];
  assert.deepEqual(
    results.map(({ outcome, error }) => [outcome, isCode(error, 'command.failed')]),
    [
      ['failed', true],
      ['failed', true],
      ['success', false],
    ],
  );
  const uploaded = stage.sourceFiles.length;
  assert.deepEqual(
    (await keeping.history()).map(({ programs }) => programs?.map(({ when, output }) => `${when} ${output?.trim()}`)),
    [
      ['before offsite-sync office undefined undefined', 'after offsite-sync office failed undefined'],
      ['before offsite-sync office undefined undefined', `after offsite-sync office success ${uploaded}`],
    ],
  );
});

test('a program of a copy that may not be run is not run, and the copy is not made', async () => {
  await using keeping = new KeeperStage(await OffsiteStage.open(), { before: [process.execPath, '-e', ''] });
  const { stage, copy, place, records } = keeping;
  await stage.backup();
  const vet = async (): Promise<void> => {
    throw new CadanganError('service.unsafe', { path: process.execPath });
  };
  await using jobs = new CopyJobs({ copy, place, records, vet });
  const { outcome, error } = await jobs.sync({ signal: new AbortController().signal }, { trigger: 'manual' });
  assert.deepEqual([outcome, isCode(error, 'service.unsafe')], ['failed', true]);
});

test('a keeper that is closed in the middle leaves what the next one goes on from, without sending anything twice', async () => {
  const slow = { metadataMs: 20, mediaMs: 300, jitter: 0 };
  await using keeping = new KeeperStage(await OffsiteStage.open(3, { emulator: { latency: slow } }), { records: 'off' });
  const { stage } = keeping;
  await stage.backup(16, 20_000);
  let stopped: Promise<void> | undefined;
  keeping.onState = ({ progress }) => {
    if ((progress?.filesDone ?? 0) >= 4) stopped ??= keeping.stop();
  };
  await keeping.start();
  await keeping.until(() => stopped !== undefined);
  await stopped;
  const before = stage.copyFiles.length;
  assert.ok(before >= 4 && before < stage.sourceFiles.length);
  await keeping.start();
  await keeping.until(isInSync);
  stage.assertWhole();
  assert.equal(
    stage.emulator.log.count({ operation: 'upload.open' }) <= stage.sourceFiles.length + 4,
    true,
    'at most what was under way is opened again',
  );
});

test('readable copies are written by rule, and one that fails holds nothing up', async () => {
  await using keeping = new KeeperStage(await OffsiteStage.open(), { readableCopies: { set: 'office', every: 'month', format: 'zip' } });
  const { stage } = keeping;
  await stage.backup();
  await keeping.start();
  const status = await keeping.until(({ readable }) => readable.length === 1);
  const [archive] = stage.person.find(`Backup/office-readable/${status.readable[0]?.name}`);
  assert.ok(archive);
  await keeping.stop();
  const written = (await keeping.history()).find(({ evidence }) => evidence?.['archive'] !== undefined);
  assert.deepEqual(
    [written?.kind, written?.result, written?.destination?.location, written?.evidence?.['archive']],
    ['external-backup', 'success', 'gdrive:Backup/office-readable', status.readable[0]?.name],
  );
  assert.equal(
    written?.evidence?.['sha256'],
    createHash('sha256')
      .update(await stage.person.content(archive.id))
      .digest('hex'),
  );

  await using failing = new KeeperStage(await OffsiteStage.open(2), { readableCopies: { set: 'nobody', every: 'month', format: 'zip' } });
  await failing.stage.backup();
  await failing.start();
  const { trouble, state } = await failing.until(
    (each) => isInSync(each) && failing.jobs.includes('readable-copy failed') && each.lastSample !== undefined,
  );
  assert.deepEqual([trouble?.beside, trouble?.code, state], ['readable', 'snapshot.not-found', 'in-sync']);
});

test('a sample that cannot be read is told as trouble until one can; the copying goes on meanwhile', async () => {
  await using keeping = new KeeperStage(await OffsiteStage.open());
  const { stage } = keeping;
  await stage.backup();
  stage.emulator.faults.order({ fault: 'refuse', reason: 'insufficientFilePermissions', status: 403, on: 'files.download', times: null });
  await keeping.start();
  const failed = await keeping.until(({ trouble, state }) => trouble !== undefined && state === 'in-sync');
  assert.deepEqual([failed.trouble?.beside, failed.trouble?.kind, failed.lastSample], ['sample', 'denied', undefined]);
  const snapshot = await stage.backup();
  const copied = await keeping.until(({ snapshots, state }) => snapshots.includes(snapshot) && state === 'in-sync');
  assert.equal(copied.trouble?.beside, 'sample', 'what was copied since proves nothing about it');
  stage.emulator.faults.clear();
  await keeping.keeper?.ask('sample', {});
  assert.equal((await keeping.status()).trouble, undefined);
});
