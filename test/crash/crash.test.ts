import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { listSnapshots, Repository, type RepositoryLock } from '../../src/repository/index.ts';
import { assertEverySnapshotComplete, inSnapshot, nextRun, readSnapshot, runBackup, temporaryFolder } from '../backup/run-backup.ts';
import type { CrashMoment, CrashVariant } from '../fakes/crash-model.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import type { SimulatedStorage } from '../fakes/simulated-storage.ts';
import { needs } from '../needs.ts';
import { cheapKdf, newRepository, password, passwordTyped, reopen } from '../repository/new-repository.ts';
import { freshSeed } from '../seeds.ts';

/** A state that a crash left behind, one of each kind. */
interface CrashState {
  readonly name: string;
  readonly storage: SimulatedStorage;
  /** Snapshots whose runs had ended with success before. */
  readonly promised: number;
}

const seed = freshSeed();
const random = new SeededRandom(seed);
/** States that restic judges too. */
const judgedByRestic = 12;
const moments: readonly CrashMoment[] = ['right-after', 'before-next'];

const folder = temporaryFolder();
const source = join(folder.path, 'source');
const states: CrashState[] = [];
after(() => folder[Symbol.dispose]());

/** A small tree; each generation changes some of it. */
function makeSource(generation: number): void {
  mkdirSync(join(source, 'sub', 'deep'), { recursive: true });
  writeFileSync(join(source, `new-in-${generation}`), random.bytes(20_000));
  writeFileSync(join(source, 'changes'), random.bytes(30_000));
  writeFileSync(join(source, 'sub', 'deep', 'text'), `generation ${generation} `.repeat(2_000));
  if (generation === 0) for (let at = 0; at < 8; at++) writeFileSync(join(source, 'sub', `${at}`), random.bytes(1 + random.below(50_000)));
  else renameSync(join(source, 'sub', `${generation}`), join(source, `moved-${generation}`));
}

/** A run under its lock, as the job does it. */
async function lockedRun(repository: Repository): Promise<void> {
  const lock: RepositoryLock = await repository.lock({ signal: neverAborted, exclusive: false });
  try {
    await runBackup(repository, [source]);
  } finally {
    await lock[Symbol.asyncDispose]();
  }
}

/** Init, a first run, two more, one of them stopped in the middle; and every state that a crash at each of their writes can leave. */
before(async () => {
  makeSource(0);
  const { repository, storage } = await newRepository();
  const phases: { readonly name: string; readonly from: number; readonly promised: number }[] = [{ name: 'init', from: 0, promised: 0 }];
  const begin = (name: string, promised: number) => phases.push({ name, from: storage.operations.length, promised });
  begin('first backup', 0);
  await lockedRun(repository);
  makeSource(1);
  begin('next backup', 1);
  await lockedRun(await reopen(storage));
  makeSource(2);
  begin('stopped backup', 2);
  await stoppedRun(storage);
  begin('backup after it', 2);
  await lockedRun(await reopen(storage));

  const seen = new Set<string>();
  const variants: readonly CrashVariant[] = ['visible', 'lost', 'landed', { seed: random.uint32() }, { seed: random.uint32() }];
  for (let count = 0; count <= storage.operations.length; count++) {
    const phase = phases.findLast(({ from }) => from <= count);
    for (const variant of variants) {
      for (const moment of moments) {
        const state = storage.stateAfter(count, variant, moment);
        const { created, files, leftovers } = state.snapshotState();
        const key = `${phase?.name} ${created} ${[...files.keys()].sort().join()} ${leftovers.length}`;
        if (seen.has(key)) continue;
        seen.add(key);
        states.push({
          name: `${phase?.name}, after ${count} operations, ${JSON.stringify(variant)}, ${moment}`,
          storage: state,
          promised: phase?.promised ?? 0,
        });
      }
    }
  }
});

async function stoppedRun(storage: SimulatedStorage): Promise<void> {
  const controller = new AbortController();
  const repository = await reopen(storage);
  const lock = await repository.lock({ signal: neverAborted, exclusive: false });
  const from = storage.operations.length;
  const running = runBackup(repository, [source], { signal: controller.signal }).then(
    () => 'done',
    () => 'stopped',
  );
  while (storage.operations.length === from) await new Promise((resolve) => setImmediate(resolve));
  controller.abort();
  assert.equal(await running, 'stopped');
  await lock[Symbol.asyncDispose]();
}

test('whenever the machine dies, every visible snapshot is complete and every promised one is there, and the next run needs no repair', async (t) => {
  t.diagnostic(`seed ${seed}, ${states.length} states`);
  assert.ok(states.length > 40, `${states.length} states`);
  for (const { name, storage, promised } of states) {
    const where = `seed ${seed}: ${name}`;
    try {
      const hasConfig = storage.snapshotState().files.has('config');
      const visible = hasConfig ? await assertEverySnapshotComplete(storage) : 0;
      assert.ok(visible >= promised, `${visible} snapshots`);
      if (!hasConfig) await Repository.init({ storage }, password, { signal: neverAborted, kdfCost: cheapKdf });
      const next = await nextRun(storage, [source], { workerCount: 1 });
      assert.equal(next.issueCount, 0);
      const stored = await readSnapshot(next.repository, next.tree);
      assert.equal(stored.get(inSnapshot(join(source, 'changes')))?.content?.length, 30_000);
      assert.equal((await listSnapshots(next.repository, neverAborted)).length, visible + 1);
    } catch (error) {
      throw new Error(where, { cause: error });
    }
  }
});

test(`stock restic finds no error in ${judgedByRestic} of the states, reading every byte`, needs('restic'), async (t) => {
  const candidates = states.filter(({ storage }) => storage.snapshotState().files.has('config'));
  for (let round = 0; round < judgedByRestic; round++) {
    const { storage, name } = candidates[random.below(candidates.length)] ?? assert.fail();
    const exported = join(folder.path, `state-${round}`);
    storage.export(exported);
    const restic = (...args: string[]) =>
      spawnSync('restic', ['-r', exported, '--no-cache', ...args], {
        env: { ...process.env, RESTIC_PASSWORD: passwordTyped },
        encoding: 'utf8',
      });
    // Locks of this process count as alive; restic waits for no one.
    restic('unlock', '--remove-all');
    const { status, stdout, stderr } = restic('check', '--read-data');
    assert.equal(status, 0, `seed ${seed}: ${name}\n${stdout}${stderr}`);
    assert.match(stdout, /no errors were found/);
    t.diagnostic(name);
    rmSync(exported, { recursive: true, force: true });
  }
});
