import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alignParent, parentOfServer } from '../../src/backup/parent-tree.ts';
import { byteStringFromText, type ByteString } from '../../src/platform/index.ts';
import { rootNamesOf, rootStepOf, stepBelow, type Node, type TreeId } from '../../src/repository/index.ts';

function folder(name: string, user = ''): Node {
  const time = '2026-11-30T00:00:00Z';
  return {
    name: byteStringFromText(name),
    type: 'dir',
    mode: 0o777,
    mtime: time,
    atime: time,
    ctime: time,
    uid: 0,
    gid: 0,
    user,
    group: user,
    inode: 0,
    deviceId: 0,
    size: 0,
    links: 0,
    device: 0,
    content: null,
    subtree: `${name.length}`.padStart(64, '0') as TreeId,
  };
}

const names = (...path: string[]) => path.map(byteStringFromText);
const stepTo = (nodes: readonly Node[], ...path: string[]) => {
  const step = rootStepOf(nodes, rootNamesOf(nodes, names(...path)), false);
  return step && `${step.node.name} ${step.taken}`;
};

test('a drive is found in the case that it was stored in, if there is none as written', () => {
  assert.equal(stepTo([folder('C'), folder('c')], 'c', 'x'), 'c 1');
  assert.equal(stepTo([folder('c')], 'C', 'x'), 'c 1');
  assert.equal(stepTo([folder('c', 'root')], 'C'), undefined, 'of Linux, where it is another folder');
  assert.equal(stepTo([folder('data')], 'Data'), undefined, 'no drive');
});

test('a share is found as restic stored it and as we do, however it is written', () => {
  const ofRestic = [folder('\\\\NAS1\\share')];
  assert.equal(stepTo(ofRestic, 'nas1', 'share', 'x'), '\\\\NAS1\\share 2');
  assert.equal(stepTo(ofRestic, '\\\\NAS1\\share', 'x'), '\\\\NAS1\\share 1');
  assert.equal(stepTo([folder('nas1')], '\\\\nas1\\share', 'x'), 'nas1 1');
  assert.equal(stepTo(ofRestic, 'nas1'), undefined);
});

test('below a drive or share of Windows each name is found in any case, of Linux in its own', () => {
  const foldsBelow = (node: Node, path: readonly string[], windows: boolean) => rootStepOf([node], names(...path), windows)?.isOfWindows;
  for (const windows of [true, false]) {
    assert.equal(foldsBelow(folder('C'), ['c', 'x'], windows), true);
    assert.equal(foldsBelow(folder('\\\\NAS1\\share'), ['nas1', 'Share', 'x'], windows), true);
    assert.equal(foldsBelow(folder('C', 'root'), ['C', 'x'], windows), false);
    assert.equal(foldsBelow(folder('srv', 'root'), ['srv', 'x'], windows), false);
  }
  assert.equal(foldsBelow(folder('NAS1'), ['nas1', 'share'], true), true, 'a server as we store it');
  assert.equal(foldsBelow(folder('srv'), ['srv', 'x'], false), false, 'of a container, where root has no name');
  assert.equal(foldsBelow(folder('srv'), ['Srv', 'x'], false), undefined);
  const inside = [folder('Data'), folder('data'), folder('other')];
  const below = (name: string, isOfWindows: boolean) => stepBelow(inside, byteStringFromText(name), isOfWindows)?.node.name;
  assert.deepEqual([below('data', true), below('OTHER', true), below('none', true)], ['data', 'other', undefined]);
  assert.deepEqual([below('data', false), below('OTHER', false)], ['data', undefined]);
});

test('the parent of a run is seen under the names that its sources have now', () => {
  const id = '1'.repeat(64) as TreeId;
  const tree = { nodes: [folder('Other'), folder('c')], problems: [] };
  const aligned = alignParent({ id, tree }, names('C'), true);
  assert.deepEqual([aligned.id, aligned.tree?.nodes.map(({ name }) => name)], [undefined, ['C', 'Other']]);
  assert.equal(alignParent({ id, tree }, names('c', 'C'), true).tree, tree, 'each is there for itself');
  assert.equal(alignParent({ id, tree }, names('C'), false).tree, tree, 'elsewhere they are two');
  assert.equal(alignParent({ id, tree: undefined }, names('C'), true).id, id);
});

test('the shares of a server are what restic stored under one name each', () => {
  const tree = { nodes: [folder('\\\\nas1\\b'), folder('\\\\nas1\\a'), folder('\\\\nas2\\c'), folder('C')], problems: [] };
  const shares = parentOfServer({ id: undefined, tree }, 'NAS1' as ByteString, true);
  assert.deepEqual(
    shares.tree?.nodes.map(({ name }) => name),
    ['a', 'b'],
  );
  assert.equal(parentOfServer({ id: undefined, tree }, 'nas3' as ByteString, true).tree, undefined);
});
