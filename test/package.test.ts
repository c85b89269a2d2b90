import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const projectFolder = fileURLToPath(new URL('..', import.meta.url));

test('the package holds the files of the golden list and no others', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['node_modules/@vscode/vsce/vsce', 'ls', '--no-dependencies'], {
    cwd: projectFolder,
  });
  const packaged = stdout.trim().split('\n').sort();
  const golden = readFileSync(new URL('package.golden.txt', import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .sort();
  assert.deepEqual(packaged, golden, 'build first; if the change is meant, write it to test/package.golden.txt');
});

test('the lock file names packages by hash, not by the address of a registry', () => {
  const lock = readFileSync(`${projectFolder}package-lock.json`, 'utf8');
  assert.doesNotMatch(lock, /"resolved"/);
});
