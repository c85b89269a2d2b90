import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ByteString } from '../../../src/platform/index.ts';
import { byteStringFromText } from '../../../src/platform/index.ts';
import type { Node } from '../../../src/repository/format/index.ts';
import {
  nameProblem,
  parseTree,
  RawNumber,
  serializeNode,
  serializeTree,
  treeFromSerializedNodes,
  zeroTime,
} from '../../../src/repository/format/index.ts';
import { anyNodes } from './arbitraries.ts';
import { expectDamaged } from './expect-damaged.ts';

const vectors = JSON.parse(readFileSync(new URL('../../fixtures/restic/trees.json', import.meta.url), 'utf8')) as {
  readonly trees: ReadonlyArray<{ readonly id: string; readonly bytesBase64: string }>;
};

const bytesOfText = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const textOfBytes = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
const treeOf = (...nodes: readonly object[]): Uint8Array => bytesOfText(JSON.stringify({ nodes }));

function file(name: string, more: Partial<Node> = {}): Node {
  const zeros = { mode: 0, uid: 0, gid: 0, user: '', group: '', inode: 0, deviceId: 0, size: 0, links: 0, device: 0 };
  return {
    name: byteStringFromText(name),
    type: 'file',
    ...zeros,
    mtime: zeroTime,
    atime: zeroTime,
    ctime: zeroTime,
    content: [],
    ...more,
  };
}

test('every tree that restic 0.14 wrote comes out with the same bytes and the same id', () => {
  assert.equal(vectors.trees.length, 74);
  for (const { id, bytesBase64 } of vectors.trees) {
    const bytes = Buffer.from(bytesBase64, 'base64');
    const tree = parseTree(bytes);
    assert.deepEqual(tree.problems, []);
    const written = serializeTree(tree.nodes);
    assert.equal(textOfBytes(written), bytes.toString('utf8'));
    assert.equal(createHash('sha256').update(written).digest('hex'), id);
  }
});

test('any nodes come back from their bytes', () => {
  fc.assert(
    fc.property(anyNodes, (nodes) => {
      const tree = parseTree(serializeTree(nodes));
      assert.deepEqual(tree.nodes, nodes);
      assert.deepEqual(
        tree.problems.filter(({ kind }) => kind !== 'name'),
        [],
      );
    }),
    { numRuns: 1000 },
  );
});

test('serializeTree() writes what the pieces of serializeNode() join to, also when they are many', () => {
  const nodes = Array.from({ length: 30_000 }, (_, i) => file(`berkas-${String(i).padStart(6, '0')}-é`));
  const whole = serializeTree(nodes);
  assert.deepEqual(treeFromSerializedNodes(nodes.map(serializeNode)), whole);
  assert.deepEqual(parseTree(whole).nodes, nodes);
});

test('an empty tree is what restic writes for an empty folder', () => {
  assert.equal(textOfBytes(serializeTree([])), '{"nodes":[]}\n');
  assert.deepEqual(parseTree(bytesOfText('{"nodes":null}')).nodes, []);
});

test('names are ordered by their bytes, not by UTF-16 units', () => {
  const [emoji, wideTilde] = [file('a😀'), file('a～')];
  assert.deepEqual(parseTree(serializeTree([wideTilde, emoji])).problems, []);
  assert.throws(() => serializeTree([emoji, wideTilde]), /byte order/);
  assert.throws(() => serializeTree([emoji, emoji]), /byte order/);
});

test('unsigned 64-bit numbers are exact', () => {
  const node = file('a', { inode: 2n ** 64n - 1n, deviceId: 2n ** 53n, size: 2n ** 63n + 1n, links: 2 ** 53 - 1 });
  const bytes = serializeTree([node]);
  assert.match(
    textOfBytes(bytes),
    /"inode":18446744073709551615,"device_id":9007199254740992,"size":9223372036854775809,"links":9007199254740991,/,
  );
  assert.deepEqual(parseTree(bytes).nodes, [node]);
});

test('unknown fields survive with their exact numbers, also beside numbers that need no care', () => {
  const text =
    '{"nodes":[{"name":"a","type":"file","mtime":"0001-01-01T00:00:00Z","atime":"0001-01-01T00:00:00Z","ctime":"0001-01-01T00:00:00Z","uid":0,"gid":0,"generic_attributes":{"x":{"y":12345678901234567890}},"content":[],"flags":[1.50,-0],"later":"<"}],"more":1E3}\n';
  const tree = parseTree(bytesOfText(text));
  assert.deepEqual(tree.nodes[0]?.unknown, [
    ['flags', [new RawNumber('1.50'), new RawNumber('-0')]],
    ['later', '<'],
  ]);
  assert.equal(textOfBytes(serializeTree(tree.nodes, tree.unknown)), text.replace('<', '\\u003c'));
});

