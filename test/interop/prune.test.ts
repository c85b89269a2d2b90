// Both programs back up, remove and prune in one repository; ours is killed now and then. Stock restic judges each state.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { needs } from '../needs.ts';
import { rounds } from '../rounds.ts';
import { freshSeed } from '../seeds.ts';
import { compareTrees, describeDifferences } from '../zoo/compare-trees.ts';
import { ChangingFolder } from './changing-folder.ts';
import { message } from './programs.ts';

import { Stage } from './stage.ts';
import { password, type Program, type TestRepository } from './test-repository.ts';

const stage = new Stage();
const days = rounds({ sample: 3, long: 60 });
const programs: readonly Program[] = ['restic', 'cadangan'];

for (const version of [2, 1] as const)
  test(
    `in a repository of version ${version} both programs back up, remove and prune for ${days} days, and all that is kept can be restored`,
    needs('restic'),
    async (t) => {
      const seed = freshSeed();
      t.diagnostic(`seed ${seed}`);
      const random = new SeededRandom(seed);
      const source = new ChangingFolder(stage.fresh('source'), random);
      const repository = await stage.resticRepository({ version });
      const copies = new Map<string, string>();
      for (let day = 0; day < days; day++) {
        const where = `seed ${seed}, day ${day}`;
        for (const program of programs) {
          const mode = version === 2 && random.chance(0.4) ? ['--compression', 'off'] : [];
          const { snapshot_id } = await repository.backup(program, [...mode, '.'], { cwd: source.path });
          copies.set(snapshot_id, copyOf(source.path));
          source.live();
        }
        await forgetSome(repository, random);
        await assertSamePlan(repository, random, where);
        if (random.chance(0.4)) await killedPrune(repository, random);
        const options = [...anyOptions(random), ...(random.chance(0.5) ? ['--instant-delete'] : [])];
        await repository.run('cadangan', ['prune', ...release, ...options]);
        if (random.chance(0.3)) await repository.run('restic', ['prune', '--max-unused', '0']);
        await repository.check();
      }
      for (const id of repository.namesOf('snapshots')) await assertRestores(repository, id.slice(0, 8), copies, `seed ${seed}`);
    },
  );

/** The records know snapshots that restic removes. */
const release = ['--release'];

async function forgetSome(repository: TestRepository, random: SeededRandom): Promise<void> {
  const names = repository.namesOf('snapshots');
  const gone = names.filter(() => random.chance(0.45)).slice(0, names.length - 1);
  if (gone.length > 0) await repository.run('restic', ['forget', ...gone]);
}

function anyOptions(random: SeededRandom): string[] {
  const unused = ['0', '5%', '200k', 'unlimited'][random.below(4)] ?? '0';
  const repack = random.chance(0.2) ? ['--max-repack-size', '2M'] : [];
  return ['--max-unused', unused, ...repack, ...(random.chance(0.2) ? ['--repack-cacheable-only'] : [])];
}

/** With the same options both say that they would do the same. */
async function assertSamePlan(repository: TestRepository, random: SeededRandom, where: string): Promise<void> {
  // Without it 0.14 leaves small packs for ever, later versions and we do not.
  const options = ['prune', '--dry-run', '--repack-small', '--max-unused', ['0', '5%', '1M', 'unlimited'][random.below(4)] ?? '0'];
  const lines = async (program: Program): Promise<string[]> =>
    (await repository.run(program, program === 'cadangan' ? [...options, ...release] : options))
      .split('\n')
      .map((line) => line.replaceAll(/\s+/g, ' ').trim())
      .filter((line) => /^(to repack|this removes|to delete|total prune|remaining|unused size)/.test(line));
  assert.deepEqual(await lines('cadangan'), await lines('restic'), `${where}: ${options.join(' ')}`);
}

/** Killed at any moment, it leaves its lock and whatever it has written. */
async function killedPrune(repository: TestRepository, random: SeededRandom): Promise<void> {
  const { process, ended } = repository.start('cadangan', ['prune', ...release, '--max-unused', '0', '--instant-delete']);
  const timer = setTimeout(() => process.kill('SIGKILL'), 150 + random.below(600));
  await ended;
  clearTimeout(timer);
  await repository.run('cadangan', ['unlock']);
  await repository.check('restic');
}

