import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { chooseSample, CopyMemoryFile, type CopyFile } from '../../src/offsite/index.ts';
import { isCode, systemRandom } from '../../src/platform/index.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';

const place = { source: '/mnt/backup', to: 'gdrive:Backup' };

test('the memory of a copy survives, for this user only, and one of another place or a damaged one is an empty one', async () => {
  await using folder = await temporaryFolder();
  const state = join(folder.path, 'state');
  const file = new CopyMemoryFile(state, 'office', place, systemRandom);
  assert.deepEqual(await file.read(), { version: 1, ...place, snapshots: [] });
  await Promise.all(
    Array.from({ length: 20 }, (_, number) => file.update((memory) => ({ ...memory, snapshots: [...memory.snapshots, String(number)] }))),
  );
  assert.equal((await file.read()).snapshots.length, 20, 'changes come one after the other');
  assert.deepEqual(readdirSync(state), ['offsite-office.json']);
  assert.equal(statSync(file.path).mode & 0o777, 0o600);
  assert.equal((await new CopyMemoryFile(state, 'office', { ...place, to: 'gdrive:Other' }, systemRandom).read()).snapshots.length, 0);
  for (const text of ['', '{', '[]', '{"version":2}', readFileSync(file.path, 'utf8').slice(0, -20)]) {
    writeFileSync(file.path, text);
    assert.deepEqual((await file.read()).snapshots, []);
  }
});

test('a place that cannot be written is told', async () => {
  await using folder = await temporaryFolder();
  const notFolder = join(folder.path, 'a file');
  writeFileSync(notFolder, '');
  await assert.rejects(
    new CopyMemoryFile(notFolder, 'office', place, systemRandom).update((memory) => memory),
    (error) => isCode(error, 'state.unusable'),
  );
});

test('samples go round: each is of the wanted share, and after a hundred of one percent every file was read', () => {
  const files = Array.from({ length: 500 }, (_, number): CopyFile => {
    const name = ((number * 7919) % 500).toString(16).padStart(3, '0').repeat(22).slice(0, 64);
    return {
      kind: 'data',
      name,
      id: `i${number}`,
      sizeBytes: 1000 + number,
      sha256: name,
      md5: undefined,
      isTrashed: number % 50 === 0,
      createdMs: 0,
      mark: undefined,
    };
  });
  const live = files.filter(({ isTrashed }) => !isTrashed);
  const read = new Set<string>();
  let cursor: string | undefined;
  for (let week = 0; week < 100; week++) {
    const chosen = chooseSample({ files, foreign: [], claims: [] }, 1, cursor);
    assert.ok(chosen.length >= 1 && chosen.length <= 8, `${chosen.length} files`);
    for (const { id } of chosen) read.add(id);
    const last = chosen.at(-1);
    cursor = last && `${last.name.slice(0, 16)} data/${last.name} ${last.id}`;
  }
  assert.equal(read.size, live.length);
  assert.deepEqual(chooseSample({ files: [], foreign: [], claims: [] }, 1, undefined), []);
});
