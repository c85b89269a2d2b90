// Years of a repository in seconds: backups (ours and restic's), copies, removals, rewritings, repairs of the index and prunes of several
// machines, with faults, deaths and sleep, from one seed.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CadanganError, isAbort, passwordFromText, textOf, type ByteString } from '../../src/platform/index.ts';
import { Repository } from '../../src/repository/index.ts';
import { fileLabel, FolderStorage, type FileName, type Storage } from '../../src/storage/index.ts';
import { copySnapshots, parseMaxUnused, pruneRepository, repairIndex, rewriteSnapshots, type PrunePolicy } from '../../src/upkeep/index.ts';
import type { CrashVariant, StorageState, StoredFile } from '../fakes/crash-model.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { RepositoryMaker } from '../fakes/repository-maker.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { SimulatedStorage } from '../fakes/simulated-storage.ts';
import type { Fault, RandomFault } from '../fakes/storage-faults.ts';
import { msFor, VirtualClock } from '../fakes/virtual-clock.ts';
import { needs } from '../needs.ts';
import { rounds, seedsOf } from '../rounds.ts';
import { assertWhole, hourMs, judgedByRestic, usualPolicy } from './prune-stage.ts';
import { contentCount, contentOf, TinyBackup } from './tiny-backup.ts';

const stepsOfALife = 24;
const faultKinds: readonly Fault[] = ['fail-before', 'fail-after', 'denied', 'full', 'short-read', 'altered-read', 'stale-list'];
const crashVariants = ['visible', 'lost', 'landed'] as const satisfies readonly CrashVariant[];
const sealing = { compression: 'auto', extraVerify: true } as const;
const minuteMs = 60_000;
/** Behind this every lock is stale that nobody renews. */
const staleMs = 31 * minuteMs;

