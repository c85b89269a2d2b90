import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  bringBackHistory,
  CopyJobs,
  copyMemoryOf,
  isHistoryBehind,
  keepHistoryOffsite,
  RecordKeeper,
  type StoragePlace,
} from '../../src/jobs/index.ts';
import { isCode, passwordFromText, systemClock, systemRandom, type Clock } from '../../src/platform/index.ts';
import { historyFiles } from '../../src/records/index.ts';
import {
  formatTimestamp,
  isRecordsSnapshot,
  listSnapshots,
  Repository,
  resolveSnapshot,
  saveSnapshot,
  type OpenedKey,
} from '../../src/repository/index.ts';
import type { OffsiteCopy } from '../../src/settings/index.ts';
import { FolderStorage } from '../../src/storage/index.ts';
import { backupHistoriesOf } from '../../src/upkeep/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { someBackup } from '../records/some-records.ts';
import { OffsiteStage } from './offsite-stage.ts';

const { signal } = new AbortController();
const dayMs = 86_400_000;

/** Goes on by itself, and in leaps. */
class LeapingClock implements Clock {
  leaptMs = 0;
  readonly monotonicMs = (): number => systemClock.monotonicMs() + this.leaptMs;
  readonly offsetMinutes = (ns: bigint): number => systemClock.offsetMinutes(ns);
  readonly sleep = (ms: number, own?: AbortSignal): Promise<void> => systemClock.sleep(ms, own);
  nowNs(): bigint {
    return systemClock.nowNs() + BigInt(this.leaptMs) * 1_000_000n;
  }
}

/** A server that copies into a folder of another disk, and what it has recorded. */
class Server {
  readonly place: StoragePlace;
  readonly records: RecordKeeper;
  readonly clock = new LeapingClock();
  readonly copy: OffsiteCopy;
  readonly #stage: OffsiteStage;

  constructor(stage: OffsiteStage, name: string, more: Partial<OffsiteCopy> = {}) {
    this.#stage = stage;
    const stateFolder = join(stage.folder, name);
    this.place = { settings: undefined, stateFolder, environment: {}, clock: this.clock };
    this.records = new RecordKeeper({
      stateFolder,
      clock: this.clock,
      random: systemRandom,
      software: 'cadangan test',
      via: 'command-line',
      owner: `root@${name}`,
      onError: assert.ifError,
    });
    const often = { settleSeconds: 1, paused: false, scrubEveryDays: 7, sampleReadPercent: 1 };
    this.copy = { name: 'office', repository: stage.repository, to: join(stage.folder, 'copy'), ...often, ...more };
  }

  async record(count: number, seed = 3): Promise<void> {
    const random = new SeededRandom(seed);
    for (let at = 0; at < count; at++) await this.records.history.append(someBackup(random));
  }

  async sync(copy = this.copy): Promise<void> {
    await using jobs = new CopyJobs({ copy, place: this.place, records: this.records, history: { keyOf }, againMs: 20 });
    const { outcome, error } = await jobs.sync({ signal }, { trigger: 'manual' });
    assert.equal(outcome, 'success', String(error));
  }

  keep(copy = this.copy) {
    return keepHistoryOffsite(copy, this.place, { records: this.records, keyOf }, signal);
  }

  /** The lines of all months. */
  async lines(): Promise<string[]> {
    const files = (await historyFiles(this.records.history.folder)).filter(({ change }) => change === 'grows');
    return files.flatMap(({ bytes }) => bytes.toString().split('\n').slice(0, -1));
  }

  async open(folder = this.#stage.repository): Promise<Repository> {
    return Repository.open(
      { storage: new FolderStorage(folder), clock: systemClock, random: systemRandom },
      passwordFromText('password'),
      signal,
    );
  }

  async snapshotsIn(folder: string): Promise<number> {
    return (await listSnapshots(await this.open(folder), signal)).length;
  }

  async recordsSnapshots(): Promise<number> {
    return (await listSnapshots(await this.open(), signal)).filter(isRecordsSnapshot).length;
  }
}

async function keyOf(location: string): Promise<OpenedKey> {
  const world = { storage: new FolderStorage(location), clock: systemClock, random: systemRandom };
  const { keyId: id, masterKey } = await Repository.open(world, passwordFromText('password'), signal);
  return { id, masterKey };
}

test('records go into the copy as a snapshot of the repository, once a day at most, and are brought back from there', async () => {
  await using stage = await OffsiteStage.open();
  await stage.backup();
  const server = new Server(stage, 'srv-01');
  await server.record(5);
  await server.sync();
  assert.equal(await server.recordsSnapshots(), 1, 'they went before the copying, and with it');
  assert.equal(await server.snapshotsIn(server.copy.to), 2, 'the backup, and the records');
  await server.sync();
  await server.record(2, 9);
  assert.equal(await server.keep(), 'unchanged', 'one a day');
  assert.equal(await server.recordsSnapshots(), 1);
  server.clock.leaptMs += dayMs;
  assert.equal(await server.keep(), 'kept');
  assert.equal(await server.keep(), 'unchanged');
  assert.equal(await server.recordsSnapshots(), 2);
  const lines = await server.lines();
  await server.sync();
  const next = new Server(stage, 'srv-02');
  const { head, verification, record } = await bringBackHistory({
    location: server.copy.to,
    place: next.place,
    records: next.records,
    keyOf: () => keyOf(server.copy.to),
    signal,
  });
  assert.deepEqual([head.number, verification.isIntact], [lines.length, true]);
  assert.ok(verification.anchorsCompared >= 2);
  assert.deepEqual((await next.lines()).slice(0, lines.length), lines);
  assert.equal(record?.kind, 'brought-back');
});

