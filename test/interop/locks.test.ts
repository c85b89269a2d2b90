import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { needs } from '../needs.ts';
import type { Running } from './programs.ts';
import { once, Stage } from './stage.ts';
import type { Program, TestRepository } from './test-repository.ts';

const stage = new Stage();

const source = once(() => {
  const path = stage.folder('source');
  const random = new SeededRandom(77);
  for (let i = 0; i < 20; i++) writeFileSync(join(path, `file-${i}`), random.bytes(100_000));
  return Promise.resolve(path);
});

const repository = once(async () => {
  const made = await stage.resticRepository();
  await made.run('cadangan', ['backup', await source()]);
  return made;
});

/** Starts a command and stops it in its tracks as soon as its lock stands; both programs look again 200 ms after writing one. */
async function heldBy(shared: TestRepository, program: Program, args: readonly string[]): Promise<Running> {
  const running = shared.start(program, args);
  while (shared.namesOf('locks').filter((name) => /^[0-9a-f]{64}$/.test(name)).length === 0) {
    assert.equal(running.process.exitCode, null, 'the command ended without a lock');
    await delay(2);
  }
  running.process.kill('SIGSTOP');
  return running;
}

async function letEnd({ process, ended }: Running): Promise<number | null> {
  process.kill('SIGCONT');
  return (await ended).code;
}

async function killNow({ process, ended }: Running): Promise<void> {
  process.kill('SIGKILL');
  await ended;
}

test('restic refuses to prune while Cadangan backs up, and may back up beside it', needs('restic'), async () => {
  const shared = await repository();
  const backup = await heldBy(shared, 'cadangan', ['backup', '--force', await source()]);
  const [prune, forget, beside] = await Promise.all([
    shared.attempt('restic', ['prune']),
    shared.attempt('restic', ['forget', '--keep-last', '1']),
    shared.attempt('restic', ['backup', await source()]),
  ]);
  assert.match(prune.stderr, /already locked/);
  assert.match(forget.stderr, /already locked/);
  assert.deepEqual([prune.code, forget.code, beside.code], [1, 1, 0]);
  assert.equal(await letEnd(backup), 0);
  assert.deepEqual(shared.namesOf('locks'), []);
  await shared.check();
});

test('Cadangan refuses to back up while restic holds the repository for itself, and may look', needs('restic'), async () => {
  const shared = await repository();
  const before = shared.namesOf('snapshots');
  const prune = await heldBy(shared, 'restic', ['prune']);
  const [backup, restore, waiting, looking] = await Promise.all([
    shared.attempt('cadangan', ['backup', await source()]),
    shared.attempt('cadangan', ['restore', 'latest', '--target', stage.fresh('target')]),
    shared.attempt('cadangan', ['backup', '--retry-lock', '1s', await source()]),
    shared.attempt('cadangan', ['snapshots', '--no-lock', '--json']),
  ]);
  assert.deepEqual([backup.code, restore.code, waiting.code, looking.code], [11, 11, 11, 0]);
  for (const { stderr } of [backup, restore, waiting])
    assert.match(stderr, new RegExp(`exclusively locked by .*, process ${prune.process.pid}, since`));
  assert.equal((JSON.parse(looking.stdout.toString()) as unknown[]).length, before.length);
  assert.deepEqual(shared.namesOf('snapshots'), before);

  const patient = shared.start('cadangan', ['backup', '--retry-lock', '5m', await source()]);
  await delay(500);
  assert.equal(patient.process.exitCode, null, 'it waits');
  await letEnd(prune);
  assert.equal((await patient.ended).code, 0);
  assert.equal(shared.namesOf('snapshots').length, before.length + 1);
  assert.deepEqual(shared.namesOf('locks'), []);
});

for (const [dead, alive, args] of [
  ['restic', 'cadangan', ['prune']],
  ['cadangan', 'restic', ['backup', '--force']],
] as const) {
  test(`${alive} unlocks what a killed ${dead} left behind, and nothing that is alive`, needs('restic'), async () => {
    const shared = await repository();
    const arguments_ = dead === 'cadangan' ? [...args, await source()] : args;
    const held = await heldBy(shared, dead, arguments_);
    const locks = shared.namesOf('locks');
    await shared.run(alive, ['unlock']);
    assert.deepEqual(shared.namesOf('locks'), locks, 'its holder still lives');
    await killNow(held);
    await shared.run(alive, ['unlock']);
    assert.deepEqual(shared.namesOf('locks'), []);
    await shared.check();
  });
}
