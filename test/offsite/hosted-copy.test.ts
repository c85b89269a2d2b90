import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { CredentialFile } from '../../src/google/index.ts';
import type { HistoryRecord } from '../../src/records/index.ts';
import { protocol, type CopyInfo, type RunResult } from '../../src/service/index.ts';
import { startCli, type CliRun, type Message } from '../cli/run-cli.ts';
import { clientFileOf, sampleAccount, sampleClient, startDriveEmulator, type DriveEmulator } from '../drive-emulator/index.ts';
import { signedInStore } from '../google/drive-stage.ts';
import { EngineStage, until, type Window } from '../host/engine-stage.ts';
import { recordsIn } from '../records/some-records.ts';
import { HeldAnswers } from './held-answers.ts';

const copy = 'office';

interface Running {
  readonly child: ChildProcess;
  said: string;
  readonly ended: Promise<CliRun>;
}

/** A server that is signed in, with a set, an off-site copy of its repository, windows and commands. */
class CopyStage extends EngineStage {
  readonly drive: DriveEmulator;
  readonly #answers: HeldAnswers;

  private constructor(t: TestContext, drive: DriveEmulator, answers: HeldAnswers) {
    super(t);
    this.drive = drive;
    this.#answers = answers;
  }

  static async make(t: TestContext, options: { readonly paused?: boolean } = {}): Promise<CopyStage> {
    const answers = new HeldAnswers();
    const drive = await startDriveEmulator({ clock: answers.clock });
    const stage = new CopyStage(t, drive, answers);
    stage.atEnd(() => drive.close());
    await stage.initRepository();
    stage.write('a.txt', 'a');
    stage.configure();
    const clientFile = stage.path('client.json');
    writeFileSync(clientFile, JSON.stringify(clientFileOf(sampleClient)));
    writeFileSync(
      stage.configFile,
      JSON.stringify({
        ...(JSON.parse(readFileSync(stage.configFile, 'utf8')) as object),
        googleDrive: { account: sampleAccount, clientFile },
        offsiteCopies: [{ name: copy, repository: stage.repository, to: 'gdrive:Backup/office', sampleReadPercent: 0, ...options }],
      }),
    );
    const { signIn } = signedInStore(drive);
    assert.ok(signIn);
    await new CredentialFile(join(stage.path('state'), 'google-sign-in.json')).save(signIn);
    return stage;
  }

  /** @param keepsUp whether its host keeps the copy up */
  async openWindow(keepsUp: boolean): Promise<Window> {
    const window = this.window({ maySchedule: keepsUp, environment: { CADANGAN_GOOGLE_ENDPOINT: this.drive.url } });
    await window.client.start();
    return window;
  }

  async backUp({ client }: Window, name: string): Promise<void> {
    this.write(name, name.repeat(1000));
    assert.equal((await client.request(protocol.startBackup, { set: 'data' })).outcome, 'success');
  }

  spawn(...args: readonly string[]): Running {
    const environment = {
      CADANGAN_CONFIG: this.configFile,
      CADANGAN_STATE: this.path('state'),
      CADANGAN_GOOGLE_ENDPOINT: this.drive.url,
    };
    const { child, ended } = startCli(args, { cwd: this.folder, environment });
    const running: Running = { child, said: '', ended };
    child.stderr?.on('data', (text: string) => (running.said += text));
    return running;
  }

  cli(...args: readonly string[]): Promise<CliRun> {
    return this.spawn(...args).ended;
  }

  async json(...args: readonly string[]): Promise<{ readonly code: number | null; readonly last: Message; readonly statuses: Message[] }> {
    const { code, stdout } = await this.cli(...args, '--json');
    const messages = stdout.split('\n').flatMap((line): Message[] => (line === '' ? [] : [JSON.parse(line) as Message]));
    return { code, last: messages.at(-1) ?? {}, statuses: messages.filter(({ message_type: type }) => type === 'status') };
  }

  /** Google leaves whoever wants a list without an answer until `letAnswer`, however late that is. @returns whether somebody waits */
  holdAnswers(): () => boolean {
    return this.#answers.hold(this.drive.faults, 'files.list');
  }

