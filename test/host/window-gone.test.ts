import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { recordsIn } from '../records/some-records.ts';
import { compileCache, endHost, EngineStage, gate, hostLog, isAlive, password, until } from './engine-stage.ts';

/** Nothing that anybody waits for: what is told is that the host ends by itself. */
const lingerMs = 200;

interface Doomed {
  readonly process: ChildProcess;
  readonly hostPid: number;
  readonly said: () => string;
}

/** A window in a process of its own, to be killed; its host ends soon after its last client. */
async function doomedWindow(stage: EngineStage, ...args: string[]): Promise<Doomed> {
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      fileURLToPath(new URL('window-child.ts', import.meta.url)),
      stage.configFile,
      stage.path('state'),
      String(lingerMs),
      ...args,
    ],
    {
      env: { PATH: process.env['PATH'], HOME: stage.folder, NODE_COMPILE_CACHE: compileCache },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  stage.atEnd(async () => {
    child.kill('SIGKILL');
    await endHost(stage.path('state'));
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  await until(() => /^\d+$/m.test(said), 'the host runs');
  return { process: child, hostPid: Number(/^\d+$/m.exec(said)?.[0]), said: () => said };
}

async function outcomes(stage: EngineStage): Promise<(string | undefined)[]> {
  return (await recordsIn(stage.path('state'))).filter(({ kind }) => kind === 'internal-backup').map(({ result }) => result);
}

function withPasswordFile(stage: EngineStage): { readonly repository: Readonly<Record<string, string>> } {
  writeFileSync(stage.path('password'), password);
  return { repository: { location: stage.repository, passwordFile: stage.path('password') } };
}

/** As its log says. */
async function untilIdle(stage: EngineStage, { hostPid }: Doomed): Promise<void> {
  await until(() => !isAlive(hostPid), 'the host ends');
  assert.match(hostLog(stage.path('state')), /the host ends \(idle\)\n$/);
}

test('a run whose window is killed goes on to its end; then the host, whom nobody needs, ends', async (t) => {
  const stage = new EngineStage(t);
  const random = new SeededRandom(5);
  for (let at = 0; at < 16; at++) stage.write(`file ${at}`, random.bytes(1024 * 1024));
  await stage.initRepository();
  const { command, isRunning, open } = gate(stage);
  stage.configure({ ...withPasswordFile(stage), before: command });
  const window = await doomedWindow(stage, 'run');
  await until(isRunning, 'the run begins');
  window.process.kill('SIGKILL');
  await until(() => !isAlive(window.process.pid ?? 0), 'the window is gone');
  open();
  await untilIdle(stage, window);
  assert.deepEqual(await outcomes(stage), ['success']);
  assert.equal(readdirSync(join(stage.repository, 'snapshots')).length, 1);
  assert.deepEqual(readdirSync(join(stage.repository, 'locks')), []);
});

test('a run that waits for a password from a window that is killed fails for lack of it', async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  stage.configure();
  const window = await doomedWindow(stage, 'run');
  await until(() => window.said().includes('asked'), 'the host asks');
  window.process.kill('SIGKILL');
  await untilIdle(stage, window);
  const runs = (await recordsIn(stage.path('state'))).filter(({ kind }) => kind === 'internal-backup');
  assert.deepEqual(
    runs.map(({ result, reason }) => [result, reason?.code]),
    [['failed', 'password.missing']],
  );
});

test('a run of the schedule goes on too when the window is killed, and the host ends after it', async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  const clock = (hours: number): string => `${String((hours + 24) % 24).padStart(2, '0')}:00`;
  const hour = new Date().getUTCHours();
  const { command, isRunning, open } = gate(stage);
  stage.configure({ ...withPasswordFile(stage), before: command, schedule: { window: `${clock(hour - 1)}-${clock(hour + 3)}` } });
  const window = await doomedWindow(stage);
  await until(isRunning, 'the run of the window begins');
  window.process.kill('SIGKILL');
  await until(() => !isAlive(window.process.pid ?? 0), 'the window is gone');
  open();
  await untilIdle(stage, window);
  assert.deepEqual(await outcomes(stage), ['success']);
  assert.equal(readdirSync(join(stage.repository, 'snapshots')).length, 1);
});

test('a host that is told to end stops what runs, gives its lock back and writes its record', async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  const { command, isRunning } = gate(stage);
  stage.configure({ ...withPasswordFile(stage), before: command });
  const window = await doomedWindow(stage, 'run');
  await until(isRunning, 'the run begins');
  process.kill(window.hostPid, 'SIGTERM');
  await until(() => !isAlive(window.hostPid), 'the host ends');
  assert.deepEqual(await outcomes(stage), ['stopped']);
  for (const folder of ['locks', 'snapshots']) assert.deepEqual(readdirSync(join(stage.repository, folder)), []);
});