class Life {
  readonly random: SeededRandom;
  readonly clock = new VirtualClock();
  /** As it is now: after a death it is another one. */
  storage: SimulatedStorage;
  /** The same to all who work on it, also to those who slept meanwhile. */
  readonly world: { readonly storage: Storage; readonly clock: VirtualClock };
  /** What happened, for whoever has to understand a failure. */
  readonly told: string[] = [];
  readonly counts = { pruned: 0, failed: 0, crashed: 0, late: 0, removed: 0, copied: 0, rewritten: 0, repaired: 0, byRestic: 0 };
  /** Programs that slept over their lock and go on all the same. */
  #sleepers: TinyBackup[] = [];
  #sleptMs = 0;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
    this.storage = new SimulatedStorage({ seed });
    this.world = { storage: whatever(() => this.storage), clock: this.clock };
  }

  async live(): Promise<void> {
    await RepositoryMaker.create(this.storage);
    await this.#attempt('backup', () => this.backup());
    for (let step = 0; step < stepsOfALife; step++) {
      await this.#step();
      await assertWhole(this.storage, 'packs');
    }
    await this.#wake();
    // What is left of trouble is gone after two quiet prunes a day apart.
    this.storage.faults.clear();
    for (let day = 0; day < 2; day++) {
      await this.#pass(25 * hourMs);
      const before = this.counts.failed;
      await this.#attempt('last prune', () => this.prune({}));
      assert.equal(this.counts.failed, before);
    }
    await assertWhole(this.storage);
  }

  async #step(): Promise<void> {
    const { random } = this;
    await this.#pass(random.below(10 * hourMs));
    switch (random.below(13)) {
      case 0:
      case 1:
        return this.#attempt('backup', () => this.backup());
      case 2:
        return this.#attempt('forget', () => this.forget());
      case 3:
      case 4:
        return this.#attempt('prune', () => this.prune(this.#anyPolicy()));
      case 5:
        return this.#withFaults(this.#anyWork());
      case 6:
        return this.#dying(this.#anyWork());
      case 7:
        return this.#together();
      case 8:
        return this.#attempt('copy', () => this.copy());
      case 9:
        return this.#attempt('rewrite', () => this.rewrite());
      case 10:
        return this.#attempt('repair index', () => this.repairIndex());
      case 11:
        return this.#byRestic();
      default:
        return random.chance(0.5) ? this.#fallAsleep() : this.#wake();
    }
  }

  async backup(): Promise<void> {
    const backup = await TinyBackup.begin(this.world, this.random);
    try {
      await backup.storeBlobs();
      await backup.finish();
    } finally {
      await backup.end();
    }
  }

  /** All but one or two snapshots go, any of them. */
  async forget(): Promise<void> {
    await this.#alone(async (repository) => {
      const names = (await this.storage.list('snapshots', neverAborted)).map(({ name }) => name).sort();
      const keep = 1 + this.random.below(3);
      while (names.length > keep) {
        const [name = ''] = names.splice(this.random.below(names.length), 1);
        await repository.remove('snapshots', name, neverAborted);
      }
    });
  }

  async prune(policy: Partial<PrunePolicy>): Promise<void> {
    await this.#alone(async (repository, signal) => {
      const { sums } = await pruneRepository(repository, { policy: { ...usualPolicy, ...policy }, workerCount: 0, signal });
      this.counts.pruned += 1;
      this.counts.removed += sums.packs.removeNow;
    });
  }

  /** What another machine has in a repository of its own comes here, too. */
  async copy(): Promise<void> {
    const storage = new SimulatedStorage({ seed: this.random.uint32() });
    await RepositoryMaker.create(storage);
    const there = { storage, clock: this.clock };
    const backup = await TinyBackup.begin(there, this.random.fork());
    await backup.storeBlobs();
    await backup.finish();
    await this.#locked(false, async (repository, signal) => {
      const source = await Repository.open(there, passwordFromText('password'), neverAborted);
      const { snapshots } = await copySnapshots(source, repository, { ...sealing, signal });
      this.counts.copied += snapshots.length;
    });
  }

  async rewrite(): Promise<void> {
    const forget = this.random.chance(0.7);
    const name = `/file-0${this.random.below(9)}`;
    await this.#locked(forget, async (repository, signal) => {
      const excludes = (path: ByteString): boolean => textOf(path).endsWith(name);
      const rewritten = await rewriteSnapshots(repository, { ...sealing, excludes, forget, signal });
      this.counts.rewritten += rewritten.filter(({ fate }) => fate === 'replaced').length;
    });
  }

  async repairIndex(): Promise<void> {
    await this.#alone(async (repository, signal) => {
      await repairIndex(repository, { readAllPacks: this.random.chance(0.3), signal });
      this.counts.repaired += 1;
    });
  }

  /** Stock restic on the same files. It would take what waits at once, so it does not prune while a machine sleeps. */
  async #byRestic(): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'cadangan-life-'));
    try {
      const repository = join(folder, 'repository');
      this.storage.export(repository);
      for (const lock of readdirSync(join(repository, 'locks'))) rmSync(join(repository, 'locks', lock)); // stale, by the clock of here
      const source = join(folder, 'source');
      mkdirSync(source);
      for (let at = 0; at < 4; at++) writeFileSync(join(source, `file-0${at}`), contentOf(this.random.below(contentCount)));
      const isPrune = this.#sleepers.length === 0 && this.random.chance(0.4);
      const args = isPrune ? ['forget', '--keep-last', '3', '--group-by', '', '--prune'] : ['backup', '--force', source];
      const { status, stderr } = spawnSync('restic', ['-r', repository, '--no-cache', ...args], {
        env: { ...process.env, RESTIC_PASSWORD: 'password' },
        encoding: 'utf8',
      });
      // It refuses where only packs know what a snapshot needs, until our prune has taken it back.
      this.told.push(`restic ${args[0] ?? ''}: ${String(status)} ${stderr}`);
      if (status === 0) this.counts.byRestic += 1;
      this.storage = SimulatedStorage.from(await stateIn(repository), { seed: this.random.uint32() });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Of a machine that may die of it, or beside which another one works. */
  #anyWork(): () => Promise<void> {
    const { random } = this;
    if (random.chance(0.5)) return () => this.prune(this.#anyPolicy());
    const others = [() => this.backup(), () => this.copy(), () => this.rewrite(), () => this.repairIndex(), () => this.forget()];
    return others[random.below(others.length)] ?? assert.fail();
  }

  #alone(work: (repository: Repository, signal: AbortSignal) => Promise<void>): Promise<void> {
    return this.#locked(true, work);
  }

  async #locked(exclusive: boolean, work: (repository: Repository, signal: AbortSignal) => Promise<void>): Promise<void> {
    const repository = await Repository.open(this.world, passwordFromText('password'), neverAborted);
    const lock = await repository.lock({ signal: neverAborted, exclusive });
    try {
      await work(repository, lock.signal);
    } finally {
      await lock[Symbol.asyncDispose]().catch(() => undefined); // it goes stale
    }
  }

  /** Does something while time goes by; what the world refuses is no failure of the program. */
  async #attempt(what: string, work: () => Promise<void>): Promise<void> {
    const done = work().then(
      () => 'done',
      (error: unknown) => {
        if (!(error instanceof CadanganError) && !isAbort(error)) throw error;
        this.counts.failed += 1;
        return String(error);
      },
    );
    await msFor(
      this.clock,
      done.catch(() => undefined),
    );
    this.told.push(`${what}: ${await done}`);
  }

  async #withFaults(work: () => Promise<void>): Promise<void> {
    const { random } = this;
    const faults: RandomFault[] = Array.from({ length: 1 + random.below(2) }, () => ({
      fault: faultKinds[random.below(faultKinds.length)] ?? 'denied',
      probability: 0.02 + random.below(10) / 100,
    }));
    const faulty = SimulatedStorage.from(this.storage.snapshotState(), { seed: random.uint32(), randomFaults: faults });
    this.told.push(`faults ${JSON.stringify(faults)}`);
    this.storage = faulty;
    await this.#attempt('with faults', work);
    faulty.faults.clear();
    await this.#pass(staleMs);
  }

  /** The machine dies at any write of the work; what the disk had is what the next ones find. */
  async #dying(work: () => Promise<void>): Promise<void> {
    const { random } = this;
    const living = SimulatedStorage.from(this.storage.snapshotState(), { seed: random.uint32() });
    this.storage = living;
    await this.#attempt('to die', work);
    const count = random.below(living.operations.length + 1);
    const variant: CrashVariant = random.chance(0.3) ? { seed: random.uint32() } : (crashVariants[random.below(3)] ?? 'visible');
    this.told.push(`died after ${count} of ${living.operations.length} writes, ${JSON.stringify(variant)}`);
    this.storage = living.stateAfter(count, variant, random.chance(0.5) ? 'right-after' : 'before-next');
    this.counts.crashed += 1;
    await this.#pass(staleMs);
  }

  /** Two prunes, or a prune and another work, begin at the same moment. */
  async #together(): Promise<void> {
    const other = this.#anyWork();
    await Promise.all([this.#attempt('one of two', () => this.prune(this.#anyPolicy())), this.#attempt('other of two', other)]);
  }

  async #fallAsleep(): Promise<void> {
    const begun = TinyBackup.begin(this.world, this.random.fork(), { heedsLock: false }).catch(() => undefined);
    await msFor(this.clock, begun);
    const asleep = await begun;
    if (!asleep) return;
    await msFor(this.clock, asleep.storeBlobs());
    this.#sleepers.push(asleep);
    this.told.push('a machine falls asleep in its backup');
    await this.#pass(staleMs);
  }

  async #wake(): Promise<void> {
    for (const sleeper of this.#sleepers.splice(0)) {
      await this.#attempt('a machine wakes', () => sleeper.finish());
      this.counts.late += 1;
    }
    this.#sleptMs = 0;
  }

  /** Nobody sleeps for a whole day: what such a machine needs may be gone by then. */
  async #pass(ms: number): Promise<void> {
    if (this.#sleepers.length > 0) this.#sleptMs += ms;
    if (this.#sleptMs > 20 * hourMs) await this.#wake();
    await this.clock.advance(ms);
  }

  #anyPolicy(): Partial<PrunePolicy> {
    const { random } = this;
    return {
      unusedBytesMax: parseMaxUnused(['0', '5%', '60%', 'unlimited'][random.below(4)] ?? '0'),
      repackBytesMax: random.chance(0.3) ? random.below(20_000) : Infinity,
      repackSmall: random.chance(0.3),
      repackCacheableOnly: random.chance(0.15),
      repackUncompressed: random.chance(0.3),
    };
  }
}