  letAnswer(): void {
    this.#answers.letAnswer(this.drive.faults);
  }

  async recorded(kind: HistoryRecord['kind']): Promise<unknown[][]> {
    const records = await recordsIn(this.path('state'));
    return records.filter((record) => record.kind === kind).map(({ result, operator, trigger }) => [result, operator.via, trigger]);
  }
}

async function infoOf({ client }: Window): Promise<CopyInfo> {
  const [info] = (await client.request(protocol.driveStatus, undefined)).copies;
  assert.ok(info);
  return info;
}

const untilState = (window: Window, state: CopyInfo['state']): Promise<void> =>
  until(async () => (await infoOf(window)).state === state, `the copy is ${state}`);
const waits = 'This copy is being worked on already; waiting for the end of that.\n';

test('with a host that keeps the copy up, sync, scrub and sample are done by it and told by the command as if it had done them', async (t) => {
  const stage = await CopyStage.make(t);
  const window = await stage.openWindow(true);
  await untilState(window, 'in-sync');
  const nothing = await stage.json('offsite', 'sync', copy);
  assert.deepEqual([nothing.code, nothing.last['uploaded_files'], nothing.last['snapshots']], [0, 0, []]);
  await window.client.request(protocol.pauseCopy, { copy });
  await stage.backUp(window, 'b.txt');
  const dry = await stage.json('offsite', 'sync', copy, '--dry-run');
  assert.deepEqual([dry.code, dry.last['dry_run'], dry.last['uploaded_files']], [0, true, 0]);
  assert.ok(Number(dry.last['lag_files']) > 0, 'also while the host has the copy open');
  const synced = await stage.json('offsite', 'sync', copy);
  assert.deepEqual(
    [synced.code, synced.last['message_type'], synced.last['lag_files'], synced.last['uploaded_files'], synced.last['dry_run']],
    [0, 'summary', 0, dry.last['lag_files'], false],
  );
  assert.ok(synced.statuses.some(({ phase }) => phase === 'copying'));
  assert.deepEqual(synced.last['snapshots'], (await infoOf(window)).snapshots);
  const person = stage.drive.person(sampleAccount);
  const [pack] = person.files().filter(({ id }) => /\/data\/..\/[0-9a-f]{64}$/.test(person.pathOf(id)));
  assert.ok(pack);
  const path = person.pathOf(pack.id).slice('Backup/office/'.length);
  person.trash(pack.id);
  const scrubbed = await stage.json('offsite', 'scrub', copy);
  assert.deepEqual(
    [scrubbed.code, scrubbed.last['findings'], scrubbed.last['finding_count'], scrubbed.last['uploaded_files'], scrubbed.last['lag_bytes']],
    [3, [{ kind: 'trashed', path }], 1, 1, 0],
  );
  assert.ok(Number(scrubbed.last['checked_files']) > 4 && Number(scrubbed.last['total_bytes']) > 0);
  const text = await stage.cli('offsite', 'scrub', copy);
  assert.match(text.stdout, /^office: \d+ files compared by checksum, .*\neverything is right\n$/);
  const sampled = await stage.json('offsite', 'sample', copy, '--percent', '100');
  assert.deepEqual([sampled.code, sampled.last['damaged_files']], [0, 0]);
  assert.ok(Number(sampled.last['read_files']) > 4 && Number(sampled.last['read_bytes']) > 0);
  const byCommand = (rows: unknown[][]): unknown[] => rows.filter(([, via]) => via === 'command-line').map(([result]) => result);
  assert.deepEqual(byCommand(await stage.recorded('external-backup')), ['success']);
  assert.deepEqual(byCommand(await stage.recorded('scrub')), ['success-with-exceptions', 'success', 'success']);
  assert.deepEqual(window.lost, []);
});

