import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byteStringFromText, ownerOnlyDescriptor, parseSecurityDescriptor, textOf } from '../../../src/platform/index.ts';
import { accessDenied, descriptorOf, otherSid, SimulatedWindows, userSid } from '../../fakes/simulated-windows.ts';

const path = byteStringFromText('/data/neraca.xlsx');
/** Owner, group, lists of access and audit, labels, with the right to back up, and both kinds of inheritance: what restic asks for. */
const all = 'f001007f';
const withoutPrivilege = 'a0000077';

test('a descriptor is read with the right to back up, and without it as far as it goes, for all files at once', () => {
  const windows = new SimulatedWindows();
  windows.add(path, { descriptor: descriptorOf(otherSid) });
  const { files } = windows;
  assert.deepEqual(Buffer.from(files.userSid ?? []), userSid);
  assert.deepEqual(files.securityDescriptorOf(path), descriptorOf(otherSid));
  windows.hasPrivileges = false;
  for (let times = 0; times < 2; times += 1) assert.deepEqual(files.securityDescriptorOf(path), descriptorOf(otherSid));
  assert.deepEqual(windows.asked, [`get ${all}`, `get ${all}`, `get ${withoutPrivilege}`, `get ${withoutPrivilege}`]);
  assert.ok(!windows.hasLeaked);
});

test('a file that refuses says nothing about the next one', () => {
  const windows = new SimulatedWindows();
  windows.add(path, { securityError: accessDenied });
  windows.add('/data/open');
  const { files } = windows;
  assert.throws(() => files.securityDescriptorOf(path), { code: 'EACCES' });
  assert.ok(files.securityDescriptorOf(byteStringFromText('/data/open')));
  assert.deepEqual(windows.asked, [`get ${all}`, `get ${withoutPrivilege}`, `get ${all}`]);
  assert.throws(() => files.securityDescriptorOf(byteStringFromText('/data/none')), { code: 'ENOENT' });
});

test('where a file system has no rights there is no descriptor', () => {
  const windows = new SimulatedWindows();
  windows.add(path, { securityError: 50 }); // ERROR_NOT_SUPPORTED
  assert.equal(windows.files.securityDescriptorOf(path), undefined);
});

test('what another program holds may be removed by right, and what the list of access keeps may not', () => {
  const windows = new SimulatedWindows();
  const file = windows.add(path);
  const { files } = windows;
  assert.ok(files.mayRemove(path));
  file.removalError = 32; // ERROR_SHARING_VIOLATION
  assert.ok(files.mayRemove(path));
  file.removalError = accessDenied;
  assert.ok(!files.mayRemove(path));
  assert.ok(!files.mayRemove(byteStringFromText('/data/none')));
});

test('all of it is set, the owner too, where the rights allow it', () => {
  const windows = new SimulatedWindows();
  const file = windows.add(path);
  const { files } = windows;
  const wanted = { creationTime: 7n, fileAttributes: 0x23, securityDescriptor: descriptorOf(otherSid) };
  assert.ok(!files.has(path, wanted));
  assert.deepEqual(files.set(path, wanted), []);
  assert.deepEqual([file.creationTime, file.attributes], [7n, 0x23]);
  assert.ok(files.has(path, wanted));
  assert.ok(windows.asked.includes('set 80010005'), 'owner and list, which inherits nothing');
});

