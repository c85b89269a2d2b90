import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  loadSnapshot,
  saveSnapshot,
  serializeNode,
  type JsonObject,
  type Node,
  type Repository,
  type TreeId,
} from '../../src/repository/index.ts';
import { copySnapshots, rewriteSnapshots } from '../../src/upkeep/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { node, RepositoryMaker } from '../fakes/repository-maker.ts';
import { SimulatedStorage } from '../fakes/simulated-storage.ts';

const genericAttributes: JsonObject = {
  'windows.creation_time': { LowDateTime: 3_577_643_008, HighDateTime: 27_111_902 },
  'windows.file_attributes': 34,
  'windows.security_descriptor': 'AQAElAAAAAAAAAAAAAAAAAAAAAA=',
  'windows.of_later': { list: [1, '<'] },
};

/** A snapshot of `/D/data` with a file to keep and one to leave out, as restic on Windows writes it. */
async function snapshotOfWindows() {
  const maker = await RepositoryMaker.create(new SimulatedStorage());
  const kept: Node = { ...(await maker.file('neraca.xlsx', 'angka')), genericAttributes, inode: 0, links: 0 };
  const folder: Node = { ...(await maker.folder('data', kept, await maker.file('tmp.bin', 'x'))), genericAttributes };
  const { tree } = await maker.snapshot(node('dir', 'D', { subtree: await maker.tree(folder), genericAttributes }));
  const snapshot = { time: '2026-11-20T08:15:30Z', tree, paths: ['D:\\data'], hostname: 'server', username: '', excludes: [], tags: [] };
  await saveSnapshot(maker.repository, { ...snapshot, uid: 0, gid: 0 }, neverAborted);
  await maker.repository.loadIndex({ signal: neverAborted });
  return { repository: maker.repository, tree, kept };
}

async function pathOf(repository: Repository, tree: TreeId): Promise<readonly (readonly Node[])[]> {
  const root = (await repository.loadTree(tree, neverAborted)).nodes;
  const drive = (await repository.loadTree(root[0]?.subtree ?? assert.fail(), neverAborted)).nodes;
  return [root, drive, (await repository.loadTree(drive[0]?.subtree ?? assert.fail(), neverAborted)).nodes];
}

test('copy keeps what Windows alone has, so that the trees keep their ids', async () => {
  const { repository, tree } = await snapshotOfWindows();
  const { repository: other } = await RepositoryMaker.create(new SimulatedStorage());
  await other.loadIndex({ signal: neverAborted });
  const { snapshots } = await copySnapshots(repository, other, {
    signal: neverAborted,
    compression: 'auto',
    extraVerify: true,
    onUncopied: () => assert.fail(),
  });
  assert.deepEqual(
    snapshots.map(({ fate }) => fate),
    ['copied'],
  );
  assert.equal(snapshots[0]?.stored.snapshot.tree, tree);
  await other.loadIndex({ signal: neverAborted });
  assert.deepEqual(await pathOf(other, tree), await pathOf(repository, tree));
});

test('rewrite keeps what Windows alone has of everything that it leaves in', async () => {
  const { repository, kept } = await snapshotOfWindows();
  const excludes = (path: string): boolean => path === '/D/data/tmp.bin';
  const [rewritten] = await rewriteSnapshots(repository, { signal: neverAborted, compression: 'auto', extraVerify: true, excludes });
  const { snapshot } = await loadSnapshot(repository, rewritten?.newId ?? assert.fail(), neverAborted);
  const [root = [], drive = [], data = []] = await pathOf(repository, snapshot.tree);
  assert.deepEqual(data.map(serializeNode), [serializeNode(kept)]);
  for (const folder of [root[0], drive[0]]) assert.deepEqual(folder?.genericAttributes, genericAttributes);
});
