import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { protocol } from '../../src/service/index.ts';
import { endHost, EngineStage, hostLog, password, stateOf, until, type Window } from '../host/engine-stage.ts';
import { recordsIn } from '../records/some-records.ts';
import { runCli, type CliRun, type Message } from './run-cli.ts';

/** A set that says that its backup is done, and ends when its mark is taken away. */
class ScheduleStage extends EngineStage {
  readonly mark = this.path('mark');

  static async make(t: TestContext, schedule?: Readonly<Record<string, unknown>>): Promise<ScheduleStage> {
    const stage = new ScheduleStage(t);
    stage.write('a.txt', 'a');
    await stage.initRepository();
    writeFileSync(stage.path('password'), password);
    const script = `const fs = require('node:fs'); const [, mark] = process.argv; if (fs.existsSync(mark + '.wanted')) { fs.writeFileSync(mark, ''); setInterval(() => fs.existsSync(mark) || process.exit(), 20); }`;
    stage.configure({
      repository: { location: stage.repository, passwordFile: stage.path('password') },
      after: [process.execPath, '-e', script, stage.mark],
      ...(schedule && { schedule }),
    });
    return stage;
  }

  /** From now on runs last until `letEnd`. */
  holdRuns(): void {
    writeFileSync(`${this.mark}.wanted`, '');
  }

  letEnd(): void {
    rmSync(this.mark, { force: true });
  }

  get isHeld(): boolean {
    return existsSync(this.mark);
  }

  cli(...args: readonly string[]): Promise<CliRun> {
    return runCli(args, { cwd: this.folder, environment: { CADANGAN_CONFIG: this.configFile, CADANGAN_STATE: this.path('state') } });
  }

  async status(): Promise<{ readonly leader: Message | null; readonly set: Message }> {
    const { code, stdout, stderr } = await this.cli('schedule', 'status', '--json');
    assert.deepEqual([code, stderr], [0, '']);
    const { leader, sets } = JSON.parse(stdout) as { leader: Message | null; sets: Message[] };
    return { leader, set: sets[0] ?? {} };
  }
}

/** A window that is open now, and for hours. */
function openWindow(): Readonly<Record<string, unknown>> {
  const clock = (hours: number): string => `${String((hours + 24) % 24).padStart(2, '0')}:00`;
  const hour = new Date().getUTCHours();
  return { window: `${clock(hour - 1)}-${clock(hour + 3)}`, timeZone: 'UTC' };
}

async function leading(stage: EngineStage): Promise<Window> {
  const window = stage.window();
  await window.client.start();
  await until(() => hostLog(stage.path('state')).includes('this engine runs the schedule'), 'its host leads');
  return window;
}

test('with nobody there, the status is what is written down, and a backup by name is among it', async (t) => {
  const stage = await ScheduleStage.make(t, openWindow());
  const before = await stage.status();
  assert.deepEqual([before.leader, before.set['name'], before.set['state'], before.set['last_run']], [null, 'data', 'idle', undefined]);
  assert.equal((await stage.cli('backup', 'data')).code, 0);
  const { leader, set } = await stage.status();
  const lastRun = set['last_run'] as Message;
  assert.deepEqual([leader, set['state'], lastRun['trigger'], lastRun['outcome']], [null, 'idle', 'manual', 'success']);
  const english = await stage.cli('schedule', 'status');
  assert.match(english.stdout, /^Nobody runs the schedule/);
  assert.match(english.stdout, /data +in order +\d{4}-\d\d-\d\d \d\d:\d\d successful/);
  const indonesian = await stage.cli('schedule', 'status', '--lang', 'id');
  assert.match(indonesian.stdout, /data +aman +\d{4}-\d\d-\d\d \d\d:\d\d berhasil/);
});

