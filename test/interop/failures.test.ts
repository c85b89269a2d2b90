import assert from 'node:assert/strict';
import { appendFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { needs } from '../needs.ts';
import { compareTrees, describeDifferences } from '../zoo/compare-trees.ts';
import { SmallDisk } from './small-disk.ts';
import { once, Stage } from './stage.ts';
import { TestRepository } from './test-repository.ts';

const mib = 1024 * 1024;
const stage = new Stage();

const source = once(() => {
  const path = stage.folder('source');
  const random = new SeededRandom(18);
  for (let i = 0; i < 18; i++) writeFileSync(join(path, `file-${i}`), random.bytes(mib));
  return Promise.resolve(path);
});

const repository = once(async () => {
  const made = await stage.ourRepository();
  await made.run('cadangan', ['backup', join(await source(), 'file-0')]);
  return made;
});

/** Runs ours and asserts how it failed. `says` is part of the message. */
async function fails(
  shared: TestRepository,
  args: readonly string[],
  code: number,
  says: RegExp,
  env?: Readonly<Record<string, string>>,
): Promise<void> {
  const ran = await shared.attempt('cadangan', args, { env });
  assert.match(ran.stderr, says);
  assert.doesNotMatch(ran.stderr, /Something unexpected|at .*\.[jt]s:\d/);
  assert.equal(ran.code, code, ran.stderr);
}

/** Every file of a folder with its bytes. */
function contentOf(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(files.map(({ parentPath, name }) => [join(parentPath, name), readFileSync(join(parentPath, name)).toString('base64')]));
}

test('a wrong password ends with 12, for every command, and changes nothing', needs('restic'), async () => {
  const shared = await repository();
  const before = contentOf(shared.path);
  for (const args of [['backup', await source()], ['restore', 'latest', '--target', stage.fresh('no')], ['check']]) {
    await fails(shared, args, 12, /wrong password/i, { RESTIC_PASSWORD: 'wrong' });
  }
  assert.deepEqual(contentOf(shared.path), before);
});

test('where there is no repository a command ends with 10, and makes none', needs('restic'), async () => {
  const [nowhere, empty] = [TestRepository.at(stage.fresh('nowhere')), TestRepository.at(stage.folder('empty'))];
  for (const shared of [nowhere, empty]) await fails(shared, ['backup', await source()], 10, /no repository/);
  assert.throws(() => statSync(nowhere.path), { code: 'ENOENT' });
  assert.deepEqual(readdirSync(empty.path), []);
});

for (const length of [0, 1, 100]) {
  test(
    `the only key file, cut to ${length} bytes, is named as damaged, and nothing is lost when it comes back`,
    needs('restic'),
    async () => {
      const shared = await repository();
      const key = join(shared.path, 'keys', shared.namesOf('keys')[0] ?? '');
      const whole = stage.fresh('key');
      cpSync(key, whole);
      cutTo(key, length);
      await fails(shared, ['backup', await source()], 1, /damaged.*key/i);
      rmSync(key);
      cpSync(whole, key);
      await shared.check();
    },
  );
}

test('a damaged config is named, and "cadangan init" does not make another in its place', needs('restic'), async () => {
  const shared = await repository();
  const config = join(shared.path, 'config');
  const whole = readFileSync(config);
  cutTo(config, 40);
  await fails(shared, ['snapshots'], 1, /damaged.*config/i);
  await fails(shared, ['init'], 1, /there is one already/);
  rmSync(config);
  await fails(shared, ['init'], 1, /damaged/);
  rmSync(config, { force: true });
  writeFileSync(config, whole, { mode: 0o600 });
  await shared.check();
});

test('sources that do not exist make no snapshot; one of several is named and ends with 3', needs('restic'), async () => {
  const shared = await repository();
  const before = shared.namesOf('snapshots');
  await fails(shared, ['backup', '/no/such/folder', '/nor/this'], 1, /"\/no\/such\/folder", "\/nor\/this" do not exist/);
  assert.deepEqual(shared.namesOf('snapshots'), before);
  await fails(shared, ['backup', '/no/such/folder', join(await source(), 'file-1')], 3, /\/no\/such\/folder: .*not found/);
  assert.equal(shared.namesOf('snapshots').length, before.length + 1);
});

test('a repository inside its own source is refused, and backed up around when it is excluded', needs('restic'), async () => {
  const folder = stage.folder('contains-repository');
  const shared = await TestRepository.initByUs(join(folder, 'deep', 'repository'));
  writeFileSync(join(folder, 'file'), 'content');
  await fails(shared, ['backup', folder], 1, /into itself/);
  assert.deepEqual(shared.namesOf('snapshots'), []);
  assert.deepEqual(shared.namesOf('locks'), []);
  await shared.run('cadangan', ['backup', folder, '--exclude', shared.path]);
  const listed = await shared.run('restic', ['ls', 'latest']);
  assert.match(listed, /\/deep\n/);
  assert.doesNotMatch(listed, /\/deep\/repository\n/);
  await fails(shared, ['restore', 'latest', '--target', join(shared.path, 'data')], 1, /Refused to restore into/);
  await shared.check('restic');
});

test(
  'a disk that gets full in mid-backup is named, and when there is room again the next run goes on from what is stored',
  needs('restic'),
  async (t) => {
    // So much may be on its way at once; with room for it the first packs find a place whatever the threads do.
    const underWayMib = 17 * (Math.min(availableParallelism(), 4) + 1);
    const disk = SmallDisk.mount(stage.fresh('full'), 3 * underWayMib);
    if (typeof disk === 'string') return t.skip(disk);
    const path = stage.folder('large-source');
    const random = new SeededRandom(19);
    for (let i = 0; i < underWayMib + 24; i++) writeFileSync(join(path, `file-${i}`), random.bytes(mib));
    const shared = await TestRepository.initByUs(join(disk.path, 'repository'));
    await shared.run('cadangan', ['backup', join(path, 'file-0')]);
    const before = shared.namesOf('snapshots');

    fill(disk, underWayMib * mib);
    for (let attempt = 0; attempt < 2; attempt++) {
      await fails(shared, ['backup', path], 1, /No space left/);
      assert.deepEqual(shared.namesOf('snapshots'), before);
      assert.deepEqual(shared.namesOf('locks'), []);
      await shared.check('restic');
      fill(disk, mib);
    }
    rmSync(join(disk.path, 'ballast'));
    const { data_added, snapshot_id } = await shared.backup('cadangan', [path]);
    t.diagnostic(`the third run stored ${(data_added / mib).toFixed(1)} of ${underWayMib + 23} MiB`);
    assert(data_added < (underWayMib + 10) * mib, `${data_added}: nothing that the stopped runs stored was used`);
    await shared.check();
    await assertRestores(shared, snapshot_id, path);
  },
);

test('a restore that fills its disk is named, leaves no torn file, and goes on when there is room', needs('restic'), async (t) => {
  const disk = SmallDisk.mount(stage.fresh('full-target'), 32);
  if (typeof disk === 'string') return t.skip(disk);
  const [path, shared] = [await source(), await repository()];
  const { snapshot_id } = await shared.backup('cadangan', ['.'], { cwd: path });
  fill(disk, 7 * mib);
  const target = join(disk.path, 'target');
  await fails(shared, ['restore', snapshot_id, '--target', target], 1, /No space left/);
  for (const name of readdirSync(target)) assert.deepEqual(readFileSync(join(target, name)), readFileSync(join(path, name)), name);
  rmSync(join(disk.path, 'ballast'));
  await shared.run('cadangan', ['restore', snapshot_id, '--target', target, '--overwrite', 'if-changed']);
  assert.deepEqual(describeDifferences(compareTrees(path, target, { mtimeToleranceNs: 1000n }).filter((each) => each.path !== '')), []);
});

test('a repository on a read-only disk takes no backup, says so, and can be restored from with --no-lock', needs('restic'), async (t) => {
  const disk = SmallDisk.mount(stage.fresh('read-only'), 32);
  if (typeof disk === 'string') return t.skip(disk);
  const path = join(await source(), 'file-3');
  const shared = await TestRepository.initByUs(join(disk.path, 'repository'));
  await shared.run('cadangan', ['backup', path]);
  disk.remount('ro');
  const before = contentOf(shared.path);
  await fails(shared, ['backup', path], 1, /Not allowed to access.*read-only/);
  await fails(shared, ['restore', 'latest', '--target', stage.fresh('with-lock')], 1, /--no-lock/);
  const target = stage.fresh('without-lock');
  await shared.run('cadangan', ['restore', 'latest', '--no-lock', '--target', target]);
  assert.deepEqual(readFileSync(join(target, path)), readFileSync(path));
  assert.deepEqual(contentOf(shared.path), before);
});

test('a read-only target is named', needs('restic'), async (t) => {
  const disk = SmallDisk.mount(stage.fresh('read-only-target'), 8);
  if (typeof disk === 'string') return t.skip(disk);
  mkdirSync(join(disk.path, 'there'));
  disk.remount('ro');
  const shared = await repository();
  await fails(shared, ['restore', 'latest', '--target', join(disk.path, 'there')], 1, /Not allowed to write into/);
  // Node says ENOENT instead of EROFS when it makes a folder with `recursive`.
  await fails(shared, ['restore', 'latest', '--target', join(disk.path, 'new')], 1, /Not allowed to write into|Refused to restore into/);
});

test('a target below a file is named', needs('restic'), async () => {
  const shared = await repository();
  const file = stage.fresh('a-file');
  writeFileSync(file, 'untouched');
  for (const target of [file, join(file, 'below')])
    await fails(shared, ['restore', 'latest', '--target', target], 1, /restore into|write into/);
  assert.equal(readFileSync(file, 'utf8'), 'untouched');
});

/** Leaves no more than this much room on the disk. */
function fill(disk: SmallDisk, roomBytes: number): void {
  const { bavail, bsize } = statfsSync(disk.path);
  appendFileSync(join(disk.path, 'ballast'), Buffer.alloc(Math.max(0, bavail * bsize - roomBytes)));
}

/** Files of a repository are read-only: another takes its place. */
function cutTo(path: string, length: number): void {
  const cut = readFileSync(path).subarray(0, length);
  rmSync(path);
  writeFileSync(path, cut);
}

async function assertRestores(shared: TestRepository, id: string, path: string): Promise<void> {
  const target = stage.fresh('restored');
  await shared.run('restic', ['restore', id, '--target', target]);
  assert.deepEqual(describeDifferences(compareTrees(path, join(target, path))), []);
}
