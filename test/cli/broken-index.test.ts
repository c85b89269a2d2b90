import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { exitCode } from '../../src/cli/exit-code.ts';
import { makeStage, type Stage } from './run-cli.ts';

/** Two backups, each with an index file of its own. */
async function twoBackups(t: TestContext): Promise<{ readonly stage: Stage; readonly indexes: readonly string[] }> {
  const stage = await makeStage(t);
  mkdirSync(stage.path('source'));
  const indexes: string[] = [];
  for (const name of ['first', 'second']) {
    writeFileSync(stage.path('source', name), name.repeat(1000));
    assert.equal((await stage.run(['backup', 'source'])).code, 0);
    indexes.push(...readdirSync(stage.path('repository', 'index')).filter((file) => !indexes.includes(file)));
  }
  return { stage, indexes: indexes.map((name) => stage.path('repository', 'index', name)) };
}

/** A file of a repository is read-only: not even an administrator of Windows may write into it. */
function cutShort(path: string): void {
  chmodSync(path, 0o600);
  truncateSync(path, 20);
}

async function restoresAll(stage: Stage, told: RegExp): Promise<void> {
  rmSync(stage.path('out'), { recursive: true, force: true });
  const { code, stderr } = await stage.run(['restore', 'latest', '-t', 'out']);
  assert.equal(code, exitCode.exceptions, stderr);
  assert.match(stderr, told);
  assert.match(stderr, /"cadangan repair index" makes it anew/);
  for (const name of ['first', 'second']) assert.equal(readFileSync(join(stage.path('out', 'source'), name), 'utf8'), name.repeat(1000));
}

test('a damaged index file keeps nobody from a restore: the packs are asked, and it is said with what mends it', async (t) => {
  const { stage, indexes } = await twoBackups(t);
  const [first = '', second = ''] = indexes;
  cutShort(first);
  await restoresAll(stage, /index\/[0-9a-f]{64}: the index is damaged/);
  const dumped = await stage.run(['dump', 'latest', '/source/first']);
  assert.deepEqual([dumped.code, dumped.stdout], [exitCode.exceptions, 'first'.repeat(1000)], dumped.stderr);
  assert.match(dumped.stderr, /the index is damaged/);
  assert.match((await stage.run(['ls', 'latest', '--lang', 'id'])).stderr, /indeksnya rusak/);
  // Nothing new is built on half an index.
  assert.equal((await stage.run(['backup', 'source'])).code, 1);
  unlinkSync(first);
  unlinkSync(second);
  await restoresAll(stage, /index: an index file is gone/);
});

test('an index file that is gone is missed, since no other knows the snapshot', async (t) => {
  const { stage, indexes } = await twoBackups(t);
  unlinkSync(indexes[1] ?? '');
  await restoresAll(stage, /index: an index file is gone/);
});

test('find and diff look into snapshots whose index is damaged, say so, and show what a sound one shows', async (t) => {
  const { stage, indexes } = await twoBackups(t);
  const looks = async (): Promise<{ readonly found: string; readonly changed: string; readonly told: string }> => {
    const found = await stage.run(['find', 'second']);
    const ids = readdirSync(stage.path('repository', 'snapshots'));
    const changed = await stage.run(['diff', ids[0] ?? '', ids[1] ?? '']);
    assert.deepEqual([found.code, changed.code], [0, 0], found.stderr + changed.stderr);
    return { found: found.stdout, changed: changed.stdout, told: `${found.stderr}|${changed.stderr}` };
  };
  const sound = await looks();
  assert.match(sound.found, /\/source\/second/);
  assert.match(sound.changed, /[+-] +\/source\/second/);
  assert.equal(sound.told, '|');
  cutShort(indexes[0] ?? '');
  const broken = await looks();
  assert.deepEqual([broken.found, broken.changed], [sound.found, sound.changed]);
  assert.match(broken.told, /the index is damaged.*\n\|.*the index is damaged/s);
});
