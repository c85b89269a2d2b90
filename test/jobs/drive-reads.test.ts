import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { compileExcludeRules } from '../../src/backup/index.ts';
import { backupJob, checkJob, initJob, restoreJob, type PasswordAccess } from '../../src/jobs/index.ts';
import { passwordFromText } from '../../src/platform/index.ts';
import { DriveStorage } from '../../src/storage/index.ts';
import { sampleAccount } from '../drive-emulator/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { driveStage, type DriveStage } from '../google/drive-stage.ts';
import { UnfriendlyWay } from '../google/unfriendly-way.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';

const path = 'Backup/server-1';

function accessOf(drive: DriveStage): PasswordAccess {
  const openStorage = (): DriveStorage => new DriveStorage(drive.another(), path);
  const signal = new AbortController().signal;
  return { location: `gdrive:${path}`, password: async () => passwordFromText('kata sandi'), world: { openStorage }, signal };
}

/** Two backups, so that the second file lies in another pack than the first. */
async function twoFiles(drive: DriveStage, folder: string): Promise<string> {
  const source = join(folder, 'source');
  mkdirSync(source);
  const random = new SeededRandom(3);
  const access = accessOf(drive);
  assert.equal((await initJob(access)).outcome, 'success');
  for (const name of ['one', 'two']) {
    writeFileSync(join(source, name), random.bytes(400_000));
    const rules = await compileExcludeRules({}, { environment: {} });
    assert.equal(
      (await backupJob(access, { sources: [source], workingFolder: '/', rules, host: 'srv', workerCount: 1, programVersion: 'test' }))
        .outcome,
      'success',
    );
  }
  return source;
}

test('a file that Google does not give out ends neither a restore of the others nor a check, and is not called damaged', async () => {
  await using folder = await temporaryFolder();
  await using drive = await driveStage();
  const source = await twoFiles(drive, folder.path);
  const [largest] = drive.drive
    .person(sampleAccount)
    .files()
    .filter(
      (file) => drive.drive.person(sampleAccount).pathOf(file.id).includes('/data/') && (file.revisions.at(-1)?.sizeBytes ?? 0) > 300_000,
    )
    .toSorted((a, b) => a.createdMs - b.createdMs);
  drive.drive.faults.order({
    fault: 'refuse',
    reason: 'cannotDownloadAbusiveFile',
    on: 'files.download',
    file: largest!.name,
    times: null,
  });

  const target = join(folder.path, 'target');
  const restored = await restoreJob(accessOf(drive), { snapshot: `latest:${source}`, target });
  assert.equal(restored.error, undefined);
  assert.deepEqual(
    restored.exceptions.map(({ kind, item }) => [kind, item]),
    [['unreadable', '/one']],
  );
  assert.match(restored.exceptions[0]!.reason, /cannotDownloadAbusiveFile/);
  assert.deepEqual(readdirSync(target), ['two']);
  assert.ok(readFileSync(join(target, 'two')).equals(readFileSync(join(source, 'two'))));

  const check = await checkJob(accessOf(drive), { readData: 'all', workerCount: 1 });
  assert.deepEqual([...new Set(check.details?.errors.map(({ kind }) => kind))], ['unreadable']);
});

test('bytes that were flipped on their way are right the second time: for a restore, and for a check of everything', async () => {
  await using folder = await temporaryFolder();
  await using way = await UnfriendlyWay.open();
  await using drive = await driveStage({ client: { endpoints: way.endpoints } });
  way.target = drive.drive.url;
  const source = await twoFiles(drive, folder.path);
  const times = new Map<string, number>();
  way.trouble = ({ url = '' }) => {
    if (!url.includes('alt=media')) return undefined;
    const before = times.get(url) ?? 0;
    times.set(url, before + 1);
    return before === 0 ? { kind: 'flip' } : undefined;
  };
  const target = join(folder.path, 'target');
  const restored = await restoreJob(accessOf(drive), { snapshot: `latest:${source}`, target });
  assert.equal(restored.outcome, 'success', `${String(restored.error)} ${JSON.stringify(restored.exceptions)}`);
  for (const name of ['one', 'two']) assert.ok(readFileSync(join(target, name)).equals(readFileSync(join(source, name))));
  times.clear();
  const check = await checkJob(accessOf(drive), { readData: 'all', workerCount: 1 });
  assert.equal(check.outcome, 'success', JSON.stringify(check.exceptions));
  assert.ok(way.happened.length > 10, way.happened.join('\n'));
});