/** What lies in a folder, as the storage in memory has it. */
async function stateIn(folder: string): Promise<StorageState> {
  const storage = new FolderStorage(folder);
  const kinds = ['keys', 'snapshots', 'index', 'data'] as const;
  const listed = await Promise.all(
    kinds.map(async (kind) => (await storage.list(kind, neverAborted)).map(({ name }): FileName => ({ kind, name }))),
  );
  const files = new Map<string, StoredFile>();
  for (const file of [{ kind: 'config', name: '' } as const, ...listed.flat()])
    files.set(fileLabel(file), { file, bytes: await storage.read(file, neverAborted) });
  return { created: true, files, leftovers: [] };
}

/** The storage that `current` gives at each call. */
function whatever(current: () => Storage): Storage {
  return {
    location: 'simulated',
    abilities: current().abilities,
    create: (...args) => current().create(...args),
    list: (...args) => current().list(...args),
    sizeOf: (...args) => current().sizeOf(...args),
    read: (...args) => current().read(...args),
    readRange: (...args) => current().readRange(...args),
    write: (...args) => current().write(...args),
    remove: (...args) => current().remove(...args),
    removeLeftovers: async (...args) => (await current().removeLeftovers?.(...args)) ?? { files: 0, bytes: 0 },
    close: (...args) => current().close(...args),
  };
}

const wanted = { sample: 10, long: 500 } as const;
const judgedEvery = { sample: 2, long: 20 } as const;

test(
  `through ${rounds(wanted)} lives of a repository each snapshot can be restored at any moment, and no trouble is left at the end`,
  needs('restic'),
  async (t) => {
    const sums = new Life(0).counts;
    for (const [at, seed] of seedsOf(wanted).entries()) {
      const life = new Life(seed);
      try {
        await life.live();
        if (at % rounds(judgedEvery) === 0) assert.match(judgedByRestic(life.storage), /no errors were found/);
      } catch (error) {
        throw new Error(`seed ${seed}:\n${life.told.join('\n')}`, { cause: error });
      }
      for (const [name, count] of Object.entries(life.counts) as [keyof typeof sums, number][]) sums[name] += count;
    }
    t.diagnostic(JSON.stringify(sums));
    for (const [name, count] of Object.entries(sums)) assert.ok(count > 0, `none ${name}`);
  },
);