test('where somebody has removed it, the next copying takes the records along anew', async () => {
  await using stage = await OffsiteStage.open();
  await stage.backup();
  const server = new Server(stage, 'srv-01');
  await server.record(5);
  await server.sync();
  const repository = await server.open();
  const [made] = (await listSnapshots(repository, signal)).filter(isRecordsSnapshot);
  assert(made !== undefined);
  await repository.storage.remove({ kind: 'snapshots', name: made.id }, signal);
  await server.sync();
  assert.equal(await server.recordsSnapshots(), 1);
  const [again] = (await listSnapshots(await server.open(server.copy.to), signal)).filter(isRecordsSnapshot);
  assert(again !== undefined && again.id !== made.id);
});

test('such a snapshot is no backup: not the latest, and of no server', async () => {
  await using stage = await OffsiteStage.open();
  const backup = await stage.backup();
  const server = new Server(stage, 'srv-01');
  await server.record(2);
  await server.sync();
  const repository = await server.open();
  const all = await listSnapshots(repository, signal);
  assert.equal(all.filter(isRecordsSnapshot).length, 1);
  assert.equal((await resolveSnapshot(repository, 'latest', {}, signal)).id, backup);
  assert.ok(isRecordsSnapshot(await resolveSnapshot(repository, 'latest', { tagLists: [['cadangan-records']] }, signal)));
  assert.deepEqual(
    backupHistoriesOf(all).map(({ host }) => host),
    ['srv-01'],
  );
  const { snapshot } = all.find(isRecordsSnapshot)!;
  assert.ok(snapshot.tags.some((tag) => tag.startsWith('records:')));
});

test('two copies of one repository need one snapshot; a copy that takes no records along makes none', async () => {
  await using stage = await OffsiteStage.open();
  await stage.backup();
  const server = new Server(stage, 'srv-01');
  const second = { ...server.copy, name: 'second', to: join(stage.folder, 'second') };
  await server.record(3);
  await server.sync();
  await server.sync(second);
  assert.equal(await server.recordsSnapshots(), 1);
  const off = new Server(stage, 'srv-03', { records: 'off', to: join(stage.folder, 'off') });
  await off.record(3);
  await off.sync();
  const head = (await off.records.history.head())!;
  const memory = JSON.parse(await readFile(join(off.place.stateFolder, 'offsite-office.json'), 'utf8')) as never;
  assert.equal(isHistoryBehind(off.copy, memory, head, Date.now() + 9 * dayMs), false);
  assert.equal(await server.recordsSnapshots(), 1);
});

test('of the snapshots of a machine a month of them stays', async () => {
  await using stage = await OffsiteStage.open();
  await stage.backup();
  const server = new Server(stage, 'srv-01');
  await server.record(1);
  await server.sync();
  const repository = await server.open();
  const [first] = (await listSnapshots(repository, signal)).filter(isRecordsSnapshot);
  assert(first !== undefined);
  for (let day = 1; day < 37; day++) {
    const timeNs = first.timeNs - BigInt(day * dayMs) * 1_000_000n;
    await saveSnapshot(repository, { ...first.snapshot, time: formatTimestamp(timeNs, 0) }, signal);
  }
  server.clock.leaptMs += dayMs;
  await server.record(1, 7);
  assert.equal(await server.keep(), 'kept');
  const left = (await listSnapshots(await server.open(), signal)).filter(isRecordsSnapshot);
  assert.equal(left.length, 31);
  assert.ok(left.some(({ id }) => id === first.id));
  assert.equal(
    left.at(-1)?.snapshot.tags.some((tag) => tag.startsWith('records:')),
    true,
  );
});

test('what could not be put there whole is tried again until it is, and leaves no snapshot with each try', async () => {
  await using stage = await OffsiteStage.open();
  await stage.backup();
  const server = new Server(stage, 'srv-01');
  await server.record(3);
  const document = { name: 'documents/report.html', bytes: Buffer.from('readable'), change: 'replaced', isOpen: false } as const;
  let isBroken = true;
  const documents = async () => {
    if (isBroken) throw new Error('no font');
    return [document];
  };
  const keep = () => keepHistoryOffsite(server.copy, server.place, { records: server.records, keyOf, documents }, signal, { isDue: true });
  for (let i = 0; i < 3; i++) await assert.rejects(keep(), /no font/);
  assert.equal(await server.recordsSnapshots(), 1, 'the records are safe');
  isBroken = false;
  assert.equal(await keep(), 'kept');
  assert.equal(await server.recordsSnapshots(), 2, 'and what lacked them is no answer');
  await keep();
  assert.equal(await server.recordsSnapshots(), 2);
});

