import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { workerPath, passwordFromText } from '../../src/platform/index.ts';
import { Repository } from '../../src/repository/index.ts';
import { protocol } from '../../src/service/index.ts';
import { openStorage } from '../../src/storage/index.ts';
import { EngineStage, runnerPids, until } from './engine-stage.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

/**
 * The heap as it is after a garbage collection: what anything still holds. Bytes outside of the heap (buffers) are not in it; that those
 * are wiped is seen in test/service/passwords.test.ts. What was freed is not in it either: a string that came over the channel cannot be
 * overwritten, and stands in freed memory until that is used again.
 */
test(
  'after a run neither the host nor the runner holds a password: not the one that was typed, and not the ones that were wrong',
  { skip: process.platform !== 'linux' && 'a signal makes the snapshots, and /proc names the processes' },
  async (t) => {
    const stage = new EngineStage(t);
    const [right, wrong, name] = [1, 2, 3].map(() => randomBytes(12).toString('hex')) as [string, string, string];
    const answers = [wrong, right];
    await Repository.init({ storage: openStorage(stage.repository) }, passwordFromText(right), {
      signal: neverAborted,
      kdfCost: { N: 1024, r: 8, p: 1 },
    });
    stage.write('a.txt', 'a');
    stage.configure({ name });
    const heaps = stage.path('heaps');
    mkdirSync(heaps);
    const { stateFolder, configFile, environment } = stage.hostStart();
    mkdirSync(stateFolder);
    const { client } = stage.window({
      password: () => answers.shift() ?? right,
      client: {
        startHost: async () => {
          const snapshots = ['--heapsnapshot-signal=SIGUSR2', `--diagnostic-dir=${heaps}`];
          const program = [workerPath('host', 'host-main'), '--state', stateFolder, '--config', configFile];
          spawn(process.execPath, [...snapshots, ...program], { cwd: stateFolder, stdio: 'ignore', env: environment });
        },
      },
    });
    const { outcome } = await client.request(protocol.startBackup, { set: name });
    assert.deepEqual([outcome, answers], ['success', []]);
    await client.request(protocol.listSnapshots, { location: stage.repository });
    const kit = await client.request(protocol.recoveryKit, { location: stage.repository, withPassword: true });
    assert.ok(kit.text.includes(right));

    // Of two that were started for the same repository one ends.
    const processesNow = (): number[] => [client.pid ?? 0, ...runnerPids(stateFolder)];
    await until(() => processesNow().length === 2, 'there is the host, and who works on the repository');
    const processes = processesNow();
    for (const pid of processes) process.kill(pid, 'SIGUSR2');
    const written = (): Buffer[] => readdirSync(heaps).map((file) => readFileSync(stage.path('heaps', file)));
    const isWhole = (heap: Buffer): boolean => heap.subarray(-4).toString().trimEnd().endsWith(']}');
    await until(() => written().filter(isWhole).length === processes.length, 'the snapshots are written');
    for (const heap of written()) {
      assert.ok(heap.includes(name), 'what the process does hold is found');
      assert.deepEqual([heap.includes(right), heap.includes(wrong)], [false, false]);
    }
  },
);

test('a window holds nothing of what it was answered', async (t) => {
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('gc');
  assert.ok(typeof gc === 'function');
  const stage = new EngineStage(t);
  await stage.initRepository();
  stage.configure();
  const { client } = stage.window();
  const answer = new WeakRef(await client.request(protocol.recoveryKit, { location: stage.repository, withPassword: true }));
  await nextTurn(); // what is read of a `WeakRef` lives until the end of its turn
  gc();
  assert.equal(answer.deref(), undefined);
  assert.equal((await client.request(protocol.listSets, undefined)).length, 1, 'while the connection is still there');
});
