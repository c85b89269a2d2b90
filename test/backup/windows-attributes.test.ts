import assert from 'node:assert/strict';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isVolumeRoot, windowsFactsOf } from '../../src/backup/windows-attributes.ts';
import { byteStringFromText } from '../../src/platform/index.ts';
import { windowsAttributesOf } from '../../src/repository/index.ts';
import { accessDenied, SimulatedWindows } from '../fakes/simulated-windows.ts';
import { newRepository } from '../repository/new-repository.ts';
import { readSnapshot, runBackup, temporaryFolder } from './run-backup.ts';

const recallOnDataAccess = 0x400000;

test('the root of a drive or share keeps its attributes to itself, and a link has no rights of its own', () => {
  const windows = new SimulatedWindows();
  windows.add('/data/a');
  const { files } = windows;
  for (const root of ['C:', 'C:/', '//server/share', '//server/share/', '//server'])
    assert.ok(isVolumeRoot(byteStringFromText(root)), root);
  for (const inside of ['C:/a', '//server/share/a', '/', '/a']) assert.ok(!isVolumeRoot(byteStringFromText(inside)), inside);
  const keys = (type: 'file' | 'dir' | 'symlink') =>
    Object.keys(windowsFactsOf(files, byteStringFromText('C:/data/a'), type).generic ?? {});
  assert.deepEqual(keys('symlink'), ['windows.creation_time', 'windows.file_attributes']);
  for (const type of ['file', 'dir'] as const) assert.deepEqual(keys(type), [...keys('symlink'), 'windows.security_descriptor']);
});

test('a file whose content a cloud service has is named and not fetched, but what is known of it stays', async () => {
  using folder = temporaryFolder();
  const windows = new SimulatedWindows();
  const cloud = join(folder.path, 'cloud.docx');
  const known = join(folder.path, 'known.docx');
  for (const path of [cloud, known]) writeFileSync(path, 'isi');
  for (const path of [folder.path, cloud, known]) windows.add(path);
  for (let above = join(folder.path, '..'); above !== '/'; above = join(above, '..')) windows.add(above);
  windows.add('/');
  windows.add(cloud, { attributes: recallOnDataAccess });
  const { repository } = await newRepository();
  const windowsFiles = windows.files;
  const first = await runBackup(repository, [folder.path], { windowsFiles });
  assert.deepEqual(first.issues, [{ path: cloud, kind: 'online-only', reason: '' }]);
  assert.ok(![...(await readSnapshot(repository, first.tree)).keys()].some((path) => path.endsWith('cloud.docx')));

  // Freed on this machine meanwhile, and not changed: its content is in the repository.
  windows.add(known, { attributes: recallOnDataAccess });
  const second = await runBackup(repository, [folder.path], { windowsFiles });
  assert.equal(second.issueCount, 1);
  const stored = (await readSnapshot(repository, second.tree)).get(known);
  assert.equal(stored?.content?.toString(), 'isi');
  assert.equal(windowsAttributesOf(stored?.node.genericAttributes ?? {}).attributes.fileAttributes, recallOnDataAccess);

  utimesSync(known, 1, 1); // changed in the cloud
  const third = await runBackup(repository, [folder.path], { windowsFiles });
  assert.deepEqual(
    third.issues.map(({ kind }) => kind),
    ['mostly-unreadable', 'online-only', 'online-only'],
  );
});

test('rights that cannot be read are named, and everything else of the file is stored', async () => {
  using folder = temporaryFolder();
  const windows = new SimulatedWindows();
  const closed = join(folder.path, 'data', 'closed.txt');
  mkdirSync(join(folder.path, 'data'));
  writeFileSync(closed, 'isi');
  for (let path = join(folder.path, 'data'); path !== '/'; path = join(path, '..')) windows.add(path);
  windows.add(closed, { attributes: 0x22, creationTime: 9n, securityError: accessDenied });
  const { repository } = await newRepository();
  const { issues, tree } = await runBackup(repository, [folder.path], { windowsFiles: windows.files });
  assert.deepEqual(issues, [{ path: closed, kind: 'attributes-unreadable', reason: 'EACCES' }]);
  const stored = (await readSnapshot(repository, tree)).get(closed);
  assert.equal(stored?.content?.toString(), 'isi');
  assert.deepEqual(windowsAttributesOf(stored?.node.genericAttributes ?? {}).attributes, { creationTime: 9n, fileAttributes: 0x22 });
});
