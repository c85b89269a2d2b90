import assert from 'node:assert/strict';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { needs } from '../needs.ts';
import { compareTrees, describeDifferences, type Difference } from '../zoo/compare-trees.ts';
import { makeZoo } from '../zoo/make-zoo.ts';
import { jsonLines } from './programs.ts';
import { once, Stage } from './stage.ts';

const stage = new Stage();
const zoo = once(() => makeZoo(stage.fresh('zoo')));

/** By us, then over it by restic. */
const ours = once(async () => {
  const { path } = await zoo();
  const repository = await stage.ourRepository();
  const first = await repository.backup('cadangan', ['.'], { cwd: path });
  const second = await repository.backup('restic', ['.'], { cwd: path });
  return { repository, first, second };
});

/** By restic, then over it by us. */
const theirs = once(async () => {
  const { path } = await zoo();
  const repository = await stage.resticRepository();
  const first = await repository.backup('restic', ['.'], { cwd: path });
  const second = await repository.backup('cadangan', ['.'], { cwd: path });
  return { repository, first, second };
});

test('the zoo has everything on Linux as root', async (t) => {
  const { skipped } = await zoo();
  for (const { item, reason } of skipped) t.diagnostic(`not in the zoo: ${item}: ${reason}`);
  const attributesOnly = ['extended attributes', 'access control lists', 'file capabilities'];
  if (process.platform === 'linux' && process.getuid?.() === 0) {
    assert.deepEqual(
      skipped.map(({ item }) => item).filter((item) => !attributesOnly.includes(item)),
      [],
    );
  }
});

test('restic checks and restores the zoo as Cadangan stored it', needs('restic'), async () => {
  const { repository, first } = await ours();
  await repository.check();
  const target = stage.fresh('restored-by-restic');
  await repository.run('restic', ['restore', first.snapshot_id, '--target', target]);
  const differences = compareTrees((await zoo()).path, target);
  assert.deepEqual(
    describeDifferences(
      differences.filter(
        notBecauseOf(
          '', // the target itself
          'special/socket', // no program stores sockets
          'symlinks/to-bytes', // restic 0.14 does not know linktarget_raw
        ),
      ),
    ),
    [],
  );
});

test('Cadangan restores the zoo as restic stored it, and names what Node cannot make', needs('restic'), async () => {
  const { repository, first } = await theirs();
  const target = stage.fresh('restored-by-cadangan');
  const { code, stderr } = await repository.attempt('cadangan', ['restore', first.snapshot_id, '--target', target, '--json']);
  const named = jsonLines(stderr)
    .filter((line) => line['message_type'] === 'error')
    .map((line) => line['item']);
  const has = (path: string) => spawnSync('test', ['-e', join(zooPath, path)]).status === 0;
  const zooPath = (await zoo()).path;
  const special = ['special/fifo', 'special/char-device', 'special/block-device'].filter(has);
  const withAttributes = [
    'attributes/acl-file',
    'attributes/acl-folder',
    'attributes/capable',
    'attributes/file',
    'attributes/folder',
  ].filter(has);
  assert.deepEqual(
    named.map((path) => String(path).replace(/^\//, '')).sort(),
    [...special, ...withAttributes, 'symlinks/to-bytes'].sort(),
  );
  assert.equal(code, 3, 'nothing that has content is missing');
  const differences = compareTrees(zooPath, target, { mtimeToleranceNs: 1000n });
  assert.deepEqual(
    describeDifferences(
      differences.filter(
        notBecauseOf(
          '',
          'special/socket',
          ...special,
          'attributes/acl-file', // without its list it must not give the list's mask to its group: see test/restore
          'symlinks/to-bytes', // restic 0.14 stored U+FFFD for its bytes
        ),
      ),
    ),
    [],
  );
});

test('Cadangan restores the zoo as Cadangan stored it', needs('restic'), async () => {
  const { repository, first } = await ours();
  const target = stage.fresh('restored-from-ours');
  await repository.attempt('cadangan', ['restore', first.snapshot_id, '--target', target, '--verify']);
  const differences = compareTrees((await zoo()).path, target, { mtimeToleranceNs: 1000n });
  assert.deepEqual(
    describeDifferences(
      differences.filter(notBecauseOf('', 'special/socket', 'special/fifo', 'special/char-device', 'special/block-device')),
    ),
    [],
  );
});

test(
  "a run of Cadangan over restic's of the same zoo stores no file, and of folders only what restic could not",
  needs('restic'),
  async () => {
    const { second } = await theirs();
    const { data_blobs, tree_blobs, files_new, files_changed } = second;
    // restic 0.14 loses bytes of a link's target: symlinks/to-bytes is stored right now, which changes its folder and the root.
    assert.deepEqual(
      { data_blobs, tree_blobs, files_new, files_changed },
      { data_blobs: 0, tree_blobs: 2, files_new: 0, files_changed: 0 },
    );
  },
);

test("a run of restic over Cadangan's of the same zoo stores no file", needs('restic'), async () => {
  const { second } = await ours();
  const { data_blobs, files_new, files_changed } = second;
  assert.deepEqual({ data_blobs, files_new, files_changed }, { data_blobs: 0, files_new: 0, files_changed: 0 });
});

test('extended attributes that restic stored come back from the snapshot that Cadangan made over it', needs('restic'), async (t) => {
  const { repository, second } = await theirs();
  const attributes = attributesIn(join((await zoo()).path, 'attributes'));
  if (attributes === undefined) return t.skip('needs getfattr: sudo apt-get install attr');
  const target = stage.fresh('attributes');
  await repository.run('restic', ['restore', second.snapshot_id, '--target', target, '--include', '/attributes']);
  assert.equal(attributesIn(join(target, 'attributes')), attributes);
});

function notBecauseOf(...paths: string[]): (difference: Difference) => boolean {
  return ({ path }) => !paths.includes(path);
}

function attributesIn(folder: string): string | undefined {
  const ran = spawnSync('getfattr', ['-R', '-d', '-h', '-m', '-', '-e', 'hex', '.'], { cwd: folder, encoding: 'utf8' });
  if (ran.status !== 0) return undefined;
  return ran.stdout.split('\n\n').sort().join('\n\n');
}
