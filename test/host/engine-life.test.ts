import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { HostError } from '../../src/host/index.ts';
import { exposureOf, snapshotPathOf, system, systemCode } from '../../src/platform/index.ts';
import { protocol, type PasswordParams } from '../../src/service/index.ts';
import { writeSecretFile } from '../platform/secret-file.ts';
import { recordsIn } from '../records/some-records.ts';
import { EngineStage, gate, killHost, password, replaceText, stateOf, until, runnerPids } from './engine-stage.ts';

const code =
  (expected: string) =>
  (error: unknown): boolean =>
    error instanceof HostError && error.code === expected;

test('a wrong password is asked for again, three times at most, and once for all who wait', async (t) => {
  const stage = new EngineStage(t);
  await stage.initRepository();
  stage.configure();
  const answers = ['wrong', password];
  const { client, asked } = stage.window({ password: () => answers.shift() });
  await Promise.all([1, 2, 3].map(() => client.request(protocol.listSnapshots, { location: stage.repository })));
  assert.deepEqual(asked, [
    { location: stage.repository, wasWrong: false, mayAsk: true },
    { location: stage.repository, wasWrong: true, mayAsk: true },
  ]);

  const stubborn = stage.window({ stateFolder: stage.path('second'), password: () => 'wrong again' });
  await assert.rejects(stubborn.client.request(protocol.listSnapshots, { location: stage.repository }), code('repository.wrong-password'));
  assert.equal(stubborn.asked.length, 3);
  const silent = stage.window({ stateFolder: stage.path('third'), password: () => undefined });
  await assert.rejects(silent.client.request(protocol.listSnapshots, { location: stage.repository }), code('password.missing'));
});

test('a password is laid into a file for its owner alone when somebody asks for it, and named in the configuration', async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  stage.configure();
  const wrong = stage.window({ password: () => 'wrong' });
  await assert.rejects(wrong.client.request(protocol.keepPasswordFile, { set: 'data' }), code('repository.wrong-password'));
  assert.equal(existsSync(stage.path('state', 'passwords', 'data')), false, 'only what opens it');
  const window = stage.window();
  const right = readFileSync(stage.configFile, 'utf8');
  await window.client.start();
  replaceText(stage.configFile, `${right.slice(0, -1)},`);
  await assert.rejects(window.client.request(protocol.keepPasswordFile, { set: 'data' }), code('config.invalid'));
  replaceText(stage.configFile, right);
  assert.equal(existsSync(stage.path('state', 'passwords', 'data')), false, 'nobody would know of it');
  const file = await window.client.request(protocol.keepPasswordFile, { set: 'data' });
  assert.deepEqual([readFileSync(file, 'utf8'), await exposureOf(file)], [password, undefined]);
  if (system.hasModes) assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.match(readFileSync(stage.configFile, 'utf8'), /"passwordFile":/);
  await until(async () => (await window.client.request(protocol.listSets, undefined))[0]?.hasUnattendedPassword === true, 'it is known');
  const asked = window.asked.length;
  assert.equal((await window.client.request(protocol.startBackup, { set: 'data' })).outcome, 'success');
  assert.equal(window.asked.length, asked, 'nobody is asked any more');
  await assert.rejects(window.client.request(protocol.keepPasswordFile, { set: 'data' }), code('arguments.invalid'));
});

test('a password file and a password command serve without a question', async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  const file = stage.path('password');
  writeSecretFile(file, `${password}\n`);
  stage.configure({ repository: { location: stage.repository, passwordFile: file } });
  const window = stage.window();
  const { client, asked } = window;
  const taken = async (): Promise<void> => {
    const before = window.configurationChanged;
    await until(() => window.configurationChanged > before, 'the host sees the new configuration');
  };
  assert.equal((await client.request(protocol.startBackup, { set: 'data' })).outcome, 'success');
  assert.equal((await client.request(protocol.listSets, undefined))[0]?.hasUnattendedPassword, true);
  stage.configure({
    repository: {
      location: stage.repository,
      passwordCommand: [process.execPath, '-e', `console.log(require('fs').readFileSync(${JSON.stringify(file)}, 'utf8'))`],
    },
  });
  await taken();
  assert.equal((await client.request(protocol.startBackup, { set: 'data' })).outcome, 'success');
  stage.configure({
    repository: {
      location: stage.repository,
      passwordCommand: [process.execPath, '-e', 'console.log("half a password"); process.exit(3)'],
    },
  });
  await taken();
  const failed = await client.request(protocol.startBackup, { set: 'data' });
  assert.deepEqual([failed.outcome, failed.error?.code, JSON.stringify(failed).includes('half a')], ['failed', 'password.missing', false]);
  assert.deepEqual(asked, []);
});

