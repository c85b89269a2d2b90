import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasSameContent, makeNode, saysTheSame, type ChangeRules } from '../../src/backup/node-maker.ts';
import type { SourceStat } from '../../src/backup/source-stat.ts';
import { byteStringFromText, type ByteString } from '../../src/platform/index.ts';
import {
  fileModeFromStat,
  parseTree,
  serializeNode,
  serializeTree,
  TimestampWriter,
  type BlobId,
  type JsonObject,
  type Node,
} from '../../src/repository/index.ts';

const options = {
  withAtime: false,
  accounts: { user: (uid: number) => `user-${uid}`, group: () => '' },
  times: new TimestampWriter(() => 420),
  ofWindows: false,
};
const strict: ChangeRules = { ignoreCtime: false, ignoreInode: false };
const stat: SourceStat = {
  type: 'file',
  mode: fileModeFromStat(0o100_644),
  uid: 1_000,
  gid: 100,
  inode: 2n ** 64n - 1n,
  deviceId: 5,
  device: 0,
  links: 1,
  size: 11,
  mtimeNs: 1_785_769_200_123_456_789n,
  ctimeNs: 1_785_769_200_123_456_790n,
  atimeNs: 1n,
};
const name = byteStringFromText('berkas');
const id = 'ab'.repeat(32) as BlobId;
const node = (change: Partial<SourceStat> = {}): Node => makeNode(name, { ...stat, ...change }, options, { content: [id] });

test("a file has the same content as the parent's when size, times and inode are the same, and only then", () => {
  assert.ok(hasSameContent(node(), node(), strict));
  assert.ok(
    hasSameContent({ ...node(), mtime: '2026-08-03T15:00:00.123456789Z', ctime: '2026-08-03T15:00:00.12345679Z' }, node(), strict),
    'instants count, not zones',
  );
  const changes: readonly Partial<SourceStat>[] = [
    { size: 12 },
    { mtimeNs: stat.mtimeNs + 1n },
    { ctimeNs: stat.ctimeNs + 1n },
    { ctimeNs: stat.mtimeNs },
    { inode: 2n ** 64n - 2n },
    { inode: 7 },
  ];
  for (const change of changes) assert.ok(!hasSameContent(node(), node(change), strict), JSON.stringify(Object.keys(change)));
});

test('rights and owners do not make a file worth reading again', () => {
  for (const change of [
    { mode: 0o777 },
    { uid: 0 },
    { gid: 0 },
    { links: 2 },
    { deviceId: 6 },
    { atimeNs: 9n },
  ] satisfies Partial<SourceStat>[]) {
    assert.ok(hasSameContent(node(), node(change), strict));
  }
});

test('ctime and inode are left out when asked, never the mtime or the size', () => {
  assert.ok(hasSameContent(node(), node({ ctimeNs: 1n }), { ignoreCtime: true, ignoreInode: false }));
  assert.ok(hasSameContent(node(), node({ inode: 1 }), { ignoreCtime: false, ignoreInode: true }));
  assert.ok(!hasSameContent(node(), node({ inode: 1 }), { ignoreCtime: true, ignoreInode: false }));
  assert.ok(!hasSameContent(node(), node({ ctimeNs: 1n }), { ignoreCtime: false, ignoreInode: true }));
  for (const change of [{ mtimeNs: 1n }, { size: 1 }])
    assert.ok(!hasSameContent(node(), node(change), { ignoreCtime: true, ignoreInode: true }));
});

test('only files have content: a folder or link of the same numbers is something else', () => {
  for (const type of ['dir', 'symlink', 'fifo'] as const) {
    assert.ok(!hasSameContent({ ...node(), type }, node(), strict));
    assert.ok(!hasSameContent({ ...node(), type }, node({ type }), strict));
  }
});

test('a node of the parent is kept only when every known field of it still holds; what only others write stays', () => {
  const parent: Node = {
    ...node(),
    extendedAttributes: [{ name: 'user.x', value: Buffer.from('y') }],
    unknown: [['flags', 1]],
    atime: '2001-01-01T00:00:00Z',
  };
  assert.ok(saysTheSame(parent, node()));
  assert.ok(saysTheSame({ ...parent, deviceId: 0 }, node()), 'newer restic leaves the device out');
  const changes: readonly Partial<SourceStat>[] = [
    { mode: 0o600 },
    { uid: 1 },
    { gid: 1 },
    { inode: 1 },
    { deviceId: 6 },
    { links: 2 },
    { mtimeNs: 1n },
    { ctimeNs: 1n },
    { size: 1 },
    { type: 'dir' },
  ];
  for (const change of changes) assert.ok(!saysTheSame(parent, node(change)), Object.keys(change).join());
  const link = (target: string) => makeNode(name, { ...stat, type: 'symlink' }, options, { linkTarget: byteStringFromText(target) });
  assert.ok(saysTheSame(link('a'), link('a')));
  assert.ok(!saysTheSame(link('a'), link('b')));
});

