import assert from 'node:assert/strict';
import { test } from 'node:test';
import { repositoryKey } from '../../src/service/index.ts';

test('a repository is one in every spelling of its folder: it has one process, one password and one turn', () => {
  const keys = ['D:\\Backup', 'd:\\backup\\', 'D:/BACKUP', '\\\\?\\D:\\x\\..\\Backup'].map(repositoryKey);
  assert.equal(new Set(keys).size, 1, keys.join());
  assert.equal(repositoryKey('\\\\NAS\\Backup\\a'), repositoryKey('//nas/backup/A'));
  assert.notEqual(repositoryKey('D:\\Backup'), repositoryKey('E:\\Backup'));
  assert.notEqual(repositoryKey('gdrive:Backup'), repositoryKey('gdrive:backup'), 'of Drive the case counts');
});
