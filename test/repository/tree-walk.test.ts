import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { byteStringFromText, bytesOf, isCode, rawTextOf } from '../../src/platform/index.ts';
import { findNode, findTree, walkTree, type BlobId, type WalkOptions, type WalkStep } from '../../src/repository/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { node, RepositoryMaker } from '../fakes/repository-maker.ts';

const folder = mkdtempSync(join(tmpdir(), 'cadangan-walk-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const maker = await RepositoryMaker.create(join(folder, 'repository'));
const { tree } = await maker.snapshot(
  await maker.file('a', '1'),
  await maker.folder('b', await maker.folder('c', await maker.file('d', '2')), await maker.file('e', '3')),
  node('dir', 'gone', { subtree: 'ab'.repeat(32) as BlobId }),
  await maker.file('z', '4'),
);

async function walk(start: BlobId, options: Partial<WalkOptions> = {}): Promise<string[]> {
  const steps: string[] = [];
  for await (const step of walkTree(maker.repository, start, { signal: neverAborted, ...options })) steps.push(describe(step));
  return steps;
}

function describe(step: WalkStep): string {
  return step.kind === 'node' ? `${step.node.type} ${step.path}` : `${step.kind} ${step.path}`;
}

test('walkTree() goes depth first in the order of each tree, and tells what it cannot read', async () => {
  assert.deepEqual(await walk(tree), [
    'enter /',
    'file /a',
    'dir /b',
    'enter /b',
    'dir /b/c',
    'enter /b/c',
    'file /b/c/d',
    'leave /b/c',
    'file /b/e',
    'leave /b',
    'dir /gone',
    'unreadable /gone',
    'file /z',
    'leave /',
  ]);
});

test('walkTree() enters only folders that are wanted', async () => {
  assert.deepEqual(await walk(tree, { signal: neverAborted, descend: (path) => path === '/b' }), [
    'enter /',
    'file /a',
    'dir /b',
    'enter /b',
    'dir /b/c',
    'file /b/e',
    'leave /b',
    'dir /gone',
    'file /z',
    'leave /',
  ]);
});

test('walkTree() does not enter a folder with a hostile name', async () => {
  const hostile = await maker.snapshot({ ...(await maker.folder('x', await maker.file('y', '5'))), name: node('dir', '..').name });
  assert.deepEqual(await walk(hostile.tree), ['enter /', 'dir /..', 'leave /']);
});

test('walkTree() of a start that cannot be read is one step', async () => {
  assert.deepEqual(await walk('cd'.repeat(32) as BlobId), ['unreadable /']);
});

test('walkTree() stops when it is aborted', async () => {
  const controller = new AbortController();
  await assert.rejects(
    async () => {
      for await (const step of walkTree(maker.repository, tree, { signal: controller.signal })) if (step.path === '/a') controller.abort();
    },
    (error) => isCode(error, 'aborted'),
  );
});

test('findNode() and findTree() follow a path, and say when it is not there', async () => {
  assert.equal((await findNode(maker.repository, tree, '/b/c/d', neverAborted)).type, 'file');
  assert.equal((await findNode(maker.repository, tree, 'b', neverAborted)).type, 'dir');
  assert.equal(await findTree(maker.repository, tree, '/', neverAborted), tree);
  assert.equal(
    await findTree(maker.repository, tree, 'b/c/', neverAborted),
    (await findNode(maker.repository, tree, 'b/c', neverAborted)).subtree,
  );
  for (const path of ['/nothing', '/a/b', '/b/c/x', '/'])
    await assert.rejects(findNode(maker.repository, tree, path, neverAborted), (error) => isCode(error, 'path.not-found'), path);
  await assert.rejects(findTree(maker.repository, tree, '/a', neverAborted), (error) => isCode(error, 'path.not-found'));
});

test('a path of Windows leads to its node in any case, from its drive on', async () => {
  const inside = await maker.folder('Users', await maker.folder('Été', await maker.file('Laporan.TXT', '5')));
  const windows = await maker.snapshot({ ...(await maker.folder('C', inside)), uid: 0, user: '' });
  for (const path of ['/C/Users/Été/Laporan.TXT', '/c/users/éTÉ/laporan.txt'])
    assert.equal((await findNode(maker.repository, windows.tree, rawTextOf(bytesOf(byteStringFromText(path))), neverAborted)).type, 'file');
  const linux = await maker.snapshot({ ...(await maker.folder('C', inside)), user: 'root' });
  await assert.rejects(findNode(maker.repository, linux.tree, '/C/users', neverAborted), (error) => isCode(error, 'path.not-found'));
});
