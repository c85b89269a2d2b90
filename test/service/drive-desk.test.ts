import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { HostError, listener } from '../../src/host/index.ts';
import { formatDate } from '../../src/platform/index.ts';
import { parseTimestamp } from '../../src/repository/index.ts';
import { protocol, type CopyInfo, type RunResult } from '../../src/service/index.ts';
import {
  clientFileOf,
  consentInBrowser,
  otherAccount,
  sampleAccount,
  sampleClient,
  sampleDeviceClient,
  startDriveEmulator,
  typeDeviceCode,
  type DriveEmulator,
} from '../drive-emulator/index.ts';
import { endHost, EngineStage, until, type Window, type WindowOptions } from '../host/engine-stage.ts';

const copyName = 'offsite';

/** A server with a set, an off-site copy of its repository, and windows whose browser is a person with a Google account. */
class DriveDeskStage {
  readonly stage: EngineStage;
  readonly drive: DriveEmulator;
  readonly clientFile: string;
  /** Whom the person takes on the consent page. */
  account = sampleAccount;

  constructor(t: TestContext, drive: DriveEmulator) {
    [this.stage, this.drive] = [new EngineStage(t), drive];
    this.clientFile = this.stage.path('client.json');
  }

  /** @param settleSeconds after which the host copies by itself */
  async prepare(client = sampleClient, settleSeconds = 1): Promise<void> {
    const { stage, clientFile } = this;
    await stage.initRepository();
    stage.write('a.txt', 'a');
    stage.configure();
    writeFileSync(clientFile, JSON.stringify(clientFileOf(client)));
    const offsiteCopies = [{ name: copyName, repository: stage.repository, to: 'gdrive:Backup/data', settleSeconds, sampleReadPercent: 0 }];
    writeFileSync(
      stage.configFile,
      JSON.stringify({
        ...(JSON.parse(readFileSync(stage.configFile, 'utf8')) as object),
        googleDrive: { account: sampleAccount, clientFile },
        offsiteCopies,
      }),
    );
  }

  window(options: WindowOptions = {}): Window {
    return this.stage.window({
      ...options,
      environment: { CADANGAN_GOOGLE_ENDPOINT: this.drive.url },
      client: {
        openExternal: async (url) => {
          consentInBrowser(url, { account: this.account }).catch(() => undefined);
          return true;
        },
        listeners: [
          listener(
            protocol.deviceCode,
            ({ userCode, verificationUrl }) =>
              void typeDeviceCode(verificationUrl, userCode, { account: this.account }).catch(() => undefined),
          ),
        ],
      },
    });
  }

  /** Of one host, which keeps the copy up. */
  async twoWindows(): Promise<readonly [Window, Window]> {
    const [one, other] = [this.window(), this.window()];
    await Promise.all([one.client.start(), other.client.start()]);
    assert.equal(one.client.pid, other.client.pid);
    return [one, other];
  }

  async backUp({ client }: Window, name: string): Promise<void> {
    this.stage.write(name, name.repeat(1000));
    assert.equal((await client.request(protocol.startBackup, { set: 'data' })).outcome, 'success');
  }
}

const signIn = ({ client }: Window): Promise<string> => client.request(protocol.driveSignIn, { withDeviceCode: false });
const runsOf = async ({ client }: Window, job: RunResult['job']): Promise<readonly RunResult[]> =>
  (await client.request(protocol.recentRuns, { limit: 100 })).filter((run) => run.job === job);
const isProtected = async ({ client }: Window): Promise<boolean> =>
  (await client.request(protocol.listSets, undefined))[0]?.offsite?.isProtected ?? false;

async function copyOf({ client }: Window): Promise<CopyInfo> {
  const [copy] = (await client.request(protocol.driveStatus, undefined)).copies;
  assert.ok(copy);
  return copy;
}

const untilInSync = (window: Window): Promise<void> =>
  until(async () => (await copyOf(window)).state === 'in-sync' && (await isProtected(window)), 'the copy is in sync');
const untilTrouble = (window: Window, kind: string): Promise<void> =>
  until(async () => (await copyOf(window)).trouble?.kind === kind, `the copy stands still: ${kind}`);

