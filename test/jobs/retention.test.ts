import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import {
  closeByPerson,
  commonContent,
  describeError,
  reasonTexts,
  recordedRetention,
  recordOfClock,
  RecordKeeper,
  tagJob,
  type RepositoryAccess,
  type RetentionDetails,
  type JobResult,
} from '../../src/jobs/index.ts';
import { english } from '../../src/jobs/messages/messages-english.ts';
import { indonesian } from '../../src/jobs/messages/messages-indonesian.ts';
import { CadanganError, isCode, passwordFromText } from '../../src/platform/index.ts';
import {
  allOf,
  findLostSnapshots,
  listNonconformities,
  nonconformityText,
  type HistoryRecord,
  type Nonconformity,
} from '../../src/records/index.ts';
import { listSnapshots, Repository, type SnapshotId } from '../../src/repository/index.ts';
import { setRetention } from '../../src/service/index.ts';
import { reviewRecords, reviewRemovals } from '../../src/service/review-records.ts';
import { parseConfiguration } from '../../src/settings/index.ts';
import { FolderStorage, type FileName, type Storage } from '../../src/storage/index.ts';
import { heldError, parseGroupBy, type RetentionHold } from '../../src/upkeep/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { ObjectLock } from '../fakes/object-lock.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { SimulatedStorage } from '../fakes/simulated-storage.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { temporaryState } from '../records/some-records.ts';
import { companyFiles, encrypted, FileWorld, workingDay, type Files } from '../upkeep/file-world.ts';

const { configuration } = parseConfiguration(
  JSON.stringify({
    timeZone: 'Asia/Jakarta',
    sets: [{ name: 'company', sources: ['/srv'], repository: { location: '/backup/repository' }, retention: { keepLast: 2 } }],
  }),
);
const by = { name: 'Budi Santoso', position: 'IT Officer' };

/** A company whose set keeps two snapshots, with the records of its backups. */
class House {
  readonly world: FileWorld;
  readonly stateFolder: string;
  readonly clock = new VirtualClock({ startNs: BigInt(Date.UTC(2026, 5, 1)) * 1_000_000n });
  readonly keeper: RecordKeeper;
  readonly #openStorage: () => Storage;

  private constructor(world: FileWorld, stateFolder: string, openStorage: () => Storage) {
    this.world = world;
    this.stateFolder = stateFolder;
    this.#openStorage = openStorage;
    this.keeper = this.anotherKeeper();
  }

  static async make(t: TestContext, evenings: readonly Files[], storage?: SimulatedStorage): Promise<House> {
    const world = await FileWorld.make(storage);
    t.after(() => world[Symbol.asyncDispose]());
    const house = new House(world, temporaryState(t), () => storage ?? new FolderStorage(world.path));
    for (const files of evenings) await house.backUp(files);
    return house;
  }

  /** As another process of the same user. */
  anotherKeeper(): RecordKeeper {
    return new RecordKeeper({
      stateFolder: this.stateFolder,
      clock: this.clock,
      random: new SeededRandom(1),
      software: 'test',
      via: 'schedule',
      settings: () => configuration,
      onError: (error) => assert.fail(String(error)),
    });
  }

  async backUp(files: Files, counts: Readonly<Record<string, number>> = {}, atMs?: number): Promise<SnapshotId> {
    const snapshotId = await this.world.backUp(files, { atMs });
    const { config } = await this.open();
    await this.keeper.write((about) => ({
      ...commonContent('internal-backup', { ...about, set: 'company', trigger: 'schedule' }),
      result: 'success',
      repositoryId: config.id,
      snapshotId,
      counts,
    }));
    return snapshotId;
  }

