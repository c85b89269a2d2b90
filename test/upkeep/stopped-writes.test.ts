// Who stops work that stores packs stops it in the middle of a write: a slow road takes minutes for one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passwordFromText } from '../../src/platform/index.ts';
import { Repository } from '../../src/repository/index.ts';
import { copySnapshots, recoverTrees, repairPacks, rewriteSnapshots } from '../../src/upkeep/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { RepositoryMaker } from '../fakes/repository-maker.ts';
import { SimulatedStorage } from '../fakes/simulated-storage.ts';
import { failsWith } from '../storage/conformance.ts';
import { PruneStage } from './prune-stage.ts';

const sealing = { compression: 'auto', extraVerify: true } as const;

type Work = (stage: PruneStage, storage: SimulatedStorage, signal: AbortSignal) => Promise<unknown>;

const works: Readonly<Record<string, Work>> = {
  copy: async (stage, storage, signal) => {
    const destination = await Repository.open({ storage }, passwordFromText('password'), neverAborted);
    return copySnapshots(await stage.reopen(), destination, { ...sealing, signal });
  },
  rewrite: async (stage, _storage, signal) => rewriteSnapshots(await stage.reopen(), { ...sealing, excludes: () => true, signal }),
  recover: async (stage, _storage, signal) => {
    for (const name of await stage.names('snapshots')) await stage.storage.remove({ kind: 'snapshots', name }, neverAborted);
    const repository = await stage.reopen();
    await repository.loadIndex({ signal: neverAborted });
    return recoverTrees(repository, { ...sealing, signal });
  },
  'repair packs': async (stage, _storage, signal) => {
    const ids = [...(await loaded(stage)).index.packIds()];
    for (const name of ids) stage.storage.tamper({ kind: 'data', name }, (bytes) => bytes && Buffer.concat([bytes, Buffer.of(1)]));
    return repairPacks(await stage.reopen(), ids, { ...sealing, keepAside: () => Promise.resolve(), signal });
  },
};

async function loaded(stage: PruneStage): Promise<Repository> {
  const repository = await stage.reopen();
  await repository.loadIndex({ signal: neverAborted });
  return repository;
}

for (const [name, work] of Object.entries(works))
  test(`${name} is stopped in a write that does not end`, async () => {
    const stage = await PruneStage.open();
    const { maker } = stage;
    await stage.snapshot(await maker.snapshot(await maker.file('file', 'content')));
    const storage = name === 'copy' ? new SimulatedStorage() : stage.storage;
    if (name === 'copy') await RepositoryMaker.create(storage);
    const stop = new AbortController();
    const write = storage.write.bind(storage);
    storage.write = async (file, bytes, signal) => {
      if (file.kind === 'data') stop.abort();
      assert.ok(file.kind !== 'data' || signal, 'a write that nobody could stop');
      return write(file, bytes, signal);
    };
    await assert.rejects(work(stage, storage, stop.signal), failsWith('aborted'));
  });
