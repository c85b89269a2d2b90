import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createMessageConnection, IPCMessageReader, IPCMessageWriter } from 'vscode-jsonrpc/node';
import { Engine } from '../../src/host/engine.ts';
import { systemClock, systemRandom } from '../../src/platform/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { recordsIn } from '../records/some-records.ts';
import { compileCache, EngineStage, gate, password, until } from './engine-stage.ts';

const linux = { skip: process.platform !== 'linux' && 'looks into /proc' };

interface Doomed {
  readonly process: ChildProcess;
  readonly enginePid: number;
  readonly said: () => string;
}

/** A window in a process of its own, to be killed. */
async function doomedWindow(t: TestContext, stage: EngineStage, ...args: string[]): Promise<Doomed> {
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      fileURLToPath(new URL('window-child.ts', import.meta.url)),
      stage.configFile,
      stage.path('state'),
      ...args,
    ],
    {
      env: { PATH: process.env['PATH'], HOME: stage.folder, TZ: 'UTC', NODE_COMPILE_CACHE: compileCache },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  await until(() => /^\d+$/m.test(said), 'the engine runs');
  return { process: child, enginePid: Number(/^\d+$/m.exec(said)?.[0]), said: () => said };
}

/** Nobody may have taken note of its end yet. */
function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
}

async function outcomes(stage: EngineStage): Promise<(string | undefined)[]> {
  return (await recordsIn(stage.path('state'))).filter(({ kind }) => kind === 'internal-backup').map(({ result }) => result);
}

function withPasswordFile(stage: EngineStage): { readonly repository: Readonly<Record<string, string>> } {
  writeFileSync(stage.path('password'), password);
  return { repository: { location: stage.repository, passwordFile: stage.path('password') } };
}

test('an engine whose window is killed in mid-run stops, gives its lock back, writes its record, and ends', linux, async (t) => {
  const stage = new EngineStage(t);
  const random = new SeededRandom(5);
  for (let at = 0; at < 16; at++) stage.write(`file ${at}`, random.bytes(8 * 1024 * 1024));
  await stage.initRepository();
  stage.configure(withPasswordFile(stage));
  const window = await doomedWindow(t, stage, 'run');
  await until(() => readdirSync(join(stage.repository, 'locks')).length > 0, 'the run has its lock');
  window.process.kill('SIGKILL');
  await until(() => !isAlive(window.enginePid), 'the engine ends');
  assert.deepEqual(readdirSync(join(stage.repository, 'locks')), []);
  assert.deepEqual(readdirSync(join(stage.repository, 'snapshots')), []);
  assert.deepEqual(await outcomes(stage), ['stopped']);
});

test('an engine that waits for a password from a window that is killed ends, too', linux, async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  stage.configure();
  const window = await doomedWindow(t, stage, 'run');
  await until(() => window.said().includes('asked'), 'the engine asks');
  window.process.kill('SIGKILL');
  await until(() => !isAlive(window.enginePid), 'the engine ends');
  assert.deepEqual(await outcomes(stage), ['stopped']);
});

test('an engine whose window is killed finishes the run of a window where the set says so, and then ends', linux, async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  const clock = (hours: number): string => `${String((hours + 24) % 24).padStart(2, '0')}:00`;
  const hour = new Date().getUTCHours();
  const { command, isRunning, open } = gate(stage);
  stage.configure({
    ...withPasswordFile(stage),
    before: command,
    schedule: { window: `${clock(hour - 1)}-${clock(hour + 3)}`, atWindowEnd: 'finish' },
  });
  const window = await doomedWindow(t, stage);
  await until(isRunning, 'the run of the window begins');
  window.process.kill('SIGKILL');
  await until(() => !isAlive(window.process.pid ?? 0), 'the window is gone');
  open();
  await until(() => !isAlive(window.enginePid), 'the engine ends');
  assert.deepEqual(await outcomes(stage), ['success']);
  assert.equal(readdirSync(join(stage.repository, 'snapshots')).length, 1);
});

test('what cannot be sent ends the engine, instead of being told to the window that is gone', async () => {
  const gone = spawn(process.execPath, ['-e', ''], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  await once(gone, 'close');
  let sends = 0;
  const send = gone.send.bind(gone) as (...args: unknown[]) => boolean;
  gone.send = (...args: unknown[]) => (sends++, send(...args));
  const connection = createMessageConnection(new IPCMessageReader(gone), new IPCMessageWriter(gone));
  const ended = Promise.withResolvers<undefined>();
  const engine = new Engine(
    connection,
    { clock: systemClock, random: systemRandom, environment: {}, version: '0.0.0', programVersion: 'test' },
    () => ended.resolve(undefined),
  );
  connection.listen();
  engine.logError(new Error('nobody hears this'));
  await ended.promise;
  assert.equal(sends, 1);
});