for (const withDeviceCode of [false, true]) {
  test(`by ${withDeviceCode ? 'code' : 'browser'}: another account is refused by name and stands in the history, the designated one is signed in`, async (t) => {
    await using drive = await startDriveEmulator();
    const desk = new DriveDeskStage(t, drive);
    await desk.prepare(withDeviceCode ? sampleDeviceClient : sampleClient);
    const window = desk.window();
    await desk.backUp(window, 'b.txt');
    const before = await window.client.request(protocol.driveStatus, undefined);
    assert.deepEqual([before.state, before.designatedAccount, before.isServiceAccount], ['signed-out', sampleAccount, false]);
    await untilTrouble(window, 'signed-out');

    desk.account = otherAccount;
    const facts = { account: otherAccount, designatedAccount: sampleAccount };
    await assert.rejects(window.client.request(protocol.driveSignIn, { withDeviceCode }), (error) => {
      assert.ok(error instanceof HostError);
      assert.deepEqual([error.code, error.data.facts], ['drive.wrong-account', facts]);
      return true;
    });
    const refused = await runsOf(window, 'drive-sign-in');
    assert.deepEqual(
      refused.map(({ outcome, error }) => [outcome, error?.code, error?.facts]),
      [['failed', 'drive.wrong-account', facts]],
    );
    assert.equal((await window.client.request(protocol.driveStatus, undefined)).state, 'signed-out');

    desk.account = sampleAccount;
    assert.equal(await window.client.request(protocol.driveSignIn, { withDeviceCode }), sampleAccount);
    await untilInSync(window);
    await until(
      async () => (await window.client.request(protocol.driveStatus, undefined)).usedBytes !== undefined,
      'Google says how much is used',
    );
    const after = await window.client.request(protocol.driveStatus, undefined);
    assert.deepEqual([after.state, after.account, after.error], ['signed-in', sampleAccount, undefined]);
    assert.equal((await runsOf(window, 'drive-sign-in')).length, 1, 'a sign-in that succeeded is no run');
  });
}

test('a copy is synced, scrubbed, paused and resumed, and stands still while nobody is signed in; what came of it is in the list of runs', async (t) => {
  await using drive = await startDriveEmulator();
  const desk = new DriveDeskStage(t, drive);
  await desk.prepare();
  const window = desk.window();
  const { client } = window;
  await desk.backUp(window, 'b.txt');
  await signIn(window);
  await untilInSync(window);
  const synced = await client.request(protocol.syncCopy, { copy: copyName });
  const scrubbed = await client.request(protocol.scrubCopy, { copy: copyName }, { run: 'scrub 1' });
  assert.deepEqual([synced.outcome, synced.copy, scrubbed.outcome, scrubbed.copy], ['success', copyName, 'success', copyName]);
  assert.ok(scrubbed.files > 4);
  const syncs = await runsOf(window, 'offsite-sync');
  assert.ok(syncs.some(({ copy, outcome, files }) => copy === copyName && outcome === 'success' && files > 0));
  assert.ok(syncs.every(({ startedAt }) => startedAt !== synced.startedAt));
  assert.deepEqual(
    [synced.files, synced.record],
    [0, undefined],
    'there was nothing to do, which is told to whoever waits and to nobody else',
  );
  assert.deepEqual((await runsOf(window, 'offsite-scrub'))[0], scrubbed);
  assert.deepEqual(await client.request(protocol.runOfId, { run: 'scrub 1' }), { result: scrubbed });

  await client.request(protocol.pauseCopy, { copy: copyName });
  await until(async () => (await copyOf(window)).state === 'paused', 'it is paused');
  assert.match(readFileSync(desk.stage.configFile, 'utf8'), /"paused": ?true/);
  await desk.backUp(window, 'c.txt');
  assert.deepEqual([(await copyOf(window)).isPaused, await isProtected(window)], [true, false]);
  await client.request(protocol.resumeCopy, { copy: copyName });
  await untilInSync(window);

  await client.request(protocol.driveSignOut, { revoke: true });
  assert.equal((await client.request(protocol.driveStatus, undefined)).state, 'signed-out');
  await desk.backUp(window, 'd.txt');
  await untilTrouble(window, 'signed-out');
  const failed = await client.request(protocol.syncCopy, { copy: copyName });
  assert.deepEqual([failed.outcome, failed.error?.code], ['failed', 'drive.signed-out']);
  await signIn(window);
  await untilInSync(window);
  await assert.rejects(
    client.request(protocol.syncCopy, { copy: 'unknown' }),
    (error) => error instanceof HostError && error.code === 'offsite.unknown',
  );
});

