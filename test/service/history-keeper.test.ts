import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DriveFolder } from '../../src/google/index.ts';
import { CopyJobs, copyMemoryOf, RecordKeeper, type StoragePlace, type HistoryKeeping } from '../../src/jobs/index.ts';
import { DriveHistory, historyFolderOf } from '../../src/offsite/index.ts';
import { isCode } from '../../src/platform/index.ts';
import { HistoryKeeper } from '../../src/service/history-keeper.ts';
import type { OffsiteCopy } from '../../src/settings/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { copyOf, placeAt, recordsAt } from '../offsite/copying-server.ts';
import { copyPath, OffsiteStage } from '../offsite/offsite-stage.ts';
import { someBackup } from '../records/some-records.ts';

const { signal } = new AbortController();

/** A server that copies off-site, and whoever keeps its history there, by a clock of ours. */
class Scene {
  readonly stage: OffsiteStage;
  readonly place: StoragePlace;
  readonly records: RecordKeeper;
  readonly clock = new VirtualClock();
  readonly random = new SeededRandom(3);
  readonly keeping: HistoryKeeping;
  copy: OffsiteCopy;
  documentsFail = false;
  readonly sinces: number[] = [];

  constructor(stage: OffsiteStage) {
    this.stage = stage;
    this.place = placeAt(stage);
    this.records = recordsAt(this.place, (error) => assert.fail(String(error)));
    this.keeping = {
      records: this.records,
      documents: async (since) => {
        this.sinces.push(since);
        if (this.documentsFail) throw new Error('no font');
        return [{ name: 'forms/2026-11.csv', bytes: Buffer.from(`since ${since}`), change: 'replaced' }];
      },
    };
    this.copy = copyOf(stage);
  }

  async sync(): Promise<void> {
    await this.stage.backup();
    const { copy, place, records } = this;
    await using jobs = new CopyJobs({ copy, place, records, history: this.keeping, againMs: 20 });
    assert.equal((await jobs.sync({ signal }, { trigger: 'manual' })).outcome, 'success');
  }

  keeper(): HistoryKeeper {
    return new HistoryKeeper({
      clock: this.clock,
      copies: () => [this.copy],
      place: () => this.place,
      keeping: this.keeping,
      signal,
      onChange: () => undefined,
    });
  }

  record(): Promise<unknown> {
    return this.records.history.append(someBackup(this.random));
  }

  /** The number of the last record beside the copy. */
  async there(): Promise<number | undefined> {
    const place = new DriveHistory(new DriveFolder(this.stage.drive.another(), copyPath));
    const { chain } = (await this.records.history.head())!;
    const head = (await place.list(historyFolderOf(chain), signal)).find(({ name }) => name === 'head.json');
    return head && (JSON.parse((await place.read(head, signal)).toString()) as { readonly number: number }).number;
  }

  async here(): Promise<number | undefined> {
    return (await this.records.history.head())?.number;
  }
}

test('whatever is recorded, by whichever process, goes beside the copy ten seconds later; then nothing is due', async () => {
  await using stage = await OffsiteStage.open();
  const scene = new Scene(stage);
  const keeper = scene.keeper();
  await scene.record();
  assert.equal((await keeper.look()).atMs, Infinity, 'there is no copy yet');
  await scene.sync();
  assert.equal(await scene.there(), await scene.here(), 'the copying took it along');
  assert.equal((await keeper.look()).atMs, Infinity);
  await scene.record();
  const due = await keeper.look();
  const nowMs = (): number => Number(scene.clock.nowNs() / 1_000_000n);
  assert.equal(due.atMs - nowMs(), 10_000);
  await scene.clock.advance(6_000);
  await scene.record();
  const later = await keeper.look();
  assert.equal(later.atMs - nowMs(), 4_000, 'what goes on being recorded puts nothing off');
  await scene.clock.advance(4_000);
  await (await keeper.look()).run?.();
  assert.equal(await scene.there(), await scene.here());
  assert.equal((await keeper.look()).atMs, Infinity);
  const { records } = await copyMemoryOf(scene.copy, scene.place).read();
  assert.deepEqual([records?.number, records?.form, records?.contradicting], [await scene.here(), 'clear', []]);
  assert.equal(scene.sinces.at(-1), (await scene.here())! - 2, 'only months that are told something new of are made anew');
});

test('a failure is a trouble of the copy until it succeeds, and is tried again later and later; a paused copy gets nothing', async () => {
  await using stage = await OffsiteStage.open();
  const scene = new Scene(stage);
  await scene.sync();
  const keeper = scene.keeper();
  await scene.record();
  scene.documentsFail = true;
  const pauses: number[] = [];
  for (let at = 0; at < 6; at++) {
    const { atMs, run } = await keeper.look();
    const waitMs = atMs - Number(scene.clock.nowNs() / 1_000_000n);
    pauses.push(waitMs);
    await scene.clock.advance(waitMs);
    await assert.rejects(async () => (await keeper.look()).run?.() ?? run?.(), /no font/);
  }
  assert.deepEqual(pauses, [10_000, 300_000, 600_000, 1_200_000, 2_400_000, 3_600_000]);
  assert.equal(await scene.there(), await scene.here(), 'the records are safe all the same');
  const memory = copyMemoryOf(scene.copy, scene.place);
  assert.ok((await memory.read()).failed?.records);
  scene.copy = { ...scene.copy, paused: true };
  assert.equal((await keeper.look()).atMs, Infinity);
  scene.copy = { ...scene.copy, paused: false };
  scene.documentsFail = false;
  await scene.clock.advance(4_000_000);
  await (await keeper.look()).run?.();
  assert.equal((await memory.read()).failed?.records, undefined);
});

test('another form than what lies there is due at once; sealed without a key it is said why not', async () => {
  await using stage = await OffsiteStage.open();
  const scene = new Scene(stage);
  await scene.sync();
  const keeper = scene.keeper();
  assert.equal((await keeper.look()).atMs, Infinity);
  scene.copy = { ...scene.copy, records: 'sealed' };
  assert.notEqual((await keeper.look()).atMs, Infinity);
  await scene.clock.advance(30_000);
  await assert.rejects(
    async () => (await keeper.look()).run?.(),
    (error) => isCode(error, 'password.missing'),
  );
  scene.copy = { ...scene.copy, records: 'off' };
  await scene.clock.advance(4_000_000);
  await (await keeper.look()).run?.();
  assert.equal((await copyMemoryOf(scene.copy, scene.place).read()).records?.form, 'off');
});
