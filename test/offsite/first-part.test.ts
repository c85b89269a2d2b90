import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readFirstPart, type FirstPart, type SyncOptions } from '../../src/offsite/index.ts';
import { CadanganError, isAbort, isCode, passwordFromText } from '../../src/platform/index.ts';
import { Repository } from '../../src/repository/index.ts';
import { start } from '../interop/programs.ts';
import { needs } from '../needs.ts';
import { checkByRestic, OffsiteStage } from './offsite-stage.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

/** As a large copy is made. */
function early(stage: OffsiteStage): SyncOptions {
  return { signal: neverAborted, firstPartAboveBytes: 0, uploadsAtOnce: 1, firstPart: () => firstPartOf(stage) };
}

async function firstPartOf(stage: OffsiteStage): Promise<FirstPart> {
  return readFirstPart(await Repository.open({ storage: stage.source }, passwordFromText('password'), neverAborted), neverAborted);
}

/** Old snapshots with much, and a newest one with little of its own. */
async function largeOriginal(stage: OffsiteStage): Promise<string> {
  await stage.backup(4, 60_000);
  await stage.backup(4, 60_000);
  return stage.backup(1, 60_000);
}

function restic(folder: string, ...args: readonly string[]) {
  return start('restic', ['-r', folder, '--no-cache', '--no-lock', ...args], { env: { RESTIC_PASSWORD: 'password' } }).ended;
}

test(
  'a new copy can be restored from as soon as its first part is there, and is a repository after each file',
  needs('restic'),
  async () => {
    await using stage = await OffsiteStage.open(21);
    const newest = await largeOriginal(stage);
    const mirrors: string[] = [];
    let firstAt: number | undefined;
    let files = 0;
    await stage.sync({
      ...early(stage),
      onUploaded: ({ kind, name }) => {
        files += 1;
        if (kind === 'snapshots' && name === newest) firstAt = files;
      },
    });
    assert.ok(firstAt !== undefined && firstAt < files / 2, `file ${firstAt} of ${files}`);
    stage.assertWhole();
    await stage.checkByRestic();

    // The same once more, looked at after each file.
    await using again = await OffsiteStage.open(22);
    const latest = await largeOriginal(again);
    const looks: Promise<void>[] = [];
    const look = (): void => {
      const target = join(again.folder, `moment-${mirrors.length}`);
      mirrors.push(target);
      looks.push(again.mirror(target));
    };
    await again.sync({ ...early(again), onUploaded: look, onTrashed: look });
    await Promise.all(looks);
    let restored = 0;
    for (const [at, target] of mirrors.entries()) {
      if (at % 3 !== 0 && !existsSync(join(target, 'snapshots', latest))) continue;
      if (!(await checkByRestic(target)) || !existsSync(join(target, 'snapshots', latest)) || restored > 1) continue;
      const { code, stderr } = await restic(target, 'restore', latest, '--target', join(again.folder, `restored-${at}`));
      assert.equal(code, 0, stderr);
      restored += 1;
    }
    assert.ok(restored > 0);
  },
);

test(
  'a copying that is cut short behind its first part leaves something to restore, and the next one takes the index of its own away',
  needs('restic'),
  async () => {
    await using stage = await OffsiteStage.open(23);
    const newest = await largeOriginal(stage);
    const stop = new AbortController();
    const cut = stage.sync({
      ...early(stage),
      signal: stop.signal,
      onUploaded: ({ kind }) => kind === 'snapshots' && stop.abort(new CadanganError('aborted')),
    });
    await assert.rejects(cut, isAbort);
    const mirror = join(stage.folder, 'cut-short');
    await stage.mirror(mirror);
    assert.equal(await checkByRestic(mirror), true);
    const { code, stderr } = await restic(mirror, 'restore', newest, '--target', join(stage.folder, 'restored'));
    assert.equal(code, 0, stderr);
    assert.notDeepEqual(stage.copyFiles, stage.sourceFiles);
    const { lag } = await stage.sync(early(stage));
    assert.equal(lag.files, 0);
    stage.assertWhole();
  },
);

test('without the key, or when it cannot be whole, all goes as it comes', async () => {
  await using stage = await OffsiteStage.open(24);
  await largeOriginal(stage);
  const missing = { snapshots: new Set(['ab'.repeat(32)]), packs: new Set<string>(), indexes: [] };
  const lacksPack = async (): Promise<FirstPart> => {
    const part = await firstPartOf(stage);
    return { ...part, packs: new Set([...part.packs, 'cd'.repeat(32)]) };
  };
  for (const firstPart of [async () => undefined, async () => missing, lacksPack]) {
    const { uploadedFiles } = await stage.sync({ ...early(stage), firstPart });
    assert.equal(uploadedFiles, stage.copyFiles.length);
    stage.assertWhole();
    for (const file of stage.person.files()) await stage.person.remove(file.id);
  }
});

test('a copy that does not fit is not begun', async () => {
  await using stage = await OffsiteStage.open(25);
  await largeOriginal(stage);
  stage.person.setLimit(stage.person.usedBytes + 100_000);
  await assert.rejects(stage.sync(), (error) => isCode(error, 'drive.full') && error.facts['freeBytes'] === 100_000);
  assert.deepEqual(stage.copyFiles, []);
  stage.person.setLimit(1e9);
  await stage.sync();
  stage.assertWhole();
});
