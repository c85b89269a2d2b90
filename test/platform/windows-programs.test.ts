import assert from 'node:assert/strict';
import { test } from 'node:test';
import { programInPath } from '../../src/platform/index.ts';

test('a program of Windows is looked for where PATH says, and never in the current folder', () => {
  const there = [
    'C:\\Tools\\rclone.exe',
    'D:\\rclone.exe',
    'rclone.exe',
    '.\\rclone.exe',
    'bin\\rclone.exe',
    '\\rclone.exe',
    'C:rclone.exe',
  ];
  const found = (path: string, program = 'rclone'): string => programInPath(program, { Path: path }, (file) => there.includes(file));
  assert.equal(found('C:\\Windows;"C:\\Tools";D:\\'), 'C:\\Tools\\rclone.exe');
  assert.equal(found('C:\\Tools', 'rclone.exe'), 'C:\\Tools\\rclone.exe');
  assert.equal(found('C:\\Tools', '.\\rclone'), '.\\rclone', 'who names a folder means it');
  assert.equal(found('', 'E:\\rclone.exe'), 'E:\\rclone.exe');
  for (const path of ['', ';', '.', 'bin;.\\', '\\', 'C:', 'C:\\Windows'])
    assert.match(found(path), /\\System32\\rclone$/, `nothing lies there, and "${path}" is no place`);
});
