import assert from 'node:assert/strict';
import { test } from 'node:test';
import { genericAttributesOf, parseTree, serializeTree, windowsAttributesOf } from '../../../src/repository/index.ts';

/**
 * Two nodes as restic 0.17 and later write them on Windows, by its documentation ("Backing up file metadata"), its design document and Go's
 * rules for JSON: no inode, no links, `ctime` is `mtime`, the keys of `generic_attributes` in the order of their bytes.
 */
const treeOfWindows =
  '{"nodes":[{"name":"Laporan","type":"dir","mode":2147484159,"mtime":"2026-11-20T08:15:30.1234567+07:00",' +
  '"atime":"2026-11-20T08:15:30.1234567+07:00","ctime":"2026-11-20T08:15:30.1234567+07:00","uid":0,"gid":0,' +
  '"generic_attributes":{"windows.creation_time":{"LowDateTime":3577643008,"HighDateTime":27111902},"windows.file_attributes":16,' +
  '"windows.security_descriptor":"AQAElBQAAAAkAAAAAAAAADQAAAABAgAAAAAABSAAAAAgAgAAAQIAAAAAAAUgAAAAIAIAAAIAHAABAAAAAAAUAP8BHwABAQAAAAAABRIAAAA="},' +
  '"content":null,"subtree":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},' +
  '{"name":"neraca.xlsx","type":"file","mode":438,"mtime":"2026-11-20T08:15:30.1234567+07:00",' +
  '"atime":"2026-11-20T08:15:30.1234567+07:00","ctime":"2026-11-20T08:15:30.1234567+07:00","uid":0,"gid":0,"size":5,' +
  '"generic_attributes":{"windows.creation_time":{"LowDateTime":3577643008,"HighDateTime":27111902},"windows.file_attributes":34},' +
  '"content":["fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"]}]}\n';

test('a tree with attributes of Windows is written as it was read, byte for byte', () => {
  const tree = parseTree(Buffer.from(treeOfWindows));
  assert.equal(Buffer.from(serializeTree(tree.nodes)).toString(), treeOfWindows);
});

test('attributes of Windows are read, and written as restic writes them', () => {
  const [folder, file] = parseTree(Buffer.from(treeOfWindows)).nodes;
  const read = windowsAttributesOf(folder?.genericAttributes ?? {});
  assert.deepEqual(read.unknown, []);
  // 1970-01-01 in FILETIME is 27111902 * 2^32 + 3577643008 (Microsoft, "File Times"): in 100 ns from 1601 on.
  assert.equal(read.attributes.creationTime, 116_444_736_000_000_000n);
  assert.equal(read.attributes.fileAttributes, 0x10);
  assert.equal(read.attributes.securityDescriptor?.length, 80);
  assert.equal(JSON.stringify(genericAttributesOf(read.attributes)), JSON.stringify(folder?.genericAttributes));
  const ofFile = windowsAttributesOf(file?.genericAttributes ?? {});
  assert.deepEqual(ofFile.attributes, { creationTime: 116_444_736_000_000_000n, fileAttributes: 0x22 });
  assert.equal(JSON.stringify(genericAttributesOf(ofFile.attributes)), JSON.stringify(file?.genericAttributes));
});

test('what cannot be read of them is named, and what a later restic may add', () => {
  const { attributes, unknown } = windowsAttributesOf({
    'windows.creation_time': { LowDateTime: -1, HighDateTime: 0 },
    'windows.file_attributes': '32',
    'windows.security_descriptor': 'AQ=',
    'windows.later': null,
  });
  assert.deepEqual(attributes, {});
  assert.deepEqual(unknown, ['windows.creation_time', 'windows.file_attributes', 'windows.security_descriptor', 'windows.later']);
});

test('times of any year and no attributes at all', () => {
  assert.deepEqual(genericAttributesOf({}), {});
  for (const creationTime of [0n, 1n, 0xffff_ffffn, 0x1_0000_0000n, 0xffff_ffff_ffff_ffffn])
    assert.equal(windowsAttributesOf(genericAttributesOf({ creationTime })).attributes.creationTime, creationTime);
});