test('what is removed from the repository although there are doubts goes only when the command says so, through the host too', async (t) => {
  const stage = await CopyStage.make(t, { paused: true });
  const window = await stage.openWindow(true);
  await stage.backUp(window, 'b.txt');
  assert.equal((await stage.cli('offsite', 'sync', copy)).code, 0);
  const { snapshots } = await infoOf(window);
  const folder = join(stage.repository, 'snapshots');
  for (const name of readdirSync(folder)) await rm(join(folder, name));
  const kept = await stage.json('offsite', 'sync', copy);
  assert.deepEqual([kept.code, kept.last['held_back_files'], kept.last['doubts'], snapshots.length], [3, 1, ['no-snapshots'], 1]);
  const text = await stage.cli('offsite', 'sync', copy);
  assert.match(text.stderr, /1 file stay in the copy: the repository has no snapshots any more/);
  const removed = await stage.json('offsite', 'sync', copy, '--allow-removal');
  assert.deepEqual([removed.code, removed.last['held_back_files'], removed.last['trashed_files']], [0, 0, 1]);
});

for (const keepsUp of [true, false]) {
  test(`Ctrl-C stops the work that the command began, in the host of a window that ${keepsUp ? 'keeps' : 'does not keep'} the copy up, and ends with 130`, async (t) => {
    const stage = await CopyStage.make(t, { paused: true });
    const window = await stage.openWindow(keepsUp);
    await stage.backUp(window, 'b.txt');
    const isHeld = stage.holdAnswers();
    const command = stage.spawn('offsite', 'sync', copy);
    await until(isHeld, 'Google is asked');
    command.child.kill('SIGINT');
    assert.equal((await command.ended).code, 130);
    await untilState(window, 'paused');
    assert.deepEqual(await stage.recorded('external-backup'), [['stopped', 'command-line', 'manual']]);
    stage.letAnswer();
    assert.equal((await stage.cli('offsite', 'sync', copy)).code, 0);
    assert.deepEqual(await stage.recorded('external-backup'), [
      ['stopped', 'command-line', 'manual'],
      ['success', 'command-line', 'manual'],
    ]);
  });

  test(`a command waits for the work of another one, is told of the run of a window that waits too, and lets it go on; the host ${keepsUp ? 'keeps' : 'does not keep'} the copy up`, async (t) => {
    const stage = await CopyStage.make(t, { paused: true });
    const window = await stage.openWindow(keepsUp);
    await stage.backUp(window, 'b.txt');
    const isHeld = stage.holdAnswers();
    const first = stage.spawn('offsite', 'scrub', copy);
    await until(isHeld, 'Google is asked');
    const ofWindow = window.client.request(protocol.syncCopy, { copy }, { run: 'of the window' });
    const leaving = stage.spawn('offsite', 'sync', copy);
    await until(() => leaving.said.includes(waits), 'the command has joined');
    leaving.child.kill('SIGINT');
    assert.equal((await leaving.ended).code, 130);
    const staying = stage.spawn('offsite', 'sync', copy);
    await until(() => staying.said.includes(waits), 'another one has joined');
    stage.letAnswer();
    assert.deepEqual([(await first.ended).code, (await staying.ended).code, (await ofWindow).outcome], [0, 0, 'success']);
    const records = (await recordsIn(stage.path('state'))).filter(({ kind }) => kind === 'external-backup' || kind === 'scrub');
    assert.deepEqual(
      records.map(({ kind, result }) => [kind, result]),
      [['scrub', 'success']],
      'there was nothing left to copy, which is told to whoever waits',
    );
  });
}

