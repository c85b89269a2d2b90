import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeNode } from '../../src/backup/node-maker.ts';
import { OpenFolder } from '../../src/backup/open-folder.ts';
import type { SourceStat } from '../../src/backup/source-stat.ts';
import type { ByteString } from '../../src/platform/index.ts';
import { parseTree, serializeTree, TimestampWriter, type Node, type Tree, type TreeId } from '../../src/repository/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';

const treeId = 'cd'.repeat(32) as TreeId;
const stat: SourceStat = {
  type: 'fifo',
  mode: 0,
  uid: 0,
  gid: 0,
  inode: 1,
  deviceId: 1,
  device: 0,
  links: 1,
  size: 0,
  mtimeNs: 0n,
  ctimeNs: 0n,
  atimeNs: 0n,
};
const options = { withAtime: false, accounts: { user: () => '', group: () => '' }, times: new TimestampWriter(() => 0), ofWindows: false };
const node = (name: string): Node => makeNode(name as ByteString, stat, options);
const treeOf = (...names: string[]): Tree => parseTree(serializeTree(names.map(node)));

const noParent = { id: undefined, tree: undefined };

test('nodes come back in any order and stand in the order of their places', () => {
  const random = new SeededRandom(1);
  for (let round = 0; round < 50; round++) {
    const folder = new OpenFolder(undefined, undefined, noParent);
    const names = Array.from({ length: 1 + random.below(20) }, (_, at) => String.fromCharCode(65 + at));
    const places = names.map((name) => ({ name, position: folder.reserve(), isLeftOut: random.chance(0.2) }));
    if (random.chance(0.5)) folder.endOfList();
    for (const { name, position, isLeftOut } of shuffled(places, random)) {
      assert.ok(!folder.isComplete);
      folder.put(position, isLeftOut ? undefined : node(name));
    }
    folder.endOfList();
    assert.ok(folder.isComplete);
    assert.deepEqual(
      folder.nodes().map(({ name }) => name),
      places.filter(({ isLeftOut }) => !isLeftOut).map(({ name }) => name),
    );
  }
});

test('a place cannot be filled without being awaited', () => {
  const folder = new OpenFolder(undefined, undefined, noParent);
  const position = folder.reserve();
  folder.put(position, undefined);
  assert.throws(() => folder.put(position, node('a')));
});

test("the parent's nodes are found by names asked for in byte order, whichever of the two has more", () => {
  const folder = new OpenFolder(undefined, undefined, { id: treeId, tree: treeOf('B', 'a', 'c', 'd', '\xff') });
  for (const [name, isThere] of [
    ['A', false],
    ['B', true],
    ['a', true],
    ['b', false],
    ['c', true],
    ['e', false],
    ['\xff', true],
  ] as const) {
    assert.equal(folder.parentNodeOf(name as ByteString)?.name, isThere ? name : undefined);
  }
  assert.equal(new OpenFolder(undefined, undefined, noParent).parentNodeOf('a' as ByteString), undefined);
});

test("a folder is the parent's tree only when every node is the parent's and none is missing or new", () => {
  const tree = treeOf('a', 'b', 'c');
  const outcome = (take: (folder: OpenFolder) => readonly (Node | undefined)[], of: Tree = tree) => {
    const folder = new OpenFolder(undefined, undefined, { id: treeId, tree: of });
    for (const taken of take(folder)) folder.put(folder.reserve(), taken);
    folder.endOfList();
    return folder.unchangedTree();
  };
  const parents = (folder: OpenFolder, ...names: string[]) => names.map((name) => folder.parentNodeOf(name as ByteString));
  assert.equal(
    outcome((folder) => parents(folder, 'a', 'b', 'c')),
    treeId,
  );
  assert.equal(
    outcome((folder) => parents(folder, 'a', 'b')),
    undefined,
    'one is gone',
  );
  assert.equal(
    outcome((folder) => [...parents(folder, 'a', 'b', 'c'), node('d')]),
    undefined,
    'one is new',
  );
  assert.equal(
    outcome((folder) => [...parents(folder, 'a', 'b'), node('c')]),
    undefined,
    'one was made anew',
  );
  assert.equal(
    outcome((folder) => [...parents(folder, 'a', 'b', 'c'), undefined]),
    treeId,
    'what is left out says nothing',
  );
  assert.equal(
    outcome(() => [], treeOf()),
    treeId,
    'an empty folder stays an empty folder',
  );
  assert.equal(
    outcome((folder) => parents(folder, 'a'), { ...treeOf('a'), unknown: [['x', 1]] }),
    undefined,
  );
});

test('whoever waits for a folder gets its tree', async () => {
  const folder = new OpenFolder(undefined, undefined, noParent);
  const waiting = folder.whenClosed();
  folder.closed(treeId);
  assert.equal(await waiting, treeId);
});

function shuffled<T>(list: readonly T[], random: SeededRandom): T[] {
  return list
    .map((item) => ({ item, key: random.uint32() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}
