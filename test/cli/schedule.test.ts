import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import type { Channel } from '../../src/host/channel.ts';
import { askHost } from '../../src/host/index.ts';
import { isCode, systemRandom } from '../../src/platform/index.ts';
import { protocol } from '../../src/service/index.ts';
import { endHost, EngineStage, openWindow, password, runnerPids, stateOf, until, type Window } from '../host/engine-stage.ts';
import { pretender } from '../host/pretender.ts';
import { writeSecretFile } from '../platform/secret-file.ts';
import { recordsIn } from '../records/some-records.ts';
import { runCli, startCli, type CliRun, type Message } from './run-cli.ts';

/** A set that says that its backup is done, and ends when its mark is taken away. */
class ScheduleStage extends EngineStage {
  readonly mark = this.path('mark');

  static async make(t: TestContext, schedule?: Readonly<Record<string, unknown>>): Promise<ScheduleStage> {
    const stage = new ScheduleStage(t);
    stage.write('a.txt', 'a');
    await stage.initRepository();
    writeSecretFile(stage.path('password'), password);
    const script = `const fs = require('node:fs'); const [, mark] = process.argv; if (fs.existsSync(mark + '.wanted')) { fs.writeFileSync(mark, ''); setInterval(() => fs.existsSync(mark) || process.exit(), 20); }`;
    stage.configure({
      repository: { location: stage.repository, passwordFile: stage.path('password') },
      before: [process.execPath, '-e', script, `${stage.mark}.before`],
      after: [process.execPath, '-e', script, stage.mark],
      ...(schedule && { schedule }),
    });
    return stage;
  }

  /** From now on runs last until `letEnd`. */
  holdRuns(): void {
    writeFileSync(`${this.mark}.wanted`, '');
  }

  /** The same, before anything is backed up. */
  holdBefore(): void {
    writeFileSync(`${this.mark}.before.wanted`, '');
  }

