import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { nodeAt } from '../../src/browse/index.ts';
import { byteStringFromText, typedSnapshotPath, type ByteString } from '../../src/platform/index.ts';
import { findTree, loadSnapshot, saveSnapshot, type Repository, type TreeId } from '../../src/repository/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { RepositoryMaker } from '../fakes/repository-maker.ts';
import { runBackup } from './run-backup.ts';

/** A tree whose root has other names, as another program or version stored them. */
async function renamed(maker: RepositoryMaker, tree: TreeId, nameOf: (name: ByteString) => string): Promise<TreeId> {
  const { nodes } = await maker.repository.loadTree(tree, neverAborted);
  const made = await maker.snapshot(...nodes.map((node) => ({ ...node, name: byteStringFromText(nameOf(node.name)) })));
  return made.tree;
}

async function fileIn(repository: Repository, tree: TreeId, path: string): Promise<number> {
  await findTree(repository, tree, typedSnapshotPath(join(path, '..')), neverAborted);
  return Number((await nodeAt(repository, tree, byteStringFromText(typedSnapshotPath(path)), neverAborted)).size);
}

test('a tree under a small drive letter is the parent of a run, and is found by every spelling', async (t) => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'cadangan-history-')));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const docs = join(root, 'docs');
  mkdirSync(docs);
  for (const name of ['a.txt', 'b.txt', 'c.txt']) writeFileSync(join(docs, name), 'content');
  const small = (path: string): string => path.slice(0, 1).toLowerCase() + path.slice(1);
  const maker = await RepositoryMaker.create(join(root, 'repository'));
  const { repository } = maker;
  const first = await runBackup(repository, [docs]);
  assert.equal(first.summary.filesNew, 3);
  // As an earlier version stored it, for which the `c:` of VS Code was another drive than `C:`.
  const { snapshot } = await loadSnapshot(repository, first.snapshotId!, neverAborted);
  const tree = await renamed(maker, snapshot.tree, (name) => name.toLowerCase());
  await repository.storage.remove({ kind: 'snapshots', name: first.snapshotId! }, neverAborted);
  await saveSnapshot(repository, { ...snapshot, tree, paths: [small(docs)] }, neverAborted);
  await repository.loadIndex({ signal: neverAborted });

  // What is gone is missed under its other spelling, too.
  renameSync(docs, `${docs}-away`);
  mkdirSync(docs);
  writeFileSync(join(docs, 'left.txt'), '');
  const { issues } = await runBackup(repository, [docs], { dryRun: true });
  assert.deepEqual(
    issues.map(({ path, kind }) => [path, kind]),
    [[docs, 'files-vanished']],
  );
  rmSync(docs, { recursive: true });
  renameSync(`${docs}-away`, docs);

  const second = await runBackup(repository, [small(docs)]);

  assert.deepEqual([second.summary.filesUnmodified, second.summary.filesNew], [3, 0]);
  const now = await loadSnapshot(repository, second.snapshotId!, neverAborted);
  assert.deepEqual(now.snapshot.paths, [docs]);
  for (const each of [tree, now.snapshot.tree])
    for (const path of [docs, small(docs)]) assert.equal(await fileIn(repository, each, join(path, 'a.txt')), 7);
});

test('a share that restic stored under one name is the parent of a run, and is found by its path', async (t) => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'cadangan-history-')));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const share = `\\\\localhost\\${root.slice(0, 1)}$`;
  if (!statSync(`${share}\\`, { throwIfNoEntry: false })) return t.skip('no share here');
  const docs = `${share}${root.slice(2)}\\docs`;
  mkdirSync(join(root, 'docs'));
  writeFileSync(join(root, 'docs', 'a.txt'), 'content');
  const maker = await RepositoryMaker.create(join(root, 'repository'));
  const { repository } = maker;
  const first = await runBackup(repository, [docs]);
  const { snapshot } = await loadSnapshot(repository, first.snapshotId!, neverAborted);
  const [server] = (await repository.loadTree(snapshot.tree, neverAborted)).nodes;
  const tree = await renamed(maker, server!.subtree!, () => share);
  await repository.storage.remove({ kind: 'snapshots', name: first.snapshotId! }, neverAborted);
  await saveSnapshot(repository, { ...snapshot, tree }, neverAborted);
  await repository.loadIndex({ signal: neverAborted });

  const second = await runBackup(repository, [docs]);

  assert.deepEqual([second.summary.filesUnmodified, second.summary.filesNew], [1, 0]);
  for (const each of [tree, second.tree]) assert.equal(await fileIn(repository, each, `${docs}\\a.txt`), 7);
  assert.equal(await fileIn(repository, tree, `/${share}${root.slice(2).replaceAll('\\', '/')}/docs/a.txt`), 7, 'as restic prints it');
});
