import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drivePathOf, isCode, isOnDrive, isRemote, schemeOf } from '../../src/platform/index.ts';
import { parseLocation } from '../../src/storage/index.ts';

const locations = [
  ['/mnt/backup/repository', 'folder'],
  ['/mnt/s3:x', 'folder'],
  ['./sftp:x', 'folder'],
  ['local:gdrive:x', 'folder'],
  ['gdrive:Backup/server', 'gdrive'],
  ['sftp:admin@nas:/srv/repository', 'sftp'],
  ['sftp://nas//srv/repository', 'sftp'],
  ['rest:https://nas:8000/server', 'rest'],
  ['s3:https://s3.example.com/bucket', 's3'],
  ['rclone:remote:path', 'rclone'],
] as const;

for (const [location, scheme] of locations)
  test(`${location} is of the scheme ${scheme}, asked quickly and parsed`, () => {
    assert.equal(schemeOf(location), scheme);
    assert.equal(parseLocation(location, { platform: 'linux', workingFolder: '/' }).scheme, scheme);
    assert.equal(isRemote(location), scheme !== 'folder');
    assert.equal(isOnDrive(location), scheme === 'gdrive');
  });

test('paths of Windows and UNC paths are folders, also asked elsewhere', () => {
  for (const location of ['D:\\Backup\\Repository', '\\\\backup\\cadangan', 'local:D:\\x']) assert.equal(schemeOf(location), 'folder');
});

test('the path on Drive is what stands behind the scheme', () => {
  assert.equal(drivePathOf('gdrive:Backup/server: one'), 'Backup/server: one');
});

test('a word that is no scheme is no road; parsing says so', () => {
  assert.equal(schemeOf('sfpt:host:/x'), 'folder');
  assert.throws(
    () => parseLocation('sfpt:host:/x', { platform: 'linux', workingFolder: '/' }),
    (error) => isCode(error, 'storage.invalid-location'),
  );
});
