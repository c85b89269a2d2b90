import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { globSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { textOf } from '../../src/platform/index.ts';
import { checkRepository } from '../../src/upkeep/index.ts';
import { needs } from '../needs.ts';
import { mutations } from '../upkeep/mutations.ts';
import { ResticRepository } from '../upkeep/restic-repository.ts';

describe("check of a repository that restic made", needs('restic'), () => {
  let made: ResticRepository;

  before(async () => {
    made = await ResticRepository.make();
    mkdirSync(join(made.source, 'deep', 'er'), { recursive: true });
    writeFileSync(join(made.source, 'deep', 'er', 'large'), randomBytes(3_000_000));
    writeFileSync(join(made.source, 'deep', 'text'), 'compressible '.repeat(10_000));
    writeFileSync(join(made.source, 'empty'), '');
    made.backup();
    writeFileSync(join(made.source, 'deep', 'text'), 'something else '.repeat(10_000));
    made.backup();
  });
  after(() => made[Symbol.asyncDispose]());

  const verdict = async () => {
    const result = await checkRepository(await made.open(), { readData: 'all', workerCount: 1 });
    return { isSound: result.errorCount === 0, result };
  };
  const resticVerdict = () => made.restic('check', '--read-data', '--quiet').status === 0;

  test('it is sound, every byte', async () => {
    const { result } = await verdict();
    assert.deepEqual(result.errors, []);
    assert.deepEqual(result.hints, []);
    assert.equal(result.counts.packsRead, result.counts.packs);
    assert.equal(result.counts.snapshots, 2);
    assert.equal(result.counts.blobs, made.restic('list', 'blobs').output.trim().split('\n').length);
    assert.ok(resticVerdict());
  });

  // Which file of its kind is spoilt turns with the mutation.
  const kinds = ['data/*/*', 'index/*', 'snapshots/*'];
  for (const [at, mutation] of mutations.entries()) {
    for (const kind of kinds) {
      test(`restic and we say the same of ${kind} ${mutation.name}`, async () => {
        const files = globSync(kind, { cwd: made.path }).sort().map((file) => join(made.path, file));
        const undo = mutation.apply(files[at % files.length] ?? '', files[(at + 1) % files.length] ?? '');
        try {
          assert.equal((await verdict()).isSound, resticVerdict());
        } finally {
          undo();
        }
      });
    }
  }

  test('the file whose data is damaged is named, in both snapshots', async () => {
    const [large = ''] = globSync('data/*/*', { cwd: made.path }).map((file) => join(made.path, file)).filter(isLarge);
    const undo = mutations[1]!.apply(large, '');
    try {
      const { result } = await verdict();
      const affected = result.errors.flatMap(({ affects }) => affects);
      assert.deepEqual([...new Set(affected.map(({ path }) => textOf(path)))], ['/source/deep/er/large']);
      assert.equal(new Set(affected.map(({ snapshotId }) => snapshotId)).size, 2);
    } finally {
      undo();
    }
  });
});

function isLarge(file: string): boolean {
  return statSync(file).size > 1_000_000;
}
