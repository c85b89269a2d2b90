// Once a week a repository is pruned whose sets have a rule, while nobody needs it and no removal waits for a person.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { describeError } from '../../src/jobs/index.ts';
import { english } from '../../src/jobs/messages/messages-english.ts';
import { indonesian } from '../../src/jobs/messages/messages-indonesian.ts';
import { CadanganError, systemRandom } from '../../src/platform/index.ts';
import {
  allOf,
  openNonconformities,
  RecordHistory,
  type HistoryRecord,
  type NonconformityRule,
  type RecordValues,
} from '../../src/records/index.ts';
import type { Task } from '../../src/schedule/index.ts';
import { isPruneHeld, PruneTurns, unhostedPrunes } from '../../src/service/prune-turns.ts';
import { repositoryKey } from '../../src/service/repository-key.ts';
import { RepositoryTurns } from '../../src/service/repository-turns.ts';
import { parseConfiguration, type BackupSet } from '../../src/settings/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { temporaryState } from '../records/some-records.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';
import { live, nightServer, untilAtRest } from './night-server.ts';

const hour = 3_600_000;
const week = 7 * 24 * hour;

function setsOf(
  ...sets: readonly { readonly name: string; readonly location: string; readonly retention?: object }[]
): readonly BackupSet[] {
  const text = JSON.stringify({
    sets: sets.map(({ location, ...set }) => ({ ...set, sources: ['/srv'], repository: { location } })),
  });
  return parseConfiguration(text).configuration.sets;
}

const retention = { keepLast: 1 };

/** The loop of a host, as the test turns it. */
class Stage {
  readonly clock = new VirtualClock();
  readonly planned = new Set<Task>();
  readonly turns = new RepositoryTurns();
  readonly prunes: PruneTurns;
  readonly pruned: string[] = [];
  readonly overdue: string[] = [];
  sets: readonly BackupSet[];
  records: readonly HistoryRecord[] = [];
  /** What a prune does. */
  work: (signal: AbortSignal) => Promise<boolean> = () => Promise.resolve(true);

  constructor(stateFolder: string, sets: readonly BackupSet[]) {
    this.sets = sets;
    this.prunes = new PruneTurns({
      clock: this.clock,
      random: systemRandom,
      stateFolder,
      tasks: {
        add: (task) => void this.planned.add(task),
        remove: (task) => Promise.resolve(void this.planned.delete(task)),
      },
      sets: () => this.sets,
      records: () => Promise.resolve(this.records),
      turns: this.turns,
      prune: (location, signal) => {
        this.pruned.push(location);
        return this.work(signal);
      },
      onOverdue: (location, days) => Promise.resolve(void this.overdue.push(`${location} ${days}`)),
      signal: new AbortController().signal,
    });
  }

  /** Time passes, and what is due then is done. */
  async pass(ms: number): Promise<void> {
    await this.look();
    await this.clock.advance(ms);
    await this.look();
  }

  async look(): Promise<void> {
    for (const task of this.planned) {
      const { atMs, run } = await task.look();
      if (atMs <= Number(this.clock.nowNs() / 1_000_000n)) await run?.();
    }
  }

  names(): readonly string[] {
    return [...this.planned].map(({ about }) => `${about?.kind ?? ''} ${about?.name ?? ''}`);
  }
}

test('each repository of a set with a rule, once a week, however many sets it has and however they spell it', async () => {
  await using folder = await temporaryFolder();
  const sets = setsOf(
    { name: 'a', location: '/backup/one', retention },
    { name: 'b', location: '/backup/./one/', retention },
    { name: 'c', location: '/backup/two' },
  );
  const stage = new Stage(folder.path, sets);
  await stage.prunes.begin();
  assert.deepEqual(stage.names(), ['repository /backup/one']);
  await stage.pass(week - hour);
  assert.deepEqual(stage.pruned, [], 'a rule that is new has removed nothing yet');
  assert.deepEqual(await unhostedPrunes({ stateFolder: folder.path, random: systemRandom }, sets), []);
  await stage.pass(hour);
  assert.deepEqual(stage.pruned, ['/backup/one']);
  await stage.pass(week - hour);
  await stage.pass(hour);
  assert.equal(stage.pruned.length, 2);
  const lastMs = Number(stage.clock.nowNs() / 1_000_000n);
  assert.deepEqual(await unhostedPrunes({ stateFolder: folder.path, random: systemRandom }, sets), [
    { kind: 'repository', name: '/backup/one', lastMs },
  ]);
  stage.sets = [];
  await stage.prunes.configurationChanged();
  assert.deepEqual(stage.names(), []);
});

test('it waits while somebody needs its repository, whatever goes on at others, and is tried again after an hour', async () => {
  await using folder = await temporaryFolder();
  const stage = new Stage(folder.path, setsOf({ name: 'a', location: '/backup/one', retention }));
  await stage.prunes.begin();
  const ended = Promise.withResolvers<void>();
  const run = stage.turns.use('/backup/one', () => ended.promise);
  const other = stage.turns.use('/backup/two', () => new Promise<never>(() => undefined));
  other.catch(() => undefined);
  await stage.pass(week);
  assert.deepEqual(stage.pruned, []);
  ended.resolve();
  await run;
  await stage.look();
  assert.deepEqual(stage.pruned, []);
  await stage.pass(hour);
  assert.deepEqual(stage.pruned, ['/backup/one']);
});