test('what one window asks of the copy, all see; and whoever asked is told what really came of it', async (t) => {
  await using drive = await startDriveEmulator();
  const desk = new DriveDeskStage(t, drive);
  await desk.prepare();
  const [one, other] = await desk.twoWindows();
  await desk.backUp(one, 'b.txt');
  await signIn(other);
  await untilInSync(other);
  assert.equal((await copyOf(one)).state, 'in-sync');
  const nothing = await other.client.request(protocol.syncCopy, { copy: copyName });
  assert.deepEqual([nothing.outcome, nothing.files, nothing.record], ['success', 0, undefined], 'also that there was nothing to do');
  const scrubbed = await other.client.request(protocol.scrubCopy, { copy: copyName }, { run: 'of the other' });
  assert.deepEqual([scrubbed.outcome, scrubbed.run], ['success', 'of the other']);
  for (const { client } of [one, other])
    assert.deepEqual(await client.request(protocol.runOfId, { run: 'of the other' }), { result: scrubbed });
  await other.client.request(protocol.driveSignOut, { revoke: false });
  await untilTrouble(other, 'signed-out');
  // Twice: the trouble is the same as before.
  for (let time = 0; time < 2; time++) {
    const signedOut = await other.client.request(protocol.syncCopy, { copy: copyName });
    assert.deepEqual([signedOut.outcome, signedOut.error?.code], ['failed', 'drive.signed-out']);
  }
  renameSync(desk.clientFile, `${desk.clientFile}-away`);
  await other.client.request(protocol.driveSignOut, { revoke: false });
  for (const type of [protocol.syncCopy, protocol.scrubCopy, protocol.syncCopy]) {
    const notSetUp = await other.client.request(type, { copy: copyName });
    assert.deepEqual([notSetUp.outcome, notSetUp.error?.code], ['failed', 'drive.not-set-up'], 'what cannot even begin is told, too');
  }
});

test('a sync that is cancelled is stopped, whichever window asked for it, and goes on when it is asked for', async (t) => {
  await using drive = await startDriveEmulator();
  const desk = new DriveDeskStage(t, drive);
  // A copying of the host's own would hang before the one that is asked for, and be stopped by nobody.
  await desk.prepare(sampleClient, 3600);
  const [one, other] = await desk.twoWindows();
  await desk.backUp(one, 'b.txt');
  await signIn(one);
  await one.client.request(protocol.syncCopy, { copy: copyName });
  await untilInSync(one);
  for (const [at, window] of [one, other].entries()) {
    const { happened } = drive.faults;
    drive.faults.order({ fault: 'hang', on: 'files.list', times: null });
    await desk.backUp(one, `cancelled ${at}.txt`);
    const cancel = new AbortController();
    const cancelled = window.client.request(protocol.syncCopy, { copy: copyName }, { signal: cancel.signal });
    await until(() => drive.faults.happened > happened, 'Google does not answer');
    cancel.abort();
    assert.deepEqual([(await cancelled).outcome, (await cancelled).copy], ['stopped', copyName]);
    await until(async () => (await copyOf(one)).state === 'behind', 'it is stopped');
    drive.faults.clear();
    assert.equal((await window.client.request(protocol.syncCopy, { copy: copyName })).outcome, 'success');
    assert.ok(await isProtected(window));
  }
});

