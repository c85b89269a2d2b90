import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { passwordFromText } from '../../src/platform/index.ts';
import { compileExcludeRules } from '../../src/backup/index.ts';
import { backupJob, checkJob, initJob, restoreJob, type PasswordAccess } from '../../src/jobs/index.ts';
import { DriveStorage } from '../../src/storage/index.ts';
import { sampleAccount } from '../drive-emulator/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { driveStage, type DriveStage } from '../google/drive-stage.ts';
import { needs } from '../needs.ts';
import { startRestic } from './programs.ts';
import { Stage } from './stage.ts';

const stage = new Stage();
const location = 'gdrive:Backup/server-1';
const password = 'kata sandi';

function accessOf(drive: DriveStage): PasswordAccess {
  // Each job is a process of its own as far as Drive is concerned.
  const openStorage = (): DriveStorage => new DriveStorage(drive.another(), 'Backup/server-1');
  return { location, password: async () => passwordFromText(password), world: { openStorage }, signal: new AbortController().signal };
}

function sourceFolder(): string {
  const folder = stage.folder('source');
  const random = new SeededRandom(4);
  mkdirSync(join(folder, 'deep', 'er'), { recursive: true });
  writeFileSync(join(folder, 'deep', 'er', 'large'), random.bytes(5_000_000));
  writeFileSync(join(folder, 'deep', 'text'), 'compressible '.repeat(10_000));
  writeFileSync(join(folder, 'empty'), '');
  for (let i = 0; i < 40; i++) writeFileSync(join(folder, `small-${i}`), random.bytes(1000 + i * 700));
  return folder;
}

function contentOf(folder: string): Map<string, Buffer> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map((file) => [join(file.parentPath, file.name).slice(folder.length), readFileSync(join(file.parentPath, file.name))]),
  );
}

async function backUp(drive: DriveStage, source: string): Promise<void> {
  const rules = await compileExcludeRules({}, { environment: {} });
  const result = await backupJob(accessOf(drive), {
    sources: [source],
    workingFolder: '/',
    rules,
    host: 'srv-uji',
    workerCount: 1,
    programVersion: 'test',
  });
  assert.equal(
    result.outcome,
    'success',
    JSON.stringify(result, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
  );
}

describe('a repository on Google Drive', needs('restic'), () => {
  test('is made, backed up to, checked and restored from by us, and what Drive has passes the check of restic', async () => {
    await using drive = await driveStage();
    const source = sourceFolder();
    assert.equal((await initJob(accessOf(drive))).outcome, 'success');
    await backUp(drive, source);
    const first = contentOf(source);
    writeFileSync(join(source, 'deep', 'text'), 'another text '.repeat(10_000));
    await backUp(drive, source);

    const check = await checkJob(accessOf(drive), { readData: 'all', workerCount: 1 });
    assert.equal(check.outcome, 'success');

    for (const [snapshot, expected] of [
      ['latest', contentOf(source)],
      [await oldest(drive), first],
    ] as const) {
      const target = stage.fresh('target');
      assert.equal((await restoreJob(accessOf(drive), { snapshot: `${snapshot}:${source}`, target })).outcome, 'success');
      assert.deepEqual(contentOf(target), expected);
    }

    const mirror = stage.fresh('mirror');
    await drive.drive.person(sampleAccount).mirror('Backup/server-1', mirror);
    const env = { RESTIC_PASSWORD: password };
    const restic = await startRestic(['-r', mirror, 'check', '--read-data', '--no-lock'], { env }).ended;
    assert.equal(restic.code, 0, restic.stderr);
    assert.match(restic.stdout.toString(), /no errors were found/);
    const restored = stage.fresh('restic-target');
    const back = await startRestic(['-r', mirror, 'restore', 'latest', '--target', restored, '--no-lock'], { env }).ended;
    assert.equal(back.code, 0, back.stderr);
    assert.deepEqual(contentOf(join(restored, source)), contentOf(source));
  });
});

describe('the copy on Google Drive without Cadangan', needs('restic'), () => {
  test('is brought down by a client that knows nothing of it, and restic opens it', needs('python3'), async () => {
    await using drive = await driveStage();
    const source = sourceFolder();
    assert.equal((await initJob(accessOf(drive))).outcome, 'success');
    await backUp(drive, source);

    const mirror = join(stage.fresh('brought-down'), 'repository');
    await bringDown(drive, 'Backup/server-1', mirror);
    const restic = await startRestic(['-r', mirror, 'check', '--read-data', '--no-lock'], { env: { RESTIC_PASSWORD: password } }).ended;
    assert.equal(restic.code, 0, restic.stderr);
    const restored = stage.fresh('restic-target');
    const back = await startRestic(['-r', mirror, 'restore', 'latest', '--target', restored, '--no-lock'], {
      env: { RESTIC_PASSWORD: password },
    }).ended;
    assert.equal(back.code, 0, back.stderr);
    assert.deepEqual(contentOf(join(restored, source)), contentOf(source));
  });
});

/** rclone cannot be pointed at another address than Google's; this is as little ours as it would be. */
async function bringDown({ drive }: DriveStage, folder: string, target: string): Promise<void> {
  const script = join(import.meta.dirname, 'drive-mirror.py');
  const python = spawn('python3', [script, drive.url.replace(/\/$/, ''), folder, target], { stdio: ['pipe', 'ignore', 'inherit'] });
  python.stdin.end(`${drive.accounts.accessToken(sampleAccount)}\n`);
  const [code] = (await once(python, 'close')) as [number | null];
  assert.equal(code, 0);
}

/** The name of the first snapshot that was stored. */
async function oldest(drive: DriveStage): Promise<string> {
  const person = drive.drive.person(sampleAccount);
  const folder = person.find('Backup/server-1/snapshots')[0];
  const [first] = person
    .files()
    .filter((file) => file.parent === folder?.id)
    .toSorted((a, b) => a.createdMs - b.createdMs);
  return first?.name ?? '';
}
