import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync, chmodSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CadanganError, isCode, passwordFromText } from '../../src/platform/index.ts';
import { Repository, type BlobId, type PackId } from '../../src/repository/index.ts';
import { dumpFile, restore } from '../../src/restore/index.ts';
import { FolderStorage, type Storage } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { node } from '../fakes/repository-maker.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { assertNothingUnfinished, contentOf, reasonsOf, scene, temporaryPath, type Scene } from './temporary-target.ts';
import { rounds } from '../rounds.ts';
import { freshSeed } from '../seeds.ts';

function packPath({ repositoryPath }: Scene, pack: PackId): string {
  return join(repositoryPath, 'data', pack.slice(0, 2), pack);
}

function change(path: string, how: (bytes: Buffer) => void): void {
  const bytes = readFileSync(path);
  how(bytes);
  chmodSync(path, 0o600);
  writeFileSync(path, bytes);
}

/** As a new program would see it, with nothing in memory. */
async function reopened({ repositoryPath }: Scene, storage: Storage = new FolderStorage(repositoryPath)): Promise<Repository> {
  const repository = await Repository.open({ storage }, passwordFromText('password'), neverAborted);
  await repository.loadIndex({ signal: neverAborted });
  return repository;
}

test('a damaged blob costs the files that need it, by name, and no other; nothing stands under their names', async () => {
  const place = await scene();
  const { maker, target } = place;
  const random = new SeededRandom(3);
  const shared = await maker.data(random.bytes(40_000));
  const files = [
    await maker.file('a-good', random.bytes(50_000)),
    node('file', 'b-uses-bad', { content: [shared], size: 40_000 }),
    node('file', 'c-big-uses-bad', { content: [await maker.data(random.bytes(30_000)), shared], size: 70_000 }),
    await maker.file('d-good', random.bytes(10_000), random.bytes(5)),
  ];
  await maker.endPack();
  files.push(
    node('file', 'e-streamed-uses-bad', { content: [await maker.data(random.bytes(30_000)), shared], size: 70_000 }),
    await maker.file('f-good', random.bytes(100)),
  );
  const snapshot = await maker.snapshot(...files);
  const bad = maker.repository.index.locate('data', shared)!;
  change(packPath(place, bad.packId), (bytes) => (bytes[bad.offset + 1000]! ^= 1));

  const result = await restore(await reopened(place), snapshot, { signal: neverAborted, target, verify: true });

  assert.deepEqual(reasonsOf(result), ['damaged /b-uses-bad', 'damaged /c-big-uses-bad', 'damaged /e-streamed-uses-bad']);
  assert(result.exceptions.every(({ kind, detail }) => kind === 'lost' && detail?.includes(shared) && detail.includes('mac')));
  assert.deepEqual(Object.keys(contentOf(target)), ['a-good', 'd-good', 'f-good']);
  assertNothingUnfinished(target);
});

test('a damaged blob is taken from another pack that has it', async () => {
  const place = await scene();
  const { maker, target } = place;
  const file = await maker.file('file', 'the content '.repeat(1000));
  await maker.endPack();
  await maker.file('file', 'the content '.repeat(1000));
  const snapshot = await maker.snapshot(file);
  for (const spoiled of maker.packs.slice(0, 2)) {
    const path = packPath(place, spoiled);
    const whole = readFileSync(path);
    change(path, (bytes) => (bytes[20]! ^= 0x80));
    const result = await restore(await reopened(place), snapshot, { signal: neverAborted, target: `${target}-${spoiled}` });
    assert.deepEqual(result.exceptions, []);
    assert.equal(contentOf(`${target}-${spoiled}`)['file'], 'the content '.repeat(1000));
    writeFileSync(path, whole);
  }
});

test('of a pack that is truncated, what is left of it is restored; of one that is gone, nothing but what stands elsewhere', async () => {
  const place = await scene();
  const { maker, target } = place;
  const random = new SeededRandom(4);
  const files = [];
  for (let number = 0; number < 9; number++) {
    files.push(await maker.file(`file-${number}`, random.bytes(1000)));
    if (number % 3 === 2) await maker.endPack();
  }
  const snapshot = await maker.snapshot(...files);
  const second = maker.repository.index.locate('data', files[1]!.content![0]!)!;
  chmodSync(packPath(place, second.packId), 0o600);
  truncateSync(packPath(place, second.packId), second.offset + second.length);
  rmSync(packPath(place, maker.packs[1]!));

  const result = await restore(await reopened(place), snapshot, { signal: neverAborted, target });

  assert.deepEqual(reasonsOf(result), ['damaged /file-2', 'damaged /file-3', 'damaged /file-4', 'damaged /file-5']);
  assert.deepEqual(Object.keys(contentOf(target)), ['file-0', 'file-1', 'file-6', 'file-7', 'file-8']);
});

