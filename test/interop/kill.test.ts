import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { needs } from '../needs.ts';
import { compareTrees, describeDifferences } from '../zoo/compare-trees.ts';
import type { Running } from './programs.ts';
import { Stage } from './stage.ts';
import type { TestRepository } from './test-repository.ts';
import { rounds } from '../rounds.ts';
import { freshSeed } from '../seeds.ts';

const mib = 1024 * 1024;
const stage = new Stage();
const kills = rounds({ sample: 5, long: 50 });

test(
  `a backup that is killed ${kills} times at random moments leaves no half snapshot and no damage, and the next run completes`,
  needs('restic'),
  async (t) => {
    const seed = freshSeed();
    t.diagnostic(`seed ${seed}`);
    const random = new SeededRandom(seed);
    const [source, repository] = [stage.folder('source'), await stage.ourRepository()];
    fill(source, random);
    const wholeMs = await backupMs(repository, source);

    let inTheMiddle = 0;
    for (let kill = 0; kill < kills; kill++) {
      fill(source, random);
      const before = repository.namesOf('snapshots');
      const wasKilled = await killedBackup(repository, source, random.below(Math.ceil(wholeMs)));
      const visible = repository.namesOf('snapshots').filter((name) => !before.includes(name));
      if (wasKilled && visible.length === 0) inTheMiddle += 1;
      // Killed between the last write and the end: then it is there, and must be whole.
      for (const id of visible) await assertRestores(repository, id, source, `seed ${seed}, kill ${kill}`);
      await repository.run('cadangan', ['unlock']);
      assert.deepEqual(repository.namesOf('locks'), [], `seed ${seed}, kill ${kill}`);
      await repository.check('restic');
    }
    t.diagnostic(`${inTheMiddle} of ${kills} kills hit a run in the middle`);

    const { snapshot_id } = await repository.backup('cadangan', [source]);
    await repository.check();
    await assertRestores(repository, snapshot_id, source, `seed ${seed}`);
  },
);

async function assertRestores(repository: TestRepository, id: string, source: string, story: string): Promise<void> {
  const target = stage.fresh('restored');
  await repository.run('restic', ['restore', id, '--target', target]);
  assert.deepEqual(describeDifferences(compareTrees(source, join(target, source))), [], story);
}

/** How long a whole run takes here, from its lock on. */
async function backupMs(repository: TestRepository, source: string): Promise<number> {
  const { ended } = await lockedBackup(repository, source);
  const startMs = performance.now();
  assert.equal((await ended).code, 0);
  return performance.now() - startMs;
}

/** @param afterMs from the lock on. @returns false when the run was faster than the kill */
async function killedBackup(repository: TestRepository, source: string, afterMs: number): Promise<boolean> {
  const { process, ended } = await lockedBackup(repository, source);
  const timer = setTimeout(() => process.kill('SIGKILL'), afterMs);
  const { code } = await ended;
  clearTimeout(timer);
  return code === null;
}

async function lockedBackup(repository: TestRepository, source: string): Promise<Running> {
  const running = repository.start('cadangan', ['backup', source]);
  while (running.process.exitCode === null && repository.namesOf('locks').length === 0) await delay(2);
  return running;
}

function fill(folder: string, random: SeededRandom): void {
  for (let i = 0; i < 4; i++) writeFileSync(join(folder, `large-${i}`), random.bytes(12 * mib));
  for (let i = 0; i < 200; i++) writeFileSync(join(folder, `small-${i}`), random.bytes(random.below(8000)));
}
