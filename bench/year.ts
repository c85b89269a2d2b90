import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { backup, compileExcludeRules } from '../src/backup/index.ts';
import { passwordFromText } from '../src/platform/index.ts';
import { listSnapshots, Repository } from '../src/repository/index.ts';
import { FolderStorage } from '../src/storage/index.ts';
import { parseGroupBy, planRetention, pruneRepository, removedBy, removeSnapshots } from '../src/upkeep/index.ts';
import { neverAborted } from '../test/fakes/never-aborted.ts';
import { SeededRandom } from '../test/fakes/seeded-random.ts';
import { VirtualClock } from '../test/fakes/virtual-clock.ts';
import { policyOf } from '../test/upkeep/policy-options.ts';
import { folderBytes } from './measure.ts';

/*
 * A year of nights under one rule, of Cadangan and of restic, each into a repository of its own: `node bench/year.ts [--nights 365]
 * [--seed 1] [--work FOLDER]`. Each night a backup and a forget, each seventh a prune: ours as the schedule does it, on a clock that is
 * moved (a pack that nobody needs any more goes a day later at the soonest, so here a week later); restic's as processes, with `--time`.
 */
const { values: options } = parseArgs({
  options: {
    nights: { type: 'string', default: '365' },
    seed: { type: 'string', default: '1' },
    work: { type: 'string', default: tmpdir() },
  },
});
const rule = ['--keep-daily', '7', '--keep-weekly', '5', '--keep-monthly', '12'];
const nights = Number(options.nights);
const firstMs = Date.UTC(2026, 0, 1, 14);
const dayMs = 86_400_000;
const kib = 1024;

const work = mkdtempSync(join(options.work, 'cadangan-bench-year-'));
const source = join(work, 'srv');
const folders = { ours: join(work, 'ours'), restics: join(work, 'restics') };
const { signal } = new AbortController();
const clock = new VirtualClock({ startNs: BigInt(firstMs) * 1_000_000n });
const env = { ...process.env, RESTIC_PASSWORD: 'bench', RESTIC_CACHE_DIR: join(work, 'cache'), TZ: 'UTC' };

/** Three hundred documents and a database. Each day some are written anew, two are added, one goes, the database changes here and there. */
class Company {
  readonly #random: SeededRandom;
  readonly #documents: string[] = [];
  readonly #database = Buffer.alloc(6 * kib * kib);
  #made = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
    mkdirSync(source, { recursive: true });
    random.fill(this.#database);
    for (let file = 0; file < 300; file++) this.#add();
  }