test('it gives way to whoever needs the repository, and goes on when its hour has come', async () => {
  await using folder = await temporaryFolder();
  const stage = new Stage(folder.path, setsOf({ name: 'a', location: '/backup/one', retention }));
  const order: string[] = [];
  const begun = Promise.withResolvers<void>();
  stage.work = async (signal) => {
    begun.resolve();
    await once(signal, 'abort');
    order.push('the prune has ended');
    return true; // it was just done
  };
  await stage.prunes.begin();
  const passed = stage.pass(week);
  await begun.promise;
  await stage.turns.use('/backup/one/', () => Promise.resolve(order.push('the backup begins')));
  assert.deepEqual(order, ['the prune has ended', 'the backup begins']);
  await passed;
  stage.work = () => Promise.resolve(true);
  await stage.pass(hour);
  assert.equal(stage.pruned.length, 2);
});

test('a repository without a rule is pruned no more, also in the middle', async () => {
  await using folder = await temporaryFolder();
  const stage = new Stage(folder.path, setsOf({ name: 'a', location: '/backup/one', retention }));
  const begun = Promise.withResolvers<void>();
  stage.work = async (signal) => {
    begun.resolve();
    await once(signal, 'abort');
    return false;
  };
  await stage.prunes.begin();
  const passed = stage.pass(week);
  await begun.promise;
  stage.sets = [];
  await stage.prunes.configurationChanged();
  await passed;
  assert.deepEqual(stage.names(), []);
});

/** A history in which a nonconformity is open. */
async function withOpen(t: TestContext, rule: NonconformityRule, facts: RecordValues): Promise<readonly HistoryRecord[]> {
  const history = new RecordHistory(temporaryState(t), { clock: new VirtualClock(), random: new SeededRandom(1), software: 'test' });
  const finding = { rule, subject: `${rule}:1`, atMs: 0, facts, records: [] };
  await openNonconformities(history, [finding], (kind) => ({
    kind,
    host: 'srv-01',
    operator: { user: 'backup', via: 'schedule' },
    software: 'test',
  }));
  return allOf(history.records());
}

test('it waits for a person who has to decide about a removal there, and for nobody elsewhere', async (t) => {
  const held = await withOpen(t, 'retention-held', { set: 'a', hold: 'sudden-change' });
  const lost = await withOpen(t, 'backup-removed', { location: '/backup/one', count: 1 });
  const key = repositoryKey('/backup/one/');
  assert.equal(await isPruneHeld(held, key, ['a', 'b']), true);
  assert.equal(await isPruneHeld(held, key, ['b']), false);
  assert.equal(await isPruneHeld(lost, key, []), true);
  assert.equal(await isPruneHeld(lost, repositoryKey('/backup/two'), ['a']), false);
  assert.equal(await isPruneHeld(await withOpen(t, 'missed-night', { set: 'a' }), key, ['a']), false);

  await using folder = await temporaryFolder();
  const stage = new Stage(folder.path, setsOf({ name: 'a', location: '/backup/one', retention }));
  await stage.prunes.begin();
  stage.records = held;
  await stage.pass(week);
  assert.deepEqual(stage.pruned, []);
  stage.records = [];
  await stage.pass(hour);
  assert.deepEqual(stage.pruned, ['/backup/one']);
});

test('a repository that had no moment for thirty days is told of, and again as long after; one that waits for a person is not', async (t) => {
  const day = 24 * hour;
  await using folder = await temporaryFolder();
  const stage = new Stage(folder.path, setsOf({ name: 'a', location: '/backup/one', retention }));
  await stage.prunes.begin();
  const ended = Promise.withResolvers<void>();
  const busy = stage.turns.use('/backup/one', () => ended.promise);
  await stage.pass(29 * day);
  assert.deepEqual(stage.overdue, []);
  await stage.pass(day);
  assert.deepEqual(stage.overdue, ['/backup/one 30']);
  await stage.pass(29 * day);
  assert.equal(stage.overdue.length, 1);
  await stage.pass(day);
  assert.deepEqual(stage.overdue, ['/backup/one 30', '/backup/one 60']);
  ended.resolve();
  await busy;
  stage.work = () => Promise.resolve(false);
  await stage.pass(30 * day);
  assert.deepEqual(stage.overdue.slice(2), ['/backup/one 90'], 'so is one that is locked or away');
  stage.records = await withOpen(t, 'retention-held', { set: 'a', hold: 'sudden-change' });
  await stage.pass(40 * day);
  assert.equal(stage.overdue.length, 3);
});

test('that it had no moment is a record of a failed prune, in both languages', async (t) => {
  const { clock, path, records, service } = await nightServer(t, { retention });
  const busy = service.turns.use(path('repository'), () => new Promise<never>(() => undefined));
  busy.catch(() => undefined);
  const times = path('state', 'tasks.json');
  const planned = `repository ${path('repository')} planned`;
  await live(clock, 1000, async () => (existsSync(times) && readFileSync(times, 'utf8').includes(JSON.stringify(planned))) || undefined);
  await untilAtRest(clock); // another task may just be noting that it was done
  writeFileSync(times, JSON.stringify({ done: { [planned]: Number(clock.nowNs() / 1_000_000n) - 40 * 24 * hour } }));
  const record = await live(clock, 15_000, async () => (await records()).find(({ kind }) => kind === 'retention'));
  assert.deepEqual(
    [record.job, record.result, record.trigger, record.operator.via, record.reason?.code, record.source?.location],
    ['prune', 'failed', 'schedule', 'schedule', 'prune.overdue', path('repository')],
  );
  const error = new CadanganError('prune.overdue', { location: '/backup/one', days: 30 });
  assert.match(describeError(error, english).what, /has not been removed from the repository at "\/backup\/one" for 30 days/);
  assert.match(describeError(error, indonesian).what, /sudah 30 hari tidak dihapus dari repositori di "\/backup\/one"/);
});
