import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isInEveryRun, leftOutOf, windowsTests } from '../../scripts/windows/windows-tests.ts';
import { notTriedUnderWine, notUnderWine } from './not-under-wine.ts';

const tests = join(import.meta.dirname, '..');
const all = globSync('test/**/*.test.ts', { cwd: join(tests, '..') });

test('what is said to be not run in Windows is there under its name, once', () => {
  for (const { file, tests: names = [] } of notUnderWine) {
    assert.ok(existsSync(join(tests, file)), file);
    const text = names.length > 0 ? readFileSync(join(tests, file), 'utf8') : '';
    for (const name of names) assert.ok(text.includes(name), `${file}: ${name}`);
  }
  for (const file of notTriedUnderWine) assert.ok(existsSync(join(tests, file)), file);
  const whole = [...notTriedUnderWine, ...notUnderWine.filter(({ tests: names }) => names === undefined).map(({ file }) => file)];
  assert.equal(new Set(whole).size, whole.length);
});

test('every other test file is run there, each of the rooms that touch files in every run', () => {
  const run = windowsTests(all);
  assert.ok(run.includes('test/backup/sources.windows.test.ts') && !run.includes('test/interop/zoo.test.ts'));
  assert.deepEqual(leftOutOf('test/google/upload-journal.test.ts'), ['knows after a crash what was put']);
  const rooms = new Set(run.filter(isInEveryRun).map((file) => file.split('/')[1]));
  for (const room of ['platform', 'storage', 'backup', 'restore', 'repository', 'records']) assert.ok(rooms.has(room), room);
});

test('what a file skips there by itself is in the list: a skipped test fails a build server', () => {
  const unlisted = windowsTests(all).flatMap((file) => {
    const text = readFileSync(join(tests, '..', file), 'utf8');
    const skipping = [...text.matchAll(/\btest\(\s*(['"`])(?<name>.*?)\1,\s*(?:\{ (?:skip|todo)|(?!async\b|function\b)[A-Za-z]\w*[,(])/g)];
    const names = skipping.map(({ groups: { name = '' } = {} }) => name);
    return names.filter((name) => !leftOutOf(file).some((left) => name.startsWith(left))).map((name) => `${file}: ${name}`);
  });
  assert.deepEqual(unlisted, []);
});
