// Our command line is killed on every road, at moments that are counted on the line and so spread over the whole run.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { SeededRandom } from '../../fakes/seeded-random.ts';
import { rounds } from '../../rounds.ts';
import { ObjectStore } from '../../s3/object-store.ts';
import { freshSeed } from '../../seeds.ts';
import { Stage } from '../stage.ts';
import type { Moment, Passed } from './fault-line.ts';
import { RepositoryOnRoad } from './repository-on-road.ts';
import { roadKinds } from './road.ts';

const stage = new Stage();
const objectStore = ObjectStore.ofFile();
const kills = rounds({ sample: 6, long: 30 });
const kept = 2;

type Run = 'backup' | 'forget' | 'prune';
const measures = ['bytes', 'requests', 'answers'] as const satisfies readonly (keyof Passed)[];

/** What is killed, and what all of it must have kept. */
class Killing {
  /** A copy of the source, by the id of its snapshot. */
  readonly #copies = new Map<string, string>();
  readonly #repository: RepositoryOnRoad;
  readonly #source = stage.folder('source');
  readonly #random: SeededRandom;
  /** What a whole run of the kind last sent over the line. */
  readonly #whole = new Map<Run, Passed>();
  #known: readonly string[] = [];

  constructor(repository: RepositoryOnRoad, random: SeededRandom) {
    this.#repository = repository;
    this.#random = random;
    mkdirSync(join(this.#source, 'sub'));
    for (let at = 0; at < 24; at++) this.#write(at);
  }

  /** Another day's changes. */
  change(): void {
    for (let times = 0; times < 8; times++) this.#write(this.#random.below(24));
  }

  /** A run that nobody disturbs; it is measured. */
  async wholeRun(run: Run): Promise<void> {
    const { line } = this.#repository.road;
    line.countAnew();
    await this.#repository.ours(...this.#argumentsOf(run));
    this.#whole.set(run, line.passed);
    await this.#look(run);
  }

  /** @param place where in the run, from 0 to 1. @returns the moment when it hit the run, undefined when that was faster */
  async killedRun(run: Run, place: number): Promise<Moment | undefined> {
    const { line } = this.#repository.road;
    const of = measures[this.#random.below(measures.length)] ?? 'bytes';
    const moment: Moment = { of, count: 1 + Math.floor(place * (this.#whole.get(run)?.[of] ?? 0)) };
    line.countAnew();
    const { process, ended } = this.#repository.startOurs(...this.#argumentsOf(run));
    line.at(moment, () => {
      process.kill('SIGKILL');
      line.cut('end');
    });
    const { code } = await ended;
    line.whole();
    await line.quiet();
    await this.#look(run);
    return code === null ? moment : undefined;
  }

  async assertAllRestores(): Promise<void> {
    for (const id of this.#known)
      await this.#repository.assertRestores(id, { source: this.#source, copy: this.#copies.get(id) ?? assert.fail(`no copy of ${id}`) });
  }

  /** What is there now: all that was, but for what a rule let go, and perhaps a new one. */
  async #look(run: Run): Promise<void> {
    const now = await this.#repository.namesOf('snapshots');
    const gone = this.#known.filter((id) => !now.includes(id));
    const oldest = [...this.#copies.keys()].filter((id) => this.#known.includes(id)).slice(0, -kept);
    const mayGo = run === 'forget' ? oldest : [];
    assert.deepEqual(
      gone.filter((id) => !mayGo.includes(id)),
      [],
      `lost by ${run}`,
    );
    for (const id of now.filter((name) => !this.#known.includes(name))) this.#copies.set(id, this.#copyOfSource());
    this.#known = now;
  }

  #copyOfSource(): string {
    const copy = stage.fresh('copy');
    assert.equal(spawnSync('cp', ['-a', this.#source, copy]).status, 0);
    return copy;
  }

  #write(at: number): void {
    const path = join(this.#source, at % 3 === 0 ? 'sub' : '.', `file ${at}`);
    writeFileSync(path, this.#random.bytes(this.#random.below(at === 0 ? 8_000_000 : 300_000)));
  }

  #argumentsOf(run: Run): readonly string[] {
    if (run === 'backup') return ['backup', this.#source];
    return run === 'forget' ? ['forget', '--keep-last', String(kept)] : ['prune', '--instant-delete', '--max-unused', '0'];
  }
}

describe('killed at any moment', { concurrency: true }, () => {
  for (const kind of roadKinds(objectStore))
    test(`over ${kind.name}, everything stays whole for restic, and the next run needs nobody`, kind.needs, async (t) => {
      const seed = freshSeed();
      t.diagnostic(`seed ${seed}`);
      const random = new SeededRandom(seed);
      await using road = await kind.open(stage);
      const repository = await RepositoryOnRoad.make(road, stage);
      const killing = new Killing(repository, random);
      const runs: readonly Run[] = kind.isAppendOnly ? ['backup'] : ['backup', 'forget', 'backup', 'prune'];
      for (let snapshots = 0; snapshots <= kept; snapshots++) {
        killing.change();
        await killing.wholeRun('backup');
      }
      for (const run of runs.filter((each) => each !== 'backup')) await killing.wholeRun(run);

      const hits: string[] = [];
      for (let kill = 0; kill < kills; kill++) {
        const run = runs[kill % runs.length] ?? 'backup';
        if (run === 'backup') killing.change();
        const moment = await killing.killedRun(run, (kill + random.below(1000) / 1000) / kills);
        if (moment) hits.push(`${run} at ${moment.of} ${moment.count}`);
        try {
          await repository.assertSound('--no-lock');
          await killing.wholeRun(run);
        } catch (error) {
          throw new Error(`seed ${seed}, kill ${kill}: ${run}, ${JSON.stringify(moment)}`, { cause: error });
        }
      }
      t.diagnostic(`${hits.length} of ${kills} hit: ${hits.join(', ')}`);
      assert(hits.length > kills / 2, `seed ${seed}: only ${hits.length} of ${kills} hit a run`);
      await repository.ours('check', '--read-data');
      // Locks of dead backups disturb none of ours; restic wants them gone before it checks.
      await repository.ours('unlock');
      await repository.assertSound('--read-data');
      await killing.assertAllRestores();
      assert.deepEqual(await repository.namesOf('locks'), []);
    });
});
