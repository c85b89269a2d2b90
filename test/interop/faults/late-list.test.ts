import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SeededRandom } from '../../fakes/seeded-random.ts';
import { startCadangan, type Ran } from '../programs.ts';
import { Stage } from '../stage.ts';
import { assertGood, JobsOnStorage, password } from './jobs-on-storage.ts';
import { lyingRest, lyingS3 } from './lying-server.ts';

const stage = new Stage();
const random = new SeededRandom(1607);

for (const [name, open] of [
  ['REST', lyingRest],
  ['S3', lyingS3],
] as const)
  test(`over ${name} a prune that would remove at once is refused when the list of snapshots lacks one that the records know`, async () => {
    await using server = await open();
    const jobs = new JobsOnStorage(stage, { openRoad: () => server.openRoad(), location: server.location });
    await jobs.init();
    const [home, source] = [stage.folder('home'), stage.folder('source')];
    const ours = (...args: readonly string[]): Promise<Ran> => {
      const own = { HOME: home, CADANGAN_CONFIG: join(home, 'none.jsonc'), CADANGAN_STATE: join(home, 'state'), RESTIC_PASSWORD: password };
      return startCadangan(['-r', server.location, ...args], { env: { ...server.environment, ...own } }).ended;
    };
    for (const day of [1, 2]) {
      mkdirSync(join(source, `day ${day}`));
      writeFileSync(join(source, `day ${day}`, 'file'), random.bytes(300_000));
      const { code, stderr } = await ours('backup', source);
      assert.equal(code, 0, stderr);
    }
    const latest = [...server.files().keys()].findLast((file) => file.startsWith('snapshots/')) ?? assert.fail();
    const before = new Set(server.files().keys());

    server.lies = {
      lists: (kind, there) => new Map([...there].filter(([each]) => `${kind}/${each}` !== latest)),
    };
    const { code, stderr } = await ours('prune', '--instant-delete', '--max-unused', '0');
    assert.notEqual(code, 0);
    assert.match(stderr, /snapshots? .*(?:missing|gone|not there)|should be there/i);
    server.lies = {};
    assert.deepEqual(
      [...before].filter((file) => !file.startsWith('locks/') && !server.files().has(file)),
      [],
    );
    assertGood(await jobs.restore(source));
    assert.equal((await ours('prune', '--instant-delete', '--max-unused', '0')).code, 0);
    assertGood(await jobs.restore(source));
    assertGood(await jobs.check('all'));
  });
