import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { replaceFile, systemCode, systemRandom } from '../../src/platform/index.ts';

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
