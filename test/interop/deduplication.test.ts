import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { needs } from '../needs.ts';
import { Stage } from './stage.ts';
import type { Program } from './test-repository.ts';
import { freshSeed } from '../seeds.ts';

const mib = 1024 * 1024;
const stage = new Stage();

/** The chunks of 0.5 to 8 MiB that three edits touch, and one more where a cut moved. */
const blobsOfEditsMax = 9;

for (const [first, second] of [
  ['restic', 'cadangan'],
  ['cadangan', 'restic'],
] as const) {
  test(`${second} stores of a changed 40 MiB file only what changed since ${first}, cut at the same places`, needs('restic'), async (t) => {
    const seed = freshSeed();
    t.diagnostic(`seed ${seed}`);
    const random = new SeededRandom(seed);
    const [source, repository] = [stage.folder('source'), await stage.resticRepository()];
    const backUp = (program: Program) => repository.backup(program, ['--force', '.'], { cwd: source });
    const write = (content: Uint8Array) => writeFileSync(join(source, 'database.dump'), content);

    const original = random.bytes(40 * mib);
    write(original);
    const whole = await backUp(first);
    assert(whole.data_blobs >= 5 && whole.data_added > 40 * mib, `seed ${seed}`);

    write(edit(original, random));
    const changed = await backUp(second);
    assert(changed.data_blobs >= 1 && changed.data_blobs <= blobsOfEditsMax, `${changed.data_blobs} blobs, seed ${seed}`);
    assert(changed.data_added < 40 * mib, `seed ${seed}`);

    assert.equal((await backUp(first)).data_blobs, 0, `the other program finds all its chunks, seed ${seed}`);
    const [, bySecond, byFirst] = await repository.trees();
    assert.equal(byFirst, bySecond, `seed ${seed}`);
  });
}

/** An insertion, an overwriting and a removal, so that everything behind the first moves. */
function edit(content: Uint8Array, random: SeededRandom): Uint8Array {
  const overwritten = Buffer.from(content);
  overwritten.set(random.bytes(1000), 25 * mib);
  const removedAt = 33 * mib;
  return Buffer.concat([
    overwritten.subarray(0, 9 * mib),
    random.bytes(777),
    overwritten.subarray(9 * mib, removedAt),
    overwritten.subarray(removedAt + 4321),
  ]);
}
