import assert from 'node:assert/strict';
import { appendFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '../needs.ts';
import { makeZoo } from '../zoo/make-zoo.ts';
import { once, Stage } from './stage.ts';

const stage = new Stage();

/** What both programs can store in full. */
const zoo = once(() => makeZoo(stage.fresh('zoo'), { withAttributes: false, leaveOut: ['a symlink whose target is not UTF-8'] }));
const repository = once(() => stage.resticRepository());

/** Zones with an odd offset, with one that changed over the years, and with summer time. */
for (const zone of ['UTC', 'Asia/Jakarta', 'Asia/Kathmandu', 'America/St_Johns']) {
  test(
    `Cadangan reads every file of the zoo anew and makes the very trees that restic made, in the zone ${zone}`,
    needs('restic'),
    async () => {
      const [{ path }, shared] = [await zoo(), await repository()];
      const options = { cwd: path, env: { TZ: zone } };
      await shared.backup('restic', ['--force', '.'], options);
      const ours = await shared.backup('cadangan', ['--force', '.'], options);
      assert.deepEqual([ours.data_blobs, ours.tree_blobs, ours.data_added], [0, 0, 0]);
      const [theirTree, ourTree] = (await shared.trees()).slice(-2);
      assert.equal(ourTree, theirTree);
    },
  );
}

test('restic reads every file of the zoo anew and makes the very trees that Cadangan made', needs('restic'), async () => {
  const [{ path }, shared] = [await zoo(), await stage.ourRepository()];
  await shared.backup('cadangan', ['.'], { cwd: path });
  const theirs = await shared.backup('restic', ['--force', '.'], { cwd: path });
  assert.deepEqual([theirs.data_blobs, theirs.tree_blobs], [0, 0]);
  const [ourTree, theirTree] = await shared.trees();
  assert.equal(theirTree, ourTree);
});

test('a snapshot of an absolute path names the folders above it as restic does', needs('restic'), async () => {
  const [shared, source] = [await repository(), stage.folder('above')];
  const theirs = await shared.backup('restic', [source]);
  const ours = await shared.backup('cadangan', ['--force', source]);
  // Below the snapshot's own line. The folder of temporary files, and those above it, change when others use them.
  const ofOthers = (line: string): boolean => `${tmpdir()}/`.startsWith(`${/ (\/.*)$/.exec(line)?.[1]}/`);
  const listing = async (id: string) =>
    (await shared.run('restic', ['ls', '--long', id]))
      .split('\n')
      .slice(1)
      .map((line) => (ofOthers(line) ? line.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/, '') : line));
  assert.deepEqual(await listing(ours.snapshot_id), await listing(theirs.snapshot_id));
});

test('what restic has backed up is nothing new for --skip-if-unchanged', needs('restic'), async () => {
  const [shared, source] = [await stage.resticRepository(), stage.folder('unchanged')];
  const file = join(source, 'a.txt');
  writeFileSync(file, 'a');
  await shared.backup('restic', ['.'], { cwd: source });
  const [snapshot] = shared.namesOf('snapshots');
  await shared.run('cadangan', ['backup', '--skip-if-unchanged', '.'], { cwd: source });
  assert.deepEqual(shared.namesOf('snapshots'), [snapshot]);
  appendFileSync(file, 'b');
  await shared.run('cadangan', ['backup', '--skip-if-unchanged', '.'], { cwd: source });
  assert.equal(shared.namesOf('snapshots').length, 2);
  await shared.check('restic');
});
