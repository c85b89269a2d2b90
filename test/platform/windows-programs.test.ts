import assert from 'node:assert/strict';
import { win32 } from 'node:path';
import { test } from 'node:test';
import { windowsProgram } from '../../src/platform/index.ts';

test('a program of Windows is named by its whole path, so that none of the current folder stands in for it', () => {
  const path = windowsProgram('WindowsPowerShell', 'v1.0', 'powershell.exe');
  assert.ok(win32.isAbsolute(path));
  assert.ok(path.endsWith('\\System32\\WindowsPowerShell\\v1.0\\powershell.exe'));
});
