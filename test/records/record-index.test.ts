import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RecordHistory, RecordIndex, recordsFolder, type HistoryRecord } from '../../src/records/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';
import { makeHistory, someBackup, temporaryState } from './some-records.ts';
import { rounds } from '../rounds.ts';
import { freshSeed } from '../seeds.ts';

const hourMs = 3_600_000;

test('the index has what a fresh reading has, whatever was appended, torn, changed, cut off or taken away meanwhile', async (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const [random, clock, stateFolder] = [new SeededRandom(seed), new VirtualClock(), temporaryState(t)];
  const history = new RecordHistory(stateFolder, { clock, random, software: 'test' });
  const index = new RecordIndex(history.folder);
  for (let step = 0; step < rounds({ sample: 150, long: 600 }); step++) {
    await disturb(history, clock, random);
    if (random.below(3) > 0) continue;
    if (random.chance(0.5)) await index.refresh(undefined, () => random.chance(0.5)); // the older files come later
    await index.refresh();
    const fresh = await recordsOf(history);
    await index.read(index.entries); // finds what was changed in place before something was appended
    await index.refresh();
    const read = (await index.read(index.entries)).map(({ record }) => record);
    assert.deepEqual(hashes(read), hashes(fresh), `step ${step}`);
    assert.deepEqual(hashes(index.whole), hashes(fresh.filter(({ kind }, at) => at === 0 || kind === 'drill')), `step ${step}`);
  }
});

test('after the first reading only what was appended is read', async (t) => {
  const { history, random } = await makeHistory(temporaryState(t), 60, 7);
  const index = new RecordIndex(history.folder);
  await index.refresh();
  const before = [...index.entries];
  await index.refresh();
  await history.append(someBackup(random));
  await index.refresh();
  assert.equal(index.entries.length, before.length + 1);
  assert.ok(
    before.every((entry) => index.entries.includes(entry)),
    'what was known is not read again',
  );
});

test('files are read from the newest back, as far as is wanted; all of them are, when nobody has enough', async (t) => {
  const { history } = await makeHistory(temporaryState(t), 60, 7);
  const files = monthFiles(history.folder);
  assert.ok(files.length > 2);
  const index = new RecordIndex(history.folder);
  const filesRead = (): number => new Set(index.entries.map(({ file }) => file)).size;
  for (let wanted = 0; wanted <= files.length; wanted++) {
    await index.refresh(undefined, () => filesRead() >= wanted);
    assert.equal(filesRead(), wanted);
  }
  assert.deepEqual(hashes(index.whole), [(await recordsOf(history))[0]?.hash]);
  assert.equal(index.entries.length, 61);
});

test('what stands behind a line that is not sound, or in a newer file than one that cannot be read, is known', async (t) => {
  const { history } = await makeHistory(temporaryState(t), 60, 7);
  const files = monthFiles(history.folder);
  const index = new RecordIndex(history.folder);
  await index.refresh();
  const [first, last] = [index.entries.find(({ number }) => number === 1), index.entries.find(({ number }) => number === 61)];
  assert.deepEqual([index.isSoundSince(first), index.isSoundSince(last), index.isSoundSince(undefined)], [true, true, true]);
  appendFileSync(files[1] ?? '', 'nonsense\n');
  await index.refresh();
  assert.deepEqual([index.isSoundSince(first), index.isSoundSince(last), index.isSoundSince(undefined)], [false, true, false]);
  const anew = new RecordIndex(history.folder);
  rmSync(files.at(-1) ?? '');
  mkdirSync(files.at(-1) ?? '');
  for (const one of [index, anew]) {
    await assert.rejects(one.refresh());
    assert.deepEqual([one.isSoundSince(last), one.isSoundSince(undefined)], [false, false]);
  }
});

test('a line comes out as it stands in the file', async (t) => {
  const { history } = await makeHistory(temporaryState(t), 40, 8);
  const index = new RecordIndex(history.folder);
  await index.refresh();
  const lines = monthFiles(history.folder).flatMap((file) => readFileSync(file, 'utf8').trimEnd().split('\n'));
  assert.ok(monthFiles(history.folder).length > 1);
  assert.deepEqual(
    (await index.read(index.entries.toSorted((a, b) => a.number - b.number))).map(({ line }) => line),
    lines,
  );
});

test('without a history there is nothing, and no folder is made', async (t) => {
  const folder = recordsFolder(temporaryState(t));
  const index = new RecordIndex(folder);
  await index.refresh();
  assert.deepEqual([index.entries, index.whole], [[], []]);
  assert.throws(() => readdirSync(folder));
});

async function disturb(history: RecordHistory, clock: VirtualClock, random: SeededRandom): Promise<void> {
  const file = monthFiles(history.folder).toSorted(() => (random.chance(0.5) ? 1 : -1))[0];
  const kind = random.below(14);
  if (file === undefined || kind < 8) await history.append(someBackup(random, random.chance(0.2) ? { kind: 'drill' } : {}));
  else if (kind < 10) await clock.advance(random.below(800) * hourMs);
  else if (kind === 10) appendFileSync(file, '{"number":');
  else if (kind === 11) truncateSync(file, random.below(statSync(file).size + 1));
  else if (kind === 12) rmSync(file);
  else if (statSync(file).size > 0) {
    const bytes = readFileSync(file);
    const at = random.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(file, bytes);
  }
}

function monthFiles(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.jsonl'))
      .sort()
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

async function recordsOf(history: RecordHistory): Promise<HistoryRecord[]> {
  const records: HistoryRecord[] = [];
  for await (const record of history.records()) records.push(record);
  return records;
}

function hashes(records: readonly HistoryRecord[]): string[] {
  return records.map(({ hash }) => hash).sort();
}
