import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { needs } from '../needs.ts';
import type { Running } from './programs.ts';
import { once, Stage } from './stage.ts';
import type { TestRepository } from './test-repository.ts';

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

/** A command that has its lock and goes on only when it is let. */
interface Held extends Running {
  readonly letEnd: () => void;
}

/** Its lock is shared. */
async function backupHeld(shared: TestRepository): Promise<Held> {
  const until = stage.fresh('go-on');
  const env = { NODE_OPTIONS: `--import ${new URL('hold-at-lock.ts', import.meta.url).href}`, HOLD_UNTIL: until };
  const running = shared.start('cadangan', ['backup', '--force', await source()], { env });
  await locked(shared, running);
  return { ...running, letEnd: () => writeFileSync(until, '') };
}

/** Its lock is exclusive: it waits for a new password, and changes nothing where none comes. */
async function changeOfPasswordHeld(shared: TestRepository): Promise<Held> {
  const running = shared.start('restic', ['key', 'passwd'], { input: 'open' });
  await locked(shared, running);
  return { ...running, letEnd: () => void running.process.stdin?.end() };
}

async function locked(shared: TestRepository, { process }: Running): Promise<void> {
  while (shared.namesOf('locks').length === 0) {
    assert.equal(process.exitCode, null, 'the command ended without a lock');
    await delay(10);
  }
}

async function killNow({ process, ended }: Running): Promise<void> {
  process.kill('SIGKILL');
  await ended;
}

test('restic refuses to prune while Cadangan backs up, and may back up beside it', needs('restic'), async () => {
  const shared = await repository();
  const backup = await backupHeld(shared);
  const [prune, forget, beside] = await Promise.all([
    shared.attempt('restic', ['prune']),
    shared.attempt('restic', ['forget', '--keep-last', '1']),
    shared.attempt('restic', ['backup', await source()]),
  ]);
  assert.match(prune.stderr, /already locked/);
  assert.match(forget.stderr, /already locked/);
  assert.deepEqual([prune.code, forget.code, beside.code], [1, 1, 0]);
  backup.letEnd();
  assert.equal((await backup.ended).code, 0);
  assert.deepEqual(shared.namesOf('locks'), []);
  await shared.check();
});

test('Cadangan refuses to back up while restic holds the repository for itself, and may look', needs('restic'), async () => {
  const shared = await repository();
  const before = shared.namesOf('snapshots');
  const change = await changeOfPasswordHeld(shared);
  const [backup, restore, waiting, looking] = await Promise.all([
    shared.attempt('cadangan', ['backup', await source()]),
    shared.attempt('cadangan', ['restore', 'latest', '--target', stage.fresh('target')]),
    shared.attempt('cadangan', ['backup', '--retry-lock', '1s', await source()]),
    shared.attempt('cadangan', ['snapshots', '--no-lock', '--json']),
  ]);
  assert.deepEqual([backup.code, restore.code, waiting.code, looking.code], [11, 11, 11, 0]);
  for (const { stderr } of [backup, restore, waiting])
    assert.match(stderr, new RegExp(`exclusively locked by .*, process ${change.process.pid}, since`));
  assert.equal((JSON.parse(looking.stdout.toString()) as unknown[]).length, before.length);
  assert.deepEqual(shared.namesOf('snapshots'), before);

  const patient = shared.start('cadangan', ['backup', '--retry-lock', '5m', await source()]);
  await delay(500);
  assert.equal(patient.process.exitCode, null, 'it waits');
  change.letEnd();
  await change.ended;
  assert.equal((await patient.ended).code, 0);
  assert.equal(shared.namesOf('snapshots').length, before.length + 1);
  assert.deepEqual(shared.namesOf('locks'), []);
});

for (const [dead, alive, start] of [
  ['restic', 'cadangan', changeOfPasswordHeld],
  ['cadangan', 'restic', backupHeld],
] as const) {
  test(`${alive} unlocks what a killed ${dead} left behind, and nothing that is alive`, needs('restic'), async () => {
    const shared = await repository();
    const held = await start(shared);
    const locks = shared.namesOf('locks');
    await shared.run(alive, ['unlock']);
    assert.deepEqual(shared.namesOf('locks'), locks, 'its holder still lives');
    await killNow(held);
    await shared.run(alive, ['unlock']);
    assert.deepEqual(shared.namesOf('locks'), []);
    await shared.check();
  });
}
