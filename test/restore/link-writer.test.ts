import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileAttributes } from '../../src/platform/index.ts';
import { linkTypes } from '../../src/restore/link-writer.ts';

test('a link to a folder of the machine by its whole path comes back as a junction, where there are such', () => {
  const toFolder = fileAttributes.directory | fileAttributes.reparsePoint;
  for (const target of ['C:\\ProgramData', 'd:/data', '\\\\?\\C:\\x']) assert.deepEqual(linkTypes(toFolder, target), ['junction', 'dir']);
  for (const target of ['..\\data', '\\\\nas\\share', '\\data', 'C:data']) assert.deepEqual(linkTypes(toFolder, target), ['dir']);
  assert.deepEqual(linkTypes(fileAttributes.reparsePoint, 'C:\\a.txt'), ['file']);
});
