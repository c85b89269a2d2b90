import assert from 'node:assert/strict';
import { test } from 'node:test';
import { controlFlags, parseSecurityDescriptor } from '../../../src/platform/index.ts';

// Of BUILTIN\Administrators (S-1-5-32-544), full access for SYSTEM (S-1-5-18), by [MS-DTYP] 2.4.6: header, owner, group, list.
const administrators = '01020000000000052000000020020000';
const systemMayAll = `02001c0001000000${'00001400ff011f00'}${'010100000000000512000000'}`;
const header = `0100049414000000240000000000000034000000`;
const descriptor = Buffer.from(header + administrators + administrators + systemMayAll, 'hex');

test('a security descriptor is taken apart as its offsets say', () => {
  const parsed = parseSecurityDescriptor(descriptor);
  assert.ok(parsed);
  assert.equal(parsed.control, controlFlags.selfRelative | controlFlags.daclProtected | 0x0400 | controlFlags.daclPresent);
  assert.equal(Buffer.from(parsed.owner ?? []).toString('hex'), administrators);
  assert.equal(Buffer.from(parsed.group ?? []).toString('hex'), administrators);
  assert.equal(Buffer.from(parsed.dacl ?? []).toString('hex'), systemMayAll);
  assert.equal(parsed.sacl, undefined);
  const changed = Buffer.from(descriptor);
  const { owner } = parseSecurityDescriptor(changed) ?? assert.fail();
  changed.fill(0);
  assert.equal(Buffer.from(owner ?? []).toString('hex'), administrators, 'a copy');
});

test('one whose offsets or lengths lead out of it is none: Windows would read on', () => {
  const changes: [offset: number, bytes: string][] = [
    [0, '02'], // another revision
    [2, '0414'], // not self-relative: it holds addresses
    [4, '04000000'], // the owner lies in the header
    [4, 'f0ffffff'],
    [0x15, '10'], // an owner of 16 parts
    [16, '4f000000'], // the list begins with the last byte
    [0x36, '1d'], // the list is longer than what is left
    [0x38, '02'], // two entries, and bytes for one
    [0x3e, '15'], // an entry that is longer than its list
    [0x3e, '03'], // one that is shorter than its header
  ];
  for (const [offset, bytes] of changes) {
    const changed = Buffer.from(descriptor);
    changed.write(bytes, offset, 'hex');
    assert.equal(parseSecurityDescriptor(changed), undefined, `${bytes} at ${offset}`);
  }
  for (let length = 0; length < descriptor.length; length += 1)
    assert.equal(parseSecurityDescriptor(descriptor.subarray(0, length)), undefined);
});
