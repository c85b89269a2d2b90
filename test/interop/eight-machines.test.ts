// Many servers, one store: the life of a company that outgrew its first backup server, night after night.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { forEachBounded } from '../../src/platform/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { needs } from '../needs.ts';
import { rounds } from '../rounds.ts';
import { ObjectStore } from '../s3/object-store.ts';
import type { S3Peer } from '../s3/s3-peer.ts';
import { freshSeed } from '../seeds.ts';
import { startCadangan, startRestic, type Ran } from './programs.ts';
import { Stage } from './stage.ts';

/** In the long run all thirty: four minutes of one processor, and what the server takes; half an hour beside a load of 25. */
const nights = rounds({ sample: 8, long: 30 });
const machineCount = 8;
const password = 'delapan mesin';
/** Programs at once: what a small test machine can hold. */
const atOnce = 4;
const stage = new Stage();
const objectStore = ObjectStore.ofFile();

/** What a folder held on one night, by the name of each file. */
type Content = ReadonlyMap<string, Buffer>;

/** A machine with a folder that lives, and what it was on each night. */
class Machine {
  readonly host: string;
  readonly source: string;
  readonly #random: SeededRandom;
  /** What all machines have some of: installation files, a shared folder. */
  readonly #common: readonly Uint8Array[];
  readonly #files = new Map<string, Buffer>();
  /** By the time of the snapshot, as `snapshots --json` begins. */
  readonly past = new Map<string, Content>();

  constructor(host: string, random: SeededRandom, common: readonly Uint8Array[]) {
    this.host = host;
    this.source = stage.folder(host);
    this.#random = random;
    this.#common = common;
    for (let at = 0; at < 5; at++) this.#put(`file-${at}`);
  }

