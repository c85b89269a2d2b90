import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { needs } from '../needs.ts';
import { compareTrees, describeDifferences } from '../zoo/compare-trees.ts';
import { once, Stage } from './stage.ts';

const stage = new Stage();

const stored = once(async () => {
  const source = stage.fresh('source');
  const paths = [
    'a/b/c.txt',
    'a/b/d.log',
    'a/B/c.TXT',
    'a/x/deep/er/file',
    'a/x/other',
    'top.txt',
    'ab/c.txt',
    'empty/.keep',
    '[odd]/*star',
  ];
  for (const path of paths) {
    mkdirSync(dirname(join(source, path)), { recursive: true });
    writeFileSync(join(source, path), path);
  }
  const repository = await stage.resticRepository();
  await repository.backup('restic', ['.'], { cwd: source });
  return repository;
});

/** One that chooses nothing is not among them: restic calls that a success, we do not. */
const selections: readonly (readonly string[])[] = [
  [],
  ['--include', '/a/b'],
  ['--include', 'b'],
  ['--include', '*.txt'],
  ['--include', '/a/**/file', '--include', 'top*'],
  ['--iinclude', 'C.txt'],
  ['--include', '/a/x/deep'],
  ['--include', '\\[odd\\]'],
  ['--exclude', '*.txt'],
  ['--exclude', '/a/x', '--exclude', 'empty'],
  ['--iexclude', '*.TXT'],
  ['--exclude', 'er'],
];

test('what is restored by patterns is what restic restores, with the same folders', needs('restic'), async (t) => {
  const repository = await stored();
  for (const [number, selection] of selections.entries()) {
    await t.test(selection.join(' ') || 'everything', async () => {
      const [theirs, ours] = [stage.fresh(`restic-${number}`), stage.fresh(`cadangan-${number}`)];
      await repository.run('restic', ['restore', 'latest', '--target', theirs, ...selection]);
      await repository.run('cadangan', ['restore', 'latest', '--target', ours, ...selection]);
      mkdirSync(theirs, { recursive: true }); // restic makes no target when nothing is restored
      const differences = compareTrees(theirs, ours, { mtimeToleranceNs: 1000n }).filter(({ path }) => path !== '');
      assert.deepEqual(describeDifferences(differences), []);
    });
  }
});
