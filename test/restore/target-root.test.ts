import assert from 'node:assert/strict';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTarget } from '../../src/restore/target-root.ts';
import { TemporaryNames } from '../../src/restore/temporary-names.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { freshSeed } from '../seeds.ts';

test('a target where somebody puts a file into each new folder, as file managers do, is one like any other', (t) => {
  const target = fs.mkdtempSync(join(tmpdir(), 'cadangan-target-'));
  const makeFolder = fs.mkdirSync;
  const mocked = t.mock.method(fs, 'mkdirSync', (path: fs.PathLike, options?: fs.MakeDirectoryOptions) => {
    makeFolder(path, options);
    if (String(path).endsWith('.part')) fs.writeFileSync(join(String(path), 'desktop.ini'), '');
  });
  syncBuiltinESMExports();
  t.after(() => {
    mocked.mock.restore();
    syncBuiltinESMExports();
    fs.rmSync(target, { recursive: true });
  });
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const names = new TemporaryNames(new SeededRandom(seed));
  const { folder } = openTarget(target, { repositoryFolder: undefined, dryRun: false, mayBeClosed: false, names });
  assert.ok(folder);
  folder.close();
});
