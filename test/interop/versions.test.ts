import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { needs } from '../needs.ts';
import { compareTrees, describeDifferences } from '../zoo/compare-trees.ts';
import { ChangingFolder } from './changing-folder.ts';
import { once, Stage } from './stage.ts';
import { password, type Program, type TestRepository } from './test-repository.ts';

const stage = new Stage();
const both: readonly Program[] = ['restic', 'cadangan'];

const source = once(() => {
  const { path } = new ChangingFolder(stage.fresh('source'), new SeededRandom(41));
  writeFileSync(join(path, 'compressible.log'), 'the same line again and again\n'.repeat(100_000));
  return Promise.resolve(path);
});

async function assertRestored(repository: TestRepository, id: string, programs = both): Promise<void> {
  const path = await source();
  const restores = programs.map(async (program) => {
    const target = stage.fresh(`by-${program}`);
    await repository.run(program, ['restore', id, '--target', target]);
    const differences = compareTrees(path, target, { mtimeToleranceNs: 1000n }).filter((each) => each.path !== '');
    assert.deepEqual(describeDifferences(differences), [], `${id} by ${program}`);
  });
  await Promise.all(restores);
}

test('Cadangan reads a repository of version 1 that restic filled, and backs up into it', needs('restic'), async () => {
  const [path, repository] = [await source(), await stage.resticRepository({ version: 1 })];
  const theirs = await repository.backup('restic', ['.'], { cwd: path });
  await assertRestored(repository, theirs.snapshot_id);
  assert.equal((await repository.backup('cadangan', ['.'], { cwd: path })).data_blobs, 0);

  writeFileSync(join(path, 'more.log'), 'what compresses must not be compressed here\n'.repeat(50_000));
  const ours = await repository.backup('cadangan', ['.'], { cwd: path });
  assert.equal(ours.files_new, 1);
  await repository.check();
  for (const id of repository.namesOf('index'))
    assert.doesNotMatch(await repository.run('restic', ['cat', 'index', id]), /uncompressed_length/);
  await assertRestored(repository, ours.snapshot_id);
  await repository.run('restic', ['forget', '--keep-last', '1', '--prune', '--max-unused', '0']);
  await repository.check('cadangan');
});

test('restic copies our snapshots into a repository of its own, and back', needs('restic'), async () => {
  const [path, ours, theirs] = [await source(), await stage.ourRepository(), await stage.resticRepository()];
  await ours.backup('cadangan', ['.'], { cwd: path });
  const from = (repository: TestRepository) => ({
    env: { RESTIC_FROM_REPOSITORY: repository.path, RESTIC_FROM_PASSWORD_FILE: passwordFile() },
  });
  await theirs.run('restic', ['copy'], from(ours));
  await theirs.check();
  assert.deepEqual(await theirs.trees(), await ours.trees());
  await assertRestored(theirs, 'latest');

  await theirs.run('restic', ['backup', '--tag', 'second', '.'], { cwd: path });
  await ours.run('restic', ['copy', '--tag', 'second'], from(theirs));
  await ours.check();
  assert.equal((await ours.trees()).length, 2);
  await assertRestored(ours, 'latest');
});

test('restic makes a repository that cuts at the places of ours', needs('restic'), async () => {
  const ours = await stage.ourRepository();
  const path = stage.fresh('same-cuts');
  await ours.run('restic', ['-r', path, 'init', '--copy-chunker-params'], {
    env: { RESTIC_FROM_REPOSITORY: ours.path, RESTIC_FROM_PASSWORD_FILE: passwordFile() },
  });
  const config = async (repository: string) =>
    JSON.parse(await ours.run('restic', ['-r', repository, 'cat', 'config'])) as { chunker_polynomial: string };
  assert.equal((await config(path)).chunker_polynomial, (await config(ours.path)).chunker_polynomial);
});

test('what Cadangan stored with compression off and max is read by both, and is one and the same data', needs('restic'), async () => {
  const path = await source();
  const sizes: number[] = [];
  for (const mode of ['off', 'max']) {
    const repository = await stage.ourRepository();
    const { snapshot_id } = await repository.backup('cadangan', ['--compression', mode, '.'], { cwd: path });
    await repository.check();
    await assertRestored(repository, snapshot_id, ['restic']);
    const again = await repository.backup('restic', ['--compression', mode === 'off' ? 'max' : 'off', '--force', '.'], { cwd: path });
    assert.equal(again.data_blobs, 0, mode);
    sizes.push(sizeOf(repository.path));
  }
  const [off = 0, max = 0] = sizes;
  assert(max < off - 2_500_000, `off ${off}, max ${max}`);
});

test('what restic stored with compression at its best is read by Cadangan', needs('restic'), async () => {
  const [path, repository] = [await source(), await stage.resticRepository()];
  const { snapshot_id } = await repository.backup('restic', ['--compression', 'max', '.'], { cwd: path });
  await repository.check('cadangan');
  await assertRestored(repository, snapshot_id, ['cadangan']);
  assert.equal((await repository.backup('cadangan', ['--force', '.'], { cwd: path })).data_blobs, 0);
});

test('files of the repository carry the names, modes and places that restic gives them', needs('restic'), async () => {
  const repository = await stage.ourRepository();
  await repository.backup('cadangan', ['.'], { cwd: await source() });
  assert.deepEqual(readdirSync(repository.path).sort(), ['config', 'data', 'index', 'keys', 'locks', 'snapshots']);
  const packs = readdirSync(join(repository.path, 'data'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const { name, parentPath } of packs) {
    assert.equal(parentPath, join(repository.path, 'data', name.slice(0, 2)));
    assert.equal(statSync(join(parentPath, name)).mode & 0o077, 0, 'for the owner alone');
  }
  assert(packs.length >= 2, 'data and trees apart');
  assert.doesNotMatch(readFileSync(join(repository.path, 'config')).toString('latin1'), /chunker/);
});

function passwordFile(): string {
  const path = stage.fresh('password');
  writeFileSync(path, password, { mode: 0o600 });
  return path;
}

function sizeOf(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { name, parentPath }) => sum + statSync(join(parentPath, name)).size, 0);
}