test('a link target that is not UTF-8 keeps its bytes in linktarget_raw', () => {
  const node = file('link', { type: 'symlink', content: null, linkTarget: 'bad-\xff' as ByteString });
  const json = serializeNode(node);
  assert.match(json, /"linktarget":"bad-\\ufffd","linktarget_raw":"YmFkLf8="/);
  assert.deepEqual(parseTree(treeFromSerializedNodes([json])).nodes, [node]);
});

test('a link target whose bytes an old restic lost is marked, and its tree keeps its bytes', () => {
  const [node] = parseTree(bytesOfText('{"nodes":[{"name":"a","type":"symlink","linktarget":"bad-\\ufffd"}]}')).nodes;
  assert(node);
  assert.equal(node.linkTarget, byteStringFromText('bad-\ufffd'));
  assert.equal(node.linkTargetLossy, '"bad-\\ufffd"');
  assert.match(serializeNode(node), /"linktarget":"bad-\\ufffd","content"/);
});

test('absent and null fields have their zero', () => {
  assert.deepEqual(parseTree(treeOf({ name: 'a', type: 'file', content: null, inode: null, mtime: null, subtree: null })).nodes, [
    file('a', { content: null }),
  ]);
});

test('hostile names are reported and do not stop the reading', () => {
  const names = ['', '.', '..', '../etc', 'a\\x00b', 'gut'];
  const { problems } = parseTree(treeOf(...names.map((name) => ({ name, type: 'file' }))));
  assert.deepEqual(
    problems.filter(({ kind }) => kind === 'name').map(({ position }) => position),
    [0, 1, 2, 3, 4],
  );
  assert.deepEqual(
    names.map((name) => nameProblem(name.replace('\\x00', '\0') as ByteString)),
    ['empty', 'dot', 'dotdot', 'slash', 'nul', undefined],
  );
});

test('wrong order, repeated names and unknown types are reported with their place', () => {
  const nodes = ['b', 'a', 'a', 'c'].map((name) => ({ name, type: name === 'c' ? 'irregular' : 'file' }));
  const { problems } = parseTree(treeOf(...nodes));
  assert.deepEqual(problems, [
    { kind: 'unsorted', name: 'a', position: 1 },
    { kind: 'duplicate', name: 'a', position: 2 },
    { kind: 'unknown-type', name: 'c', position: 3 },
  ]);
});

test('a tree with a field of the wrong kind is damaged', () => {
  const wrong: readonly object[] = [
    { name: 1 },
    { name: '\\q' },
    { type: [] },
    { mode: -1 },
    { mode: 2 ** 32 },
    { uid: 1.5 },
    { size: '7' },
    { inode: -7 },
    { mtime: 'gestern' },
    { mtime: '2026-02-30T00:00:00Z' },
    { content: {} },
    { content: ['x'] },
    { content: ['A'.repeat(64)] },
    { subtree: 'f'.repeat(63) },
    { user: {} },
    { linktarget: 3 },
    { linktarget_raw: 'a' },
    { extended_attributes: 'x' },
    { extended_attributes: [{ name: 'x', value: '!' }] },
    { generic_attributes: [] },
  ];
  for (const fields of wrong) expectDamaged(() => parseTree(treeOf({ name: 'a', type: 'file', ...fields })));
  for (const text of ['[]', '3', '{"nodes":{}}', '{"nodes":[3]}', '{"nodes":[null]}']) expectDamaged(() => parseTree(bytesOfText(text)));
  expectDamaged(
    () => parseTree(bytesOfText('{"nodes":[{"name":"a","type":"file","size":18446744073709551616}]}')),
    /size is 18446744073709551616/,
  );
});

test('serializeNode() refuses numbers that are none', () => {
  for (const more of [{ mode: -1 }, { uid: Number.NaN }, { size: 0.5 }, { inode: -1n }, { inode: 2n ** 64n }, { size: 2 ** 60 }]) {
    assert.throws(() => serializeNode(file('a', more)));
  }
});