test('sign-ins, refused ones too, copies and scrubs leave records; the head of the records beside the copy is compared with them', async (t) => {
  await using drive = await startDriveEmulator();
  const desk = new DriveDeskStage(t, drive);
  await desk.prepare();
  const window = desk.window();
  const { client } = window;
  desk.account = otherAccount;
  await assert.rejects(signIn(window));
  desk.account = sampleAccount;
  await signIn(window);
  await desk.backUp(window, 'b.txt');
  await untilInSync(window);
  await client.request(protocol.scrubCopy, { copy: copyName });
  const nothingToDo = await client.request(protocol.syncCopy, { copy: copyName });
  assert.deepEqual([nothingToDo.outcome, nothingToDo.files], ['success', 0]);
  const verified = await client.request(protocol.verifyRecords, undefined);
  assert.deepEqual(
    [verified.isIntact, verified.faults, verified.compared, verified.notCompared],
    [true, [], [desk.stage.repository, 'gdrive:Backup/data'], []],
  );
  await client.request(protocol.driveSignOut, { revoke: false });
  const { rows } = await client.request(protocol.listRecords, {
    offset: 0,
    limit: 100,
    kinds: ['sign-in', 'sign-out', 'external-backup', 'scrub'],
  });
  const told = rows.map(({ kind, result }) => `${kind} ${result}`).toReversed();
  const signs = told.filter((text) => text.startsWith('sign'));
  assert.deepEqual(signs, ['sign-in failed', 'sign-in success', 'sign-out success']);
  // The copy is tried again at once, by nobody's account.
  assert.equal(told.filter((text) => text !== 'external-backup failed').at(-1), 'sign-out success');
  assert.ok(told.includes('external-backup success') && told.includes('scrub success'), told.join());
  const shown = await client.request(protocol.readRecord, {
    number: rows.find(({ kind, result }) => kind === 'sign-in' && result === 'failed')?.number ?? 0,
  });
  assert.ok(JSON.parse(shown.line).destination.account === otherAccount);
  const signedOut = await client.request(protocol.verifyRecords, undefined);
  assert.deepEqual(
    [signedOut.isIntact, signedOut.compared, signedOut.notCompared.map(({ location, error }) => [location, error.code])],
    [true, [desk.stage.repository], [['gdrive:Backup/data', 'drive.signed-out']]],
  );
});

/** A copy that was synced once, and that nobody keeps up or watches. */
async function syncedOnce(t: TestContext, drive: DriveEmulator): Promise<{ readonly desk: DriveDeskStage; readonly window: Window }> {
  const desk = new DriveDeskStage(t, drive);
  await desk.prepare();
  const window = desk.window({ maySchedule: false });
  await signIn(window);
  await desk.backUp(window, 'b.txt');
  assert.equal((await window.client.request(protocol.syncCopy, { copy: copyName })).outcome, 'success');
  return { desk, window };
}

/** What the row of the set, the dashboard and the form say of the copy. */
async function toldOf({ client }: Window): Promise<unknown[]> {
  const [set] = await client.request(protocol.listSets, undefined);
  const {
    sets: [figures],
  } = await client.request(protocol.dashboard, { year: new Date().getUTCFullYear() });
  const { isProtected: isShown, state, asOf, since, why } = figures?.offsite ?? {};
  const ofSet = set?.offsite;
  assert.deepEqual(
    [isShown, state, asOf, since, why],
    [ofSet?.isProtected, ofSet?.state, ofSet?.asOf, ofSet?.since, ofSet?.why],
    'both say the same',
  );
  await assertFormSays(client, formWords[state ?? 'unknown'], since ?? asOf);
  return [isShown, state];
}

const formWords: Partial<Record<CopyInfo['state'], string>> = {
  'in-sync': 'in sync as of',
  behind: 'behind since',
  unknown: 'not known',
  'stopped-by-trouble': 'stands still since',
};

async function assertFormSays(client: Window['client'], words = '', at: string | undefined): Promise<void> {
  const [from, to] = ['2026-01-01', '2040-01-01'];
  const { bytes } = await client.request(protocol.makeReport, { from, to, format: 'html', language: 'en' });
  const said = /Off-site copy offsite, now<\/\w+>\s*<\w+>([^<]*)</.exec(Buffer.from(bytes).toString('utf8'))?.[1] ?? 'nothing';
  assert.ok(words !== '' && said.startsWith(words), `the form says ${said}`);
  if (at !== undefined) assert.ok(said.includes(formatDate(parseTimestamp(at).ns).slice(-5)), `the form says ${said}, not ${at}`);
}

test('where nobody watches a copy it is in sync as of a time; a backup that nobody copied leaves it behind, a repository that is away unknown', async (t) => {
  await using drive = await startDriveEmulator();
  const { desk, window } = await syncedOnce(t, drive);
  const synced = await copyOf(window);
  assert.deepEqual([synced.state, synced.asOf, synced.original?.state, synced.trouble], ['in-sync', synced.lastWholeAt, 'same', undefined]);
  assert.ok(synced.asOf !== undefined);
  assert.deepEqual(await toldOf(window), [true, 'in-sync']);
  await desk.backUp(window, 'c.txt');
  await until(async () => (await copyOf(window)).state === 'behind', 'the look is a new one');
  const behind = await copyOf(window);
  assert.deepEqual([behind.original?.state, behind.original?.newSnapshots, behind.lastWholeAt], ['changed', 1, synced.lastWholeAt]);
  assert.deepEqual(await toldOf(window), [false, 'behind']);
  renameSync(desk.stage.repository, `${desk.stage.repository}-away`);
  await until(async () => (await copyOf(window)).state === 'unknown', 'the look is a new one');
  const away = await copyOf(window);
  assert.deepEqual([away.unknownBecause, away.original?.error?.code], ['original-unreadable', 'storage.no-repository']);
  assert.deepEqual(await toldOf(window), [false, 'unknown']);
});