  letEnd(): void {
    for (const mark of this.#marks) rmSync(mark, { force: true });
  }

  /** Later runs too. */
  letAll(): void {
    for (const mark of this.#marks) rmSync(`${mark}.wanted`, { force: true });
    this.letEnd();
  }

  get isHeld(): boolean {
    return this.#marks.some((mark) => existsSync(mark));
  }

  /** A command that goes on, and what it says on standard error. */
  spawn(...args: readonly string[]): { readonly child: ChildProcess; said: string; readonly code: Promise<number | null> } {
    const started = startCli(args, { cwd: this.folder, environment: this.#environment });
    const running = { child: started.child, said: '', code: started.ended.then(({ code }) => code) };
    started.child.stderr?.on('data', (text: string) => (running.said += text));
    return running;
  }

  get #marks(): readonly string[] {
    return [this.mark, `${this.mark}.before`];
  }

  get #environment(): Readonly<Record<string, string>> {
    return { CADANGAN_CONFIG: this.configFile, CADANGAN_STATE: this.path('state') };
  }

  cli(...args: readonly string[]): Promise<CliRun> {
    return runCli(args, { cwd: this.folder, environment: this.#environment });
  }

  async status(): Promise<{ readonly host: Message | null; readonly set: Message }> {
    const { code, stdout, stderr } = await this.cli('schedule', 'status', '--json');
    assert.deepEqual([code, stderr], [0, '']);
    const { host, sets } = JSON.parse(stdout) as { host: Message | null; sets: Message[] };
    return { host, set: sets[0] ?? {} };
  }
}

async function connected(stage: EngineStage): Promise<Window> {
  const window = stage.window();
  await window.client.start();
  return window;
}

test('with nobody there, the status is what is written down, and a backup by name is among it', async (t) => {
  const stage = await ScheduleStage.make(t, openWindow());
  const before = await stage.status();
  assert.deepEqual([before.host, before.set['name'], before.set['state'], before.set['last_run']], [null, 'data', 'idle', undefined]);
  assert.equal((await stage.cli('backup', 'data')).code, 0);
  const { host, set } = await stage.status();
  const lastRun = set['last_run'] as Message;
  assert.deepEqual([host, set['state'], lastRun['trigger'], lastRun['outcome']], [null, 'idle', 'manual', 'success']);
  const english = await stage.cli('schedule', 'status');
  assert.match(english.stdout, /^Nobody runs the schedule/);
  assert.match(english.stdout, /data +in order +\d{4}-\d\d-\d\d \d\d:\d\d successful/);
  const indonesian = await stage.cli('schedule', 'status', '--lang', 'id');
  assert.match(indonesian.stdout, /data +aman +\d{4}-\d\d-\d\d \d\d:\d\d berhasil/);
});

test('a set whose password nobody can give at night is told where it stands, by the command and in the editor', async (t) => {
  const stage = await ScheduleStage.make(t);
  const set = { name: 'data', sources: [stage.source], repository: { location: stage.repository }, schedule: { window: '21:00-23:00' } };
  writeFileSync(stage.configFile, `{ "version": 1, "sets": [\n${JSON.stringify(set)} ] }`);
  const sentence = /^.*:2:\d+: Nobody can give the password of this set at night.*$/m;
  assert.match((await stage.cli('schedule', 'status')).stderr, sentence);
  const { client } = stage.window();
  const { problems } = await client.request(protocol.configuration, undefined);
  assert.deepEqual(
    problems.map(({ severity, line, lengthChars }) => [severity, line, lengthChars]),
    [['warning', 1, '"repository"'.length]],
  );
});

test('beside the sets it shows what else the host will do and when, and without a host what is known of that', async (t) => {
  const stage = await ScheduleStage.make(t);
  const configuration = JSON.parse(readFileSync(stage.configFile, 'utf8')) as object;
  const googleDrive = { account: 'office@example.com', clientFile: stage.path('client.json') };
  const offsiteCopies = [{ name: 'drive', repository: stage.repository, to: 'gdrive:Backup/data' }];
  writeFileSync(stage.configFile, JSON.stringify({ ...configuration, googleDrive, offsiteCopies }));
  const tasks = async (): Promise<Message[]> => {
    const { stdout } = await stage.cli('schedule', 'status', '--json');
    return (JSON.parse(stdout) as { tasks: Message[] }).tasks;
  };
  assert.deepEqual(await tasks(), []);
  const startMs = Date.now() - 1000; // it is told in whole seconds
  const { client } = await connected(stage);
  let planned: Message[] = [];
  // What has just ended is told for a moment as it was planned before: for a time that is over, and as never done.
  const isAhead = ({ next }: Message): boolean => Date.parse(String((next as Message | undefined)?.['start'])) > Date.now();
  await until(
    async () => (planned = await tasks()).length === 2 && planned.every(isAhead),
    'what is due at once is done, all else planned',
  );
  const [records, copy] = planned as (Message & { readonly next: Message })[];
  const lastMs = Date.parse(String(records?.['last']));
  assert.deepEqual([records?.['kind'], records?.next['work'], lastMs >= startMs], ['records', 'verify', true]);
  assert.equal(Date.parse(String(records?.next['start'])) - lastMs, 24 * 3_600_000);
  assert.deepEqual([copy?.['kind'], copy?.['name'], copy?.['last'], copy?.next['work']], ['copy', 'drive', undefined, 'sync']);
  assert.ok(Date.parse(String(copy?.next['start'])) > Date.now(), 'nobody is signed in: it is tried again later');
  const minute = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d`;
  const english = (await stage.cli('schedule', 'status')).stdout;
  assert.match(english, new RegExp(`records +- +${minute} +${minute} verification\n`));
  assert.match(english, new RegExp(`copy drive +- +- +${minute} sync\n`));
  const indonesian = (await stage.cli('schedule', 'status', '--lang', 'id')).stdout;
  assert.match(indonesian, new RegExp(`rekaman +- +${minute} +${minute} verifikasi\n`));
  assert.match(indonesian, new RegExp(`salinan drive +- +- +${minute} sinkronisasi\n`));
  await client.close();
  await endHost(stage.path('state'));
  assert.deepEqual(await tasks(), [{ kind: 'records', last: records?.['last'] }]);
});

test('a window that has had a backup by name is not run again by the schedule, and the views show that backup', async (t) => {
  const stage = await ScheduleStage.make(t, openWindow());
  assert.equal((await stage.cli('backup', 'data')).code, 0);
  const window = await connected(stage);
  const { host, set } = await stage.status();
  assert.equal(host?.['pid'], window.client.pid);
  assert.ok(Date.parse(String((set['next_run'] as Message)['start'])) > Date.now(), 'the window of today is served');
  const [info] = await window.client.request(protocol.listSets, undefined);
  assert.deepEqual([info?.state, info?.lastRun?.outcome], ['success', 'success']);
  assert.equal((await window.client.request(protocol.recentRuns, { limit: 10 })).length, 1);
});

test('whatever the command line has made is in the list of runs of a window, with what its record says', async (t) => {
  const stage = await ScheduleStage.make(t);
  const environment = { RESTIC_REPOSITORY: stage.repository, RESTIC_PASSWORD: password };
  const ran = async (args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<void> => {
    const all = { CADANGAN_CONFIG: stage.configFile, CADANGAN_STATE: stage.path('state'), ...more };
    const { code, stderr } = await runCli(args, { cwd: stage.folder, environment: all });
    assert.deepEqual([code, stderr], [0, ''], args.join(' '));
  };
  await ran(['backup', 'data']);
  await ran(['drill', 'data']);
  await ran(['restore', 'latest', '--target', stage.path('restored')], environment);
  await ran(['check'], environment);
  await ran(['backup', stage.source], environment);
  const records = await recordsIn(stage.path('state'));
  const numberOf = (kind: string): number | undefined => records.find((record) => record.kind === kind)?.number;
  const { client } = stage.window();
  const runs = (await client.request(protocol.recentRuns, { limit: 10 })).toReversed();
  assert.deepEqual(
    runs.map(({ job, set, outcome, files }) => [job, set, outcome, files]),
    [
      ['backup', 'data', 'success', 1],
      ['drill', 'data', 'success', 1],
      ['restore', undefined, 'success', 1],
      ['check', undefined, 'success', 0],
      ['backup', undefined, 'success', 1],
    ],
  );
  assert.deepEqual(
    runs.slice(0, 4).map(({ record }) => record),
    ['internal-backup', 'drill', 'internal-restore', 'check'].map(numberOf),
  );
  const [set] = await client.request(protocol.listSets, undefined);
  assert.deepEqual(set?.lastRun, runs[0], 'a drill is no backup of its set, nor is what has no set');
  assert.ok(existsSync(runs[1]?.evidence ?? ''));
});

test('a backup by name goes through the host of the windows: they see it, join it and stop it, and it says what it always said', async (t) => {
  const stage = await ScheduleStage.make(t);
  const window = await connected(stage);
  stage.holdRuns();
  const stopped = stage.cli('backup', 'data');
  await until(async () => stage.isHeld && (await stateOf(window)) === 'running', 'the window sees the run');
  const { host } = await stage.status();
  assert.equal(host?.['pid'], window.client.pid, 'there is no second host');
  assert.equal(await window.client.request(protocol.stopRun, { set: 'data' }), true);
  stage.letEnd();
  assert.equal((await stopped).code, 0, 'the backup itself was done already');
  await until(async () => (await stateOf(window)) === 'success', 'the window sees the end');

  const again = stage.cli('backup', 'data', '--json');
  await until(async () => stage.isHeld && (await stateOf(window)) === 'running', 'the window sees the second run');
  const joined = window.client.request(protocol.startBackup, { set: 'data' });
  for (let asked = 0; asked < 2; asked++) assert.equal(await stateOf(window), 'running'); // by then it has joined
  stage.letEnd();
  const { code, stdout } = await again;
  assert.equal(code, 0);
  const summary = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Message;
  const result = await joined;
  assert.deepEqual(
    [summary['snapshot_id'], summary['total_files_processed'], summary['files_unmodified'], summary['dirs_unmodified']],
    [result.snapshotId, 1, 1, result.backup?.counts['foldersUnchanged']],
  );
  const made = (await recordsIn(stage.path('state'))).filter(({ kind }) => kind === 'internal-backup');
  assert.deepEqual(
    made.map(({ operator: { via } }) => via),
    ['command-line', 'command-line'],
  );
  assert.equal((await window.client.request(protocol.recentRuns, { limit: 10 })).length, 2);
});

test('a command that joins the run of a window says so; Ctrl-C ends the command, and the run goes on', async (t) => {
  const stage = await ScheduleStage.make(t);
  const window = await connected(stage);
  stage.holdRuns();
  const run = window.client.request(protocol.startBackup, { set: 'data' });
  await until(() => stage.isHeld, 'the run goes on');
  const leaving = stage.spawn('backup', 'data');
  const joined = 'This set runs already; waiting for the end of that run.\n';
  await until(() => leaving.said.includes(joined), 'the command has joined');
  leaving.child.kill('SIGINT');
  assert.equal(await leaving.code, 130);
  assert.equal(await stateOf(window), 'running');
  const staying = stage.spawn('backup', 'data');
  await until(() => staying.said.includes(joined), 'another one has joined');
  stage.letEnd();
  assert.deepEqual([await staying.code, staying.said], [0, joined]);
  assert.equal((await run).outcome, 'success');
  assert.equal((await recordsIn(stage.path('state'))).filter(({ kind }) => kind === 'internal-backup').length, 1);
});

test('a command whose host is lost asks for what came of the run that it joined, by the id of that run', async (t) => {
  const stage = await ScheduleStage.make(t);
  const asked: string[] = [];
  const serve = (channel: Channel, hangUp: () => void): void => {
    channel.answer(protocol.initialize, async () => ({ version: '99.0.0', pid: 1, configFile: stage.configFile, hostId: 'pretender' }));
    channel.answer(protocol.startBackup, async ({ run = '' }) => {
      asked.push(run);
      channel.tell(protocol.joinedRun, { set: 'data', run: 'of another' });
      setImmediate(hangUp);
      return new Promise<never>(() => undefined);
    });
    channel.answer(protocol.runOfId, async ({ run }) => {
      asked.push(run);
      const [startedAt, endedAt] = ['2026-11-23T21:00:00+07:00', '2026-11-23T21:01:00+07:00'];
      const backup = { counts: {}, bytes: {}, notStored: [], emptySources: [], socketsSkipped: 0, parentTreesDamaged: 0 };
      const told = {
        job: 'backup',
        set: 'data',
        outcome: 'success',
        exceptions: [],
        exceptionCount: 0,
        files: 1,
        bytes: 1,
        bytesAdded: 0,
      } as const;
      return { result: { ...told, startedAt, endedAt, backup, snapshotId: 'a'.repeat(64) } };
    });
  };
  await pretender(t, stage, '99.0.0', serve);
  const { code, stderr } = await stage.cli('backup', 'data');
  assert.deepEqual([code, stderr, asked.slice(1)], [0, 'This set runs already; waiting for the end of that run.\n', ['of another']]);
});

test('with nobody there, the command is the host until its run ends: a window that comes is served, and has one of its own after', async (t) => {
  const stage = await ScheduleStage.make(t);
  stage.holdRuns();
  const command = stage.spawn('backup', 'data');
  await until(() => stage.isHeld, 'it runs');
  const window = await connected(stage);
  assert.deepEqual([window.client.pid, await stateOf(window)], [command.child.pid, 'running']);
  stage.letEnd();
  assert.equal(await command.code, 0);
  await until(async () => (await window.client.start()).pid !== command.child.pid, 'the window has a host again');
  assert.deepEqual(window.lost, [], 'that is no trouble');
  assert.equal(await stateOf(window), 'success');
});

test('a command that is the host stays until the runs of others have ended, too', async (t) => {
  const stage = await ScheduleStage.make(t);
  const waiting = stage.path('other');
  const hold = `const fs = require('node:fs'); fs.writeFileSync(process.argv[1], ''); setInterval(() => fs.existsSync(process.argv[1]) || process.exit(), 20);`;
  await stage.initRepository(stage.path('second'));
  const passwordFile = stage.path('password');
  const script = (mark: string): readonly string[] => [process.execPath, '-e', hold, mark];
  stage.configure(
    { repository: { location: stage.repository, passwordFile }, before: script(stage.mark) },
    { name: 'other', repository: { location: stage.path('second'), passwordFile }, before: script(waiting) },
  );
  const first = stage.spawn('backup', 'data');
  await until(() => stage.isHeld, 'the first command is the host, and runs');
  const second = stage.spawn('backup', 'other');
  await until(() => existsSync(waiting), 'the second one runs there');
  stage.letEnd();
  await until(() => first.said.includes('Others have runs in this process'), 'the first one is done');
  rmSync(waiting);
  assert.deepEqual([await second.code, await first.code], [0, 0]);
  const made = (await recordsIn(stage.path('state'))).filter(({ kind }) => kind === 'internal-backup');
  assert.deepEqual(
    made.map(({ set, result }) => [set, result]),
    [
      ['data', 'success'],
      ['other', 'success'],
    ],
  );
});

test('a command ends also where an earlier host left the run of another set open', async (t) => {
  const stage = await ScheduleStage.make(t);
  const passwordFile = stage.path('password');
  stage.configure({ repository: { location: stage.repository, passwordFile } }, { name: 'other' });
  mkdirSync(stage.path('state'), { recursive: true });
  const started = { kind: 'started', set: 'other', atMs: Date.now() - 60_000, trigger: 'manual', run: 'broken' };
  writeFileSync(stage.path('state', 'schedule.jsonl'), `${JSON.stringify(started)}\n`);
  assert.equal((await stage.cli('backup', 'data')).code, 0);
  const { stdout } = await stage.cli('schedule', 'status');
  assert.doesNotMatch(stdout, /other +running/);
});

test('a wrong password on standard input is told as what it is, asked for once, with or without a host', async (t) => {
  const stage = await ScheduleStage.make(t);
  stage.configure({ repository: { location: stage.repository } });
  const environment = { CADANGAN_CONFIG: stage.configFile, CADANGAN_STATE: stage.path('state') };
  const code = async (input: string): Promise<number | null> =>
    (await runCli(['backup', 'data'], { cwd: stage.folder, environment, input: `${input}\n` })).code;
  assert.deepEqual([await code('not this one'), await code(password)], [12, 0]);
  await connected(stage);
  assert.deepEqual([await code('nor this'), await code(password)], [12, 0]);
});

test('a host that does not know what it is asked is told of, and what is written down is shown', async (t) => {
  const stage = await ScheduleStage.make(t);
  const window = await connected(stage);
  const unknown = { ...protocol.scheduleStatus, name: 'no/such' };
  const place = { stateFolder: stage.path('state'), version: '0.0.0', random: systemRandom };
  await assert.rejects(askHost(place, unknown, undefined, new AbortController().signal), (error) => isCode(error, 'host.unreachable'));
  assert.equal((await window.client.request(protocol.listSets, undefined)).length, 1);
});

test('a command is asked for the password of its own set alone', async (t) => {
  const stage = await ScheduleStage.make(t);
  await stage.initRepository(stage.path('second'));
  stage.configure(
    { repository: { location: stage.repository }, before: [process.execPath, '-e', 'process.exit(0)'] },
    { name: 'other', repository: { location: stage.path('second') }, schedule: openWindow() },
  );
  const window = stage.window({ password: () => undefined });
  await window.client.start();
  const given = stage.path('password');
  assert.equal((await stage.cli('backup', 'data', '--password-file', given)).code, 0);
  const ofOther = async (): Promise<string | undefined> =>
    (await recordsIn(stage.path('state'))).find(({ kind, set }) => kind === 'internal-backup' && set === 'other')?.reason?.code;
  await until(async () => (await ofOther()) !== undefined, 'the run of the window has ended');
  assert.equal(await ofOther(), 'password.missing');
});

test('Ctrl-C stops the run that the command began, in the host of a window too, and ends with 130', async (t) => {
  const stage = await ScheduleStage.make(t);
  for (const host of ['its own', "a window's"]) {
    await t.test(host, async () => {
      const window = host === 'its own' ? undefined : await connected(stage);
      stage.holdBefore();
      const command = stage.spawn('backup', 'data');
      await until(() => stage.isHeld, 'it runs');
      command.child.kill('SIGINT');
      assert.equal(await command.code, 130);
      stage.letEnd();
      const last = (await recordsIn(stage.path('state'))).findLast(({ kind }) => kind === 'internal-backup');
      assert.deepEqual([last?.result, last?.operator.via], ['stopped', 'command-line']);
      await window?.client.close();
    });
  }
});

/** Kills the host, and what else there is, while a command waits for its run. @returns the records of backups */
async function killedUnder(t: TestContext, others: (stateFolder: string) => readonly number[]): Promise<readonly unknown[]> {
  const stage = await ScheduleStage.make(t);
  const window = await connected(stage);
  const pid = window.client.pid ?? 0;
  await window.client.close();
  stage.holdBefore();
  const running = stage.cli('backup', 'data');
  await until(() => stage.isHeld, 'the run goes on');
  for (const each of [pid, ...others(stage.path('state'))]) process.kill(each, 'SIGKILL');
  stage.letAll();
  assert.equal((await running).code, 0);
  const made = (await recordsIn(stage.path('state'))).filter(({ kind }) => kind === 'internal-backup');
  return made.map(({ result, reason, operator }) => [result, reason?.code, operator.via]);
}

test('a host that is killed under a command: the run goes on where it is made, and the command, which is the next host, has its result', async (t) => {
  assert.deepEqual(await killedUnder(t, () => []), [['success', undefined, 'command-line']]);
});

const withProc = { skip: process.platform !== 'linux' && 'the processes are found in /proc' };
test('a host that is killed with the process that makes the run: the command makes it once more', withProc, async (t) => {
  assert.deepEqual(await killedUnder(t, runnerPids), [
    ['stopped', 'host.lost', 'schedule'],
    ['success', undefined, 'command-line'],
  ]);
});

test('a password that is given counts more than the one of the set, whoever makes the run', async (t) => {
  const stage = await ScheduleStage.make(t);
  const wrong = stage.path('wrong');
  writeFileSync(wrong, 'not this one');
  const codes = async (): Promise<(number | null)[]> => [
    (await stage.cli('backup', 'data', '--password-file', wrong)).code,
    (await stage.cli('backup', 'data', '--password-file', stage.path('password'))).code,
  ];
  assert.deepEqual(await codes(), [12, 0]);
  const window = await connected(stage);
  assert.equal((await window.client.request(protocol.startBackup, { set: 'data' })).outcome, 'success');
  assert.deepEqual(await codes(), [12, 0], 'also where the host has the repository open');
  assert.deepEqual(window.asked, [], 'and no window is asked');
});

test('the status tells how far the run of a window is', async (t) => {
  const stage = await ScheduleStage.make(t);
  const window = await connected(stage);
  stage.holdRuns();
  const run = window.client.request(protocol.startBackup, { set: 'data' });
  await until(() => stage.isHeld, 'the data are backed up');
  // The process that makes the run tells the host how far it is; that may come after the mark which its program leaves.
  let running: Message = {};
  const hasAll = async (): Promise<boolean> => {
    running = ((await stage.status()).set['running'] ?? {}) as Message;
    return running['percent_done'] === 1;
  };
  await until(hasAll, 'the host knows that they are');
  assert.deepEqual([running['trigger'], running['percent_done'], running['bytes_done'], running['total_bytes']], ['manual', 1, 1, 1]);
  assert.match((await stage.cli('schedule', 'status')).stdout, /data +running 100%/);
  assert.match((await stage.cli('schedule', 'status', '--lang', 'id')).stdout, /data +berjalan 100%/);
  stage.letEnd();
  assert.equal((await run).outcome, 'success');
});

test('the status names the mistakes of the configuration', async (t) => {
  const stage = await ScheduleStage.make(t);
  stage.configure({}, { name: 'bad', sources: ['relative'] });
  const { code, stdout, stderr } = await stage.cli('schedule', 'status');
  assert.equal(code, 0);
  assert.match(stdout, /data/);
  assert.match(stderr, /cadangan\.jsonc:1:\d+: /);
});
