import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExpectedCopy } from '../../src/offsite/index.ts';
import { CadanganError } from '../../src/platform/index.ts';
import { sampleAccount } from '../drive-emulator/index.ts';
import { copyPath, OffsiteStage } from './offsite-stage.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

/** What people do to the folder of a copy, and what is to be said of it. */
const events: readonly (readonly [string, (stage: OffsiteStage, folderId: string) => Promise<void> | void, string, string | undefined])[] =
  [
    ['somebody moved to the trash', ({ person }, id) => person.trash(id), 'offsite.folder-trashed', undefined],
    [
      'lies in a folder that somebody moved to the trash',
      ({ person }) => person.trash(person.find('Backup')[0]?.id ?? ''),
      'offsite.folder-trashed',
      undefined,
    ],
    ['somebody renamed', ({ person }, id) => person.rename(id, 'old'), 'offsite.folder-moved', 'gdrive:Backup/old'],
    [
      'lies in a folder that somebody renamed',
      ({ person }) => person.rename(person.find('Backup')[0]?.id ?? '', 'Archive'),
      'offsite.folder-moved',
      'gdrive:Archive/office',
    ],
    ['somebody deleted for good', ({ person }, id) => person.remove(id), 'offsite.folder-unseen', undefined],
  ];

/** A copy that is whole, and what is remembered of it. */
async function whole(stage: OffsiteStage): Promise<ExpectedCopy> {
  await stage.backup();
  const { lag, sourceFiles } = await stage.sync();
  assert.equal(lag.files, 0);
  const [folder] = stage.person.find(copyPath);
  assert.ok(folder);
  return { folderIds: [folder.id], files: sourceFiles };
}

for (const [what, happen, code, seen] of events) {
  test(`a copy whose folder ${what} is not made a second time in silence: it stops, says what it sees, and waits for an answer`, async () => {
    await using stage = await OffsiteStage.open();
    const expected = await whole(stage);
    await happen(stage, expected.folderIds[0] ?? '');
    const sent = stage.emulator.log.receivedBytes;
    for (const dryRun of [false, true])
      await assert.rejects(
        stage.sync({ signal: neverAborted, expected, dryRun }),
        (error) => error instanceof CadanganError && error.code === code && error.facts['seen'] === seen,
      );
    assert.equal(stage.emulator.log.receivedBytes, sent);
    assert.deepEqual(stage.person.find(copyPath), [], 'no second folder is made');
    const anew = await stage.sync({ signal: neverAborted, expected, mayBeginAnew: true });
    assert.deepEqual([anew.lag.files, anew.uploadedFiles], [0, stage.sourceFiles.length]);
    stage.assertWhole();
  });
}

test('a copy goes on where it was when the folder is put back', async () => {
  await using stage = await OffsiteStage.open();
  const expected = await whole(stage);
  const [id = ''] = expected.folderIds;
  stage.person.rename(id, 'old');
  await assert.rejects(stage.sync({ signal: neverAborted, expected }), { code: 'offsite.folder-moved' });
  stage.person.rename(id, 'office');
  assert.deepEqual([(await stage.sync({ signal: neverAborted, expected })).uploadedFiles, stage.person.find(copyPath).length], [0, 1]);
});

test('a folder of packs that is renamed is not filled a second time in silence; a few packs that are gone are sent again', async () => {
  await using stage = await OffsiteStage.open();
  await stage.backup(20, 2000);
  const expected = await whole(stage);
  const sent = stage.emulator.log.receivedBytes;
  stage.person.rename(stage.idOf('data'), 'data-old');
  await assert.rejects(
    stage.sync({ signal: neverAborted, expected }),
    (error) => error instanceof CadanganError && error.code === 'offsite.files-gone' && error.facts['files'] === expected.files,
  );
  assert.equal(stage.emulator.log.receivedBytes, sent);
  stage.person.rename(stage.idOf('data-old'), 'data');
  const packs = stage.sourceFiles.filter((path) => path.startsWith('data/'));
  for (const pack of packs.slice(0, 3)) stage.person.trash(stage.idOf(pack));
  assert.equal((await stage.sync({ signal: neverAborted, expected })).uploadedFiles, 3);
});

test('an OAuth client that was made anew sees nothing of the copy: it stops instead of making a second one', async () => {
  await using stage = await OffsiteStage.open();
  const expected = await whole(stage);
  const other = await stage.copyOfOtherClient();
  await assert.rejects(stage.sync({ signal: neverAborted, expected }, other), { code: 'offsite.folder-unseen' });
  assert.equal(stage.person.find(copyPath).length, 1, `${sampleAccount} has one folder`);
});

test('a first copy, and one that lacked everything, expects nothing', async () => {
  await using stage = await OffsiteStage.open();
  await stage.backup();
  assert.equal((await stage.sync({ signal: neverAborted, expected: { folderIds: ['gone'], files: 0 } })).lag.files, 0);
});

test('lists that are late are no folder that was moved, and show no file that is gone', async () => {
  await using stage = await OffsiteStage.open();
  await stage.backup(20, 2000);
  stage.emulator.lags.parentMs = 3_600_000;
  const expected = await whole(stage);
  assert.equal((await stage.sync({ signal: neverAborted, expected })).uploadedFiles, 0);
});