test('the password is in no log, no argument, no environment and no file of the state folder', async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  // The programs of a set may say anything; also they do not get it said.
  const teller = stage.path('teller.cjs'); // the configuration itself may stand in the state folder, and never holds a password
  writeFileSync(teller, `console.log('I know: ${password}')`);
  stage.configure({ before: [process.execPath, teller] });
  const window = stage.window();
  await window.client.request(protocol.startBackup, { set: 'data' });
  await window.client.request(protocol.listSnapshots, { location: stage.repository });
  const { pid } = window.client;
  if (process.platform === 'linux') {
    for (const file of ['cmdline', 'environ']) assert.ok(!readFileSync(`/proc/${pid}/${file}`).includes(password), file);
    assert.ok(!readFileSync(`/proc/${pid}/environ`).includes('VSCODE_'));
    assert.ok(readFileSync(`/proc/${pid}/environ`).includes('ELECTRON_NO_ASAR=1'));
  }
  assert.ok(
    window.log.some(({ message }) => message.includes('I know: ***')),
    JSON.stringify(window.log),
  );
  assert.ok(!JSON.stringify(window.log).includes(password), JSON.stringify(window.log));
  for (const [name, bytes] of filesOf(stage.path('state'))) assert.ok(!bytes.includes(password), name);
});

/** What a host writes anew meanwhile has another name for a moment; whichever of the two is found is read. */
function* filesOf(folder: string): Generator<readonly [name: string, bytes: Buffer]> {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    try {
      if (statSync(join(folder, name)).isFile()) yield [name, readFileSync(join(folder, name))];
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
    }
  }
}

test('cancelling stops a run, which leaves no lock and a record', async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  const { command, isRunning } = gate(stage);
  stage.configure({ before: command });
  const window = stage.window();
  const cancel = new AbortController();
  const running = window.client.request(protocol.startBackup, { set: 'data' }, { signal: cancel.signal });
  await until(isRunning, 'the run begins');
  assert.equal(await stateOf(window), 'running');
  cancel.abort();
  assert.equal((await running).outcome, 'stopped');
  assert.equal(await stateOf(window), 'stopped');
  assert.deepEqual(readdirSync(join(stage.repository, 'locks')), []);
  assert.equal(await window.client.request(protocol.stopRun, { set: 'data' }), false);
  await until(() => window.setsChanged > 0, 'the window is told');
});

test('one run of a repository at a time: the second set waits for the first', async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  const { command, isRunning, open } = gate(stage);
  stage.configure({ before: command }, { name: 'other' });
  const window = stage.window();
  const first = window.client.request(protocol.startBackup, { set: 'data' });
  await until(isRunning, 'the first begins');
  const second = window.client.request(protocol.startBackup, { set: 'other' });
  await until(async () => (await window.client.request(protocol.listSets, undefined))[1]?.state === 'waiting', 'the second waits');
  open();
  assert.deepEqual([(await first).outcome, (await second).outcome], ['success', 'success']);
});

test('what one window cannot open for lack of a password, another that knows it can', async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  stage.configure();
  const [one, two] = [
    stage.window({ password: () => undefined }),
    stage.window({ password: ({ mayAsk }: PasswordParams) => (mayAsk ? password : undefined) }),
  ];
  await two.client.start();
  const failed = await one.client.request(protocol.startBackup, { set: 'data' });
  assert.deepEqual([failed.outcome, failed.error?.code], ['failed', 'password.missing']);
  assert.equal((await two.client.request(protocol.startBackup, { set: 'data' })).outcome, 'success');
  assert.equal((await one.client.request(protocol.startBackup, { set: 'data' })).outcome, 'success', 'the host knows it now');
});

test('a host that is killed in mid-run is told of; the run goes on, and the next host takes it over and tells what came of it', async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  const { command, isRunning, open } = gate(stage);
  stage.configure({ before: command });
  const window = stage.window();
  const running = window.client.request(protocol.startBackup, { set: 'data' }, { run: 'the broken one' });
  await until(isRunning, 'the run begins');
  assert.deepEqual(await window.client.request(protocol.runOfId, { run: 'the broken one' }), {});
  killHost(window);
  await assert.rejects(running, code('host.lost'));
  assert.equal(window.lost.length, 1);
  await until(async () => (await stateOf(window)) === 'running', 'the new host takes the run over');
  const joined = window.client.request(protocol.startBackup, { set: 'data' });
  assert.deepEqual(await window.client.request(protocol.runOfId, { run: 'the broken one' }), {});
  open();
  const result = await joined;
  assert.deepEqual([result.outcome, result.run], ['success', 'the broken one']);
  assert.deepEqual(await window.client.request(protocol.recentRuns, { limit: 5 }), [result]);
  assert.deepEqual(await window.client.request(protocol.runOfId, { run: 'the broken one' }), { result });
});

