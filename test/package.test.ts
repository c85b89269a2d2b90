import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { koffiBinary } from '../scripts/koffi-binary.ts';
import { assertBinaries, namesInZip, packageCommand, targetOf } from '../scripts/package.ts';

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

test('a binary of koffi that was brought for an older lockfile is not taken', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-koffi-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const name = '@koromix/koffi-win32-x64';
  const lock = (version: string): void =>
    writeFileSync(
      join(folder, 'package-lock.json'),
      JSON.stringify({ packages: { [`node_modules/${name}`]: { version, integrity: 'sha512-' } } }),
    );
  const place = join(folder, '.cache', 'koffi', 'win32-x64', 'node_modules', name);
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, 'package.json'), JSON.stringify({ name, version: '3.3.4' }));
  lock('3.3.4');
  assert.equal(koffiBinary('win32-x64', folder), join(place, 'win32_x64', 'koffi.node'));
  lock('3.3.5');
  assert.equal(koffiBinary('win32-x64', folder), undefined);
});

test('the program takes the version of koffi that the lockfile has', () => {
  const lock = JSON.parse(readFileSync(`${projectFolder}package-lock.json`, 'utf8')) as { packages: Record<string, { version: string }> };
  const { version } = lock.packages['node_modules/@koromix/koffi-win32-x64'] ?? {};
  assert.ok(readFileSync(`${projectFolder}src/platform/native/koffi.ts`, 'utf8').includes(`const koffiVersion = '${version}';`));
});

test('the target of a package is read in every spelling that vsce takes, and nothing else', () => {
  for (const args of [['--target', 'win32-x64'], ['--target=win32-x64'], ['-t', 'win32-x64'], ['-twin32-x64']])
    assert.equal(targetOf(args), 'win32-x64', args.join(' '));
  assert.equal(targetOf([]), undefined);
  for (const args of [['--target'], ['--taget=win32-x64'], ['win32-x64'], ['--pre-release']])
    assert.throws(() => targetOf(args), args.join(' '));
});

test('a package without the binary of its target, or with one of another, is not made', () => {
  const [x64, arm64] = binaries.map((name) => `extension/${name}`);
  assert.ok(x64 && arm64);
  assertBinaries(['extension/package.json', x64], 'win32-x64');
  assertBinaries(['extension/package.json'], 'linux-x64');
  assertBinaries(['extension/package.json'], undefined);
  assert.throws(() => assertBinaries(['extension/package.json'], 'win32-x64'), /win32-x64/);
  assert.throws(() => assertBinaries([x64, arm64], 'win32-x64'), /win32-arm64/);
  assert.throws(() => assertBinaries([x64], undefined), /every system/);
});

test('the names in a ZIP file are those of its list', () => {
  const entry = (name: string): Buffer => {
    const head = Buffer.alloc(46);
    head.write('PK\x01\x02', 'latin1');
    head.writeUInt16LE(name.length, 28);
    head.writeUInt16LE(2, 30);
    return Buffer.concat([head, Buffer.from(name), Buffer.from('xx')]);
  };
  const list = Buffer.concat([entry('a/b.js'), entry('c.node')]);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(2, 10);
  end.writeUInt32LE(7, 16);
  assert.deepEqual(namesInZip(Buffer.concat([Buffer.from('content'), list, end])), ['a/b.js', 'c.node']);
  assert.throws(() => namesInZip(Buffer.from('content')), /no ZIP file/);
});
