import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { chmod, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { CopyJobs, type StoragePlace } from '../../src/jobs/index.ts';
import { copyStatusOf, type CopyMemory, type CopyProgressSink, type CopyStatus } from '../../src/offsite/index.ts';
import { CadanganError, isCode, systemClock, type Clock } from '../../src/platform/index.ts';
import { needs } from '../needs.ts';
import { copyOf, placeAt, recordsAt } from './copying-server.ts';
import { HeldAnswers } from './held-answers.ts';
import { copyPath, OffsiteStage } from './offsite-stage.ts';

const wish = { signal: new AbortController().signal };
const manual = { trigger: 'manual' } as const;

/** The jobs of a server that copies `repository` to a folder of `drive`, each time it is called those of another process. */
function serverOf(
  stage: OffsiteStage,
  drive = stage,
  { repository }: { readonly repository: string } = stage,
  state = 'server',
): () => CopyJobs {
  const copy = copyOf({ repository }, { sampleReadPercent: 100 });
  const place: StoragePlace = { ...placeAt(drive, state), stateFolder: join(stage.folder, state), clock: leapingClock() };
  const records = recordsAt(place, assert.ifError);
  return () => new CopyJobs({ copy, place, records, againMs: 20, noteEveryMs: 0 });
}

/** Between any two looks at the clock a second passes: nothing is told too soon after the last telling. */
function leapingClock(): Clock {
  let leapsMs = 0;
  return { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + (leapsMs += 1000) };
}

/** As another process shows it, which has nothing but what is remembered. */
function seenElsewhere(memory: CopyMemory): CopyStatus {
  const { source: repository, to } = memory;
  const nowMs = Number(systemClock.nowNs() / 1_000_000n);
  const names = { name: 'office', repository, to, paused: false };
  return copyStatusOf(names, { memory, keeper: undefined, original: undefined, signIn: undefined, nowMs });
}

test('while a copy is made every process sees it move, and how much is left', async () => {
  const answers = new HeldAnswers();
  await using stage = await OffsiteStage.open(1, { emulator: { clock: answers.clock } });
  const { faults } = stage.emulator;
  await stage.backup(12, 30_000);
  await using jobs = serverOf(stage)();
  let copyingSinceMs: number | undefined;
  let hasEnded = false;
  const progress: CopyProgressSink = ({ phase }) => {
    if (phase === 'copying') copyingSinceMs ??= Date.now();
  };
  const states = new Set<string>();
  /** Looks as another process until it is so. */
  const seenWhen = async (isTrue: (status: CopyStatus) => boolean): Promise<CopyStatus> => {
    for (; ; await delay(5)) {
      assert.ok(!hasEnded, 'it was over before that was seen');
      const memory = await jobs.memory.read();
      if (memory.underway === undefined) continue;
      const status = seenElsewhere(memory);
      states.add(status.state);
      if (isTrue(status)) return status;
    }
  };
  const bytesOf = ({ progress: far }: CopyStatus): number => far?.bytesDone ?? 0;
  answers.hold(faults, 'upload.open', 3);
  const syncing = jobs.sync({ ...wish, progress }, manual).finally(() => (hasEnded = true));
  const early = await seenWhen((status) => bytesOf(status) > 0);
  answers.letAnswer(faults);
  answers.hold(faults, 'upload.open', 4);
  const late = await seenWhen((status) => bytesOf(status) > bytesOf(early) && (status.behind?.files ?? 0) < (early.behind?.files ?? 0));
  assert.ok((late.behind?.files ?? 0) > 0);
  answers.letAnswer(faults);
  const result = await syncing;
  assert.equal(result.outcome, 'success');
  assert.deepEqual(states, new Set(['copying']));
  const after = await jobs.memory.read();
  assert.deepEqual([after.underway, after.behind], [undefined, undefined]);
  const wholeMs = Date.parse(after.lastWholeAt ?? '');
  assert.ok(wholeMs <= (copyingSinceMs ?? 0), 'it is whole as of the look at the repository: what came during the upload is not there');
});

test('a copy that is gone from Drive is known by what is remembered of it: it stops, and begins anew when a person says so', async () => {
  await using stage = await OffsiteStage.open();
  await stage.backup();
  const server = serverOf(stage);
  {
    await using jobs = server();
    assert.equal((await jobs.sync(wish, manual)).outcome, 'success');
  }
  stage.person.trash(stage.person.find(copyPath)[0]?.id ?? '');
  await using jobs = server();
  for (const work of ['sync', 'scrub', 'sample'] as const) {
    const { outcome, error } = await jobs[work](wish, manual);
    assert.deepEqual([work, outcome, isCode(error, 'offsite.folder-trashed')], [work, 'failed', true]);
  }
  const { state, trouble } = seenElsewhere(await jobs.memory.read());
  assert.deepEqual([state, trouble?.kind], ['stopped-by-trouble', 'folder-away']);
  assert.equal((await jobs.sync({ ...wish, mayBeginAnew: true }, manual)).outcome, 'success');
  stage.assertWhole();
  assert.equal((await jobs.sync(wish, manual)).outcome, 'success', 'the new folder is the one that is known');
});

test('a sample of a folder that holds another repository proves nothing of ours, and is refused', async () => {
  await using one = await OffsiteStage.open(1);
  await using two = await OffsiteStage.open(2);
  await one.backup();
  await two.backup();
  await one.sync();
  await using jobs = serverOf(two, one)();
  const { outcome, error } = await jobs.sample(wish, manual);
  assert.deepEqual([outcome, isCode(error, 'offsite.other-repository')], ['failed', true]);
  assert.equal((await jobs.memory.read()).lastSample, undefined);
});

test('what a sample found that was broken off is not forgotten: the next copying heals it, and the next sample goes on behind it', async () => {
  await using stage = await OffsiteStage.open();
  await stage.backup(6);
  const to = join(stage.folder, 'copy');
  const place: StoragePlace = { settings: undefined, stateFolder: join(stage.folder, 'server'), environment: {}, clock: leapingClock() };
  const records = recordsAt(place, assert.ifError);
  await using jobs = new CopyJobs({ copy: copyOf({ repository: stage.repository }, { to }), place, records, againMs: 20 });
  await jobs.sync(wish, manual);
  const paths = stage.sourceFiles.filter((path) => path.startsWith('data/'));
  for (const path of paths) {
    await chmod(join(to, path), 0o600);
    await writeFile(join(to, path), Buffer.alloc((await stat(join(to, path))).size));
  }
  const stop = new AbortController();
  const progress: CopyProgressSink = ({ filesDone }) => (filesDone >= paths.length ? stop.abort(new CadanganError('aborted')) : undefined);
  const { outcome } = await jobs.sample({ signal: stop.signal, progress, percent: 100 }, manual);
  const { distrusted = [], sampleCursor, lastSample } = await jobs.memory.read();
  assert.deepEqual([outcome, sampleCursor === undefined, lastSample], ['stopped', false, undefined]);
  assert.ok(distrusted.length > 0);
  assert.ok(((await jobs.sync(wish, manual)).details?.uploadedFiles ?? 0) >= distrusted.length);
});

test('a clone of the repository, on another machine, takes nothing of what the first one has copied, until a person says so', async () => {
  await using stage = await OffsiteStage.open();
  await stage.backup();
  const clone = join(stage.folder, 'clone');
  cpSync(stage.repository, clone, { recursive: true });
  await stage.backup(12, 5000);
  await using one = serverOf(stage)();
  await using other = serverOf(stage, stage, { repository: clone }, 'other')();
  assert.equal((await one.sync(wish, manual)).outcome, 'success');
  const before = stage.copyFiles;
  const refused = await other.sync(wish, manual);
  assert.deepEqual([refused.details?.doubts, refused.details?.trashedFiles], [['other-origin'], 0]);
  assert.deepEqual(stage.copyFiles, before);
  const allowed = await other.sync({ ...wish, mayRemoveAll: true }, manual);
  assert.ok((allowed.details?.trashedFiles ?? 0) > 12);
  assert.ok(isCode((await one.sync(wish, manual)).error, 'offsite.files-gone'), 'nor does the first one fill it again in silence');
  assert.equal((await one.sync({ ...wish, mayBeginAnew: true }, manual)).outcome, 'success');
  assert.equal((await other.memory.read()).origins?.length, 2, 'what was said holds from now on');
  assert.ok((await other.sync(wish, manual)).details?.doubts.includes('far-fewer'), 'only that it is so much is asked again');
});

test('what a server has copied itself it takes away again when it is gone from the repository', needs('restic'), async () => {
  await using stage = await OffsiteStage.open();
  for (let i = 0; i < 3; i++) await stage.backup();
  const server = serverOf(stage);
  {
    await using jobs = server();
    assert.equal((await jobs.sync(wish, manual)).outcome, 'success');
  }
  await stage.prune();
  await using jobs = server();
  const { details } = await jobs.sync(wish, manual);
  assert.deepEqual(details?.doubts, []);
  assert.ok(details.trashedFiles > 0);
  stage.assertWhole();
});

test('that the newest was gone from the repository is a doubt until a person has looked, whatever comes to it', async () => {
  await using stage = await OffsiteStage.open();
  await stage.backup();
  const before = stage.sourceFiles;
  await stage.backup();
  await using jobs = serverOf(stage)();
  await jobs.sync(wish, manual);
  const copied = stage.copyFiles;
  for (const path of stage.sourceFiles) if (!before.includes(path)) await rm(join(stage.repository, path));
  for (let i = 0; i < 2; i++) {
    const { details } = await jobs.sync(wish, manual);
    assert.deepEqual([details?.doubts, details?.trashedFiles], [['rolled-back'], 0]);
    assert.ok(copied.every((path) => stage.copyFiles.includes(path)));
    await stage.backup();
  }
  await jobs.sync({ ...wish, mayRemoveAll: true }, manual);
  stage.assertWhole();
  assert.deepEqual((await jobs.sync(wish, manual)).details?.doubts, []);
});
