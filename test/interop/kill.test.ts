import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { needs } from '../needs.ts';
import { compareTrees, describeDifferences } from '../zoo/compare-trees.ts';
import { Stage } from './stage.ts';
import type { TestRepository } from './test-repository.ts';

const mib = 1024 * 1024;
const stage = new Stage();
const kills = 5;
/** From the lock on; a whole run takes about a second. */
const killAfterMsMax = 700;

test(`a backup that is killed ${kills} times at random moments leaves no snapshot and no damage, and the next run completes`, needs('restic'), async (t) => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  t.diagnostic(`seed ${seed}`);
  const random = new SeededRandom(seed);
  const [source, repository] = [stage.folder('source'), await stage.ourRepository()];
  fill(source, random);
  await repository.backup('cadangan', [source]);

  let inTheMiddle = 0;
  for (let kill = 0; kill < kills; kill++) {
    fill(source, random);
    const before = repository.namesOf('snapshots');
    const wasKilled = await killedBackup(repository, source, random.below(killAfterMsMax));
    if (wasKilled) {
      assert.deepEqual(repository.namesOf('snapshots'), before, `seed ${seed}, kill ${kill}`);
      inTheMiddle += 1;
    }
    await repository.run('cadangan', ['unlock']);
    assert.deepEqual(repository.namesOf('locks'), [], `seed ${seed}, kill ${kill}`);
    await repository.check('restic');
  }
  t.diagnostic(`${inTheMiddle} of ${kills} kills hit a run in the middle`);

  const { snapshot_id } = await repository.backup('cadangan', [source]);
  await repository.check();
  const target = stage.fresh('restored');
  await repository.run('restic', ['restore', snapshot_id, '--target', target]);
  assert.deepEqual(describeDifferences(compareTrees(source, join(target, source))), [], `seed ${seed}`);
});

/** @returns false when the run was faster than the kill */
async function killedBackup(repository: TestRepository, source: string, afterMs: number): Promise<boolean> {
  const { process, ended } = repository.start('cadangan', ['backup', source]);
  while (process.exitCode === null && repository.namesOf('locks').length === 0) await delay(2);
  await delay(afterMs);
  process.kill('SIGKILL');
  return (await ended).code === null;
}

function fill(folder: string, random: SeededRandom): void {
  for (let i = 0; i < 4; i++) writeFileSync(join(folder, `large-${i}`), random.bytes(12 * mib));
  for (let i = 0; i < 200; i++) writeFileSync(join(folder, `small-${i}`), random.bytes(random.below(8000)));
}
