// A repository on a mount whose server does not answer: every call on it holds a thread, and nothing takes it back.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { protocol } from '../../src/service/index.ts';
import { needs } from '../needs.ts';
import { EngineStage, isAlive, runnerPids, stateOf, until } from './engine-stage.ts';

const mounts = { skip: needs('bindfs').skip || (!existsSync('/dev/fuse') && 'needs /dev/fuse') };

/** Shows a folder at another place, by a process that can be stopped. */
async function mounted(
  stage: EngineStage,
  backing: string,
  at: string,
): Promise<{ readonly freeze: () => void; readonly thaw: () => void }> {
  mkdirSync(at);
  const server = spawn('bindfs', ['-f', backing, at], { stdio: 'ignore' });
  const exited = new Promise((resolve) => server.once('exit', resolve));
  stage.atEnd(async () => {
    server.kill('SIGCONT');
    server.kill();
    await exited;
  });
  await until(() => readdirSync(at).length > 0, 'it is mounted');
  return { freeze: () => server.kill('SIGSTOP'), thaw: () => server.kill('SIGCONT') };
}

test('while a repository does not answer, everything else does; its run can be given up, and leaves a record', mounts, async (t) => {
  const stage = new EngineStage(t);
  stage.write('a.txt', 'a');
  await stage.initRepository();
  await stage.initRepository(stage.path('backing'));
  const dead = stage.path('dead');
  const mount = await mounted(stage, stage.path('backing'), dead);
  stage.configure({ name: 'hung', repository: { location: dead } }, { name: 'data' });
  const window = stage.window();
  const { client } = window;
  await client.start();
  mount.freeze();
  const waits = new AbortController();
  // More than the pool of any process has threads.
  const looks = Array.from({ length: 20 }, () =>
    client.request(protocol.listSnapshots, { location: dead }, { signal: waits.signal }).catch((error: unknown) => error),
  );
  const hung = client.request(protocol.startBackup, { set: 'hung' }, { run: 'the hung one' });
  await until(async () => (await stateOf(window)) === 'running', 'the run begins');

  assert.equal((await client.request(protocol.startBackup, { set: 'data' })).outcome, 'success');
  assert.equal((await client.request(protocol.listSnapshots, { location: stage.repository })).length, 1);
  assert.deepEqual(
    (await client.request(protocol.recentRuns, { limit: 5 })).map(({ set }) => set),
    ['data'],
  );
  const next = stage.window();
  assert.equal((await next.client.request(protocol.listSets, undefined)).length, 2);
  assert.equal(await stateOf(next), 'running');

  waits.abort();
  const ended = await Promise.all(looks);
  assert.ok(
    ended.every((error) => error instanceof Error),
    'who waits no more is told so',
  );
  // Of two that are started at once the second goes.
  await until(() => runnerPids(stage.path('state')).length === 2, 'there is one for each repository');
  const runners = runnerPids(stage.path('state'));
  for (const pid of runners) process.kill(pid, 'SIGKILL');
  mount.thaw(); // a process that is killed in such a call is gone when the call is
  const result = await hung;
  assert.deepEqual([result.outcome, result.error?.code, result.run], ['stopped', 'host.lost', 'the hung one']);
  // Whoever is asked in the moment in which he dies was asked.
  await until(() => runners.every((pid) => !isAlive(pid)), 'both are gone');
  assert.equal((await client.request(protocol.startBackup, { set: 'data' })).outcome, 'success');
});