  live(time: string): void {
    this.#put(`file-${this.#random.below(8)}`);
    if (this.#random.chance(0.3)) this.#put(`folder/new-${this.past.size}`);
    const [gone] = this.#random.chance(0.2) ? this.#files.keys() : [];
    if (gone !== undefined && this.#files.delete(gone)) rmSync(join(this.source, gone));
    this.past.set(time.slice(0, 10), new Map(this.#files));
  }

  #put(name: string): void {
    const shared = this.#random.chance(0.5) ? this.#common[this.#random.below(this.#common.length)] : undefined;
    const bytes = shared ?? this.#random.bytes(1000 + this.#random.below(60_000));
    mkdirSync(join(this.source, name, '..'), { recursive: true });
    writeFileSync(join(this.source, name), bytes);
    this.#files.set(name, Buffer.from(bytes));
  }
}

interface Snapshot {
  readonly id: string;
  readonly hostname: string;
  readonly time: string;
}

/** One store, and both programs on it. */
class Company {
  readonly #peer: S3Peer;
  readonly #location: string;

  constructor(peer: S3Peer) {
    this.#peer = peer;
    this.#location = `s3:${peer.endpoint}/${peer.freshName()}/all`;
  }

  /** As one machine runs it, with a state folder of its own. */
  async ours(host: string, ...args: string[]): Promise<string> {
    const env = {
      ...this.#environment,
      CADANGAN_STATE: join(stage.path, `state-${host}`),
      CADANGAN_CONFIG: join(stage.path, 'none.jsonc'),
    };
    return succeeded(await startCadangan(['-r', this.#location, '--retry-lock', '20m', ...args], { env }).ended, args);
  }

  async restic(...args: string[]): Promise<string> {
    return succeeded(await this.tryRestic(...args), args);
  }

  tryRestic(...args: string[]): Promise<Ran> {
    return startRestic(['-r', this.#location, ...args], { env: this.#environment }).ended;
  }

  async snapshots(): Promise<readonly Snapshot[]> {
    return JSON.parse(await this.restic('snapshots', '--json')) as readonly Snapshot[];
  }

  get #environment(): Record<string, string> {
    return { ...this.#peer.environment, RESTIC_PASSWORD: password, HOME: stage.path };
  }
}

function succeeded({ code, stdout, stderr }: Ran, args: readonly string[]): string {
  assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
  return stdout.toString();
}

function contentOf(folder: string): Content {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map(({ parentPath, name }) => [join(parentPath, name).slice(folder.length + 1), readFileSync(join(parentPath, name))]),
  );
}

test(
  `${machineCount} machines, one that forgets and prunes, and stock restic share a store for ${nights} nights; all of it can be restored`,
  { skip: needs('radosgw').skip || needs('restic').skip },
  async (t) => {
    const seed = freshSeed();
    t.diagnostic(`seed ${seed}`);
    const random = new SeededRandom(seed);
    const company = new Company((await objectStore()).peer);
    const common = Array.from({ length: 6 }, () => random.bytes(40_000));
    const machines = Array.from(
      { length: machineCount },
      (_, at) => new Machine(`server-${at + 1}`, new SeededRandom(seed + at + 1), common),
    );
    const tenth = new Machine('restic-box', new SeededRandom(seed + 100), common);
    await company.ours('server-1', 'init');

    /** A snapshot gives back what its machine held on that night. */
    const assertRestores = async ({ id, hostname, time }: Snapshot, by: 'ours' | 'restic'): Promise<void> => {
      const machine = [...machines, tenth].find(({ host }) => host === hostname);
      assert(machine, hostname);
      const target = stage.fresh('restored');
      if (by === 'ours') await company.ours('server-9', 'restore', id, '--target', target);
      else await company.restic('restore', id, '--target', target);
      assert.deepEqual(contentOf(join(target, machine.source)), machine.past.get(time.slice(0, 10)), `${hostname} of ${time}, by ${by}`);
      rmSync(target, { recursive: true });
    };

    for (let night = 0; night < nights; night++) {
      const time = `${new Date(Date.UTC(2026, 7, 1 + night)).toISOString().slice(0, 10)} 21:00:00`;
      for (const machine of [...machines, tenth]) machine.live(time);
      const prune = async (): Promise<void> => {
        const wait = random.chance(0.5) ? [] : ['--instant-delete'];
        await company.ours('server-9', 'forget', '--keep-last', '4', '--group-by', 'host', '--release', '--prune', ...wait);
      };
      const pruned = Promise.withResolvers<void>();
      const backUpByRestic = async (): Promise<void> => {
        const backup = ['backup', '--host', tenth.host, '--time', time, tenth.source];
        const ran = await company.tryRestic(...backup);
        // This version cannot wait for a lock; nobody but the ninth machine locks others out, and once.
        if (ran.code === 0 || !/already locked/.test(ran.stderr)) return void succeeded(ran, backup);
        await pruned.promise;
        await company.restic(...backup);
      };
      const work = [
        ...machines.map(
          ({ host, source }) =>
            async () =>
              void (await company.ours(host, 'backup', '--host', host, '--time', time, source)),
        ),
        () => prune().then(pruned.resolve, (error: unknown) => (pruned.reject(error), Promise.reject(error))),
        backUpByRestic,
      ];
      pruned.promise.catch(() => undefined);
      await forEachBounded(shuffled(work, random), atOnce, neverAborted, (run) => run());
      if (night % 7 !== 6) continue; // after each week
      t.diagnostic(`${night + 1} nights`);
      assert.match(await company.restic('check', '--read-data'), /no errors were found/);
      const all = await company.snapshots();
      for (let some = 0; some < 3; some++) await assertRestores(all[random.below(all.length)] ?? assert.fail('no snapshot'), 'ours');
    }

    await company.ours('server-9', 'forget', '--keep-last', '4', '--group-by', 'host', '--release', '--prune', '--instant-delete');
    assert.match(await company.restic('check', '--read-data'), /no errors were found/);
    const left = await company.snapshots();
    assert.deepEqual(
      new Map([...Map.groupBy(left, ({ hostname }) => hostname)].map(([host, ofHost]) => [host, ofHost.length])),
      new Map([...machines, tenth].map(({ host }) => [host, 4])),
    );
    const chosen = [...machines, tenth].flatMap(({ host }) => {
      const [newest, ...older] = left.filter(({ hostname }) => hostname === host).toSorted((a, b) => b.time.localeCompare(a.time));
      const old = older[random.below(older.length)];
      return newest && old ? [newest, old] : assert.fail(host);
    });
    await forEachBounded(chosen.entries(), atOnce, neverAborted, ([at, snapshot]) =>
      assertRestores(snapshot, at % 2 === 0 ? 'restic' : 'ours'),
    );
    assert.equal((await company.restic('list', 'locks')).trim(), '', 'nobody has left a lock');
  },
);

function shuffled<T>(items: readonly T[], random: SeededRandom): T[] {
  const left = [...items];
  return items.flatMap(() => left.splice(random.below(left.length), 1));
}
