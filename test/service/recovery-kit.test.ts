import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeRecoveryKit, type RecoveryKitFacts } from '../../src/service/recovery-kit.ts';

const facts: RecoveryKitFacts = {
  location: '/mnt/backup',
  id: 'a'.repeat(64),
  keyId: 'b'.repeat(64),
  version: 2,
  host: 'srv-01',
  organisation: undefined,
  madeAtNs: 0n,
  timeZone: 'UTC',
  language: 'en',
  password: undefined,
};

const commandsFor = (location: string): readonly string[] =>
  makeRecoveryKit({ ...facts, location })
    .text.split('\n')
    .filter((line) => line.includes('restic -r'))
    .map((line) => line.trim());

test('commands for a repository of Windows are written for PowerShell, which takes some quotes for its own', () => {
  assert.deepEqual(commandsFor('\\\\backup\\cadangan').slice(0, 3), [
    'restic -r \\\\backup\\cadangan snapshots',
    'restic -r \\\\backup\\cadangan restore latest --target .\\restored',
    'restic -r \\\\backup\\cadangan restore latest --target .\\restored --include /C/Data',
  ]);
  assert.equal(commandsFor("D:\\Budi's $backup")[0], "restic -r 'D:\\Budi''s $backup' snapshots");
  assert.equal(commandsFor('D:\\Budi\u2019s backup')[0], "restic -r 'D:\\Budi\u2019\u2019s backup' snapshots");
  // PowerShell 5 would hand on `"\\server\my share\"`, whose last quote is then none.
  assert.equal(commandsFor('\\\\server\\my share\\')[0], "restic -r '\\\\server\\my share' snapshots");
  assert.equal(commandsFor('D:\\')[0], 'restic -r D:\\ snapshots');
  assert.match(makeRecoveryKit({ ...facts, location: 'D:\\backup' }).text, /Open PowerShell/);
});

test('commands for any other repository are written for a POSIX shell', { skip: process.platform === 'win32' }, () => {
  assert.deepEqual(commandsFor('/mnt/backup').slice(1, 3), [
    'restic -r /mnt/backup restore latest --target ./restored',
    'restic -r /mnt/backup restore latest --target ./restored --include /srv/data',
  ]);
  assert.equal(commandsFor("/mnt/Budi's $backup")[0], "restic -r '/mnt/Budi'\\''s $backup' snapshots");
  assert.doesNotMatch(makeRecoveryKit(facts).text, /PowerShell/);
});