test('each kind has the fields that restic gives it', () => {
  const fieldsOf = (type: SourceStat['type']) => {
    const { size, links, device, content } = makeNode(name, { ...stat, type, device: 77, links: 3 }, options);
    return { size, links, device, content };
  };
  assert.deepEqual(fieldsOf('file'), { size: 11, links: 3, device: 0, content: [] });
  for (const type of ['dir', 'fifo', 'socket'] as const) assert.deepEqual(fieldsOf(type), { size: 0, links: 0, device: 0, content: null });
  assert.deepEqual(fieldsOf('symlink'), { size: 0, links: 3, device: 0, content: null });
  for (const type of ['dev', 'chardev'] as const) assert.deepEqual(fieldsOf(type), { size: 0, links: 3, device: 77, content: null });
});

test('the access time is the modification time unless asked for', () => {
  assert.equal(node().atime, node().mtime);
  assert.equal(makeNode(name, stat, { ...options, withAtime: true }).atime, '1970-01-01T07:00:00.000000001+07:00');
});

test('every node that is made can be written to a tree and read back', () => {
  const names = ['a', 'b\n"\\', '\xff\xfe', 'ü'].map((text) => text as ByteString);
  const nodes = names
    .toSorted()
    .map((each, at) =>
      makeNode(each, { ...stat, mtimeNs: stat.mtimeNs * BigInt(at), size: 2 ** 40 }, options, { content: [id], sizeBytes: at }),
    );
  assert.deepEqual(parseTree(serializeTree(nodes)).nodes, nodes);
});

const windowsOptions = { ...options, accounts: { user: () => '', group: () => '' }, ofWindows: true };
const windowsRules: ChangeRules = { ...strict, ofWindows: true };
const windowsStat: SourceStat = { ...stat, mode: fileModeFromStat(0o100_666), uid: 0, gid: 0 };
const generic = { 'windows.creation_time': { LowDateTime: 1, HighDateTime: 2 }, 'windows.file_attributes': 32 };
const ofWindows = (change: Partial<SourceStat> = {}, genericAttributes: JsonObject | undefined = generic): Node =>
  makeNode(name, { ...windowsStat, ...change }, windowsOptions, { content: [id], genericAttributes });
/** As restic writes the same file there: no inode, no device, no links, and `ctime` is `mtime`. */
const ofRestic = onlyNode({
  name: 'berkas',
  type: 'file',
  mode: 0o666,
  mtime: '2026-08-03T22:00:00.123456789+07:00',
  atime: '2026-08-03T22:00:00.123456789+07:00',
  ctime: '2026-08-03T22:00:00.123456789+07:00',
  uid: 0,
  gid: 0,
  size: 11,
  generic_attributes: generic,
  content: [id],
});

test('on Windows a node is what restic writes there, so that taking turns reads nothing again and drops nothing', () => {
  assert.equal(serializeNode(ofWindows()), serializeNode(ofRestic));
  assert.ok(hasSameContent(ofRestic, ofWindows(), windowsRules));
  const richer = {
    ...ofRestic,
    extendedAttributes: [{ name: 'EA', value: Buffer.from('x') }],
    genericAttributes: { ...generic, later: 1 },
  };
  assert.ok(saysTheSame(richer, ofWindows()), 'what only others store stays');
  assert.ok(saysTheSame(richer, ofWindows({}, {})), 'what could not be asked for stays');
  for (const change of [{ inode: 7 }, { ctimeNs: 1n }, { deviceId: 9 }]) assert.ok(saysTheSame(ofRestic, ofWindows(change)));
});

test('a file of Windows that a snapshot of an earlier version has is not read again, and its node becomes the new one', () => {
  const earlier = makeNode(name, windowsStat, { ...windowsOptions, ofWindows: false }, { content: [id] });
  assert.ok(hasSameContent(earlier, ofWindows(), windowsRules));
  assert.ok(!saysTheSame(earlier, ofWindows()));
});

test('on Windows another size, time of writing or creation makes a file another one, and so does another number where both have one', () => {
  const changes: Partial<SourceStat>[] = [{ size: 12 }, { mtimeNs: stat.mtimeNs + 100n }];
  for (const change of changes) assert.ok(!hasSameContent(ofRestic, ofWindows(change), windowsRules));
  const later = { ...generic, 'windows.creation_time': { LowDateTime: 2, HighDateTime: 2 } };
  assert.ok(!hasSameContent(ofRestic, ofWindows({}, later), windowsRules));
  assert.ok(hasSameContent(ofRestic, ofWindows({}, later), { ...windowsRules, ignoreInode: true }));
  const hidden = { ...generic, 'windows.file_attributes': 34 };
  assert.ok(hasSameContent(ofRestic, ofWindows({}, hidden), windowsRules));
  assert.ok(!saysTheSame(ofRestic, ofWindows({}, hidden)));
  const linked = ofWindows({ links: 2 });
  assert.deepEqual([linked.inode, linked.deviceId, linked.links], [stat.inode, stat.deviceId, 2]);
  assert.ok(hasSameContent(ofRestic, linked, windowsRules), 'restic knows no number');
  assert.ok(hasSameContent(linked, ofWindows({ links: 2 }), windowsRules));
  assert.ok(!hasSameContent(linked, ofWindows({ links: 2, inode: 8 }), windowsRules));
});

function onlyNode(json: JsonObject): Node {
  const [only] = parseTree(Buffer.from(JSON.stringify({ nodes: [json] }))).nodes;
  assert.ok(only);
  return only;
}
