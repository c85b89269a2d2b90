import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commonContent, describeError, recordedPrune, RecordKeeper, type RepositoryAccess } from '../../src/jobs/index.ts';
import { CadanganError, passwordFromText, type Clock } from '../../src/platform/index.ts';
import { defaultPrunePolicy } from '../../src/upkeep/index.ts';
import { RepositoryMaker } from '../fakes/repository-maker.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { SimulatedStorage } from '../fakes/simulated-storage.ts';
import { msFor, VirtualClock } from '../fakes/virtual-clock.ts';
import { recordsIn, temporaryState } from '../records/some-records.ts';
import { PruneStage, refusedBecause, usualPolicy } from '../upkeep/prune-stage.ts';

function keeperAt(stateFolder: string, clock: Clock): RecordKeeper {
  const onError = (error: unknown): void => assert.fail(String(error));
  const about = { software: 'test', via: 'command-line', settings: () => undefined } as const;
  return new RecordKeeper({ ...about, stateFolder, clock, random: new SeededRandom(1), onError });
}

function accessTo({ clock, storage }: Pick<PruneStage, 'clock' | 'storage'>, signal: AbortSignal): RepositoryAccess {
  const password = (): ReturnType<RepositoryAccess['password']> => Promise.resolve(passwordFromText('password'));
  return { location: '/backup/repository', world: { clock, openStorage: () => storage }, password, signal };
}

test('what snapshots needed that the records know and the repository has no more is not removed, until a person releases it', async (t) => {
  const stage = await PruneStage.open();
  const { maker, clock } = stage;
  const kept = await stage.snapshot(await maker.snapshot(await maker.file('kept', 'kept')));
  const lost = await stage.snapshot(await maker.snapshot(await maker.file('lost', 'lost')));
  const keeper = keeperAt(temporaryState(t), clock);
  for (const snapshotId of [kept, lost])
    await keeper.write((about) => ({
      ...commonContent('internal-backup', about),
      repositoryId: maker.repository.config.id,
      snapshotId,
      result: 'success',
    }));
  const access = accessTo(stage, t.signal);
  const prune = async (more: { readonly dryRun?: boolean; readonly release?: boolean } = {}) => {
    const pruning = recordedPrune(keeper, access, { policy: usualPolicy, ...more, about: { trigger: 'schedule' } });
    await msFor(clock, pruning); // a lock is looked at twice
    return pruning;
  };
  assert.equal((await prune()).outcome, 'success', 'all are there');
  await stage.forget(lost);
  const packs = await stage.names('index');
  for (const dryRun of [true, false]) {
    const { error, details } = await prune({ dryRun });
    assert.equal(details, undefined);
    assert(refusedBecause('snapshots-missing')(error));
    assert.match(describeError(error).what, new RegExp(`1 snapshots that the records know are gone \\(${lost}\\)`));
  }
  assert.deepEqual(await stage.names('index'), packs, 'nothing was changed');
  const { details } = await prune({ release: true });
  assert.equal(details?.sums.packs.wait, 2);
});

test('a prune that gives way in the middle leaves a record of the packs that it has removed', async (t) => {
  const stage = await PruneStage.open();
  const { maker, clock, storage } = stage;
  await stage.snapshot(await maker.snapshot(await maker.file('kept', 'kept')));
  for (let at = 0; at < 12; at++) {
    await maker.data(Buffer.from(`needless ${at}`));
    await maker.endPack();
  }
  const stateFolder = temporaryState(t);
  const keeper = keeperAt(stateFolder, clock);
  const stop = new AbortController();
  const access = accessTo(stage, stop.signal);
  const before = (await stage.names('data')).length;
  const remove = storage.remove.bind(storage);
  let removals = 0;
  storage.remove = async (file, signal) => {
    await remove(file, signal);
    if (file.kind === 'data' && ++removals === 3) stop.abort();
  };
  const pruning = recordedPrune(keeper, access, { policy: { ...usualPolicy, removeAtOnce: true }, about: { trigger: 'schedule' } });
  await msFor(clock, pruning); // a lock is looked at twice
  assert.equal((await pruning).outcome, 'stopped');
  const gone = before - (await stage.names('data')).length;
  assert.ok(gone >= 3 && gone < 12, String(gone));
  const record = (await recordsIn(stateFolder)).find(({ job }) => job === 'prune');
  assert.deepEqual([record?.result, record?.counts], ['stopped', { packsRemoved: gone }]);
});

test('a prune of the schedule that could not begin leaves no record and may be tried again; one that a person asked for leaves one', async (t) => {
  const stateFolder = temporaryState(t);
  const [clock, storage] = [new VirtualClock(), new SimulatedStorage()];
  await RepositoryMaker.create(storage);
  const keeper = keeperAt(stateFolder, clock);
  const password = (): Promise<never> => Promise.reject(new CadanganError('password.missing', {}));
  const access = { ...accessTo({ clock, storage }, t.signal), password };
  const prune = (trigger: 'schedule' | 'manual', more: Partial<RepositoryAccess> = {}) =>
    recordedPrune(keeper, { ...access, ...more }, { policy: defaultPrunePolicy, about: { trigger } });
  const jobs = async () =>
    (await recordsIn(stateFolder)).flatMap(({ job, result }) => (job === undefined ? [] : [`${job} ${result ?? ''}`]));

  assert.deepEqual([(await prune('schedule')).isPutOff, await jobs()], [true, []]);
  assert.deepEqual([(await prune('manual')).isPutOff, await jobs()], [false, ['prune failed']]);
  const pruning = prune('schedule', { password: () => Promise.resolve(passwordFromText('password')) });
  await msFor(clock, pruning); // a lock is looked at twice
  const done = await pruning;
  const stop = new AbortController();
  const stopped = recordedPrune(
    keeper,
    { ...access, password: () => Promise.resolve(passwordFromText('password')), signal: stop.signal },
    { policy: defaultPrunePolicy, about: { trigger: 'schedule' }, onPlan: () => stop.abort() },
  );
  await msFor(clock, stopped);
  assert.deepEqual([(await stopped).outcome, (await stopped).isPutOff], ['stopped', true], 'it had to give way before anything went');
  assert.deepEqual([done.isPutOff, await jobs()], [false, ['prune failed', 'prune success']]);
});
