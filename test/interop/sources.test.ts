import assert from 'node:assert/strict';
import { existsSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '../needs.ts';
import { once, Stage } from './stage.ts';

const stage = new Stage();
const repository = once(() => stage.resticRepository());

/** `link` leads to `a/x`; `a/x` and `b/x` have one name. */
const folder = once(() => {
  const path = stage.folder('sources');
  for (const each of ['a/x/sub', 'b/x']) mkdirSync(join(path, each), { recursive: true });
  for (const each of ['a/x/f', 'a/x/sub/g', 'b/x/f']) writeFileSync(join(path, each), each);
  symlinkSync('a/x', join(path, 'link'));
  return Promise.resolve(path);
});

/**
 * [folder that the command runs in, sources, a file that must come back]. rustic once stored such sources so that no restore could read
 * them.
 */
const cases: readonly [string, readonly string[], string][] = [
  ['.', ['link/sub', 'a/x'], 'link/sub/g'],
  ['.', ['link/'], ''],
  ['.', ['a/x', 'b/x'], 'b/x/f'],
  ['.', ['a', 'a/x'], 'a/x/sub/g'],
  ['.', ['a/x', 'a'], 'a/x/sub/g'],
  ['.', ['a/x', 'a/x', './a//x/'], 'a/x/f'],
  ['.', ['b/x/f', 'a/x/f'], 'a/x/f'],
  ['a', ['x', '../b'], 'b/x/f'],
  ['a', ['..'], 'b/x/f'],
  ['a/x', ['../../b/../a/x/sub'], ''],
];

for (const [within, sources, file] of cases) {
  test(
    `the sources ${sources.join(' ')} given in ${within} stand in the snapshot where restic puts them, and come back`,
    needs('restic'),
    async () => {
      const [shared, cwd] = [await repository(), join(await folder(), within)];
      const theirs = await shared.backup('restic', ['--force', ...sources], { cwd });
      // Of a source that is a link only the link is stored, which ours says.
      const isLink = sources.some((path) => lstatSync(join(cwd, path.replace(/\/$/, ''))).isSymbolicLink());
      const ours = await shared.backup('cadangan', ['--force', ...sources], { cwd }, isLink ? 3 : 0);
      const listing = async (id: string) => (await shared.run('restic', ['ls', id])).split('\n').slice(1); // below the snapshot's own line
      assert.deepEqual(await listing(ours.snapshot_id), await listing(theirs.snapshot_id));
      for (const program of ['restic', 'cadangan'] as const) {
        const target = stage.fresh('restored');
        await shared.run(program, ['restore', ours.snapshot_id, '--target', target]);
        assert(existsSync(join(target, file)), `${program}: ${file}`);
      }
    },
  );
}

test('the repository is sound after all of these', needs('restic'), async () => {
  await (await repository()).check();
});