test('a process that works on a repository and is killed leaves a record; the host, and the next run, go on', async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  const { command, isRunning, open } = gate(stage);
  const said = `console.log(process.env.CADANGAN_OUTCOME, process.env.CADANGAN_ERROR, process.env.CADANGAN_RUN)`;
  stage.configure({ before: command, after: [process.execPath, '-e', said] });
  const window = stage.window();
  const running = window.client.request(protocol.startBackup, { set: 'data' }, { run: 'the broken one' });
  await until(isRunning, 'the run begins');
  // Of two that were started for it at once the second goes.
  await until(() => runnerPids(stage.path('state')).length === 1, 'one works on the repository');
  const [runner] = runnerPids(stage.path('state'));
  assert.ok(runner !== undefined && runner !== window.client.pid);
  process.kill(runner, 'SIGKILL');
  const broken = await running;
  assert.deepEqual([broken.outcome, broken.error?.code, broken.run, window.lost], ['stopped', 'host.lost', 'the broken one', []]);
  assert.deepEqual(await window.client.request(protocol.recentRuns, { limit: 5 }), [broken]);
  const programs = (await recordsIn(stage.path('state'))).flatMap((record) => record.programs ?? []);
  assert.deepEqual(
    programs.map(({ when, output }) => [when, output]),
    [['after', 'stopped host.lost the broken one\n']],
    'what the program before began is ended',
  );
  open();
  const again = window.client.request(protocol.startBackup, { set: 'data' });
  await until(isRunning, 'the next run begins');
  open();
  assert.equal((await again).outcome, 'success');
});

test('a run that a host left behind is stopped by the next one', async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  const { command, isRunning } = gate(stage);
  stage.configure({ before: command });
  const window = stage.window();
  const running = window.client.request(protocol.startBackup, { set: 'data' }, { run: 'the broken one' });
  await until(isRunning, 'the run begins');
  killHost(window);
  await assert.rejects(running, code('host.lost'));
  await until(async () => (await stateOf(window)) === 'running', 'the new host takes the run over');
  assert.equal(await window.client.request(protocol.stopRun, { set: 'data' }), true);
  await until(async () => (await stateOf(window)) === 'stopped', 'it stops');
  const runs = await window.client.request(protocol.recentRuns, { limit: 5 });
  assert.deepEqual(
    runs.map(({ outcome, run }) => [outcome, run]),
    [['stopped', 'the broken one']],
  );
});

test('what came of a run is told by its id when its engine is gone, also to another window, and also of a restore', async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  stage.configure();
  const { client } = stage.window();
  const result = await client.request(protocol.startBackup, { set: 'data' }, { run: 'backup 1' });
  const target = { kind: 'folder', folder: stage.path('restored') } as const;
  const what = {
    location: stage.repository,
    snapshot: 'latest',
    paths: [snapshotPathOf(stage.source)],
    target,
    overwrite: 'always',
  } as const;
  const restored = await client.request(protocol.startRestore, what, { run: 'restore 1' });
  killHost({ client });
  const other = stage.window();
  assert.deepEqual([result.run, restored.run], ['backup 1', 'restore 1']);
  assert.deepEqual(await other.client.request(protocol.runOfId, { run: 'backup 1' }), { result });
  assert.deepEqual(await other.client.request(protocol.runOfId, { run: 'restore 1' }), { result: restored });
  assert.deepEqual(await other.client.request(protocol.runOfId, { run: 'nobody knows' }), {});
});

test('a window that goes away takes nothing with it: the run goes on, and the next window shows it and joins it', async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  const { command, isRunning, open } = gate(stage);
  stage.configure({ before: command });
  const { client } = stage.window();
  const lost = assert.rejects(client.request(protocol.startBackup, { set: 'data' }), code('host.lost'));
  await until(isRunning, 'the run begins');
  const { pid } = client;
  await client.close();
  await lost;
  const next = stage.window();
  assert.equal(await stateOf(next), 'running');
  assert.equal(next.client.pid, pid);
  const joined = next.client.request(protocol.startBackup, { set: 'data' });
  for (let asked = 0; asked < 2; asked++) assert.equal(await stateOf(next), 'running'); // by then it has joined
  open();
  assert.equal((await joined).outcome, 'success');
  const runs = await next.client.request(protocol.recentRuns, { limit: 5 });
  assert.deepEqual(
    runs.map(({ outcome }) => outcome),
    ['success'],
  );
});