test('what the configuration asks for and nobody carries out is told with its place, in both languages, and the window of the editor hears it too', async (t) => {
  const stage = await ScheduleStage.make(t);
  const text = `{ "version": 1, "sets": [\n  { "name": "data", "sources": [${JSON.stringify(stage.source)}], "repository": { "location": ${JSON.stringify(stage.repository)} },\n    "retention": { "keepDaily": 7 } } ] }`;
  writeFileSync(stage.configFile, text);
  const place = `${stage.configFile}:3:5: `;
  assert.equal((await stage.cli('schedule', 'status')).stderr, `${place}"retention" is not carried out yet: all snapshots stay.\n`);
  assert.equal(
    (await stage.cli('schedule', 'status', '--lang', 'id')).stderr,
    `${place}"retention" belum dijalankan: semua snapshot tetap ada.\n`,
  );
  const { problems } = JSON.parse((await stage.cli('schedule', 'status', '--json')).stdout) as { problems: Message[] };
  assert.deepEqual(
    problems.map(({ severity, line, column, set }) => [severity, line, column, set]),
    [['warning', 3, 5, 'data']],
  );
  const { client } = stage.window();
  const seen = await client.request(protocol.configuration, undefined);
  assert.deepEqual(seen.problems, [
    {
      severity: 'warning',
      message: '"retention" is not carried out yet: all snapshots stay.',
      line: 2,
      column: 4,
      lengthChars: '"retention"'.length,
    },
  ]);
  assert.deepEqual(
    (await client.request(protocol.listSets, undefined)).map(({ name }) => name),
    ['data'],
  );
});

test('a window that has had a backup by name is not run again by the schedule, and the views show that backup', async (t) => {
  const stage = await ScheduleStage.make(t, openWindow());
  assert.equal((await stage.cli('backup', 'data')).code, 0);
  const window = await leading(stage);
  const { leader, set } = await stage.status();
  assert.equal(leader?.['pid'], window.client.pid);
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

test('a window sees a backup by name while it runs, joins it and stops it', async (t) => {
  const stage = await ScheduleStage.make(t);
  const window = await leading(stage);
  stage.holdRuns();
  const stopped = stage.cli('backup', 'data');
  await until(async () => stage.isHeld && (await stateOf(window)) === 'running', 'the window sees the run');
  const { set } = await stage.status();
  const running = set['running'] as Message;
  assert.ok(typeof running['pid'] === 'number' && running['pid'] !== window.client.pid);
  assert.match((await stage.cli('schedule', 'status')).stdout, /^Process \d+ runs the schedule/);
  assert.equal(await window.client.request(protocol.stopRun, { set: 'data' }), true);
  stage.letEnd();
  assert.equal((await stopped).code, 0, 'the backup itself was done already');
  await until(async () => (await stateOf(window)) === 'success', 'the window sees the end');

  const again = stage.cli('backup', 'data');
  await until(async () => stage.isHeld && (await stateOf(window)) === 'running', 'the window sees the second run');
  const joined = window.client.request(protocol.startBackup, { set: 'data' });
  for (let asked = 0; asked < 2; asked++) assert.equal(await stateOf(window), 'running'); // by then it has joined
  stage.letEnd();
  assert.equal((await again).code, 0);
  assert.equal((await joined).outcome, 'success');
  const made = (await recordsIn(stage.path('state'))).filter(({ kind }) => kind === 'internal-backup');
  assert.equal(made.length, 2, 'it was not made a third time');
  assert.equal((await window.client.request(protocol.recentRuns, { limit: 10 })).length, 2);
});

test('a backup by name that outlives the host is known to the next one', async (t) => {
  const stage = await ScheduleStage.make(t, { window: '00:00-00:01', days: ['mon'], timeZone: 'UTC' });
  const first = await leading(stage);
  stage.holdRuns();
  const running = stage.cli('backup', 'data');
  await until(async () => stage.isHeld && (await stateOf(first)) === 'running', 'the first host sees the run');
  await first.client.close();
  await endHost(stage.path('state'));
  const second = await leading(stage);
  await until(async () => (await stateOf(second)) === 'running', 'the second host sees it, too');
  stage.letEnd();
  assert.equal((await running).code, 0);
  await until(async () => (await stateOf(second)) === 'success', 'and its end');
});

test('the status tells how far the run of a window is', async (t) => {
  const stage = await ScheduleStage.make(t);
  const window = await leading(stage);
  stage.holdRuns();
  const run = window.client.request(protocol.startBackup, { set: 'data' });
  await until(() => stage.isHeld, 'the data are backed up');
  const { set } = await stage.status();
  const running = set['running'] as Message;
  assert.deepEqual(
    [running['trigger'], running['pid'], running['percent_done'], running['bytes_done'], running['total_bytes']],
    ['manual', undefined, 1, 1, 1],
  );
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
