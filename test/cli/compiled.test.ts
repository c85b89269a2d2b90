import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../storage/temporary-folder.ts';

const program = join(import.meta.dirname, '..', '..', 'dist', 'cli.js');

function run(home: string, environment: Readonly<Record<string, string>> = {}): void {
  const env = { HOME: home, PATH: process.env['PATH'], ...environment };
  assert.match(execFileSync(process.execPath, [program, '--version'], { encoding: 'utf8', env }), /^cadangan \d/);
}

test('what Node has compiled of the program is kept where its user alone can write, and else nowhere', async () => {
  await using folder = await temporaryFolder();
  const kept = join(folder.path, '.cache', 'cadangan');
  chmodSync(folder.path, 0o777);
  run(folder.path);
  assert.ok(!existsSync(join(folder.path, '.cache')), 'others can write into the home');
  chmodSync(folder.path, 0o755);
  mkdirSync(kept, { recursive: true });
  chmodSync(kept, 0o777);
  run(folder.path);
  assert.deepEqual(readdirSync(kept), [], 'others can write there');
  chmodSync(kept, 0o700);
  run(folder.path);
  assert.equal(readdirSync(kept).length, 1);
  const named = join(folder.path, 'caches');
  run(folder.path, { XDG_CACHE_HOME: named });
  assert.equal(statSync(join(named, 'cadangan')).mode & 0o777, 0o700);
  run(join(folder.path, 'no such home'));
});
