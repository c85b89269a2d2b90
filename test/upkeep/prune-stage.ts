import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isCode, passwordFromText } from '../../src/platform/index.ts';
import {
  indexFromPacks,
  listSnapshots,
  PackBuilder,
  PackStore,
  Repository,
  saveSnapshot,
  type BlobType,
  type SnapshotId,
  type TreeId,
} from '../../src/repository/index.ts';
import type { FileKind } from '../../src/storage/index.ts';
import { parseMaxUnused, pruneRepository, type PruneOptions, type PrunePolicy, type PruneResult } from '../../src/upkeep/index.ts';
import { readSnapshot } from '../backup/run-backup.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { RepositoryMaker } from '../fakes/repository-maker.ts';
import { SimulatedStorage } from '../fakes/simulated-storage.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';

export const usualPolicy: PrunePolicy = {
  unusedBytesMax: parseMaxUnused('0'),
  repackBytesMax: Infinity,
  repackSmall: false,
  repackCacheableOnly: false,
  repackUncompressed: false,
  removeAtOnce: false,
};
export const hourMs = 3_600_000;
const password = 'password';

/** A repository in memory, what makes its blobs, and a clock that the test moves. */
export class PruneStage {
  storage = new SimulatedStorage();
  readonly clock = new VirtualClock();
  #maker: RepositoryMaker | undefined;
  #snapshots = 0;

  static async open(): Promise<PruneStage> {
    const stage = new PruneStage();
    stage.#maker = await RepositoryMaker.create(stage.storage);
    return stage;
  }

  get maker(): RepositoryMaker {
    return this.#maker ?? assert.fail('the stage is not open');
  }

  reopen(): Promise<Repository> {
    return Repository.open({ storage: this.storage, clock: this.clock }, passwordFromText(password), neverAborted);
  }

  snapshot({ tree }: { readonly tree: TreeId }, repository = this.maker.repository): Promise<SnapshotId> {
    this.#snapshots += 1;
    const second = String(this.#snapshots % 60).padStart(2, '0');
    return saveSnapshot(
      repository,
      {
        time: `2026-08-03T20:00:${second}+07:00`,
        tree,
        paths: ['/srv'],
        hostname: 'srv-01',
        username: 'root',
        uid: 0,
        gid: 0,
        tags: [],
        excludes: [],
      },
      neverAborted,
    );
  }

  forget(id: SnapshotId): Promise<void> {
    return this.storage.remove({ kind: 'snapshots', name: id }, neverAborted);
  }

  async prune(policy: Partial<PrunePolicy> = {}, options: Partial<PruneOptions> = {}): Promise<PruneResult> {
    return pruneRepository(await this.reopen(), { signal: neverAborted, policy: { ...usualPolicy, ...policy }, ...options });
  }

  /** A pack of blobs as given, whatever their types, and an index that names it. */
  async pack(...blobs: readonly (readonly [type: BlobType, plaintext: Uint8Array, id: PackedId])[]): Promise<void> {
    const { repository } = this.maker;
    const builder = new PackBuilder(repository.packBuilderOptions({ compression: 'auto', extraVerify: true }));
    for (const [type, plaintext, id] of blobs) builder.add(type, id, plaintext);
    const store = new PackStore(repository);
    await store.save(builder.finish(), neverAborted);
    await store.flush(neverAborted);
  }

  async names(kind: Exclude<FileKind, 'config'>): Promise<string[]> {
    return (await this.storage.list(kind, neverAborted)).map(({ name }) => name).sort();
  }

  assertWhole(): Promise<number> {
    return assertWhole(this.storage);
  }

  /** Stock restic finds no error, reading every byte. @returns what it says */
  judgedByRestic(): string {
    return judgedByRestic(this.storage);
  }
}

type PackedId = Parameters<PackBuilder['add']>[1];

/**
 * Reads every blob of every snapshot.
 * @param by the index, or beside it what packs say of themselves: what a prune takes back
 * @returns how many snapshots there are
 */
export async function assertWhole(storage: SimulatedStorage, by: 'index' | 'packs' = 'index'): Promise<number> {
  const repository = await Repository.open({ storage }, passwordFromText(password), neverAborted);
  await repository.loadIndex({ signal: neverAborted });
  if (by === 'packs') await indexFromPacks(repository, neverAborted);
  const snapshots = await listSnapshots(repository, neverAborted);
  for (const { snapshot } of snapshots) await readSnapshot(repository, snapshot.tree);
  return snapshots.length;
}

export function judgedByRestic(storage: SimulatedStorage): string {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-prune-'));
  try {
    storage.export(join(folder, 'repository'));
    return restic(join(folder, 'repository'), 'check', '--read-data');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns standard output and error. Fails unless it ends well */
export function restic(repository: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('restic', ['-r', repository, '--no-cache', ...args], {
    env: { ...process.env, RESTIC_PASSWORD: password },
    encoding: 'utf8',
  });
  assert.equal(status, 0, `restic ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout + stderr;
}

export function refusedBecause(reason: string): (error: unknown) => boolean {
  return (error) => {
    assert(isCode(error, 'prune.refused'), String(error));
    assert.equal(error.facts['reason'], reason);
    return true;
  };
}