test('with nobody there, the command is the host until its work ends: a window that comes sees it, joins, and stops it', async (t) => {
  const stage = await CopyStage.make(t);
  const isHeld = stage.holdAnswers();
  const command = stage.spawn('offsite', 'sync', copy);
  await until(isHeld, 'Google is asked');
  const window = await stage.openWindow(false);
  const { state } = await infoOf(window);
  assert.deepEqual([window.client.pid, ['copying', 'scrubbing'].includes(state)], [command.child.pid, true]);
  const behind = window.client.request(protocol.syncCopy, { copy });
  const outcome = behind.then(
    (result: RunResult) => result.outcome,
    (error: unknown) => String(error),
  );
  await window.client.request(protocol.driveStatus, undefined); // by then it waits
  assert.equal(await window.client.request(protocol.stopCopy, { copy }), true);
  stage.letAnswer(); // the command takes its records beside the copy before it ends
  assert.deepEqual([(await command.ended).code, await outcome], [130, 'stopped']);
  await until(async () => (await window.client.start()).pid !== command.child.pid, 'the window has a host again');
  assert.deepEqual(window.lost, [], 'that is no trouble');
  const again = await stage.cli('offsite', 'sync', copy);
  assert.match(again.stdout, /^office: \d+ files uploaded.*\nthe copy is whole: /);
  assert.deepEqual(await stage.recorded('external-backup'), [
    ['stopped', 'command-line', 'manual'],
    ['success', 'command-line', 'manual'],
  ]);
});

test('a host that is killed under a command: the command goes on with one of its own, and what is there is not sent again', async (t) => {
  const stage = await CopyStage.make(t, { paused: true });
  const window = await stage.openWindow(true);
  await stage.backUp(window, 'b.txt');
  const pid = window.client.pid ?? 0;
  await window.client.close();
  const isHeld = stage.holdAnswers();
  const command = stage.spawn('offsite', 'sync', copy, '--json');
  await until(isHeld, 'the host works');
  process.kill(pid, 'SIGKILL');
  stage.letAnswer();
  const { code, stdout } = await command.ended;
  const last = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Message;
  assert.deepEqual([code, last['lag_files'], last['uploaded_files']], [0, 0, last['total_files']]);
  assert.deepEqual(await stage.recorded('external-backup'), [
    ['stopped', 'command-line', 'manual'], // that it was killed is seen by the next one
    ['success', 'command-line', 'manual'],
  ]);
});

test('a host that the system ends breaks the work off, and the command goes on with one of its own', async (t) => {
  const stage = await CopyStage.make(t, { paused: true });
  const window = await stage.openWindow(true);
  await stage.backUp(window, 'b.txt');
  const isHeld = stage.holdAnswers();
  const command = stage.spawn('offsite', 'sync', copy);
  await until(isHeld, 'the host works');
  const pid = window.client.pid ?? 0;
  await window.client.close();
  process.kill(pid, 'SIGTERM');
  await until(async () => (await stage.recorded('external-backup')).length === 1, 'it is broken off');
  stage.letAnswer();
  assert.equal((await command.ended).code, 0, command.said);
  assert.deepEqual(await stage.recorded('external-backup'), [
    ['stopped', 'command-line', 'manual'],
    ['success', 'command-line', 'manual'],
  ]);
});

test('a copy that is configured anew in mid-work: the command goes on with what is configured now', async (t) => {
  const stage = await CopyStage.make(t, { paused: true });
  const window = await stage.openWindow(true);
  await stage.backUp(window, 'b.txt');
  const isHeld = stage.holdAnswers();
  const command = stage.spawn('offsite', 'sync', copy);
  await until(isHeld, 'the host works');
  writeFileSync(
    stage.configFile,
    readFileSync(stage.configFile, 'utf8').replace('"sampleReadPercent":0', '"sampleReadPercent":0,"title":"O"'),
  );
  await until(async () => (await stage.recorded('external-backup')).length === 1, 'it is broken off');
  stage.letAnswer();
  assert.equal((await command.ended).code, 0, command.said);
  assert.deepEqual(await stage.recorded('external-backup'), [
    ['stopped', 'command-line', 'manual'],
    ['success', 'command-line', 'manual'],
  ]);
});

test('a sign-in that is missing is told by the command with its words and its code, whoever found it', async (t) => {
  const stage = await CopyStage.make(t, { paused: true });
  const window = await stage.openWindow(true);
  await window.client.request(protocol.driveSignOut, { revoke: false });
  const { code, stderr, stdout } = await stage.cli('offsite', 'sync', copy);
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /Not signed in to Google Drive.*cadangan drive sign-in/s);
  assert.match((await stage.cli('offsite', 'sync', copy, '--lang', 'id')).stderr, /Google Drive/);
});
