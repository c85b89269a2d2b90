import assert from 'node:assert/strict';
import { chmodSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { syncCopy } from '../../src/offsite/index.ts';
import { CadanganError, isCode, passwordFromText, systemClock } from '../../src/platform/index.ts';
import { Repository } from '../../src/repository/index.ts';
import { FolderStorage, type FileKind, type ListedFile } from '../../src/storage/index.ts';
import { pruneRepository } from '../../src/upkeep/index.ts';
import { sampleClient } from '../drive-emulator/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { needs } from '../needs.ts';
import { usualPolicy } from '../upkeep/prune-stage.ts';
import { copyPath, OffsiteStage } from './offsite-stage.ts';

/** Paths of packs, in their order. */
function packsOf(stage: OffsiteStage): string[] {
  return stage.sourceFiles.filter((path) => path.startsWith('data/'));
}

/** Turns a bit of a file of the original. */
function damage(stage: OffsiteStage, path: string): void {
  const full = join(stage.repository, path);
  const bytes = readFileSync(full);
  bytes[10] = (bytes[10] ?? 0) ^ 1;
  chmodSync(full, 0o600);
  writeFileSync(full, bytes);
}

test('a repository is copied file by file, and restic opens the copy', needs('restic'), async () => {
  await using stage = await OffsiteStage.open();
  await stage.backup();
  const snapshot = await stage.backup();
  const report = await stage.sync();
  stage.assertWhole();
  assert.equal(report.uploadedFiles, stage.sourceFiles.length);
  assert.deepEqual([report.lag.files, report.unconfirmedFiles, report.doubts], [0, 0, []]);
  assert.ok(report.snapshots.includes(snapshot));
  await stage.checkByRestic();
  const second = await stage.sync();
  assert.deepEqual([second.uploadedFiles, second.trashedFiles, second.lag.files], [0, 0, 0]);
});

test('temporary files, locks and strangers of the original are not copied', async () => {
  await using stage = await OffsiteStage.open();
  await stage.backup();
  const whole = stage.sourceFiles;
  stage.write('locks/' + 'a'.repeat(64), Buffer.from('x'));
  stage.write(`data/ab/${'ab'.repeat(32)}-tmp-0123`, Buffer.from('x'));
  stage.write(`index/${'c'.repeat(64)}`, Buffer.alloc(0));
  stage.write('notes.txt', Buffer.from('x'));
  await stage.sync();
  assert.deepEqual(stage.copyFiles, whole);
});

test('after a prune by restic the copy is what the original is, and what went lies in the trash', needs('restic'), async () => {
  await using stage = await OffsiteStage.open();
  for (let i = 0; i < 4; i++) await stage.backup(2, 20_000);
  await stage.sync();
  await stage.prune();
  const report = await stage.sync();
  stage.assertWhole();
  assert.ok(report.trashedFiles >= 6 && report.doubts.length === 0, `${report.trashedFiles}`);
  await stage.checkByRestic();
});

test('after our own prune the copy goes along in its two steps without a doubt, and is whole after each', needs('restic'), async () => {
  await using stage = await OffsiteStage.open();
  const snapshots: string[] = [];
  for (let i = 0; i < 4; i++) snapshots.push(await stage.backup(2, 20_000));
  await stage.sync();
  for (const name of snapshots.slice(0, 2)) await stage.source.remove({ kind: 'snapshots', name }, neverAborted);
  const clock = new VirtualClock();
  const prune = async (): Promise<number> => {
    const repository = await Repository.open({ storage: stage.source, clock }, passwordFromText('password'), neverAborted);
    return (await pruneRepository(repository, { signal: neverAborted, policy: { ...usualPolicy, unusedBytesMax: () => 0 } })).sums.packs
      .removeNow;
  };
  assert.equal(await prune(), 0);
  const packs = packsOf(stage).length;
  const first = await stage.sync();
  stage.assertWhole();
  assert.deepEqual([first.doubts, packsOf(stage).length], [[], packs]);
  await stage.checkByRestic();

  await clock.advance(25 * 3_600_000);
  const removed = await prune();
  assert.ok(removed >= 4, `${removed}`);
  const second = await stage.sync();
  stage.assertWhole();
  assert.deepEqual([second.doubts, second.heldBackFiles], [[], 0]);
  assert.ok(second.trashedFiles > removed, 'an old index file goes, too');
  await stage.checkByRestic();
});

test('a pack that the original has lost stays on Drive and is told; nothing else is removed meanwhile', needs('restic'), async () => {
  await using stage = await OffsiteStage.open();
  for (let i = 0; i < 3; i++) await stage.backup(2, 20_000);
  await stage.sync();
  const before = stage.copyFiles;
  await rm(join(stage.repository, packsOf(stage)[0] ?? ''));
  await stage.backup();
  const report = await stage.sync();
  assert.deepEqual([report.doubts, report.heldBackFiles], [['packs-lost'], 1]);
  assert.deepEqual(
    before.filter((path) => !stage.copyFiles.includes(path)),
    [],
  );
  await stage.checkByRestic();
});

test('a file that is damaged in the original never reaches Drive, and does not keep what is new from it', async () => {
  await using stage = await OffsiteStage.open();
  await stage.backup();
  const [bad = ''] = packsOf(stage);
  damage(stage, bad);
  const knownDamaged = new Set<string>();
  const report = await stage.sync({ signal: neverAborted, knownDamaged });
  assert.deepEqual(
    report.damagedAtSource.map(({ name }) => name),
    [bad.slice(-64)],
  );
  assert.deepEqual([report.lag.files, report.leftBehindFiles], [1, 0]);
  assert.deepEqual(
    stage.copyFiles,
    stage.sourceFiles.filter((path) => path !== bad),
  );
  const sent = stage.emulator.log.receivedBytes;
  await stage.sync({ signal: neverAborted, knownDamaged });
  assert.equal(stage.emulator.log.receivedBytes, sent, 'it is not sent again to see');
  damage(stage, bad);
  assert.equal((await stage.sync({ signal: neverAborted, knownDamaged })).lag.files, 0);
  stage.assertWhole();
});

test('nothing goes to the trash by a sync that met damage in the original; once that is mended, it does', async () => {
  await using stage = await OffsiteStage.open();
  const forgotten = await stage.backup();
  await stage.backup();
  await stage.sync();
  const old = new Set(packsOf(stage));
  await stage.backup();
  const [bad = ''] = packsOf(stage).filter((path) => !old.has(path));
  damage(stage, bad);
  await rm(join(stage.repository, 'snapshots', forgotten));
  const knownDamaged = new Set<string>();
  for (const when of ['that found it', 'that knew of it']) {
    const { damagedAtSource, plan, trashedFiles } = await stage.sync({ signal: neverAborted, knownDamaged });
    assert.deepEqual([damagedAtSource.length, trashedFiles], [1, 0], when);
    assert.ok(
      plan.stages.some(({ action }) => action === 'trash'),
      'it is planned all the same',
    );
    assert.ok(stage.copyFiles.includes(`snapshots/${forgotten}`), when);
  }
  damage(stage, bad);
  assert.equal((await stage.sync({ signal: neverAborted, knownDamaged })).trashedFiles, 1);
  stage.assertWhole();
});

test('a snapshot whose data is damaged in the original cannot be restored from Drive, and is not said to be; those of before still can', async () => {
  await using stage = await OffsiteStage.open();
  const before = await stage.backup();
  const { snapshots, restorable } = await stage.sync();
  assert.deepEqual(snapshots, [before]);
  const old = new Set(packsOf(stage));
  const late = await stage.backup();
  const [bad = ''] = packsOf(stage).filter((path) => !old.has(path));
  damage(stage, bad);
  const knownDamaged = new Set<string>();
  const report = await stage.sync({ signal: neverAborted, knownDamaged });
  assert.ok(stage.copyFiles.includes(`snapshots/${late}`), 'its own file is there, verified');
  assert.deepEqual([report.lag.files, report.snapshots], [1, []], 'nothing is known of which packs a snapshot needs');
  const remembered = await stage.sync({ signal: neverAborted, knownDamaged, restorable });
  assert.deepEqual(remembered.snapshots, [before], 'all that was there with it is still there');
  stage.person.trash(stage.idOf([...old][0] ?? ''));
  damage(stage, [...old][0] ?? '');
  assert.deepEqual((await stage.sync({ signal: neverAborted, knownDamaged, restorable })).snapshots, [], 'a pack that was there is gone');
  for (const path of [bad, [...old][0] ?? '']) damage(stage, path);
  assert.deepEqual((await stage.sync({ signal: neverAborted, knownDamaged, restorable })).snapshots.toSorted(), [before, late].toSorted());
});

test('a file that was torn in the original after it was copied is told, and the good copy stays', async () => {
  await using stage = await OffsiteStage.open();
  await stage.backup();
  await stage.sync();
  const [torn = ''] = packsOf(stage);
  chmodSync(join(stage.repository, torn), 0o600);
  truncateSync(join(stage.repository, torn), statSync(join(stage.repository, torn)).size - 5);
  const report = await stage.sync();
  assert.deepEqual([report.damagedAtSource.length, report.uploadedFiles, report.trashedFiles, report.lag.files], [1, 0, 0, 0]);
  stage.assertWhole();
});

test('of a copy of which nothing is known, a folder in the trash is no folder, and one that was renamed is found by its id', async () => {
  await using stage = await OffsiteStage.open();
  await stage.backup();
  await stage.sync();
  const [folder] = stage.person.find(copyPath);
  stage.person.trash(folder?.id ?? '');
  const again = await stage.sync();
  assert.equal(again.lag.files, 0);
  stage.assertWhole();
  stage.person.rename(stage.person.find(copyPath)[0]?.id ?? '', 'old');
  const renamed = await stage.sync();
  assert.deepEqual([renamed.lag.files, renamed.uploadedFiles], [0, 0]);
});

/** What a person does on drive.google.com, so that neither Cadangan nor rclone finds a pack where it should be. */
const misplacements: readonly (readonly [string, (stage: OffsiteStage, pack: string) => void])[] = [
  ['is renamed', (stage, pack) => stage.person.rename(stage.idOf(pack), 'old')],
  ['is moved to another folder of the copy', (stage, pack) => stage.person.move(stage.idOf(pack), stage.idOf('index'))],
  ['is moved out of the copy', (stage, pack) => stage.person.move(stage.idOf(pack), stage.person.find('Backup')[0]?.id ?? '')],
  ['lies in a folder that is renamed', (stage, pack) => stage.person.rename(stage.idOf(pack.slice(0, 7)), 'old')],
  ['lies in a folder that is moved away', (stage, pack) => stage.person.move(stage.idOf(pack.slice(0, 7)), stage.idOf('index'))],
];

for (const [what, misplace] of misplacements)
  for (const [who, isSame] of [
    ['the same process', true],
    ['the next process', false],
  ] as const)
    test(`a pack that ${what} after it was uploaded is missing, whatever the journal says, and is sent again by ${who}`, async () => {
      await using stage = await OffsiteStage.open();
      await stage.backup();
      const copy = await stage.copy();
      await stage.sync({ signal: neverAborted }, copy);
      const [pack = ''] = packsOf(stage);
      misplace(stage, pack);
      assert.ok(!stage.copyFiles.includes(pack));
      const report = await stage.sync({ signal: neverAborted }, isSame ? copy : undefined);
      assert.deepEqual([report.uploadedFiles, report.lag.files], [1, 0]);
      assert.ok(stage.copyFiles.includes(pack), 'it is where rclone looks for it');
    });

test('lists that are an hour late lead to no second copy', async () => {
  await using stage = await OffsiteStage.open();
  await stage.backup();
  stage.emulator.lags.parentMs = 3_600_000;
  await stage.sync();
  const files = stage.copyFiles.length;
  await stage.backup(1);
  await stage.sync();
  await stage.sync();
  stage.assertWhole();
  assert.ok(stage.copyFiles.length > files);
});

test('two machines that copy the same repository at once leave a whole copy, and the doubles go', async () => {
  await using stage = await OffsiteStage.open();
  await stage.backup(6, 20_000);
  const [one, two] = [await stage.copy(), await stage.foreignCopy()];
  const both = await Promise.allSettled([stage.sync({ signal: neverAborted }, one), stage.sync({ signal: neverAborted }, two)]);
  assert.deepEqual(
    both.filter(({ status }) => status === 'rejected'),
    [],
  );
  await Promise.all([stage.sync({ signal: neverAborted }, one), stage.sync({ signal: neverAborted }, two)]);
  await stage.sync({ signal: neverAborted }, one);
  stage.assertWhole();
});

test('without checksums of Google, size and MD5 of the upload have to do, and a file without any is called unconfirmed', async () => {
  await using stage = await OffsiteStage.open();
  await stage.backup();
  stage.emulator.faults.order({ fault: 'lacks', fields: ['sha256Checksum'], times: null });
  const copy = await stage.copy();
  const first = await stage.sync({ signal: neverAborted }, copy);
  assert.deepEqual([first.lag.files, first.unconfirmedFiles, first.snapshots.length], [0, 0, 1]);
  assert.equal((await stage.sync({ signal: neverAborted }, copy)).uploadedFiles, 0);
  const stranger = await stage.sync();
  assert.equal(stranger.unconfirmedFiles, stage.sourceFiles.length - 1, 'the MD5 of the config is known');
  assert.deepEqual(stranger.snapshots, []);
  stage.assertWhole();
});

test('a snapshot is not called safe while Google has no checksum of one of the data files', async () => {
  await using stage = await OffsiteStage.open();
  const snapshot = await stage.backup();
  const pack = stage.sourceFiles
    .find((path) => path.startsWith('data/'))
    ?.split('/')
    .at(-1);
  assert.ok(pack);
  stage.emulator.faults.order({ fault: 'lacks', fields: ['sha256Checksum', 'md5Checksum'], file: pack, times: null });
  const { lag, unconfirmedFiles, snapshots } = await stage.sync();
  assert.deepEqual([lag.files, unconfirmedFiles, snapshots], [0, 1, []]);
  await stage.person.remove(stage.idOf(`data/${pack.slice(0, 2)}/${pack}`));
  stage.emulator.faults.clear();
  assert.deepEqual((await stage.sync()).snapshots, [snapshot]);
});

test('the folder of another repository is refused and left as it is', async () => {
  await using stage = await OffsiteStage.open();
  await stage.backup();
  await stage.sync();
  await using other = await OffsiteStage.open(2);
  await other.backup();
  const before = stage.copyFiles;
  await assert.rejects(
    async () => other.sync({ signal: neverAborted }, await stage.copy()),
    (error) => isCode(error, 'offsite.other-repository'),
  );
  assert.deepEqual(stage.copyFiles, before);
});

test('what somebody put into the folder by hand is named and left alone', async () => {
  await using stage = await OffsiteStage.open();
  await stage.backup();
  await stage.sync();
  const [folder] = stage.person.find(`${copyPath}/index`);
  const planted = await stage.person.plant({ name: '../../etc/passwd', parent: folder?.id ?? '', client: sampleClient.id });
  const { found } = await stage.sync();
  assert.deepEqual(
    found.foreign.map(({ path }) => path),
    ['index/../../etc/passwd'],
  );
  assert.equal(
    stage.person.files().some(({ id, explicitlyTrashed }) => id === planted.id && !explicitlyTrashed),
    true,
  );
});

test('a sync says whether it met the original in the middle of a change or what could not be read yet: another look may bring more', async () => {
  await using stage = await OffsiteStage.open();
  const late = await stage.backup();
  let isThere = false;
  const source = new (class extends FolderStorage {
    override async readRange(...[file, ...rest]: Parameters<FolderStorage['readRange']>): Promise<Uint8Array> {
      if (file.name === late && !isThere) throw new CadanganError('storage.not-found', {});
      return super.readRange(file, ...rest);
    }
  })(stage.repository);
  const target = await stage.copy();
  const report = await syncCopy({ source, target, clock: systemClock }, { signal: neverAborted, againMs: 1 });
  assert.deepEqual([report.isIncomplete, report.leftBehindFiles], [true, 1]);
  isThere = true;
  assert.equal((await syncCopy({ source, target, clock: systemClock }, { signal: neverAborted, againMs: 1 })).isIncomplete, false);
  stage.assertWhole();
});

test('what a late list of the original does not show, and is there when it is asked for by name, stays in the copy', async () => {
  await using stage = await OffsiteStage.open();
  await stage.backup();
  const late = await stage.backup();
  await stage.sync();
  const source = new (class extends FolderStorage {
    override async list(kind: Exclude<FileKind, 'config'>): Promise<ListedFile[]> {
      return (await super.list(kind, neverAborted)).filter(({ name }) => name !== late);
    }
  })(stage.repository);
  const report = await syncCopy({ source, target: await stage.copy(), clock: systemClock }, { signal: neverAborted });
  assert.deepEqual([report.plan.stages.map(({ action, files }) => [action, files.length]), report.trashedFiles], [[['trash', 1]], 0]);
  stage.assertWhole();
});
