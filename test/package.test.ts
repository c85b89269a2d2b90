import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { packageCommand } from '../scripts/package.ts';

const projectFolder = fileURLToPath(new URL('..', import.meta.url));

test('the package holds the files of the golden list and no others', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['node_modules/@vscode/vsce/vsce', 'ls', '--no-dependencies'], {
    cwd: projectFolder,
  });
  const packaged = stdout.trim().split('\n').sort();
  assert.deepEqual(packaged, goldenList(), 'build first; if the change is meant, write it to test/package.golden.txt');
});
test('a package for one system has its own binary of koffi, if there is one, and no other', async (t) => {
  // As a build for both leaves them; what they hold does not matter here.
  const made = binaries.filter((name) => !existsSync(`${projectFolder}${name}`));
  t.after(() => made.forEach((name) => rmSync(`${projectFolder}${name}`)));
  for (const name of made) writeFileSync(`${projectFolder}${name}`, '');
  const ignoreFile = ignoreFileOf('win32-x64');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['node_modules/@vscode/vsce/vsce', 'ls', '--no-dependencies', '--ignoreFile', ignoreFile],
    { cwd: projectFolder },
  );
  assert.deepEqual(stdout.trim().split('\n').sort(), [...goldenList(), 'dist/koffi-win32-x64.node'].sort());
  // To ask for each takes half a minute; what else they have is the list that was asked for above.
  const common = readFileSync(`${projectFolder}.vscodeignore`, 'utf8');
  assert.equal(readFileSync(ignoreFileOf('win32-arm64'), 'utf8'), `${common}!dist/koffi-win32-arm64.node\n`);
  for (const target of ['linux-x64', 'alpine-arm64', 'darwin-arm64']) assert.equal(readFileSync(ignoreFileOf(target), 'utf8'), common);
  assert.ok(!packageCommand(undefined).includes('--ignoreFile'));
});

function ignoreFileOf(target: string): string {
  const command = packageCommand(target);
  return command[command.indexOf('--ignoreFile') + 1] ?? '';
}

const binaries = ['dist/koffi-win32-x64.node', 'dist/koffi-win32-arm64.node'];

function goldenList(): string[] {
  return readFileSync(new URL('package.golden.txt', import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .sort();
}

test('the lock file names packages by hash, not by the address of a registry', () => {
  const lock = readFileSync(`${projectFolder}package-lock.json`, 'utf8');
  assert.doesNotMatch(lock, /"resolved"/);
});