test('a damaged blob leaves the file that is there as it is', async () => {
  const place = await scene();
  const { maker, target } = place;
  const snapshot = await maker.snapshot(await maker.file('file', 'new content'));
  mkdirSync(target);
  writeFileSync(join(target, 'file'), 'old');
  rmSync(packPath(place, maker.packs[0]!));

  const result = await restore(await reopened(place), snapshot, { signal: neverAborted, target });

  assert.deepEqual(reasonsOf(result), ['damaged /file']);
  assert.deepEqual(contentOf(target), { file: 'old' });
});

test('whatever single byte of a pack is changed, restore gives the right bytes or names the file', async (t) => {
  const place = await scene();
  const { maker } = place;
  const files = [
    await maker.file('a', 'content of a'),
    await maker.file('b', 'b'.repeat(3000)),
    await maker.file('c', 'content of a', 'c'),
  ];
  const snapshot = await maker.snapshot(...files);
  const expected: Record<string, string> = { a: 'content of a', b: 'b'.repeat(3000), c: 'content of ac' };
  const path = packPath(place, maker.packs[0]!);
  const whole = readFileSync(path);
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = new SeededRandom(seed);
  for (let round = 0; round < rounds({ sample: 25, long: 500 }); round++) {
    const [at, bit] = [random.below(whole.length), 1 << random.below(8)];
    change(path, (bytes) => (bytes[at]! ^= bit));
    const target = join(temporaryPath(), 'target');
    const result = await restore(await reopened(place), snapshot, { signal: neverAborted, target, workers: 1 });
    const named = new Set(result.exceptions.map((exception) => exception.path.slice(1)));
    const restored = contentOf(target);
    for (const [name, content] of Object.entries(expected))
      assert.equal(restored[name], named.has(name) ? undefined : content, `byte ${at}, bit ${bit}`);
    writeFileSync(path, whole);
  }
});

test('a storage that goes away ends the restore, and nothing unfinished is left', async () => {
  const place = await scene();
  const { maker, target, repositoryPath } = place;
  const random = new SeededRandom(5);
  const files = [];
  for (let number = 0; number < 40; number++) {
    files.push(await maker.file(`file-${String(number).padStart(2, '0')}`, random.bytes(5000), random.bytes(5000)));
    if (number % 2 === 0) await maker.endPack();
  }
  const snapshot = await maker.snapshot(...files);
  const folder = new FolderStorage(repositoryPath);
  let reads = 0;
  const storage = new Proxy(folder, {
    get: (_, key) => {
      if (key === 'read' && reads > 10)
        return async () => {
          throw new CadanganError('storage.unreachable', { location: 'here' });
        };
      if (key !== 'readRange') return Reflect.get(folder, key).bind?.(folder) ?? Reflect.get(folder, key);
      return async (...parameters: Parameters<Storage['readRange']>) => {
        reads += 1;
        if (reads > 10) throw new CadanganError('storage.unreachable', { location: 'here' });
        return folder.readRange(...parameters);
      };
    },
  });

  await assert.rejects(restore(await reopened(place, storage), snapshot, { signal: neverAborted, target }), (error) =>
    isCode(error, 'storage.unreachable'),
  );

  assertNothingUnfinished(target);
  assert(readdirSync(target).length < 40);
});

test('verify names a file whose bytes changed behind the restore', async () => {
  const { maker, target, restore } = await scene();
  const snapshot = await maker.snapshot(await maker.file('a', 'right'), await maker.file('b', 'right too'));
  const result = await restore(snapshot, {
    verify: true,
    onItem: ({ path }) => path === '/a' && writeFileSync(join(target, 'a'), 'wrong'),
  });
  assert.deepEqual(reasonsOf(result), ['verification /a']);
  assert.equal(result.counts.filesVerified, 1);
});

test('dumpFile() gives a file in order, and a damaged one up to the damage', async () => {
  const place = await scene();
  const { maker } = place;
  const parts = ['one ', 'two ', 'three ', 'four'];
  const snapshot = await maker.snapshot(await maker.folder('d', await maker.file('file', ...parts), await maker.file('empty')));
  const dumped = async (path: string, repository = maker.repository): Promise<string> => {
    let text = '';
    for await (const bytes of dumpFile(repository, snapshot.tree, path, neverAborted)) text += Buffer.from(bytes).toString();
    return text;
  };

  assert.equal(await dumped('/d/file'), 'one two three four');
  assert.equal(await dumped('d/empty'), '');
  await assert.rejects(dumped('/d'), (error) => isCode(error, 'path.not-found'));
  await assert.rejects(dumped('/d/nothing'), (error) => isCode(error, 'path.not-found'));

  const third: BlobId = (await maker.file('x', 'three ')).content![0]!;
  const bad = maker.repository.index.locate('data', third)!;
  change(packPath(place, bad.packId), (bytes) => (bytes[bad.offset]! ^= 1));
  const damaged = await reopened(place);
  await assert.rejects(
    dumped('/d/file', damaged),
    (error) => isCode(error, 'repository.damaged') && error.facts['path'] === '/d/file' && error.facts['blob'] === third,
  );
});
