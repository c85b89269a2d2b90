import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { byteStringFromText, fileAttributes, nativeWindowsFiles, parseSecurityDescriptor } from '../../src/platform/index.ts';
import { restore } from '../../src/restore/index.ts';
import { windowsAttributesOf } from '../../src/repository/index.ts';
import { inSnapshot, readSnapshot, runBackup } from '../backup/run-backup.ts';
import { newRepository } from '../repository/new-repository.ts';
import { temporaryPath } from './temporary-target.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

/** What Windows alone has, kept and set by Windows itself; what a tree says of it is in `windows-attributes.test.ts`, on every system. */

// Not both on one file: of a file that may not be written to, Wine 8 keeps nothing more than that, unless it is root.
const hidden = fileAttributes.hidden | fileAttributes.archive;
const readOnly = fileAttributes.readOnly | fileAttributes.archive;

function windows() {
  const files = nativeWindowsFiles();
  assert.ok(files, 'dist/ has the binary that calls Windows: npm run build');
  return files;
}

test('attributes, creation times and access lists are read, and set again', () => {
  const files = windows();
  const path = join(temporaryPath(), 'laporan kuartal.txt');
  writeFileSync(path, 'isi');
  const name = byteStringFromText(path);
  const before = files.timesOf(name);
  assert.equal(before.attributes & fileAttributes.hidden, 0);
  const nowMs = Number(before.lastWriteTime / 10_000n) - 11_644_473_600_000;
  assert.ok(Math.abs(nowMs - Date.now()) < 3_600_000, `a time of Windows, not of Unix: ${nowMs}`);
  const securityDescriptor = files.securityDescriptorOf(name);
  assert.ok(securityDescriptor && parseSecurityDescriptor(securityDescriptor)?.owner);
  assert.deepEqual(files.set(name, { securityDescriptor }), []);
  assert.ok(files.has(name, { securityDescriptor, creationTime: before.creationTime }));
  assert.deepEqual(files.set(name, { fileAttributes: hidden, securityDescriptor }), []);
  assert.equal(files.timesOf(name).attributes, hidden);
  assert.ok(files.has(name, { fileAttributes: hidden, securityDescriptor }));
  assert.ok(!files.has(name, { fileAttributes: fileAttributes.archive }));
  assert.deepEqual(files.set(name, { fileAttributes: 0 }), []);
  assert.deepEqual(files.set(name, { fileAttributes: readOnly, securityDescriptor }), []);
  // Wine makes the access list of a mode, in which being read-only shows; on Windows the descriptor would be the same.
  assert.ok(files.has(name, { fileAttributes: readOnly }));
  assert.deepEqual(files.set(name, { fileAttributes: 0 }), []);
  assert.deepEqual(files.set(name, { securityDescriptor: Buffer.from('no descriptor') }), [
    { what: 'security-descriptor', code: 'EINVAL' },
  ]);
  assert.throws(() => files.timesOf(byteStringFromText(`${path}.none`)), { code: 'ENOENT' });
});

test('a backup keeps them, the next one reads nothing again, and a restore sets them', async () => {
  const files = windows();
  const source = join(temporaryPath(), 'data');
  mkdirSync(join(source, 'rahasia'), { recursive: true });
  const folder = join(source, 'rahasia');
  const wanted = { 'neraca.xlsx': hidden, 'terkunci.xlsx': readOnly };
  for (const [name, attributes] of Object.entries(wanted)) {
    const path = byteStringFromText(join(folder, name));
    writeFileSync(join(folder, name), 'angka');
    files.set(path, { fileAttributes: attributes });
    assert.deepEqual(files.set(path, { creationTime: 1n }), [], 'also of one that is read-only');
    assert.equal(files.timesOf(path).attributes, attributes);
  }
  files.set(byteStringFromText(folder), { fileAttributes: fileAttributes.hidden | fileAttributes.directory });

  const { repository } = await newRepository();
  const first = await runBackup(repository, [source]);
  assert.deepEqual(first.issues, []);
  assert.deepEqual(first.notStored, ['extended-attributes', 'alternate-data-streams']);
  const stored = await readSnapshot(repository, first.tree);
  const owners = new Map<string, Uint8Array>();
  for (const [name, attributes] of Object.entries(wanted)) {
    const file = stored.get(inSnapshot(join(folder, name)))?.node;
    const kept = windowsAttributesOf(file?.genericAttributes ?? {}).attributes;
    assert.equal(kept.fileAttributes, attributes);
    assert.ok(kept.creationTime !== undefined && kept.securityDescriptor !== undefined);
    assert.deepEqual([file?.inode, file?.links, file?.ctime], [0, 0, file?.mtime]);
    owners.set(name, parseSecurityDescriptor(kept.securityDescriptor)?.owner ?? Buffer.alloc(0));
  }

  const second = await runBackup(repository, [source]);
  assert.equal(second.parentId, first.snapshotId);
  // Not the whole tree: the folder above is everybody's, and has other times when another test makes something there.
  const again = await readSnapshot(repository, second.tree);
  assert.ok(stored.get(inSnapshot(source))?.node.subtree);
  assert.equal(again.get(inSnapshot(source))?.node.subtree, stored.get(inSnapshot(source))?.node.subtree);
  assert.equal(second.summary.filesUnmodified, 2);

  const target = join(temporaryPath(), 'target');
  for (const run of ['new', 'over what is there']) {
    const result = await restore(
      repository,
      { tree: first.tree, summary: first.summary },
      { signal: neverAborted, target, workers: 2, overwrite: 'always' },
    );
    assert.deepEqual(result.exceptions, [], run);
    const place = join(target, folder.replace(':', ''));
    const kept = files.timesOf(byteStringFromText(place)).attributes;
    assert.equal(kept & (fileAttributes.hidden | fileAttributes.directory), fileAttributes.hidden | fileAttributes.directory);
    for (const [name, attributes] of Object.entries(wanted)) {
      const path = byteStringFromText(join(place, name));
      assert.equal(files.timesOf(path).attributes, attributes, `${run}: ${name}`);
      assert.deepEqual(parseSecurityDescriptor(files.securityDescriptorOf(path) ?? Buffer.alloc(0))?.owner, owners.get(name));
      files.set(path, { fileAttributes: 0 }); // of what is read-only Wine 8 sets no times, as Windows does
    }
  }
});

test('why Windows refused a call is known after it has gone through koffi', () => {
  const files = windows();
  const name = byteStringFromText(join(temporaryPath(), 'a|b'));
  const code = 'WINDOWS_123'; // ERROR_INVALID_NAME, of CreateFileW and GetFileAttributesExW
  assert.deepEqual(files.set(name, { creationTime: 1n }), [{ what: 'creation-time', code }]);
  assert.throws(() => files.timesOf(name), { code });
});
