import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { RunList, type LastBackup } from '../../src/service/run-list.ts';
import { RecordKeeper, type RunResult } from '../../src/jobs/index.ts';
import type { RecordContent } from '../../src/records/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { someBackup, temporaryState } from '../records/some-records.ts';

const monthMs = 31 * 24 * 3_600_000;

/** An installation whose processes share a state folder; a record is written by whichever comes to hand. */
class Machine {
  readonly stateFolder: string;
  readonly clock = new VirtualClock();
  readonly #random = new SeededRandom(1);
  #nowMs = Date.parse('2026-01-01T21:00:00Z');

  constructor(t: TestContext) {
    this.stateFolder = temporaryState(t);
  }

  process(): { readonly keeper: RecordKeeper; readonly list: RunList } {
    const { stateFolder, clock } = this;
    const keeper = new RecordKeeper({ stateFolder, clock, random: this.#random, software: '', via: 'editor', onError: () => undefined });
    return { keeper, list: new RunList(keeper) };
  }

  /** A backup, an hour after the one before. */
  backup(set: string, more: Partial<RecordContent> = {}): RecordContent {
    const at = new Date((this.#nowMs += 3_600_000)).toISOString();
    return someBackup(this.#random, { set, result: 'success', exceptions: [], exceptionCount: 0, started: at, ended: at, ...more });
  }

  /** The newest file comes last. */
  get files(): string[] {
    const folder = join(this.stateFolder, 'records');
    return readdirSync(folder)
      .filter((name) => name.endsWith('.jsonl'))
      .sort()
      .map((name) => join(folder, name));
  }
}

const setsOf = async (list: RunList, sets: readonly string[], which?: LastBackup): Promise<Record<string, unknown>> =>
  Object.fromEntries([...(await list.lastBackups(sets, which))].map(([set, run]) => [set, run === 'unknown' ? run : run.outcome]));

test('runs come in the order of their records, newest first, whoever made them, and nothing else does', async (t) => {
  const machine = new Machine(t);
  const [one, two] = [machine.process(), machine.process()];
  assert.deepEqual(await one.list.recent(10), []);
  const made: RunResult[] = [];
  for (const { keeper } of [one, two, one]) made.push(await keeper.writeRun(() => machine.backup('a')));
  await two.keeper.write(() => ({ ...machine.backup('a'), kind: 'approval' }));
  for (const { list } of [one, two]) assert.deepEqual(await list.recent(10), made.toReversed());
  made.push(await two.keeper.writeRun(() => machine.backup('b', { kind: 'missed-run', result: 'missed' })));
  assert.deepEqual(await one.list.recent(2), made.toReversed().slice(0, 2));
});

test('the last backup of a set: the last that was made or missed, that was made, that left a snapshot', async (t) => {
  const machine = new Machine(t);
  const { keeper, list } = machine.process();
  await keeper.write(() => machine.backup('a'));
  const unchanged = await keeper.writeRun(() => ({ ...withoutSnapshot(machine.backup('a')), parentId: 'c'.repeat(64) }));
  const failed = await keeper.writeRun(() => ({ ...withoutSnapshot(machine.backup('a')), result: 'failed' }));
  const missed = await keeper.writeRun(() => machine.backup('a', { kind: 'missed-run', result: 'missed' }));
  await keeper.write(() => ({ ...machine.backup('a'), kind: 'drill' }));
  const sets = ['a', 'never run'];
  for (const [which, run] of [
    ['any', missed],
    ['made', failed],
    ['stored', unchanged],
  ] as const)
    assert.deepEqual([...(await list.lastBackups(sets, which))], [['a', run]], which);
  assert.equal(unchanged.snapshotId, 'c'.repeat(64));
});

test('the newest months are read until every set is found, and older ones only for a set that is not', async (t) => {
  const machine = new Machine(t);
  const { keeper, list } = machine.process();
  await keeper.write(() => machine.backup('rare'));
  for (let month = 0; month < 6; month++) {
    await machine.clock.advance(monthMs);
    await keeper.write(() => machine.backup('often'));
  }
  const [oldest = ''] = machine.files;
  const bytes = readFileSync(oldest);
  rmSync(oldest);
  mkdirSync(oldest); // whoever reads it fails
  assert.deepEqual(await setsOf(list, ['often']), { often: 'success' });
  assert.equal((await list.recent(5)).length, 5);
  assert.deepEqual(await setsOf(list, ['often', 'rare', 'never run']), { often: 'success', rare: 'unknown', 'never run': 'unknown' });
  rmSync(oldest, { recursive: true });
  writeFileSync(oldest, bytes);
  assert.deepEqual(await setsOf(list, ['often', 'rare', 'never run']), { often: 'success', rare: 'success' });
});

for (const damage of ['changed', 'not a record', 'cut in two'] as const)
  test(`a last line that is ${damage} leaves unknown what was recorded before it, until the set runs again`, async (t) => {
    const machine = new Machine(t);
    const { keeper, list } = machine.process();
    await keeper.write(() => machine.backup('before'));
    await keeper.write(() => machine.backup('after'));
    const sets = ['before', 'after', 'never run'];
    assert.deepEqual(await setsOf(list, sets), { before: 'success', after: 'success' });
    await keeper.write(() => ({ ...withoutSnapshot(machine.backup('before')), result: 'failed' }));
    const file = machine.files.at(-1) ?? '';
    const text = readFileSync(file, 'utf8');
    const start = text.lastIndexOf('\n', text.length - 2) + 1;
    const line = text.slice(start);
    const forged = {
      changed: line.replace('"failed"', '"success"'),
      'not a record': '{}\n',
      'cut in two': `${line.slice(0, 99)}\n${line.slice(99)}`,
    };
    writeFileSync(file, text.slice(0, start) + forged[damage]);
    const unknown = { before: 'unknown', after: 'unknown', 'never run': 'unknown' };
    for (const { list: either } of [{ list }, machine.process()]) assert.deepEqual(await setsOf(either, sets), unknown);
    assert.deepEqual(
      (await list.recent(10)).map(({ set }) => set),
      ['after', 'before'],
      'the list has those that can be read',
    );
    writeFileSync(file, text.slice(0, start));
    assert.deepEqual(await setsOf(list, sets), { before: 'success', after: 'success' }, 'put back');
    writeFileSync(file, `${text.slice(0, start)}{}\n${line}`);
    assert.deepEqual(await setsOf(list, sets), { before: 'failed', after: 'unknown', 'never run': 'unknown' }, 'it ran since');
  });

test('an append that did not come to its end is no record, and makes nothing unknown', async (t) => {
  const machine = new Machine(t);
  const { keeper, list } = machine.process();
  await keeper.write(() => machine.backup('a'));
  const file = machine.files.at(-1) ?? '';
  writeFileSync(file, `${readFileSync(file, 'utf8')}{"number":3,"previous":"ab`);
  assert.deepEqual(await setsOf(list, ['a', 'never run']), { a: 'success' });
});

test('a file of records that cannot be read leaves every set unknown', async (t) => {
  const machine = new Machine(t);
  const { keeper, list } = machine.process();
  await keeper.write(() => machine.backup('a'));
  const [file = ''] = machine.files;
  rmSync(file);
  mkdirSync(file);
  assert.deepEqual(await setsOf(list, ['a']), { a: 'unknown' });
  assert.deepEqual(await list.recent(10), []);
});

test('a run whose record could not be written is told of by the process that made it, until a later one has a record', async (t) => {
  const machine = new Machine(t);
  const [here, elsewhere] = [machine.process(), machine.process()];
  await here.keeper.write(() => machine.backup('a'));
  const folder = join(machine.stateFolder, 'records');
  const lock = join(folder, 'lock');
  rmSync(lock, { recursive: true });
  writeFileSync(lock, 'no folder');
  const own = await here.keeper.writeRun(() => ({ ...withoutSnapshot(machine.backup('a')), result: 'failed', run: 'mine' }));
  assert.deepEqual([own.outcome, own.record], ['failed', undefined]);
  assert.deepEqual([await setsOf(here.list, ['a']), await setsOf(here.list, ['a'], 'stored')], [{ a: 'failed' }, { a: 'success' }]);
  assert.deepEqual(
    (await here.list.recent(10)).map(({ outcome }) => outcome),
    ['failed', 'success'],
  );
  assert.deepEqual(await here.list.withId('mine'), own);
  assert.deepEqual([await setsOf(elsewhere.list, ['a']), await elsewhere.list.withId('mine')], [{ a: 'success' }, undefined]);
  rmSync(lock);
  await elsewhere.keeper.write(() => machine.backup('a'));
  assert.deepEqual(await setsOf(here.list, ['a']), { a: 'success' });
});

test('of several runs with one id the last is told', async (t) => {
  const machine = new Machine(t);
  const { keeper, list } = machine.process();
  await keeper.write(() => machine.backup('a', { run: 'twice' }));
  const last = await keeper.writeRun(() => machine.backup('a', { run: 'twice' }));
  await keeper.write(() => machine.backup('a', { run: 'other' }));
  assert.deepEqual([await list.withId('twice'), await list.withId('none')], [last, undefined]);
});

function withoutSnapshot({ snapshotId, ...content }: RecordContent): RecordContent {
  assert.ok(snapshotId !== undefined);
  return content;
}
