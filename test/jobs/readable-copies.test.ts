import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { copyMemoryOf, noteReadable, type StoragePlace } from '../../src/jobs/index.ts';
import { systemClock } from '../../src/platform/index.ts';
import type { OffsiteCopy } from '../../src/settings/index.ts';
import { sampleAccount, type StoredFile } from '../drive-emulator/index.ts';
import { driveStage, plantAt } from '../google/drive-stage.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';

const copy: OffsiteCopy = {
  name: 'office',
  repository: '/r',
  to: 'gdrive:Backup/office',
  settleSeconds: 1,
  paused: false,
  scrubEveryDays: 7,
  sampleReadPercent: 1,
};
const content = (name: string): Buffer => Buffer.from(`archive ${name}`);

function detailsOf(name: string, place: string, id?: string): Parameters<typeof noteReadable>[2] {
  return {
    name,
    place,
    snapshotId: 'a'.repeat(64),
    files: 1,
    bytes: 1,
    archiveBytes: content(name).length,
    sha256: createHash('sha256').update(content(name)).digest('hex'),
    id,
  };
}

test('of readable copies on disk only what is still the archive goes; another file of its name stays', async () => {
  await using folder = await temporaryFolder();
  const place: StoragePlace = { settings: undefined, stateFolder: folder.path, environment: {} };
  const write = async (name: string, keep: number): Promise<void> => {
    writeFileSync(join(folder.path, name), content(name));
    await noteReadable(copy, place, detailsOf(name, folder.path), systemClock, { keep });
  };
  await write('1.zip', 9);
  await write('2.zip', 9);
  writeFileSync(join(folder.path, '2.zip'), content('9.zip'));
  await write('3.zip', 1);
  assert.deepEqual(
    readdirSync(folder.path)
      .filter((name) => name.endsWith('.zip'))
      .sort(),
    ['2.zip', '3.zip'],
  );
  assert.deepEqual(
    (await copyMemoryOf(copy, place).read()).readable?.map(({ name }) => name),
    ['3.zip'],
  );
});

test('of readable copies on Drive those go that were uploaded, unless somebody has renamed them or put other content there', async () => {
  await using stage = await driveStage();
  await using folder = await temporaryFolder();
  const place: StoragePlace = { settings: undefined, stateFolder: folder.path, environment: {} };
  const person = stage.drive.person(sampleAccount);
  const write = async (name: string, keep: number): Promise<StoredFile> => {
    const file = await plantAt(stage.drive, `Reports/${name}`, content(name));
    await noteReadable(copy, place, detailsOf(name, 'gdrive:Reports', file.id), systemClock, { keep, client: stage.client });
    return file;
  };
  const [, renamed, replaced] = [await write('1.zip', 9), await write('2.zip', 9), await write('3.zip', 9)];
  const stranger = await plantAt(stage.drive, 'Reports/1.zip', Buffer.from('of another copy'));
  person.rename(renamed.id, 'keep for the auditor.zip');
  await person.replaceContent(replaced.id, content('9.zip'));
  const last = await write('4.zip', 1);
  const live = person
    .files()
    .filter(({ explicitlyTrashed, mimeType }) => !explicitlyTrashed && !mimeType.includes('folder'))
    .map(({ id }) => id);
  assert.deepEqual(live.toSorted(), [renamed.id, replaced.id, stranger.id, last.id].toSorted());
});