async function assertRestores(repository: TestRepository, id: string, copies: ReadonlyMap<string, string>, where: string): Promise<void> {
  const copy = copies.get(id) ?? assert.fail(`no copy of ${id}`);
  const target = stage.fresh('restored');
  await repository.run('restic', ['restore', id, '--target', target]);
  const differences = compareTrees(copy, target).filter(({ path }) => path !== '');
  assert.deepEqual(describeDifferences(differences), [], `snapshot ${id}, ${where}`);
  rmSync(target, { recursive: true, force: true });
}

function copyOf(path: string): string {
  const copy = stage.fresh('copy');
  assert.equal(spawnSync('cp', ['-a', path, copy]).status, 0);
  return copy;
}

test('what killed writers left goes, strangers and what belongs to locks stay, and restic finds nothing', needs('restic'), async () => {
  const repository = await stage.ourRepository();
  const source = stage.folder('few-files');
  writeFileSync(join(source, 'file'), 'content');
  await repository.backup('restic', [source]);
  const name = 'ab'.repeat(32);
  const left = [`data/ab/${name}-tmp-12345`, `index/${name}-tmp-00ff`, `snapshots/${name}-tmp-1`, 'config-tmp-77'];
  const strangers = [
    `locks/${name}-tmp-1`,
    'data/ab/notes.txt',
    `data/ab/${name}-tmp-`,
    'data/README',
    'index/x-tmp-1',
    'copy-of-data/pack',
  ];
  mkdirSync(join(repository.path, 'copy-of-data'));
  mkdirSync(join(repository.path, 'data', 'ab', `${name}-tmp-99`), { recursive: true });
  for (const path of [...left, ...strangers]) writeFileSync(join(repository.path, path), 'half of a pack');
  const said = await repository.run('cadangan', ['prune']);
  assert.match(said, /removed 4 repository files that killed runs had left, 56 B/);
  assert.deepEqual(
    left.filter((path) => existsSync(join(repository.path, path))),
    [],
  );
  for (const path of strangers) assert.ok(existsSync(join(repository.path, path)), path);
  await repository.check();
});

test('a prune waits for no lock of the other program, and says so by its exit code', needs('restic'), async () => {
  const repository = await stage.ourRepository();
  const source = stage.folder('some-files');
  writeFileSync(join(source, 'file'), 'content');
  await repository.backup('cadangan', [source]);
  // A backup of standard input goes on for as long as nobody closes it.
  const backup = spawn('restic', ['-r', repository.path, '--no-cache', 'backup', '--stdin'], {
    env: { ...process.env, RESTIC_PASSWORD: password },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  while (repository.namesOf('locks').length === 0) await delay(10);
  const { code, stderr } = await repository.attempt('cadangan', ['prune']);
  assert.equal(code, 11);
  assert.match(stderr, /locked by/);
  backup.kill('SIGKILL');
  await once(backup, 'exit');
  await repository.run('cadangan', ['prune']);

  const ours = await repository.open();
  await using lock = await ours.lock({ signal: neverAborted, exclusive: true });
  assert.ok(!lock.signal.aborted);
  const refused = await repository.attempt('restic', ['backup', source]);
  assert.notEqual(refused.code, 0);
  assert.match(refused.stderr, /already locked/);
});

test(
  'JSON has the names of later versions, exit codes are those of restic, and what cannot be meant is refused',
  needs('restic'),
  async () => {
    const repository = await stage.ourRepository();
    const source = stage.folder('json');
    writeFileSync(join(source, 'file'), 'content');
    await repository.backup('cadangan', [source]);
    const summary = message(await repository.run('cadangan', ['prune', '--json']), 'summary');
    assert.deepEqual(Object.keys(summary), ['message_type', 'blobs', 'bytes', 'packfiles', 'locked']);
    const codeOf = async (...args: string[]): Promise<number | null> => (await repository.attempt('cadangan', ['prune', ...args])).code;
    assert.equal(await codeOf('--max-unused', '100%'), 1);
    assert.equal(await codeOf('--max-unused', 'all'), 1);
    assert.equal(await codeOf('--max-repack-size', '-1'), 1);
    assert.equal(await codeOf('--no-lock'), 1);
    assert.equal(await codeOf('--no-lock', '--dry-run'), 0);
    assert.equal(await codeOf('--compression', 'off', '--repack-uncompressed'), 1);
    assert.equal(await codeOf('-r', join(source, 'nothing')), 10);
    assert.deepEqual(readdirSync(join(repository.path, 'locks')), []);
    const old = await stage.resticRepository({ version: 1 });
    const refused = await old.attempt('cadangan', ['prune', '--repack-uncompressed']);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /without compression/);
  },
);