  work(): void {
    const random = this.#random;
    for (let changed = 0; changed < 12; changed++) this.#write(this.#documents[random.below(this.#documents.length)] ?? '');
    for (let added = 0; added < 2; added++) this.#add();
    for (const path of this.#documents.splice(random.below(this.#documents.length), 1)) rmSync(path);
    for (let page = 0; page < 20; page++) {
      const at = random.below(this.#database.length / 8192) * 8192;
      random.fill(this.#database.subarray(at, at + 8192));
    }
    writeFileSync(join(source, 'orders.db'), this.#database);
  }

  #add(): void {
    const path = join(source, `document-${this.#made++}.dat`);
    this.#documents.push(path);
    this.#write(path);
  }

  /** Half noise, half zeros: compresses as much as documents do. */
  #write(path: string): void {
    const bytes = Buffer.alloc((4 + this.#random.below(100)) * kib);
    this.#random.fill(bytes.subarray(0, bytes.length >> 1));
    writeFileSync(path, bytes);
    assert.equal(statSync(path).size, bytes.length);
  }
}

try {
  await liveAYear();
} finally {
  rmSync(work, { recursive: true, force: true });
}

async function liveAYear(): Promise<void> {
  const company = new Company(new SeededRandom(Number(options.seed)));
  await Repository.init({ storage: new FolderStorage(folders.ours), clock }, passwordFromText('bench'), { signal: neverAborted });
  restic(folders.restics, 'init');
  const sizes = { ours: 0, restics: 0 };
  const counts = { ours: 0, restics: 0 };
  console.log('| nights | source | snapshots | repository | after prune | restic: snapshots | repository | after prune |');
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
  for (let night = 0; night < nights; night++) {
    company.work();
    clock.setWallClock(BigInt(firstMs + night * dayMs) * 1_000_000n);
    counts.ours = await ourNight();
    counts.restics = resticsNight(night);
    if ((night + 1) % 7 !== 0) continue;
    sizes.ours = Math.max(sizes.ours, folderBytes(folders.ours));
    sizes.restics = Math.max(sizes.restics, folderBytes(folders.restics));
    await ourPrune();
    restic(folders.restics, 'prune');
    if ((night + 1) % 28 !== 0 && night + 8 <= nights) continue;
    const cells = (['ours', 'restics'] as const).flatMap((whose) => [counts[whose], mib(sizes[whose]), mib(folderBytes(folders[whose]))]);
    console.log(`| ${[night + 1, mib(folderBytes(source)), ...cells].join(' | ')} |`);
    Object.assign(sizes, { ours: 0, restics: 0 });
  }
  const [ours, restics] = [timesIn(folders.ours), timesIn(folders.restics)];
  assert.deepEqual(
    restics.filter((time) => !ours.includes(time)),
    [],
    'what restic keeps is kept',
  );
  restic(folders.ours, 'check', '--read-data');
  // Until a rule has all that it counts, it keeps the oldest, too: https://github.com/restic/restic/releases/tag/v0.16.0
  console.log(`\n${restics.length} nights are left in both, ${ours.length - restics.length} more in ours; restic read every byte of ours.`);
}

/** As the schedule does it: a backup, and what the rule says after it. @returns how many snapshots are left */
async function ourNight(): Promise<number> {
  const repository = await openOurs();
  const rules = await compileExcludeRules({}, { environment: {} });
  const made = { sources: [source], workingFolder: '/', rules, host: 'srv-01', workerCount: 2, programVersion: 'bench', signal };
  await backup(repository, { ...made, timeNs: clock.nowNs() });
  const wanted = { policy: policyOf(rule.join(' ')), groupBy: parseGroupBy('host,paths') };
  const snapshots = await listSnapshots(repository, neverAborted);
  const gone = removedBy(planRetention(snapshots, wanted, { nowNs: clock.nowNs() + 1n, today: '2026-01-01' }));
  await removeSnapshots(repository, gone, { signal: neverAborted });
  return snapshots.length - gone.length;
}

async function ourPrune(): Promise<void> {
  const repository = await openOurs();
  const usual = { repackSmall: false, repackCacheableOnly: false, repackUncompressed: false, removeAtOnce: false };
  const policy = { ...usual, unusedBytesMax: (used: number) => used / 20, repackBytesMax: Infinity };
  await pruneRepository(repository, { policy, workerCount: 2, signal });
}

async function openOurs(): Promise<Repository> {
  const repository = await Repository.open({ storage: new FolderStorage(folders.ours), clock }, passwordFromText('bench'), neverAborted);
  await repository.loadIndex({ signal: neverAborted });
  return repository;
}

function resticsNight(night: number): number {
  const time = new Date(firstMs + night * dayMs).toISOString().slice(0, 19).replace('T', ' ');
  restic(folders.restics, 'backup', '--host', 'srv-01', '--time', time, source);
  restic(folders.restics, 'forget', ...rule);
  return timesIn(folders.restics).length;
}

function timesIn(repository: string): number[] {
  const listed: unknown = JSON.parse(restic(repository, 'snapshots', '--json'));
  assert(Array.isArray(listed));
  return listed.map(({ time }: { time: string }) => Date.parse(time));
}

function restic(repository: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('restic', ['-q', '-r', repository, ...args], { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`restic ${args.join(' ')}: ${stderr}`);
  return stdout;
}

function mib(bytes: number): string {
  return `${(bytes / kib / kib).toFixed(1)} MiB`;
}
