import assert from 'node:assert/strict';
import {
  chmodSync,
  cpSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../storage/temporary-folder.ts';
import { compareTrees, type Aspect } from './compare-trees.ts';

const stamp = new Date('2026-01-02T03:04:05Z');

/** Makes two equal folders, changes the second, and tells what the comparison finds. */
async function differencesAfter(change: (folder: string) => void): Promise<[path: string, aspect: Aspect][]> {
  await using temporary = await temporaryFolder();
  const [left, right] = [join(temporary.path, 'left'), join(temporary.path, 'right')];
  for (const folder of [left, right]) fill(folder);
  change(right);
  // A change inside a folder changes its time, which is not what is asked here.
  for (const folder of [left, right, join(left, 'folder'), join(right, 'folder')]) utimesSync(folder, stamp, stamp);
  return compareTrees(left, right).map(({ path, aspect }) => [path, aspect]);
}

function fill(folder: string): void {
  mkdirSync(join(folder, 'folder'), { recursive: true });
  for (const name of ['a', 'b', 'folder/c']) writeFileSync(join(folder, name), 'x'.repeat(3_000_000));
  linkSync(join(folder, 'b'), join(folder, 'folder', 'b2'));
  symlinkSync('a', join(folder, 'link'));
  lutimesSync(join(folder, 'link'), stamp, stamp);
  for (const name of ['a', 'b', 'folder/c', 'folder']) utimesSync(join(folder, name), stamp, stamp);
  utimesSync(folder, stamp, stamp);
}

test('compareTrees() finds nothing between equal folders', async () => {
  assert.deepEqual(await differencesAfter(() => undefined), []);
});

const changes: readonly [what: string, change: (folder: string) => void, expected: [string, Aspect][]][] = [
  ['one changed byte at the end', (f) => rewrite(f, 'a', `${'x'.repeat(2_999_999)}y`), [['a', 'content']]],
  ['a file cut short', (f) => (truncateSync(join(f, 'a'), 5), utimesSync(join(f, 'a'), stamp, stamp)), [['a', 'size']]],
  ['a missing file', (f) => unlinkSync(join(f, 'folder', 'c')), [['folder/c', 'missing']]],
  ['a file too many', (f) => writeFileSync(join(f, 'folder', 'd'), ''), [['folder/d', 'extra']]],
  ['another mode', (f) => chmodSync(join(f, 'a'), 0o600), [['a', 'mode']]],
  ['another time', (f) => utimesSync(join(f, 'a'), stamp, new Date(+stamp + 1)), [['a', 'mtime']]],
  [
    'another link target',
    (f) => (unlinkSync(join(f, 'link')), symlinkSync('b', join(f, 'link')), lutimesSync(join(f, 'link'), stamp, stamp)),
    [['link', 'link target']],
  ],
  ['a folder in place of a file', (f) => (rmSync(join(f, 'a')), mkdirSync(join(f, 'a'))), [['a', 'type']]],
  [
    'a hard link that became a file of its own',
    separate,
    [
      ['b', 'hard links'],
      ['folder/b2', 'hard links'],
    ],
  ],
  [
    'a renamed folder',
    (f) => (renameSync(join(f, 'folder'), join(f, 'folder2')), mkdirSync(join(f, 'folder'))),
    [
      ['b', 'hard links'],
      ['folder/b2', 'missing'],
      ['folder/c', 'missing'],
      ['folder2', 'extra'],
    ],
  ],
];

for (const [what, change, expected] of changes) {
  test(`compareTrees() finds ${what}`, async () => {
    assert.deepEqual((await differencesAfter(change)).sort(), expected.sort());
  });
}

function rewrite(folder: string, name: string, content: string): void {
  writeFileSync(join(folder, name), content);
  utimesSync(join(folder, name), stamp, stamp);
}

function separate(folder: string): void {
  assert(readdirSync(join(folder, 'folder')).includes('b2'));
  unlinkSync(join(folder, 'folder', 'b2'));
  cpSync(join(folder, 'b'), join(folder, 'folder', 'b2'), { preserveTimestamps: true });
}
