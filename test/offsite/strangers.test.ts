import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { cp, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { DriveFolder } from '../../src/google/index.ts';
import { CopyJobs, type JobResult } from '../../src/jobs/index.ts';
import { claimedMark, DriveCopy } from '../../src/offsite/index.ts';
import { CadanganError, isCode } from '../../src/platform/index.ts';
import { sampleClient, type StoredFile } from '../drive-emulator/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { plantAt } from '../google/drive-stage.ts';
import { needs } from '../needs.ts';
import { seedsOf } from '../rounds.ts';
import { copyOf, placeAt, recordsAt } from './copying-server.ts';
import { checkByRestic, copyPath, OffsiteStage } from './offsite-stage.ts';

const hourMs = 3_600_000;

/** What is stored below the copy's folder, by path. */
function filesOf({ person }: OffsiteStage, isWanted: (file: StoredFile) => boolean): Map<string, StoredFile[]> {
  const files = person.files().filter((file) => !file.mimeType.includes('folder') && isWanted(file));
  return Map.groupBy(
    files.filter(({ id }) => person.pathOf(id).startsWith(`${copyPath}/`)),
    ({ id }) => person.pathOf(id).slice(copyPath.length + 1),
  );
}

/**
 * A file may lie in the trash if its name is the hash of its content and another of that name is there, or the config of which a twin is.
 */
function wronglyTrashed(stage: OffsiteStage): string[] {
  const live = filesOf(stage, ({ explicitlyTrashed }) => !explicitlyTrashed);
  return [...filesOf(stage, ({ explicitlyTrashed }) => explicitlyTrashed)].flatMap(([path, files]) =>
    files
      .filter((file) => {
        const twins = live.get(path) ?? [];
        const isHash = /[0-9a-f]{64}$/.test(path);
        return twins.length === 0 || (!isHash && !twins.some((twin) => twin.revisions.at(-1)?.sha256 === file.revisions.at(-1)?.sha256));
      })
      .map(() => path),
  );
}

/** Whether it went well; what must not happen is an error of any other kind. */
async function tried(work: Promise<unknown>, seed: number): Promise<'done' | 'refused'> {
  try {
    await work;
    return 'done';
  } catch (error) {
    if (error instanceof CadanganError && error.code === 'offsite.other-repository') return 'refused';
    throw new Error(`seed ${seed}`, { cause: error });
  }
}

/** @throws what ended the job early */
async function succeeded(job: Promise<JobResult<unknown>>): Promise<void> {
  const result = await job;
  if ('error' in result) throw result.error;
}

/** A machine with a memory of its own, that copies `stage` to the folder of `place`. */
function machineOf(stage: OffsiteStage, place: OffsiteStage): () => Promise<unknown> {
  const target = new DriveCopy(new DriveFolder(place.drive.another(), copyPath));
  return () => stage.sync({ signal: neverAborted }, target);
}

test(
  'two repositories that start together on one folder lose nothing: one of them or both are refused, and what was copied is whole',
  needs('restic'),
  async () => {
    for (const seed of seedsOf({ sample: 6, long: 100 })) {
      const random = new SeededRandom(seed);
      await using one = await OffsiteStage.open(seed, {
        emulator: { latency: { metadataMs: random.below(4), mediaMs: random.below(8), jitter: 1 } },
      });
      await using two = await OffsiteStage.open(seed + 100_000);
      await one.backup(1 + random.below(5), 8_000);
      await two.backup(1 + random.below(5), 8_000);
      one.emulator.lags.parentMs = [0, 0, 10, 60, hourMs][random.below(5)] ?? 0;
      const machines = [machineOf(one, one), machineOf(two, one)];
      await Promise.all(
        machines.map(async (sync) => {
          await delay(random.chance(0.5) ? 0 : random.below(60));
          return tried(sync(), seed);
        }),
      );
      for (let round = 0; round < 3; round++) {
        if (round === 1) one.emulator.lags.parentMs = 0;
        for (const stage of [one, two]) if (random.chance(0.5)) await stage.backup(1, 8_000);
        await Promise.all(machines.map((sync) => tried(sync(), seed)));
        assert.deepEqual(wronglyTrashed(one), [], `seed ${seed}, round ${round}`);
      }
      const last = [await tried(machines[0]!(), seed), await tried(machines[1]!(), seed)];
      assert.ok(last.includes('refused'), `seed ${seed}: ${last.join()}`);
      const live = filesOf(one, ({ explicitlyTrashed }) => !explicitlyTrashed);
      for (const [at, stage] of [one, two].entries()) if (last[at] === 'done') await checkOwn(stage, one, live, seed);
    }
  },
);

/** Of the copy's folder, what the repository of `stage` has: all of it must be there, and restic must find every byte right. */
async function checkOwn(
  stage: OffsiteStage,
  place: OffsiteStage,
  live: ReadonlyMap<string, readonly StoredFile[]>,
  seed: number,
): Promise<void> {
  assert.deepEqual(
    stage.sourceFiles.filter((path) => !live.has(path)),
    [],
    `seed ${seed}`,
  );
  assert.deepEqual(place.copyFiles, stage.sourceFiles, `seed ${seed}: nothing of the other one`);
  const [all, own] = [join(place.folder, 'all'), join(place.folder, 'own')];
  await rm(own, { recursive: true, force: true });
  await place.mirror(all);
  for (const path of stage.sourceFiles) {
    await mkdir(dirname(join(own, path)), { recursive: true });
    await cp(join(all, path), join(own, path));
  }
  assert.equal(await checkByRestic(own), true, `seed ${seed}`);
}

/** Names of claims in the copy's folder. */
function claimsAt(stage: OffsiteStage): string[] {
  return [...filesOf(stage, ({ explicitlyTrashed }) => !explicitlyTrashed).keys()].filter((path) => claimedMark(path) !== undefined);
}

/** Without what records and heads replaced. */
function trashed(stage: OffsiteStage): string[] {
  return [...filesOf(stage, ({ explicitlyTrashed }) => explicitlyTrashed).keys()].filter((path) => !path.startsWith('records-')).sort();
}

const isRefused = (error: unknown): boolean => isCode(error, 'offsite.other-repository');

test('of two state folders of one machine that have one folder on Drive one at most copies there, and nothing goes to the trash', async () => {
  await using one = await OffsiteStage.open(3, { emulator: { latency: { metadataMs: 2, mediaMs: 4, jitter: 1 } } });
  await using two = await OffsiteStage.open(4);
  await one.backup();
  await two.backup();
  const machines = [one, two].map((stage, at) => {
    const place = placeAt(one, `state-${at}`);
    const records = recordsAt(place, assert.ifError);
    return new CopyJobs({ copy: copyOf(stage), place, records, againMs: 20 });
  });
  const wish = { signal: new AbortController().signal };
  const manual = { trigger: 'manual' } as const;
  const results = await Promise.all(machines.map((jobs) => tried(succeeded(jobs.sync(wish, manual)), 3)));
  assert.ok(results.includes('refused'), results.join());
  for (const jobs of machines) await tried(succeeded(jobs.scrub(wish, manual)), 3);
  assert.deepEqual(trashed(one), []);
  assert.ok(claimsAt(one).length <= 1);
  for (const jobs of machines) await jobs[Symbol.asyncDispose]();
});

test('a folder is claimed before anything is put there; who comes later is refused, and leaves nothing', async () => {
  await using one = await OffsiteStage.open();
  await using two = await OffsiteStage.open(2);
  await one.backup();
  const kill = new AbortController();
  one.emulator.faults.order({ fault: 'server-error', status: 503, times: null, on: 'upload.open', after: 1 });
  let isOver = false;
  const running = assert.rejects(one.sync({ signal: kill.signal })).finally(() => (isOver = true));
  while (claimsAt(one).length === 0 && !isOver) await delay(5);
  kill.abort(new CadanganError('aborted'));
  await running;
  one.emulator.faults.clear();
  assert.deepEqual([one.copyFiles, claimsAt(one).length], [[], 1]);
  await assert.rejects(machineOf(two, one)(), isRefused);
  assert.deepEqual([one.copyFiles, claimsAt(one).length], [[], 1]);
  await one.sync();
  one.assertWhole();
  assert.deepEqual(trashed(one), []);
});

test('a claim that a killed run has left makes room for the older one of somebody else', async () => {
  await using one = await OffsiteStage.open();
  await using two = await OffsiteStage.open(2);
  await one.backup();
  const claim = async (stage: OffsiteStage): Promise<void> => {
    const target = new DriveCopy(new DriveFolder(one.drive.another(), copyPath));
    await target.list(neverAborted);
    const { plan } = await stage.sync({ signal: neverAborted, dryRun: true }, target);
    await target.claim(plan.ownership.mark, () => assert.fail('on Drive the mark says enough'), neverAborted);
  };
  const mark = (await one.sync({ signal: neverAborted, dryRun: true })).plan.ownership.mark;
  const otherMark = (
    await two.sync({ signal: neverAborted, dryRun: true }, new DriveCopy(new DriveFolder(one.drive.another(), 'Elsewhere')))
  ).plan.ownership.mark;
  await claim(one);
  const [folder] = one.person.find(copyPath);
  await delay(5);
  await one.person.plant({ name: `cadangan-copy-${otherMark}.json`, parent: folder?.id ?? '', client: sampleClient.id });
  await assert.rejects(one.sync(), isRefused, 'nobody knows what the other one has seen');
  await assert.rejects(machineOf(two, one)(), isRefused);
  assert.deepEqual(claimsAt(one), [`cadangan-copy-${mark}.json`]);
  await one.sync();
  one.assertWhole();
});

test(
  'a copy of a version that left no marks is claimed and goes on: nothing is sent again, and after a prune by restic the old files go',
  needs('restic'),
  async () => {
    await using stage = await OffsiteStage.open();
    for (let i = 0; i < 4; i++) await stage.backup(2, 20_000);
    for (const path of stage.sourceFiles) await plantAt(stage.emulator, `${copyPath}/${path}`, readFileSync(join(stage.repository, path)));
    await delay(5);
    const { uploadedFiles } = await stage.sync();
    assert.deepEqual([uploadedFiles, claimsAt(stage).length], [0, 1]);
    await plantAt(stage.emulator, `${copyPath}/data/ee/${'e'.repeat(64)}`, Buffer.from('by another program'));
    const before = stage.copyFiles;
    await stage.prune();
    const report = await stage.sync();
    assert.ok(report.trashedFiles >= 6, `${report.trashedFiles}`);
    assert.deepEqual([report.doubts, report.heldBackFiles], [['not-ours'], 1]);
    assert.deepEqual(stage.copyFiles, [...stage.sourceFiles, `data/ee/${'e'.repeat(64)}`].sort());
    assert.deepEqual(
      trashed(stage),
      before.filter((path) => !stage.copyFiles.includes(path)),
    );
    await stage.checkByRestic();
  },
);

test('a repository with another config since a migration keeps its copy, and what it removes later goes', needs('restic'), async () => {
  await using stage = await OffsiteStage.open();
  for (let i = 0; i < 4; i++) await stage.backup(2, 20_000);
  await stage.sync();
  const path = join(stage.repository, 'config');
  const config = readFileSync(path);
  chmodSync(path, 0o600);
  writeFileSync(path, stage.random.bytes(150));
  await stage.sync();
  assert.deepEqual([trashed(stage), claimsAt(stage).length], [['config'], 1]);
  stage.assertWhole();
  writeFileSync(path, config);
  await stage.prune();
  assert.deepEqual((await stage.sync()).doubts, []);
  stage.assertWhole();
});

test('when somebody else comes while files are on their way, nothing is removed any more', needs('restic'), async () => {
  await using stage = await OffsiteStage.open();
  for (let i = 0; i < 4; i++) await stage.backup(2, 20_000);
  await stage.sync();
  await stage.prune();
  await stage.backup();
  let planted: Promise<unknown> | undefined;
  const strangers = [stage.random.bytes(150), stage.random.bytes(150)];
  const plant = (): void => {
    planted ??= Promise.all(
      ['config', `keys/${'e'.repeat(64)}`].map((path, at) =>
        plantAt(stage.emulator, `${copyPath}/${path}`, strangers[at] ?? new Uint8Array()),
      ),
    );
  };
  const syncing = stage.sync({ signal: neverAborted, onUploaded: plant });
  await assert.rejects(syncing, isRefused);
  await planted;
  assert.deepEqual(trashed(stage), []);
});

test('a double stays when the one that should have stayed is gone in the meantime', async () => {
  await using stage = await OffsiteStage.open();
  await stage.backup();
  await stage.sync();
  const [pack = ''] = stage.sourceFiles.filter((path) => path.startsWith('data/'));
  const first = stage.idOf(pack);
  await delay(5);
  const second = await stage.person.double(first);
  const { trashedFiles } = await stage.sync({ signal: neverAborted, onPlan: () => stage.person.trash(first) });
  assert.equal(trashedFiles, 0);
  assert.equal(stage.idOf(pack), second.id);
});
