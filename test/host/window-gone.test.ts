import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { writeSecretFile } from '../platform/secret-file.ts';
import { recordsIn } from '../records/some-records.ts';
import { EngineStage, gate, hostLog, isAlive, openWindow, password, until } from './engine-stage.ts';
import { WindowProcess } from './window-process.ts';

/** Nothing that anybody waits for: what is told is that the host ends by itself. */
const lingerMs = 200;

interface Doomed {
  readonly window: WindowProcess;
  readonly hostPid: number;
}

/** A window to be killed; its host ends soon after its last client. */
async function doomedWindow(stage: EngineStage, { runs = false } = {}): Promise<Doomed> {
  const window = WindowProcess.start(stage, { lingerMs, runs });
  return { window, hostPid: await window.untilConnected() };
}

/** As the system does it when memory is short. */
async function kill({ window }: Doomed): Promise<void> {
  window.process.kill('SIGKILL');
  await until(() => window.isGone, 'the window is gone');
}

async function outcomes(stage: EngineStage): Promise<(string | undefined)[]> {
  return (await recordsIn(stage.path('state'))).filter(({ kind }) => kind === 'internal-backup').map(({ result }) => result);
}

function withPasswordFile(stage: EngineStage): { readonly repository: Readonly<Record<string, string>> } {
  writeSecretFile(stage.path('password'), password);
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
  const doomed = await doomedWindow(stage, { runs: true });
  await until(isRunning, 'the run begins');
  await kill(doomed);
  open();
  await untilIdle(stage, doomed);
  assert.deepEqual(await outcomes(stage), ['success']);
  assert.equal(readdirSync(join(stage.repository, 'snapshots')).length, 1);
  assert.deepEqual(readdirSync(join(stage.repository, 'locks')), []);
});

test('a run that waits for a password from a window that is killed fails for lack of it', async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  stage.configure();
  const doomed = await doomedWindow(stage, { runs: true });
  await until(() => doomed.window.said.includes('asked'), 'the host asks');
  await kill(doomed);
  await untilIdle(stage, doomed);
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
  const { command, isRunning, open } = gate(stage);
  stage.configure({ ...withPasswordFile(stage), before: command, schedule: openWindow() });
  const doomed = await doomedWindow(stage);
  await until(isRunning, 'the run of the window begins');
  await kill(doomed);
  open();
  await untilIdle(stage, doomed);
  assert.deepEqual(await outcomes(stage), ['success']);
  assert.equal(readdirSync(join(stage.repository, 'snapshots')).length, 1);
});

test('a host that is told to end stops what runs, gives its lock back and writes its record', async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  const { command, isRunning } = gate(stage);
  stage.configure({ ...withPasswordFile(stage), before: command });
  const doomed = await doomedWindow(stage, { runs: true });
  await until(isRunning, 'the run begins');
  process.kill(doomed.hostPid, 'SIGTERM');
  await until(() => !isAlive(doomed.hostPid), 'the host ends');
  assert.deepEqual(await outcomes(stage), ['stopped']);
  for (const folder of ['locks', 'snapshots']) assert.deepEqual(readdirSync(join(stage.repository, folder)), []);
});