test('a set whose snapshot is on Drive is not shown as safe after a sync that failed; the copy says which try failed, and of when it was whole', async (t) => {
  await using drive = await startDriveEmulator();
  const { window } = await syncedOnce(t, drive);
  const { lastWholeAt } = await copyOf(window);
  drive.faults.order({ fault: 'refuse', reason: 'insufficientFilePermissions', status: 403, times: null });
  assert.equal((await window.client.request(protocol.syncCopy, { copy: copyName })).outcome, 'failed');
  drive.faults.clear();
  const copy = await copyOf(window);
  assert.deepEqual(
    [copy.state, copy.trouble?.kind, copy.trouble?.error.code, copy.lastTry?.outcome, copy.lastWholeAt],
    ['stopped-by-trouble', 'denied', 'drive.denied', 'failed', lastWholeAt],
  );
  assert.equal(copy.trouble?.triedAt, copy.lastTry?.at);
  assert.deepEqual(await toldOf(window), [true, 'stopped-by-trouble']);
});

test('where the records cannot say which snapshot is the last one, it is not known whether that is on Drive', async (t) => {
  await using drive = await startDriveEmulator();
  const { desk, window } = await syncedOnce(t, drive);
  assert.deepEqual(await toldOf(window), [true, 'in-sync']);
  const records = desk.stage.path('state', 'records');
  const months = readdirSync(records).filter((name) => /^\d{4}-\d\d\.jsonl$/.test(name));
  appendFileSync(join(records, months.sort().at(-1) ?? ''), 'a line that nobody can read\n');
  const [set] = await window.client.request(protocol.listSets, undefined);
  assert.deepEqual([set?.state, set?.offsite?.isProtected, set?.offsite?.state], ['unknown', false, 'unknown']);
});

test('a sign-in that is gone, or that Google has withdrawn, shows before anybody tries to copy; a memory that cannot be read hides no copy', async (t) => {
  await using drive = await startDriveEmulator();
  const { desk, window } = await syncedOnce(t, drive);
  assert.deepEqual(await toldOf(window), [true, 'in-sync']);
  const file = desk.stage.path('state', 'google-sign-in.json');
  renameSync(file, `${file}-away`);
  const gone = await copyOf(window);
  assert.deepEqual(
    [gone.state, gone.trouble?.kind, gone.trouble?.error.code, gone.trouble?.triedAt],
    ['stopped-by-trouble', 'signed-out', 'drive.signed-out', undefined],
  );
  assert.deepEqual(await toldOf(window), [true, 'stopped-by-trouble']);
  renameSync(`${file}-away`, file);
  assert.deepEqual(await toldOf(window), [true, 'in-sync']);

  const memory = desk.stage.path('state', `offsite-${copyName}.json`);
  renameSync(memory, `${memory}-away`);
  mkdirSync(memory);
  const unread = await copyOf(window);
  assert.deepEqual([unread.state, unread.unknownBecause, unread.memoryError !== undefined], ['unknown', 'memory-unreadable', true]);
  assert.deepEqual(await toldOf(window), [false, 'unknown']);
  rmSync(memory, { recursive: true });
  renameSync(`${memory}-away`, memory);

  await window.client.close();
  await endHost(desk.stage.path('state'));
  const later = desk.window({ maySchedule: false }); // its host has not asked Google about the account yet
  assert.equal((await later.client.request(protocol.listSets, undefined))[0]?.offsite?.state, 'in-sync');
  drive.person(sampleAccount).withdrawConsent();
  await until(
    async () => (await later.client.request(protocol.driveStatus, undefined)).error?.code === 'drive.signed-out',
    'Google refuses the sign-in',
  );
  assert.deepEqual([(await copyOf(later)).state, (await copyOf(later)).trouble?.error.code], ['stopped-by-trouble', 'drive.signed-out']);
  assert.deepEqual(await toldOf(later), [true, 'stopped-by-trouble']);
});
