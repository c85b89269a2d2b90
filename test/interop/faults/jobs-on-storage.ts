import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { compileExcludeRules } from '../../../src/backup/index.ts';
import {
  backupJob,
  checkJob,
  describeError,
  pruneJob,
  restoreJob,
  type BackupDetails,
  type JobResult,
  type PasswordAccess,
} from '../../../src/jobs/index.ts';
import { CadanganError, passwordFromText, systemClock, type Clock, type ErrorCode } from '../../../src/platform/index.ts';
import { listSnapshots, Repository } from '../../../src/repository/index.ts';
import { ConcurrentStorage, ProvenStorage, RetryingStorage, type RetryPatience, type Storage } from '../../../src/storage/index.ts';
import { removeSnapshots, type PruneResult } from '../../../src/upkeep/index.ts';
import { neverAborted } from '../../fakes/never-aborted.ts';
import { SeededRandom } from '../../fakes/seeded-random.ts';
import { usualPolicy } from '../../upkeep/prune-stage.ts';
import { compareTrees, describeDifferences } from '../../zoo/compare-trees.ts';
import type { Stage } from '../stage.ts';

export const password = 'on a bad road';

/** Weak on purpose: it is opened a hundred times. */
export const cheapCost = { N: 16, r: 1, p: 1 };

/** Quick to come back, and to give up. */
const quick: Partial<RetryPatience> = { firstWaitMsMax: 20, waitMsMax: 200, tries: 6 };
/** Also where a server wants to be left alone for longer. */
const waitMsMax = 200;

export interface JobsWorld {
  /** One road, as it is; it gets what every road gets: few calls at once, and other tries. */
  readonly openRoad: () => Storage;
  readonly location: string;
  readonly clock?: Clock;
}

/** The jobs of a repository behind a road, in this process, so that a test sees what exactly they failed with. */
export class JobsOnStorage {
  readonly location: string;
  readonly #stage: Stage;
  readonly #access: PasswordAccess;

  constructor(stage: Stage, { openRoad, location, clock = systemClock }: JobsWorld) {
    this.location = location;
    this.#stage = stage;
    const random = new SeededRandom(1);
    const openStorage = (): Storage => {
      const few = new ConcurrentStorage(openRoad(), { large: 6, small: 16 });
      const hurried: Clock = { ...clock, sleep: (ms, signal) => clock.sleep(Math.min(ms, waitMsMax), signal) };
      return new RetryingStorage(new ProvenStorage(few, { clock, random }), { clock: hurried, random, patience: quick });
    };
    this.#access = {
      location,
      password: async () => passwordFromText(password),
      world: { openStorage },
      signal: neverAborted,
    };
  }

  async init(): Promise<void> {
    const storage = await this.openStorage();
    await Repository.init({ storage }, passwordFromText(password), { signal: neverAborted, kdfCost: cheapCost });
    await storage.close();
  }

  async backup(source: string): Promise<JobResult<BackupDetails>> {
    const rules = await compileExcludeRules({}, { environment: {} });
    const wish = { sources: [source], workingFolder: '/', rules, host: 'srv-uji', workerCount: 2, programVersion: 'test' };
    return backupJob(this.#access, wish);
  }

  /** @param options `waits`: packs are not removed before another day */
  prune({ waits = false }: { readonly waits?: boolean } = {}): Promise<JobResult<PruneResult>> {
    return pruneJob(this.#access, { policy: { ...usualPolicy, removeAtOnce: !waits }, workerCount: 1 });
  }

  /** All but the last. */
  async forget(): Promise<void> {
    const storage = await this.openStorage();
    try {
      const repository = await Repository.open({ storage }, passwordFromText(password), neverAborted);
      const { failed } = await removeSnapshots(repository, (await listSnapshots(repository, neverAborted)).slice(0, -1), {
        signal: neverAborted,
      });
      assert.deepEqual(failed, []);
    } finally {
      await storage.close();
    }
  }

  /** Every lock goes, whoever has it. */
  async unlock(): Promise<void> {
    const storage = await this.openStorage();
    for (const { name } of await storage.list('locks', neverAborted)) await storage.remove({ kind: 'locks', name }, neverAborted);
    await storage.close();
  }

  check(readData: 'none' | 'all' = 'none'): ReturnType<typeof checkJob> {
    return checkJob(this.#access, { ...(readData === 'all' && { readData }), workerCount: 1 });
  }

  /**
   * A good result is one with everything in it.
   * @param options of which snapshot, default: the last one; `copy` of what the source was then, default: what it is
   */
  async restore(
    source: string,
    { snapshot = 'latest', copy = source }: { readonly snapshot?: string; readonly copy?: string } = {},
  ): Promise<JobResult<unknown>> {
    const target = this.#stage.fresh('restored');
    const result = await restoreJob(this.#access, { snapshot: `${snapshot}:${source}`, target, workers: 1 });
    if (result.outcome === 'success')
      assert.deepEqual(describeDifferences(compareTrees(copy, target, { mtimeToleranceNs: 1000n }).filter(({ path }) => path !== '')), []);
    rmSync(target, { recursive: true, force: true });
    return result;
  }

  async openStorage(): Promise<Storage> {
    return (await this.#access.world?.openStorage?.(this.location)) ?? assert.fail('no storage');
  }

  /** The result names the place and what to do, and nothing of ours. @returns the error */
  assertFailed({ outcome, error }: JobResult<unknown>, ...codes: readonly ErrorCode[]): CadanganError {
    assert(error instanceof CadanganError && codes.includes(error.code), `${outcome}: ${String(error)}`);
    assert.equal(outcome, 'failed');
    if (error.code.startsWith('storage.')) assert.equal(error.facts['location'], this.location);
    const { what, next } = describeError(error);
    if (error.code.startsWith('storage.')) assert(what.includes(this.location), what);
    assert(next !== undefined && next !== '', what);
    return error;
  }
}

export function assertGood(result: JobResult<unknown>): void {
  const text = (): string => JSON.stringify(result.exceptions.slice(0, 5));
  if (result.outcome !== 'success') throw new Error(`${result.job}: ${result.outcome} ${text()}`, { cause: result.error });
}
