import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '../needs.ts';
import { folderType, sampleClient, type StoredFile } from '../drive-emulator/index.ts';
import { checkByRestic, copyPath, OffsiteStage } from './offsite-stage.ts';

/** A second folder of the name, with half of what lay in the first. */
async function double(stage: OffsiteStage, path: string): Promise<StoredFile> {
  const { person } = stage;
  const [first] = person.find(path);
  assert.ok(first?.parent !== undefined);
  const second = await person.plant({ name: first.name, parent: first.parent, mimeType: folderType, client: sampleClient.id });
  const inside = person.files().filter(({ parent }) => parent === first.id);
  for (const { id } of inside.filter((_, at) => at % 2 === 0)) person.move(id, second.id);
  return second;
}

test(
  'folders of one name become one, so that programs that know one of a name find all of it; nothing goes to the trash',
  needs('restic'),
  async () => {
    await using stage = await OffsiteStage.open(31);
    await stage.backup(8, 20_000);
    await stage.backup(8, 20_000);
    await stage.sync();
    const pair = stage.sourceFiles.find((path) => path.startsWith('data/'))!.slice(0, 7);
    for (const path of [`${copyPath}/${pair}`, `${copyPath}/data`, `${copyPath}/keys`, copyPath]) await double(stage, path);
    const names = (): string[] => {
      const folders = stage.person.files().filter(({ mimeType }) => mimeType === folderType);
      return folders.map(({ parent, name }) => `${parent} ${name}`);
    };
    assert.notEqual(new Set(names()).size, names().length);

    const { mergedFolders, uploadedFiles, trashedFiles } = await stage.sync();
    assert.ok(mergedFolders >= 4, String(mergedFolders));
    assert.deepEqual([uploadedFiles, trashedFiles], [0, 0]);
    assert.equal(new Set(names()).size, names().length, 'each name once in each place');
    assert.ok(!stage.person.files().some(({ explicitlyTrashed }) => explicitlyTrashed));
    // Of the folder of the name, the one that an independent client takes.
    const [root, ...more] = stage.person.find(copyPath);
    assert.ok(root && more.length === 0);
    stage.assertWhole();
    const mirror = join(stage.folder, 'mirror');
    await stage.mirror(mirror);
    assert.equal(await checkByRestic(mirror), true);
    assert.equal((await stage.sync()).mergedFolders, 0);
  },
);
