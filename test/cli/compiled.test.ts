import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../storage/temporary-folder.ts';

const program = join(import.meta.dirname, '..', '..', 'dist', 'cli.js');

function run(home: string, environment: Readonly<Record<string, string>> = {}): void {
  const env = { HOME: home, PATH: process.env['PATH'], ...environment };
  assert.match(execFileSync(process.execPath, [program, '--version'], { encoding: 'utf8', env }), /^cadangan \d/);
}

test('what Node has compiled of the program is kept where its user alone can write, and else nowhere', async (t) => {
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
  const elsewhere = mkdtempSync(join(tmpdir(), 'cadangan-caches-'));
  t.after(() => rmSync(elsewhere, { recursive: true }));
  run(folder.path, { XDG_CACHE_HOME: elsewhere });
  assert.deepEqual(readdirSync(elsewhere), [], 'it is of another home, and may be of another user');
  run(join(folder.path, 'no such home'));
});
