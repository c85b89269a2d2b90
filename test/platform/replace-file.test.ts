import assert from 'node:assert/strict';
import { chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { makeFolder, makeFolderNow, replaceFile, systemCode, systemRandom } from '../../src/platform/index.ts';

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-replace-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('replaceFile() makes the folder and the file for their owner only, and puts the new content in the place of the old', async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'state', 'deep', 'file.json');
  for (const content of ['first, and longer than the next', Buffer.from('second')]) {
    await replaceFile(path, content, systemRandom);
    assert.equal(readFileSync(path, 'utf8'), String(content));
  }
  assert.deepEqual(readdirSync(join(folder, 'state', 'deep')), ['file.json']);
  if (process.platform !== 'win32')
    assert.deepEqual([statSync(path).mode & 0o777, statSync(join(folder, 'state')).mode & 0o777], [0o600, 0o700]);
});

test('what cannot be put in place leaves nothing behind, and what was there', async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'taken', 'inside'), { recursive: true });
  await assert.rejects(replaceFile(join(folder, 'taken'), 'x', systemRandom), (error) => systemCode(error) !== undefined);
  assert.deepEqual([readdirSync(folder), readdirSync(join(folder, 'taken'))], [['taken'], ['inside']]);
  writeFileSync(join(folder, 'file'), 'x');
  await assert.rejects(replaceFile(join(folder, 'file', 'below'), 'x', systemRandom), (error) => systemCode(error) !== undefined);
  assert.equal(readFileSync(join(folder, 'file'), 'utf8'), 'x');
});

test(
  'what root replaces stays whose it was',
  { skip: process.getuid?.() === 0 ? false : 'needs root, to give files to others' },
  async (t) => {
    const path = join(temporaryFolder(t), 'file');
    writeFileSync(path, 'first');
    chownSync(path, 54_321, 12_345);
    await replaceFile(path, 'second', systemRandom);
    const { uid, gid } = statSync(path);
    assert.deepEqual([readFileSync(path, 'utf8'), uid, gid], ['second', 54_321, 12_345]);
  },
);

test("a folder that can never be made ends in the system's error, not in a loop", { skip: process.platform !== 'linux' }, async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'file'), '');
  for (const [path, code] of [
    ['/proc/cadangan/a/b', 'ENOENT'],
    ['/dev/null/a', 'ENOTDIR'],
    [join(folder, 'file'), 'EEXIST'],
    [join(folder, 'file', 'a', 'b'), 'ENOTDIR'],
  ] as const) {
    await assert.rejects(makeFolder(path, 0o700), { code });
    assert.throws(() => makeFolderNow(path, 0o700), { code });
  }
  await makeFolder(join(folder, 'a', 'b'), 0o700);
  makeFolderNow(join(folder, 'a', 'b', 'c'), 0o700);
  await makeFolder(join(folder, 'a', 'b', 'c'), 0o700);
});
