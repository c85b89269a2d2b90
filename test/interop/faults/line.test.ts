// What a bad line does to runs on every road: either they get over it, and everything is there, or they say so.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { JobResult } from '../../../src/jobs/index.ts';
import { SeededRandom } from '../../fakes/seeded-random.ts';
import { rounds } from '../../rounds.ts';
import { ObjectStore } from '../../s3/object-store.ts';
import { freshSeed } from '../../seeds.ts';
import { Stage } from '../stage.ts';
import type { FaultLine, Moment, Passed } from './fault-line.ts';
import { assertGood, JobsOnStorage } from './jobs-on-storage.ts';
import { RepositoryOnRoad } from './repository-on-road.ts';
import { roadKinds } from './road.ts';

const stage = new Stage();
const objectStore = ObjectStore.ofFile();
const isLong = rounds({ sample: 0, long: 1 }) > 0;
const measures = ['bytes', 'requests', 'answers'] as const satisfies readonly (keyof Passed)[];

interface LineFault {
  readonly name: string;
  readonly begin: (line: FaultLine) => void;
  /** What its moment is counted in; any, where that is left out. */
  readonly of?: keyof Passed;
  /** Where a program has a patience of its own this takes more than a minute each time. */
  readonly isTedious?: boolean;
  /** A run gets over it; else it may also fail. */
  readonly passes: boolean;
}

const faults: readonly LineFault[] = [
  { name: 'reset', begin: (line) => line.cut('reset'), passes: true },
  { name: 'ended in mid-sentence', begin: (line) => line.cut('end'), passes: true },
  { name: 'silent from then on', of: 'bytes', begin: (line) => line.cut('stall'), passes: false },
  {
    name: 'silent, and in time the server hears of it',
    of: 'bytes',
    begin: (line) => {
      line.cut('stall');
      line.at({ of: 'requests', count: line.passed.requests + 3 }, () => void line.endStalled());
    },
    passes: true,
  },
  { name: 'slow', begin: (line) => line.slowTo(2_000_000), passes: true },
  {
    name: 'away for a while',
    begin: (line) => {
      line.cut('reset');
      line.dropNew(3);
    },
    passes: true,
  },
  {
    name: 'away for good',
    isTedious: true,
    begin: (line) => {
      line.cut('reset');
      line.dropNew(Infinity);
    },
    passes: false,
  },
];

/** Files of which a few are others each time. */
class Source {
  readonly path = stage.folder('source');
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
    mkdirSync(join(this.path, 'sub'));
    for (let at = 0; at < 12; at++) this.#write(at);
  }

  /** As much as ever. */
  change(): void {
    const first = this.#random.below(12);
    for (let at = first; at < first + 4; at++) this.#write(at % 12);
  }

  #write(at: number): void {
    writeFileSync(join(this.path, at % 3 === 0 ? 'sub' : '.', `file ${at}`), this.#random.bytes(300_000));
  }
}

type Run = 'backup' | 'restore' | 'prune';

/** What a run does that is not as long as the last one, it does in this share of it. */
const certain = 0.8;

class BadLine {
  readonly #line: FaultLine;
  readonly #jobs: JobsOnStorage;
  readonly #source: Source;
  readonly #random: SeededRandom;
  readonly #whole = new Map<Run, Passed>();

  constructor(line: FaultLine, jobs: JobsOnStorage, random: SeededRandom) {
    this.#line = line;
    this.#jobs = jobs;
    this.#random = random;
    this.#source = new Source(random);
  }

  /** All of the source, of which later runs find a part changed. */
  async firstBackup(): Promise<void> {
    assertGood(await this.#jobs.backup(this.#source.path));
  }

  async measured(run: Run): Promise<void> {
    await this.#prepare(run);
    this.#line.countAnew();
    assertGood(await this.#do(run));
    this.#whole.set(run, this.#line.passed);
  }

  /** @returns how it ended, in words */
  async through(run: Run, { name, of = this.#anyOf(measures), begin, passes }: LineFault): Promise<string> {
    await this.#prepare(run);
    const moment: Moment = { of, count: 1 + this.#random.below(Math.ceil(certain * (this.#whole.get(run)?.[of] ?? 1))) };
    const story = `${run}, ${name} at ${moment.of} ${moment.count}`;
    this.#line.countAnew();
    let hasBegun = false;
    this.#line.at(moment, () => {
      hasBegun = true;
      begin(this.#line);
    });
    try {
      const result = await this.#do(run);
      this.#line.whole();
      await this.#line.endStalled(); // what the server removes then, it removes before the check
      if (passes) assertGood(result);
      if (result.outcome !== 'success') {
        this.#jobs.assertFailed(result, 'storage.unreachable');
        await this.#jobs.unlock(); // its own, which it could not take away: to the next run it is of somebody who lives
        assertGood(await this.#do(run));
      }
      if (run !== 'restore') assertGood(await this.#jobs.check()); // what is said to be stored is there
      return `${story}: ${hasBegun ? result.outcome : 'over before'}`;
    } catch (error) {
      throw new Error(story, { cause: error });
    }
  }

  #anyOf<T>(all: readonly T[]): T {
    return all[this.#random.below(all.length)] ?? assert.fail('of nothing');
  }

  async #prepare(run: Run): Promise<void> {
    this.#source.change();
    if (run === 'backup') return;
    assertGood(await this.#jobs.backup(this.#source.path));
    if (run === 'prune') await this.#jobs.forget();
  }

  #do(run: Run): Promise<JobResult<unknown>> {
    if (run === 'backup') return this.#jobs.backup(this.#source.path);
    return run === 'restore' ? this.#jobs.restore(this.#source.path) : this.#jobs.prune();
  }
}

/** In any order. */
function halfOf<T>(all: readonly T[], random: SeededRandom): readonly T[] {
  const left = [...all];
  return Array.from({ length: Math.ceil(all.length / 2) }, () => left.splice(random.below(left.length), 1)).flat();
}

describe('on a bad line', { concurrency: true }, () => {
  for (const kind of roadKinds(objectStore))
    test(`over ${kind.name} a run gets over it or says so, and nothing is missing`, kind.needs, async (t) => {
      const seed = freshSeed();
      t.diagnostic(`seed ${seed}`);
      await using road = await kind.open(stage);
      const repository = await RepositoryOnRoad.make(road, stage);
      const jobs = new JobsOnStorage(stage, { openRoad: () => road.openImpatient(), location: road.location });
      const random = new SeededRandom(seed);
      const badLine = new BadLine(road.line, jobs, random);
      const runs: readonly Run[] = kind.isAppendOnly ? ['backup', 'restore'] : ['backup', 'restore', 'prune'];
      const met = faults.filter(({ isTedious = false }) => isLong || !(isTedious && kind.hasOwnPatience));
      await badLine.firstBackup();
      for (const run of runs) await badLine.measured(run);
      try {
        for (let round = 0; round < rounds({ sample: 1, long: 16 }); round++)
          for (const run of runs) for (const fault of halfOf(met, random)) t.diagnostic(await badLine.through(run, fault));
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
      assertGood(await jobs.check('all'));
      await repository.assertSound('--read-data');
    });
});