test('without the key nothing is made, and the copy says why; the copying itself goes on', async () => {
  await using stage = await OffsiteStage.open();
  await stage.backup();
  const server = new Server(stage, 'srv-01');
  await server.record(2);
  await using jobs = new CopyJobs({ copy: server.copy, place: server.place, records: server.records, againMs: 20 });
  assert.equal((await jobs.sync({ signal }, { trigger: 'manual' })).outcome, 'success');
  assert.equal((await jobs.memory.read()).failed?.records?.error.code, 'password.missing');
  await assert.rejects(keepHistoryOffsite(server.copy, server.place, { records: server.records }, signal), (error) =>
    isCode(error, 'password.missing'),
  );
  rmSync(server.copy.to, { recursive: true });
});

test('a history that was begun anew on a machine does not hide the one before it', async () => {
  await using stage = await OffsiteStage.open();
  await stage.backup();
  const before = new Server(stage, 'srv-01');
  await before.record(4);
  await before.sync();
  const { chain } = (await before.records.history.head())!;
  rmSync(before.place.stateFolder, { recursive: true });
  const anew = new Server(stage, 'srv-01');
  await anew.record(2, 9);
  await anew.sync();
  const next = new Server(stage, 'srv-02');
  const wish = { location: before.copy.to, place: next.place, records: next.records, keyOf: () => keyOf(before.copy.to), signal };
  await assert.rejects(bringBackHistory(wish), (error) => isCode(error, 'records.several'));
  const { head } = await bringBackHistory({ ...wish, chain });
  assert.equal(head.chain, chain);
  assert.ok(head.number >= 4);
});

test('a backup that knows of later records takes them along, but not each backup of a day', async () => {
  await using stage = await OffsiteStage.open();
  await stage.backup();
  const server = new Server(stage, 'srv-01');
  await server.record(2);
  await server.sync();
  const repository = await server.open();
  const [sample] = await listSnapshots(repository, signal);
  const backUp = async (): Promise<void> => {
    await server.record(1, server.clock.leaptMs + 11);
    const time = formatTimestamp(server.clock.nowNs(), 0);
    await saveSnapshot(repository, { ...sample!.snapshot, time, tags: ['office', (await server.records.history.anchorTag())!] }, signal);
    await server.sync();
  };
  for (let hour = 1; hour <= 4; hour++) {
    server.clock.leaptMs += 3_600_000;
    await backUp();
  }
  assert.equal(await server.recordsSnapshots(), 1, 'the last time was just now');
  server.clock.leaptMs += 3 * 3_600_000;
  await backUp();
  assert.equal(await server.recordsSnapshots(), 2);
});

test('of each day the newest stays, and what is protected', async () => {
  await using stage = await OffsiteStage.open();
  await stage.backup();
  const server = new Server(stage, 'srv-01');
  await server.record(1);
  await server.sync();
  const repository = await server.open();
  const [first] = (await listSnapshots(repository, signal)).filter(isRecordsSnapshot);
  assert(first !== undefined);
  const noonNs = (first.timeNs / 86_400_000_000_000n - 2n) * 86_400_000_000_000n + 43_200_000_000_000n;
  for (let minute = 0; minute < 8; minute++) {
    const time = formatTimestamp(noonNs + BigInt(minute) * 60_000_000_000n, 0);
    const protection = minute === 1 ? ['keep'] : minute === 2 ? ['hold'] : [];
    await saveSnapshot(repository, { ...first.snapshot, time, tags: [...first.snapshot.tags, ...protection] }, signal);
  }
  const olderNs = noonNs - 4n * 86_400_000_000_000n;
  await saveSnapshot(repository, { ...first.snapshot, time: formatTimestamp(olderNs, 0) }, signal);
  server.clock.leaptMs += dayMs;
  await server.record(1, 7);
  assert.equal(await server.keep(), 'kept');
  const left = (await listSnapshots(await server.open(), signal)).filter(isRecordsSnapshot);
  assert.deepEqual(left.map(({ timeNs }) => Number((timeNs - noonNs) / 60_000_000_000n)).slice(0, 4), [-4 * 1440, 1, 2, 7]);
  assert.equal(left.length, 6);
});

test('a history that was begun anew goes along at once, whatever its number', async () => {
  await using stage = await OffsiteStage.open();
  await stage.backup();
  const server = new Server(stage, 'srv-01');
  await server.record(6);
  await server.sync();
  const [memory, head] = await Promise.all([copyMemoryOf(server.copy, server.place).read(), server.records.history.head()]);
  const other = { ...head!, chain: '0'.repeat(head!.chain.length), number: 1, hash: '1'.repeat(64) };
  const nowMs = Date.now() + 60_000;
  assert.equal(isHistoryBehind(server.copy, memory, { ...head!, number: head!.number + 1, hash: other.hash }, nowMs), false);
  assert.equal(isHistoryBehind(server.copy, memory, other, nowMs), true);
});
