// What a host asks of the process that works on a repository.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'node:test';
import { Clients } from '../../src/host/clients.ts';
import { Runners } from '../../src/host/runners.ts';
import { CadanganError, systemClock, systemRandom, workerPath } from '../../src/platform/index.ts';
import { protocol } from '../../src/service/index.ts';
import { workBackup, workPrune, workRetain } from '../../src/service/protocol/work.ts';
import { writeSecretFile } from '../platform/secret-file.ts';
import { recordsIn } from '../records/some-records.ts';
import { EngineStage, gate, password, until } from './engine-stage.ts';
import { pretender } from './pretender.ts';

test('who stops a prune or a removal is answered when it has ended: until then it has the repository for itself', async (t) => {
  const stage = new EngineStage(t);
  const order: string[] = [];
  const begun = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  /** At work until it is told to stop, and then until its next safe point. */
  const work = async (name: string, signal: AbortSignal): Promise<boolean> => {
    const stopped = once(signal, 'abort');
    begun.shift()?.resolve();
    await stopped;
    for (let moment = 0; moment < 100; moment++) await turn();
    order.push(`${name} has ended`);
    return false;
  };
  const runners = new Runners({
    stateFolder: stage.path('state'),
    version: '0.0.0',
    random: systemRandom,
    clock: systemClock,
    clients: new Clients(() => undefined, systemClock),
    startRunner: (key) =>
      pretender(
        t,
        stage,
        '0.0.0',
        (channel) => {
          const introduction = { version: '0.0.0', pid: 2 ** 30, configFile: stage.configFile, hostId: 'here' };
          channel.answer(protocol.initialize, () => Promise.resolve(introduction));
          channel.answer(workPrune, (_, { signal }) => work('the prune', signal));
          channel.answer(workRetain, (_, { signal }) => work('the removal', signal));
        },
        key,
      ),
  });
  stage.atEnd(() => runners.close());
  const { repository: location } = stage;
  const stopping = new AbortController();
  const call = { mayAsk: false, signal: stopping.signal };
  const begins = begun.map(({ promise }) => promise);
  const asked = [
    runners.request(location, workPrune, { location }, call),
    runners.request(location, workRetain, { set: 'data' }, call),
  ].map((answer) =>
    answer.then(
      (made) => order.push(`answered: ${made}`),
      (error: unknown) => order.push(`told: ${String(error)}`),
    ),
  );
  await Promise.all(begins);
  stopping.abort();
  await Promise.all(asked);
  assert.deepEqual(order.toSorted(), ['answered: false', 'answered: false', 'the prune has ended', 'the removal has ended']);
  assert.match(order[0] ?? '', /has ended/);
});

for (const reason of ['window-end', 'gives-way', 'shutdown', 'user'] as const)
  test(`a run that is stopped for the reason ${reason} is recorded with it by the process that makes it`, async (t) => {
    const stage = new EngineStage(t);
    stage.write('a.txt', 'a');
    await stage.initRepository();
    const { command, isRunning } = gate(stage);
    const passwordFile = stage.path('password');
    writeSecretFile(passwordFile, password);
    stage.configure({ before: command, repository: { location: stage.repository, passwordFile } });
    const { stateFolder, configFile, environment } = stage.hostStart();
    mkdirSync(stateFolder, { mode: 0o700 });
    const runners = new Runners({
      stateFolder,
      version: '0.1.0',
      random: systemRandom,
      clock: systemClock,
      clients: new Clients(() => undefined, systemClock),
      startRunner: async (key) => {
        const program = [
          stage.hostStart().hostPath ?? workerPath('host', 'host-main'),
          '--state',
          stateFolder,
          '--config',
          configFile,
          '--runner',
          key,
        ];
        spawn(process.execPath, program, { cwd: stateFolder, stdio: 'ignore', env: environment });
      },
    });
    stage.atEnd(() => runners.close());
    const stopping = new AbortController();
    const asked = { set: 'data', run: 'of the night', hasPassword: false, mayAsk: false, skipsUnchanged: false };
    const made = runners.request(stage.repository, workBackup, asked, { mayAsk: false, signal: stopping.signal });
    await until(isRunning, 'the run begins');
    stopping.abort(new CadanganError('aborted', { reason }));
    assert.deepEqual([(await made).outcome, (await made).error], ['stopped', { code: 'aborted', facts: { reason }, message: 'aborted' }]);
    const record = (await recordsIn(stateFolder)).find(({ run }) => run === 'of the night');
    assert.deepEqual([record?.result, record?.reason], ['stopped', { code: 'aborted', facts: { reason } }]);
  });
