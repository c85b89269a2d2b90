import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { protocol } from '../../src/service/index.ts';
import { EngineStage, password, runnerPids, stateOf, until } from '../host/engine-stage.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { needs } from '../needs.ts';
import { startRestic } from './programs.ts';

const fileBytes = 8 * 1024 * 1024;
const fileCount = 16;
/** So that most of the data is still to come when the first of it is stored, however late that is noticed. */
const slowly = { limits: { upload: '4 MB/s' } };

test(
  'a runner that is killed while it stores data leaves a sound repository; the next run goes on from what is there and completes',
  needs('restic'),
  async (t) => {
    const stage = new EngineStage(t);
    const random = new SeededRandom(3);
    for (let at = 0; at < fileCount; at++) stage.write(`file ${at}`, random.bytes(fileBytes));
    await stage.initRepository();
    stage.configure(slowly);
    const restic = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await startRestic(args, { env: { RESTIC_REPOSITORY: stage.repository, RESTIC_PASSWORD: password } })
        .ended;
      assert.equal(code, 0, `restic ${args.join(' ')}: ${stderr}`);
      return stdout.toString();
    };
    const window = stage.window();
    const running = window.client.request(protocol.startBackup, { set: 'data' });
    await until(() => packsIn(stage.repository) > 0, 'data are stored');
    const [runner] = runnerPids(stage.path('state'));
    process.kill(runner ?? 0, 'SIGKILL');
    const { outcome, error } = await running;
    assert.deepEqual([outcome, error?.code], ['stopped', 'host.lost']);
    assert.deepEqual(readdirSync(join(stage.repository, 'snapshots')), []);

    assert.equal(await stateOf(window), 'stopped', 'the host goes on, and tells of the broken run');
    const { configurationChanged } = window;
    stage.configure();
    await until(() => window.configurationChanged > configurationChanged, 'the run may go as fast as it goes');
    const again = await window.client.request(protocol.startBackup, { set: 'data' });
    assert.deepEqual([again.outcome, again.files], ['success', fileCount]);
    assert.equal(await window.client.request(protocol.unlockRepository, { location: stage.repository }), 1, 'the lock of the dead');
    assert.match(await restic('check', '--read-data'), /no errors were found/);
    assert.match(await restic('ls', 'latest', stage.source), /file 15/);
    const records = await window.client.request(protocol.recentRuns, { limit: 5 });
    assert.deepEqual(
      records.map(({ outcome, error }) => [outcome, error?.code]),
      [
        ['success', undefined],
        ['stopped', 'host.lost'],
      ],
    );
  },
);

function packsIn(repository: string): number {
  return readdirSync(join(repository, 'data'), { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && /^[0-9a-f]{64}$/.test(entry.name),
  ).length;
}