test('a program before the backup that fails keeps it from happening; one after that fails is an exception', async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  const exits = (status: number): readonly string[] => [
    process.execPath,
    '-e',
    `console.log(process.env.CADANGAN_WHEN, '${password}', process.env.CADANGAN_SNAPSHOT); process.exit(${status})`,
  ];
  stage.configure({ before: exits(3) }, { name: 'after', after: exits(4) });
  const { client } = stage.window();
  const before = await client.request(protocol.startBackup, { set: 'data' });
  assert.deepEqual([before.outcome, before.error?.code, before.error?.facts['reason']], ['failed', 'command.failed', 'exit code 3']);
  const after = await client.request(protocol.startBackup, { set: 'after' });
  assert.deepEqual(
    [after.outcome, after.exceptions.map(({ kind }) => kind), after.snapshotId !== undefined],
    ['success-with-exceptions', ['after-command'], true],
  );
  // The password is known here: whatever says it, it is in no record.
  const records = (await recordsIn(stage.path('state'))).flatMap(({ programs }) => programs ?? []);
  assert.deepEqual(
    records.map(({ when, failure, output }) => [when, failure, output]),
    [
      ['before', 'exit code 3', 'before *** undefined\n'],
      ['after', 'exit code 4', `after *** ${after.snapshotId}\n`],
    ],
  );
  const page = await client.request(protocol.readRecord, { number: before.record ?? 0 });
  const facts = page.fields.filter(({ label }) => /program (?:before|after)$/i.test(label));
  assert.deepEqual(
    facts.map(({ label }) => label),
    ['Program before', 'Said by the program before'],
  );
  assert.match(facts[0]?.value ?? '', /failed after .* \(exit code 3\)$/);
});

test('a set with limits stands back with its programs, and is as it was afterwards', { skip: process.platform !== 'linux' }, async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  const script = `const { execFileSync } = require('node:child_process');
    console.log(require('node:os').getPriority(), execFileSync('ionice', ['-p', String(process.pid)], { encoding: 'utf8' }).trim());`;
  const before = [process.execPath, '-e', script];
  stage.configure({ before, limits: { nice: 19, ioPriority: 'idle', workers: 1 } }, { name: 'usual', before });
  const { client } = stage.window();
  for (const set of ['data', 'usual']) assert.equal((await client.request(protocol.startBackup, { set })).outcome, 'success');
  const said = (await recordsIn(stage.path('state'))).flatMap(({ programs = [] }) => programs.map(({ output }) => output?.trim()));
  assert.equal(said[0], '19 idle');
  // Only root may take a nice value back.
  if (process.getuid?.() === 0) assert.match(said[1] ?? '', new RegExp(`^${getPriority()} (?:none|best-effort)`));
});

test('a host that runs no schedule makes its runs itself, one after the other', async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  stage.configure({}, { name: 'other' });
  const { client } = stage.window({ maySchedule: false });
  const results = await Promise.all(['data', 'other'].map((set) => client.request(protocol.startBackup, { set })));
  assert.deepEqual(
    results.map(({ outcome, set }) => [set, outcome]),
    [
      ['data', 'success'],
      ['other', 'success'],
    ],
  );
  assert.deepEqual(
    (await client.request(protocol.listSets, undefined)).map(({ state }) => state),
    ['success', 'success'],
  );
});

test('a set runs by itself in its window; nobody is asked, and a password that is not stored is its failure', async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  const hour = new Date().getUTCHours();
  const clock = (hours: number): string => `${String((hours + 24) % 24).padStart(2, '0')}:00`;
  const schedule = { window: `${clock(hour - 1)}-${clock(hour + 3)}` };
  stage.configure({ schedule });
  const window = stage.window({ password: ({ mayAsk }) => (mayAsk ? 'nobody may be asked' : undefined) });
  await until(async () => (await stateOf(window)) === 'failed', 'the run of the window fails');
  assert.equal((await window.client.request(protocol.recentRuns, { limit: 1 }))[0]?.error?.code, 'password.missing');
  assert.deepEqual(
    window.asked.map(({ mayAsk }) => mayAsk),
    [false],
  );
  stage.configure({ schedule }, { name: 'second', schedule });
  const stored = stage.window({ stateFolder: stage.path('other state') });
  await until(
    async () => (await stored.client.request(protocol.listSets, undefined)).every(({ state }) => state === 'success'),
    'both sets run',
  );
  assert.deepEqual(
    stored.asked.map(({ mayAsk }) => mayAsk),
    [false],
  );
});

test('a host that does not understand its client says so at every request, and goes on for others', async (t) => {
  const stage = new EngineStage(t);
  stage.configure();
  const { client } = stage.window({ language: 'xx' as 'en' });
  for (let time = 0; time < 2; time++) await assert.rejects(client.request(protocol.listSets, undefined), code('arguments.invalid'));
  assert.equal(await stateOf(stage.window()), 'never-run');
});
