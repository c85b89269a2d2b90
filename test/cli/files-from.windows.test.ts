import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readFilesFrom } from '../../src/cli/files-from.ts';

test('a pattern in the long form of Windows stands for the files that fit, one without stars for itself', async (t) => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'cadangan-files-from-')));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const name of ['a.txt', 'b.txt', 'c.tmp']) writeFileSync(join(root, name), '');
  const list = join(root, 'list');
  writeFileSync(list, `\\\\?\\${root}\\*.txt\n\\\\?\\${root}\n`);
  const listed = await readFilesFrom({ patterns: [list], verbatim: [], raw: [] });
  assert.deepEqual(listed, [join(root, 'a.txt'), join(root, 'b.txt'), `\\\\?\\${root}`]);
});
