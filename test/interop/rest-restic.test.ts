import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isCode, passwordFromText, systemClock } from '../../src/platform/index.ts';
import { listSnapshots, Repository } from '../../src/repository/index.ts';
import { restore } from '../../src/restore/index.ts';
import { openRclone, openRest, type Storage } from '../../src/storage/index.ts';
import { checkRepository, pruneRepository, removeSnapshots } from '../../src/upkeep/index.ts';
import { runBackup } from '../backup/run-backup.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { needs } from '../needs.ts';
import { freshSeed } from '../seeds.ts';
import { compareTrees, describeDifferences } from '../zoo/compare-trees.ts';
import { start } from './programs.ts';
import { RcloneOfTest } from './rclone-of-test.ts';
import { RcloneServer } from './rclone-server.ts';
import { usualPolicy } from '../upkeep/prune-stage.ts';
import { Stage } from './stage.ts';

const stage = new Stage();
const skip = [needs('rclone'), needs('restic')].find((need) => need.skip !== false) ?? { skip: false };
const password = passwordFromText('password');

/** One repository, and two ways to it. */
interface Road extends AsyncDisposable {
  readonly storage: () => Storage;
  /** For restic. */
  readonly location: string;
  readonly environment: Readonly<Record<string, string>>;
}

async function behindServer(...options: readonly string[]): Promise<Road> {
  const server = await RcloneServer.open(['restic', ...options, stage.folder('served')]);
  const url = new URL('server-1/', server.url);
  return {
    storage: () => openRest(url, { clock: systemClock }),
    location: `rest:${url.href}`,
    environment: {},
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function overPipes(): Promise<Road> {
  const rclone = await RcloneOfTest.open();
  return {
    storage: () => openRclone({ remote: 'somewhere', path: rclone.root }, { ...rclone.access, clock: systemClock }),
    location: `rclone:somewhere:${rclone.root}`,
    environment: { RCLONE_CONFIG: '/dev/null', RCLONE_CONFIG_SOMEWHERE_TYPE: 'local' },
    [Symbol.asyncDispose]: () => rclone[Symbol.asyncDispose](),
  };
}

function makeSource(random: SeededRandom): string {
  const folder = stage.folder('source');
  mkdirSync(join(folder, 'sub'));
  for (let at = 0; at < 40; at++) writeFileSync(join(folder, at % 2 ? 'sub' : '.', `file-${at}`), random.bytes(random.below(400_000)));
  writeFileSync(join(folder, 'large'), random.bytes(40_000_000));
  return folder;
}

async function restic(road: Road, ...args: readonly string[]): Promise<string> {
  const env = { RESTIC_PASSWORD: 'password', ...road.environment };
  const { code, stdout, stderr } = await start('restic', ['--no-cache', '-r', road.location, ...args], { env }).ended;
  assert.equal(code, 0, `restic ${args.join(' ')}: ${stderr}`);
  return stdout.toString();
}

async function withRepository<T>(road: Road, work: (repository: Repository) => Promise<T>): Promise<T> {
  const storage = road.storage();
  try {
    const repository = await Repository.open({ storage }, password, neverAborted);
    return await work(repository);
  } finally {
    await storage.close();
  }
}

async function backUp(road: Road, source: string): Promise<void> {
  await withRepository(road, async (repository) => {
    await using lock = await repository.lock({ exclusive: false, signal: neverAborted });
    await repository.loadIndex({ signal: neverAborted });
    await runBackup(repository, [source], { signal: lock.signal });
  });
}

async function assertSound(road: Road, source: string, snapshotCount: number): Promise<void> {
  assert.match(await restic(road, 'check', '--read-data'), /no errors were found/);
  await withRepository(road, async (repository) => {
    const checked = await checkRepository(repository, { readData: 'all', workerCount: 1, signal: neverAborted });
    assert.equal(checked.errorCount, 0);
    const snapshots = await listSnapshots(repository, neverAborted);
    assert.equal(snapshots.length, snapshotCount);
    const latest = snapshots.at(-1) ?? assert.fail();
    const target = stage.fresh('restored');
    const { exceptions } = await restore(repository, latest.snapshot, { target, subfolder: source, workers: 1, signal: neverAborted });
    assert.deepEqual(exceptions, []);
    const differences = compareTrees(source, target, { mtimeToleranceNs: 1000n }).filter(({ path }) => path !== '');
    assert.deepEqual(describeDifferences(differences), []);
  });
}

for (const [name, open, isAppendOnly] of [
  ['REST', () => behindServer(), false],
  ['REST that only appends', () => behindServer('--append-only'), true],
  ['rclone, over its pipes', overPipes, false],
] as const)
  test(`restic and Cadangan take turns over ${name}: each reads what the other wrote, and removes what is old`, skip, async (t) => {
    const seed = freshSeed();
    t.diagnostic(`seed ${seed}`);
    const random = new SeededRandom(seed);
    await using road = await open();
    const source = makeSource(random);
    const made = road.storage();
    await Repository.init({ storage: made }, password, { kdfCost: { N: 16, r: 1, p: 1 }, signal: neverAborted });
    await made.close();

    await backUp(road, source);
    await assertSound(road, source, 1);
    rmSync(join(source, 'large'));
    writeFileSync(join(source, 'new'), random.bytes(3_000_000));
    await restic(road, 'backup', source);
    writeFileSync(join(source, 'newer'), random.bytes(1_000_000));
    await backUp(road, source);
    await assertSound(road, source, 3);

    const forget = withRepository(road, async (repository) => {
      await using lock = await repository.lock({ exclusive: true, signal: neverAborted });
      const [oldest] = await listSnapshots(repository, neverAborted);
      const { failed } = await removeSnapshots(repository, oldest ? [oldest] : [], { signal: neverAborted });
      if (failed[0]) throw failed[0].error;
      await pruneRepository(repository, { policy: { ...usualPolicy, removeAtOnce: true }, workerCount: 1, signal: lock.signal });
    });
    if (!isAppendOnly) await forget;
    else await assert.rejects(forget, (error) => isCode(error, 'storage.denied') && error.facts['reason'] === 'append-only');
    await assertSound(road, source, isAppendOnly ? 3 : 2);
    assert.deepEqual(await restic(road, 'list', 'locks'), '');
  });
