import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { needs } from '../needs.ts';
import { compareTrees, describeDifferences } from '../zoo/compare-trees.ts';
import { ChangingFolder } from './changing-folder.ts';
import { Stage } from './stage.ts';
import type { Program, TestRepository } from './test-repository.ts';
import { freshSeed } from '../seeds.ts';

const stage = new Stage();
const days: readonly Program[] = ['restic', 'cadangan', 'restic', 'cadangan'];

test(
  'restic and Cadangan take turns in one repository, restic removes old snapshots and prunes, and both go on',
  needs('restic'),
  async (t) => {
    const seed = freshSeed();
    t.diagnostic(`seed ${seed}`);
    const source = new ChangingFolder(stage.fresh('source'), new SeededRandom(seed));
    const repository = await stage.resticRepository();
    const copies = new Map<string, string>();
    const backUp = async (program: Program): Promise<string> => {
      const { snapshot_id } = await repository.backup(program, ['.'], { cwd: source.path });
      copies.set(snapshot_id, copyOf(source.path));
      source.live();
      return snapshot_id;
    };

    for (const program of days) await backUp(program);
    await repository.check();
    for (const id of copies.keys()) await assertRestores(repository, id, copies, seed);

    await repository.run('restic', ['forget', '--keep-last', '1', '--prune', '--max-unused', '0']);
    const [kept = '', ...others] = repository.namesOf('snapshots');
    assert.deepEqual(others, [], 'all runs are of one group: the same host and paths');
    await repository.check();
    const packsWithOldData = await repository.run('restic', ['prune', '--dry-run', '--max-unused', '0']);
    assert.match(packsWithOldData, /to repack: +0 blobs/);
    assert.match(packsWithOldData, /to delete: +0 blobs/);

    const after = [await backUp('cadangan'), await backUp('restic')];
    await repository.check();
    for (const id of [kept.slice(0, 8), ...after]) await assertRestores(repository, id, copies, seed);
  },
);

async function assertRestores(repository: TestRepository, id: string, copies: ReadonlyMap<string, string>, seed: number): Promise<void> {
  const copy = copies.get(id) ?? assert.fail(`no copy of ${id}`);
  const restores = (['restic', 'cadangan'] as const).map(async (program) => {
    const target = stage.fresh(`restored-by-${program}`);
    await repository.run(program, ['restore', id, '--target', target]);
    const differences = compareTrees(copy, target, { mtimeToleranceNs: program === 'restic' ? 0n : 1000n });
    assert.deepEqual(
      describeDifferences(differences.filter(({ path }) => path !== '')),
      [],
      `snapshot ${id} restored by ${program}, seed ${seed}`,
    );
  });
  await Promise.all(restores);
}

function copyOf(path: string): string {
  const copy = stage.fresh('copy');
  assert.equal(spawnSync('cp', ['-a', path, copy]).status, 0);
  return copy;
}