test('without rights the list of access is set, and an owner who is somebody else is named', () => {
  const windows = new SimulatedWindows();
  windows.hasPrivileges = false;
  const file = windows.add(path);
  const { files } = windows;
  assert.deepEqual(files.set(path, { securityDescriptor: descriptorOf(userSid) }), [], 'it is ours anyway');
  assert.deepEqual(files.set(path, { securityDescriptor: descriptorOf(otherSid) }), [{ what: 'owner', code: 'EPERM' }]);
  assert.deepEqual(parseSecurityDescriptor(file.descriptor)?.owner, new Uint8Array(userSid));
  assert.ok(windows.asked.includes('set 80000004'));
  // One rule that writes down who reads: [MS-DTYP] 2.4.4.10.
  const rule = Buffer.concat([Buffer.from([0x02, 0x40, 8 + otherSid.length, 0, 1, 0, 0, 0]), otherSid]);
  const rules = Buffer.concat([Buffer.from([2, 0, 8 + rule.length, 0, 1, 0, 0, 0]), rule]);
  const audited = Buffer.concat([descriptorOf(userSid), rules]);
  audited.writeUInt16LE(audited.readUInt16LE(2) | 0x10, 2);
  audited.writeUInt32LE(audited.length - rules.length, 12);
  assert.deepEqual(files.set(path, { securityDescriptor: audited }), [{ what: 'audit-rules', code: 'EPERM' }]);
});

test('a server that lacks a right says nothing about the next one', () => {
  const windows = new SimulatedWindows();
  const [share, drive] = [byteStringFromText('//nas/docs/a'), byteStringFromText('C:/data/a')];
  for (const place of [share, drive]) windows.add(textOf(place));
  windows.serversWithout.add('nas');
  const { files } = windows;
  for (const place of [share, drive, share]) files.securityDescriptorOf(place);
  assert.deepEqual(windows.asked, [`get ${all}`, `get ${withoutPrivilege}`, `get ${all}`, `get ${withoutPrivilege}`]);
});

test('who may give no file away sets the list of access all the same, and each kind of rule that is not set is named', () => {
  const windows = new SimulatedWindows();
  windows.add(path, { refused: { parts: 0x1, code: 1307 } }); // ERROR_INVALID_OWNER
  // SYSTEM_MANDATORY_LABEL_ACE of low integrity: [MS-DTYP] 2.4.4.13.
  const label = Buffer.from('0200' + '1c00' + '01000000' + '11001400' + '01000000' + '010100000000001000100000', 'hex');
  const labelled = Buffer.concat([descriptorOf(userSid), label]);
  labelled.writeUInt16LE(labelled.readUInt16LE(2) | 0x10, 2);
  labelled.writeUInt32LE(labelled.length - label.length, 12);
  assert.deepEqual(windows.files.set(path, { securityDescriptor: labelled }), [{ what: 'audit-rules', code: 'EPERM' }]);
  assert.ok(windows.asked.includes('set 80000004'));
});

test('a new file is for its owner alone, sparse and compressed, before it has any content', () => {
  const windows = new SimulatedWindows();
  const file = windows.add(path);
  windows.files.prepare(path, { fileAttributes: 0xa21, securityDescriptor: descriptorOf(otherSid) });
  assert.deepEqual([file.list, file.controls], [ownerOnlyDescriptor(userSid), ['900c4', '9c040']]);
  const plain = windows.add('/data/plain');
  windows.files.prepare(byteStringFromText('/data/plain'), { fileAttributes: 0x20 });
  assert.deepEqual([plain.list, plain.controls], [undefined, undefined]);
  assert.ok(!windows.hasLeaked);
});

test('what cannot be set is named, one by one', () => {
  const windows = new SimulatedWindows();
  windows.add(path, { securityError: accessDenied });
  const hostile = Buffer.from(descriptorOf(userSid));
  hostile.writeUInt32LE(0xffff, 4);
  const problems = (securityDescriptor: Uint8Array) => windows.files.set(path, { fileAttributes: 0x20, securityDescriptor });
  assert.deepEqual(problems(descriptorOf(userSid)), [{ what: 'security-descriptor', code: 'EACCES' }]);
  assert.deepEqual(problems(hostile), [{ what: 'security-descriptor', code: 'EINVAL' }]);
  assert.deepEqual(windows.files.set(byteStringFromText('/data/none'), { creationTime: 1n, fileAttributes: 0x20 }), [
    { what: 'creation-time', code: 'ENOENT' },
    { what: 'file-attributes', code: 'ENOENT' },
  ]);
});