  open(): Promise<Repository> {
    return Repository.open({ storage: this.#openStorage(), clock: this.clock }, passwordFromText('password'), neverAborted);
  }

  async ids(): Promise<readonly SnapshotId[]> {
    return (await listSnapshots(await this.open(), neverAborted)).map(({ id }) => id);
  }

  get access(): RepositoryAccess {
    return {
      location: '/backup/repository',
      password: () => Promise.resolve(passwordFromText('password')),
      // Locks wait by the clock of the system.
      world: { openStorage: this.#openStorage },
      signal: new AbortController().signal,
    };
  }

  /** As the schedule does after a backup. */
  async run({ keepLast = 2, ...more }: { readonly release?: boolean | readonly string[]; readonly keepLast?: number } = {}): Promise<
    JobResult<RetentionDetails>
  > {
    const [set] = configuration.sets;
    assert(set);
    const rule = setRetention({ ...set, retention: { keepLast } });
    assert(rule);
    const options = {
      thresholds: rule.thresholds,
      sets: ['company'],
      timeZone: 'Asia/Jakarta',
      about: { set: 'company', trigger: 'schedule' as const },
    };
    const result = await recordedRetention(this.keeper, this.access, rule.wish, { ...options, ...more });
    await reviewRecords(this.keeper, configuration, this.keeper.nowMs);
    return result;
  }

  async records(): Promise<readonly HistoryRecord[]> {
    return (await allOf(this.keeper.history.records())).filter(({ kind }) => kind === 'retention');
  }

  async openOnes(): Promise<readonly Nonconformity[]> {
    return (await listNonconformities(this.keeper.history.records())).filter(({ isOpen }) => isOpen);
  }

  async close(id = 'NC-0001'): Promise<void> {
    await closeByPerson(this.keeper, id, { cause: 'c', correction: 'c', prevention: 'p', by });
  }
}

function heldBy(result: JobResult<unknown>): string | undefined {
  return result.error instanceof CadanganError && result.error.code === 'retention.held' ? String(result.error.facts['hold']) : undefined;
}

function days(count: number, from?: Files): Files[] {
  const random = new SeededRandom(7);
  const all: Files[] = [from ?? companyFiles(random, 60)];
  while (all.length < count) all.push(workingDay(all.at(-1) ?? new Map(), random, all.length));
  return all;
}

function hit(files: Files): Files {
  const random = new SeededRandom(9);
  return new Map([...files].map(([path, bytes]) => [`${path}.locked`, encrypted(bytes, random)]));
}

test('what no rule keeps goes, and the record names it with the reason; where nothing goes there is none', async (t) => {
  const house = await House.make(t, days(4));
  const before = await house.ids();
  assert.equal((await house.run()).outcome, 'success');
  assert.deepEqual(await house.ids(), before.slice(2));
  assert.equal((await house.run()).outcome, 'success');
  const [record, ...more] = await house.records();
  assert.deepEqual(more, []);
  assert.deepEqual(new Set(record?.removedSnapshots), new Set(before.slice(0, 2)));
  assert.deepEqual([record?.set, record?.result, record?.counts], ['company', 'success', { snapshotsRemoved: 2, snapshotsLeft: 2 }]);
  const { policy, reasons = [] } = record?.evidence ?? {};
  assert.equal(policy, 'keep 2 latest snapshots');
  const wanted = before.slice(0, 2).map((id, at) => `${id.slice(0, 16)} 2026-01-0${at + 1}T21:00:00Z: no rule keeps it`);
  assert.deepEqual(new Set(Array.isArray(reasons) ? reasons : []), new Set(wanted));
  assert.deepEqual(await house.openOnes(), []);
});

describe('a set that was encrypted', () => {
  test('keeps its old snapshots until a person closes the nonconformity, however long that takes', async (t) => {
    const before = days(4);
    const house = await House.make(t, before);
    const encryptedSet = hit(before.at(-1) ?? new Map());
    await house.backUp(encryptedSet);
    assert.equal(heldBy(await house.run()), 'sudden-change');
    const [held] = await house.records();
    assert.deepEqual([held?.result, held?.reason?.code, held?.removedSnapshots], ['failed', 'retention.held', []]);
    const [nonconformity] = await house.openOnes();
    assert.equal(nonconformity?.rule, 'retention-held');
    assert.match(
      nonconformityText(nonconformity, 'Asia/Jakarta'),
      /^Removal of old backups on hold \(company\): a backup changed more than usual/,
    );

    // Twenty quiet nights later nothing sudden is left to be seen.
    for (const files of days(20, encryptedSet).slice(1)) await house.backUp(files);
    assert.equal(heldBy(await house.run()), 'open');
    assert.equal((await house.ids()).length, 24);
    assert.equal((await house.openOnes()).length, 1, 'it is the same one');

    await house.close();
    assert.equal((await house.run()).outcome, 'success');
    assert.equal((await house.ids()).length, 2);
    assert.deepEqual(await house.openOnes(), []);
  });

  test('what was released is not held back again, what smells anew is', async (t) => {
    const before = days(4);
    const house = await House.make(t, [...before, hit(before.at(-1) ?? new Map())]);
    await house.run();
    await house.close();
    assert.equal((await house.run()).outcome, 'success');
    const later = days(3, hit(before.at(-1) ?? new Map())).slice(1);
    for (const files of later) await house.backUp(files);
    assert.equal((await house.run()).outcome, 'success');
    await house.backUp(hit(later.at(-1) ?? new Map()));
    assert.equal(heldBy(await house.run()), 'sudden-change');
    assert.deepEqual(
      (await house.openOnes()).map(({ id }) => id),
      ['NC-0002'],
    );
  });

  test('holds nothing back of another set', async (t) => {
    const before = days(4);
    const house = await House.make(t, [...before, hit(before.at(-1) ?? new Map())]);
    await house.run();
    const [web] = [
      await house.world.backUp(before[0] ?? new Map(), { tags: ['web'] }),
      await house.world.backUp(before[0] ?? new Map(), { tags: ['web'] }),
    ];
    const wish = { kind: 'named', snapshots: [web], filter: {} } as const;
    const result = await recordedRetention(house.keeper, house.access, wish, { sets: ['company', 'web'], about: { trigger: 'manual' } });
    assert.equal(result.outcome, 'success', String(result.error));
  });

  test('a person who releases it by hand is in the record, and the nonconformity stays open', async (t) => {
    const before = days(4);
    const house = await House.make(t, [...before, hit(before.at(-1) ?? new Map())]);
    await house.run();
    assert.equal((await house.run({ release: true })).outcome, 'success');
    const released = (await house.records()).at(-1)?.evidence?.['released'];
    assert.match(String(released), /^sudden-change:[0-9a-f]{16}$/);
    assert.equal((await house.openOnes()).length, 1);
  });

  test('a person who has seen one thing that smells has not released another', async (t) => {
    const before = days(4);
    const house = await House.make(t, [...before, hit(before.at(-1) ?? new Map())]);
    const seen = (await house.run()).error;
    assert(seen instanceof CadanganError && Array.isArray(seen.facts['subjects']));
    const [first = ''] = await house.ids();
    await (await house.open()).storage.remove({ kind: 'snapshots', name: first }, neverAborted);
    assert.equal(heldBy(await house.run({ release: seen.facts['subjects'] })), 'snapshots-missing');
    assert.equal((await house.ids()).length, 4);
    const both = (await house.run()).error;
    assert(both instanceof CadanganError && Array.isArray(both.facts['subjects']));
    assert.equal((await house.run({ release: both.facts['subjects'] })).outcome, 'success');
    assert.match(String((await house.records()).at(-1)?.evidence?.['released']), /^missing:.*sudden-change:/);
  });
});

test('dumps that are new every night are no sudden change, also where the rule keeps too few nights to tell', async (t) => {
  const house = await House.make(t, []);
  const random = new SeededRandom(4);
  for (let night = 0; night < 6; night++) {
    const dumps = Array.from({ length: 12 }, (_, number) => [`${night}-${number}.sql.gz`, random.bytes(2_000)] as const);
    await house.backUp(new Map(dumps), { filesTotal: 12, filesNew: 12, filesChanged: 0, filesUnchanged: 0 });
    // Of the first removal nobody can say what is usual.
    assert.equal((await house.run({ keepLast: 1, release: night < 2 })).outcome, 'success', `night ${night}`);
  }
  assert.equal((await house.ids()).length, 1);
});

describe('a clock that is wrong', () => {
  test('a battery was empty: the backup of that night stays, and so do those that it would have been removed beside', async (t) => {
    const house = await House.make(t, days(4));
    const tonight = await house.backUp(days(5).at(-1) ?? new Map(), {}, Date.UTC(2025, 0, 1));
    assert.equal(heldBy(await house.run()), 'newest-backup');
    assert.ok((await house.ids()).includes(tonight));
    assert.deepEqual(
      (await house.openOnes()).map((nonconformity) => nonconformityText(nonconformity, 'Asia/Jakarta')),
      ['Removal of old backups on hold (company): the newest backup would go, so some clock was wrong'],
    );
    await house.close();
    assert.equal((await house.run()).outcome, 'success', 'a person has decided');
    await house.backUp(days(6).at(-1) ?? new Map(), {}, Date.UTC(2025, 0, 2));
    assert.equal(heldBy(await house.run()), 'newest-backup', 'the next night is another');
  });

  test('a night in a year that is still to come would keep every later one from being kept', async (t) => {
    const house = await House.make(t, days(3));
    await house.backUp(days(4).at(-1) ?? new Map(), {}, Date.now() + 365 * 86_400_000);
    const tonight = await house.backUp(days(5).at(-1) ?? new Map());
    const held = await house.run({ keepLast: 1 });
    assert.equal(heldBy(held), 'newest-backup');
    assert.deepEqual(
      held.details?.holds.map(({ kind }) => kind) ?? (held.error instanceof CadanganError && held.error.facts['otherHolds']),
      ['future'],
    );
    assert.ok((await house.ids()).includes(tonight));
  });

  test('one that was set forward for good removes nothing from before that, until it is set back', async (t) => {
    const house = await House.make(t, days(4));
    const set = (step: 'forward' | 'back', from: string, to: string, unlived?: { readonly start: string; readonly end: string }) =>
      house.keeper.write((about) => recordOfClock({ step, from, to, ...(unlived && { unlived }) }, { ...about, via: 'schedule' }));
    const [now, ahead] = ['2026-06-01T07:00:00+07:00', '2027-06-01T07:00:00+07:00'];
    await set('forward', now, '2026-06-01T08:00:00+07:00', { start: now, end: '2026-06-01T08:00:00+07:00' });
    assert.equal((await house.run({ keepLast: 3 })).outcome, 'success', 'an hour is no matter');
    await set('forward', now, ahead, { start: now, end: ahead });
    assert.equal(heldBy(await house.run()), 'clock-forward');
    assert.equal((await house.ids()).length, 3);
    await set('back', ahead, now);
    assert.equal(heldBy(await house.run()), 'open', 'a person has still to say so');
    await house.close();
    assert.equal((await house.run()).outcome, 'success');
  });
});

describe('a listing that cannot be right', () => {
  test('snapshots that the records know are gone: held back until a person has accounted for them', async (t) => {
    const house = await House.make(t, days(5));
    const [first] = await house.ids();
    await (await house.open()).storage.remove({ kind: 'snapshots', name: first ?? '' }, neverAborted);
    const result = await house.run();
    assert.equal(heldBy(result), 'snapshots-missing');
    await house.close();
    assert.equal((await house.run()).outcome, 'success');
  });

  test('a snapshot that cannot be read', async (t) => {
    const house = await House.make(t, days(4));
    const [first = ''] = await house.ids();
    const file = join(house.world.path, 'snapshots', first);
    writeFileSync(file, readFileSync(file).subarray(0, 50));
    const result = await house.run();
    assert.equal(heldBy(result), 'not-readable');
    assert.match(describeError(result.error).what, new RegExp(`snapshots/${first.slice(0, 8)}`));
  });

  test('an index that cannot be read', async (t) => {
    const house = await House.make(t, days(4));
    const [index = ''] = readdirSync(join(house.world.path, 'index'));
    writeFileSync(join(house.world.path, 'index', index), 'x'.repeat(99));
    assert.equal(heldBy(await house.run()), 'not-readable');
    assert.equal((await house.ids()).length, 4);
  });
});

test('a snapshot with other tags is known by the name that its backup gave it, and is no loss when it went', async (t) => {
  const house = await House.make(t, days(4));
  const [first = ''] = await house.ids();
  const tagged = await tagJob(house.access, { ids: [first], filter: {}, change: { add: ['checked'], remove: [] } });
  assert.equal(tagged.outcome, 'success');
  assert.equal((await house.run()).outcome, 'success');
  const [record] = await house.records();
  assert.ok(record?.removedSnapshots?.includes(first));
  const { config } = await house.open();
  const present = (await house.ids()).map((id) => ({ id, tree: undefined }));
  assert.deepEqual(await findLostSnapshots(house.keeper.history.records(), [{ id: config.id, location: '', snapshots: present }]), []);
});

describe('what the schedule has to put off', () => {
  const wish = {
    kind: 'rule' as const,
    policy: { counts: { last: 2 }, within: {}, tags: [] },
    groupBy: parseGroupBy('host'),
    among: () => true,
  };
  const about = { set: 'company', trigger: 'schedule' as const };

  test('somebody else has the repository: no record, and nobody is told; a person is', async (t) => {
    const house = await House.make(t, days(4));
    await using _lock = await (await house.world.open()).lock({ signal: neverAborted, exclusive: false });
    const { isPutOff, error } = await recordedRetention(house.keeper, house.access, wish, { about });
    assert.deepEqual([isPutOff, isCode(error, 'repository.locked')], [true, true]);
    assert.deepEqual(await house.records(), []);
    const byHand = await recordedRetention(house.keeper, house.access, wish, { about: { trigger: 'manual' } });
    assert.deepEqual([byHand.isPutOff, (await house.records()).length], [false, 1]);
  });

  test('it gives way before anything went', async (t) => {
    const house = await House.make(t, days(4));
    const stopping = new AbortController();
    const access = { ...house.access, signal: stopping.signal };
    const { isPutOff, outcome } = await recordedRetention(house.keeper, access, wish, { about, onPlan: () => stopping.abort() });
    assert.deepEqual([isPutOff, outcome], [true, 'stopped']);
    assert.deepEqual([await house.records(), (await house.ids()).length], [[], 4]);
  });

  test('it gives way in the middle: what has begun to go is waited for, and is in the record', async (t) => {
    const stopping = new AbortController();
    const storage = new SlowRemoval(() => stopping.abort());
    const [files = new Map()] = days(1);
    const house = await House.make(
      t,
      Array.from({ length: 14 }, () => files),
      storage,
    );
    const before = await house.ids();
    const access = { ...house.access, signal: stopping.signal };
    const { isPutOff, outcome } = await recordedRetention(house.keeper, access, wish, { about });
    assert.deepEqual([isPutOff, outcome], [false, 'stopped']);
    await storage.ended();
    const left = await house.ids();
    assert.equal(left.length, 14 - 3, 'those that had begun');
    const [record] = await house.records();
    assert.deepEqual(new Set(record?.removedSnapshots), new Set(before.filter((id) => !left.includes(id))));
  });
});

/** A removal that has begun is not taken back, and each takes longer than the one before. */
class SlowRemoval extends SimulatedStorage {
  readonly #begun: Promise<void>[] = [];
  readonly #onThird: () => void;

  constructor(onThird: () => void) {
    super();
    this.#onThird = onThird;
  }

  override async remove(file: FileName): Promise<void> {
    if (file.kind !== 'snapshots') return super.remove(file, neverAborted);
    const turns = 10 * (this.#begun.length + 1);
    const work = (async () => {
      for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
      await super.remove(file, neverAborted);
    })();
    this.#begun.push(work);
    if (this.#begun.length === 3) this.#onThird();
    return work;
  }

  async ended(): Promise<void> {
    await Promise.all(this.#begun);
  }
}

describe('a storage that fails', () => {
  test('a list that comes late holds nothing back, and removes nothing that a whole one would keep', async (t) => {
    const storage = new SimulatedStorage({ staleOperations: 6 });
    const house = await House.make(t, days(5), storage);
    const before = await house.ids();
    storage.faults.order({ call: 'list', kind: 'snapshots', fault: 'stale-list' });
    const result = await house.run();
    assert.equal(result.outcome, 'success');
    assert.ok((result.details?.all.length ?? 5) < 5, 'the newest is not listed yet');
    assert.deepEqual((await house.ids()).slice(-2), before.slice(-2));
    assert.deepEqual(await house.openOnes(), []);
  });

  test('what could not be removed is an exception, and the record has the others; an answer that got lost counts as gone', async (t) => {
    const storage = new SimulatedStorage();
    const house = await House.make(t, days(6), storage);
    const before = await house.ids();
    storage.faults.order(
      { call: 'remove', kind: 'snapshots', fault: 'denied', after: 1 },
      { call: 'remove', kind: 'snapshots', fault: 'fail-after', after: 1 },
    );
    const result = await house.run();
    assert.equal(result.outcome, 'success-with-exceptions');
    assert.deepEqual(
      result.exceptions.map(({ kind, reason }) => [kind, reason]),
      [['not-removed', 'storage.denied']],
    );
    const left = await house.ids();
    assert.equal(left.length, 3);
    const [record] = await house.records();
    assert.deepEqual(new Set(record?.removedSnapshots), new Set(before.filter((id) => !left.includes(id))));
    assert.equal((await house.run()).outcome, 'success', 'the next one removes it');
  });

  test('what an object lock holds stays, as no failure, and the record says until when; the rule takes it when its time has come', async (t) => {
    const storage = new SimulatedStorage();
    const house = await House.make(t, days(6), storage);
    const before = await house.ids();
    const nowMs = (): number => Number(house.clock.nowNs() / 1_000_000n);
    const lock = new ObjectLock(storage, { nowMs });
    const untilMs = nowMs() + 24 * 3_600_000;
    for (const name of before.slice(0, 3)) lock.lock({ kind: 'snapshots', name }, untilMs);
    const { outcome, exceptions, details } = await house.run();
    assert.deepEqual([outcome, exceptions], ['success', []]);
    assert.deepEqual(await house.ids(), [...before.slice(0, 3), ...before.slice(4)]);
    const kept = details?.plan.groups.flatMap(({ keep }) => keep) ?? [];
    assert.deepEqual(
      kept.map(({ snapshot }) => snapshot.id),
      [...before.slice(4).toReversed(), ...before.slice(0, 3).toReversed()],
    );
    assert.deepEqual(kept.at(-1) && reasonTexts(kept.at(-1) ?? assert.fail()), ['cannot be deleted until 2 Jun 2026, 00:00']);
    const [record] = await house.records();
    assert.deepEqual(record?.removedSnapshots, [before[3]]);
    assert.deepEqual(record.counts, { snapshotsRemoved: 1, snapshotsLeft: 5, snapshotsLocked: 3 });
    const locked = before.slice(0, 3).map((id) => `${id.slice(0, 16)} until ${new Date(untilMs).toISOString()}`);
    assert.deepEqual(record.evidence?.['locked'], locked.toReversed());
    await house.clock.advance(24 * 3_600_000);
    assert.equal((await house.run()).outcome, 'success');
    assert.deepEqual(await house.ids(), before.slice(4));
  });

  test('a lock that nobody may ask for shows when the snapshot is to be removed: an exception with its end', async (t) => {
    const storage = new SimulatedStorage();
    const house = await House.make(t, days(4), storage);
    const [name = assert.fail()] = await house.ids();
    const lock = new ObjectLock(storage, { nowMs: () => 0, isSecret: true });
    lock.lock({ kind: 'snapshots', name }, Date.UTC(2026, 6, 1));
    const { exceptions } = await house.run();
    assert.deepEqual(exceptions, [{ item: `snapshots/${name}`, kind: 'locked', reason: '2026-07-01T00:00:00.000Z', weight: 'note' }]);
    assert.equal((await house.ids()).length, 3);
  });

  test('killed in the middle: the record that is made of it knows what was to go, so nothing counts as lost', async (t) => {
    const storage = new SimulatedStorage();
    const house = await House.make(t, days(6), storage);
    const before = await house.ids();
    storage.faults.order({ call: 'remove', kind: 'snapshots', fault: 'hang', after: 2, times: Infinity });
    const killed = house.run(); // never ends: its process dies
    killed.catch(() => undefined);
    while ((await storage.list('snapshots', neverAborted)).length > 4) await new Promise(setImmediate);
    await reviewRemovals(
      house.keeper,
      [{ location: '', repository: await house.open() }],
      house.keeper.nowMs,
      new AbortController().signal,
    );
    assert.deepEqual(await house.openOnes(), [], 'what is being removed is missed by nobody');
    await letProcessDie(house.stateFolder);
    storage.faults.clear();
    await house.anotherKeeper().recordLost();
    const [record] = await house.records();
    assert.equal(record?.result, 'stopped');
    assert.deepEqual(new Set(record?.removedSnapshots), new Set(before.slice(0, 4)));
    for (const { name } of await storage.list('locks', neverAborted)) await storage.remove({ kind: 'locks', name }, neverAborted);
    assert.equal((await house.run()).outcome, 'success');
    assert.deepEqual(await house.ids(), before.slice(4));
    storage.faults.endHung();
    await killed;
  });
});

/** Notes of runs that have begun become those of a process that has ended for certain. */
async function letProcessDie(stateFolder: string): Promise<void> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  for (const name of readdirSync(join(stateFolder, 'begun'))) {
    const path = join(stateFolder, 'begun', name);
    const note: { process: object } = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify({ ...note, process: { ...note.process, pid: child.pid, start: '' } }));
  }
}

test('each reason is a sentence in both languages', () => {
  const figures = {
    snapshotId: 'a'.repeat(64) as SnapshotId,
    time: '2026-01-01T21:00:00Z',
    set: 'company',
    filesBefore: 300,
    changed: 10,
    vanished: 200,
    scrambled: 20,
    renamed: 30,
    extensions: ['locked'],
  };
  const holds: readonly [RetentionHold, ...RetentionHold[]] = [
    { kind: 'keeps-nothing', subject: '1', group: 'srv-01: /srv' },
    { kind: 'empties', subject: '2', group: 'srv-01: company' },
    { kind: 'not-readable', subject: '3', names: ['snapshots/ab'] },
    { kind: 'snapshots-missing', subject: '4', snapshots: ['abcdef0123'] },
    { kind: 'sudden-change', subject: '5', figures, what: ['vanished', 'scrambled', 'renamed'] },
    { kind: 'open', subject: '6', nonconformity: 'NC-0003' },
    { kind: 'newest-backup', subject: '7', snapshot: 'abcdef0123', time: '2026-01-01T00:03:00Z' },
    { kind: 'future', subject: '8', snapshot: 'abcdef0123', time: '2027-01-01T21:00:00Z' },
    { kind: 'clock-forward', subject: '9', from: '2026-11-29T21:00:00Z', to: '2027-11-29T21:00:00Z' },
  ];
  const said = (language: typeof english): string[] => holds.map((hold) => describeError(heldError([hold]), language).what);
  assert.deepEqual(said(english), [
    'No snapshot was removed: the rule keeps none of "srv-01: /srv".',
    'No snapshot was removed: none of "srv-01: company" would be left.',
    'No snapshot was removed: "snapshots/ab" cannot be read, so nobody knows what else there is.',
    'No snapshot was removed: the records know 1 that the repository does not have any more (abcdef01).',
    'No snapshot was removed: the backup of 2026-01-01T21:00:00Z changed more than usual: of 300 files 200 are gone, 20 cannot be compressed any more, as if they had been encrypted, 30 were replaced under an extension that nobody had (locked).',
    'No snapshot was removed: NC-0003 holds that back until it is closed.',
    'No snapshot was removed: the newest backup, of 2026-01-01T00:03:00Z (abcdef01), would go, so the clock was wrong when one of the backups was made, or is now.',
    'No snapshot was removed: the backup of 2027-01-01T21:00:00Z (abcdef01) has a date still to come, so the clock was wrong when it was made, or is now.',
    'No snapshot was removed: the clock was set forward from 2026-11-29T21:00:00Z to 2027-11-29T21:00:00Z, and what would go is from before that.',
  ]);
  assert.equal(new Set(said(indonesian)).size, holds.length);
  assert.match(describeError(heldError(holds), english).what, /; and 8 more\.$/);
});
