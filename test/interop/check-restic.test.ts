import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { globSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { textOf } from '../../src/platform/index.ts';
import { checkRepository } from '../../src/upkeep/index.ts';
import { needs } from '../needs.ts';
import { mutations } from '../upkeep/mutations.ts';
import { ResticRepository } from '../upkeep/restic-repository.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

describe('check of a repository that restic made', needs('restic'), () => {
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
    const repository = await made.open();
    await repository.loadIndex({ signal: neverAborted });
    const packs = [...repository.index.packContents()].filter(([, { dataBlobs }]) => dataBlobs > 0);
    dataPacks = packs.sort(([, a], [, b]) => b.blobBytes - a.blobBytes).map(([id]) => join(made.path, 'data', id.slice(0, 2), id));
  });
  after(() => made[Symbol.asyncDispose]());

  const verdict = async () => {
    const result = await checkRepository(await made.open(), { signal: neverAborted, readData: 'all', workerCount: 1 });
    return { isSound: result.errorCount === 0, result };
  };
  const resticVerdict = (option = '--read-data') => made.restic('check', '--quiet', option).status === 0;
  let dataPacks: readonly string[] = [];

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
  for (const [at, mutation] of mutations.entries()) {
    // restic tries for a minute and more to read what is not there; the structure alone shows it at once.
    const isShort = /nothing|half|deleted|swapped|wrong name/.test(mutation.name);
    for (const kind of ['data/*/*', 'index/*', 'snapshots/*']) {
      test(`restic and we say the same of ${kind} ${mutation.name}`, async () => {
        const all = globSync(kind, { cwd: made.path })
          .sort()
          .map((file) => join(made.path, file));
        const avoidsRetries = isShort && kind === 'data/*/*';
        const files = avoidsRetries ? dataPacks : all;
        const undo = mutation.apply(files[at % files.length] ?? '', files[(at + 1) % files.length] ?? '');
        try {
          assert.equal((await verdict()).isSound, resticVerdict(avoidsRetries ? '--read-data=false' : '--read-data'));
        } finally {
          undo();
        }
      });
    }
  }

  test('the file whose data is damaged is named, in both snapshots', async () => {
    const undo = mutations[1]!.apply(dataPacks[0] ?? '', '');
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
