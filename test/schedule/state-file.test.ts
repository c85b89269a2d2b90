import assert from 'node:assert/strict';
import { appendFile, chmod, mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { CadanganError, systemRandom } from '../../src/platform/index.ts';
import { applyLine, emptyHistory, readHistories, ScheduleState, type HistoryLine, type SetHistory } from '../../src/schedule/index.ts';
import { formatHistoryLine, parseHistoryLine } from '../../src/schedule/history-line.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';
import { anyLine } from './any-line.ts';
import { keptHistory } from './kept-history.ts';

const started: HistoryLine = {
  kind: 'started',
  set: 'files',
  atMs: 1_790_000_000_000,
  trigger: 'window',
  window: { day: '2026-09-21', startMs: 1_790_000_000_000, endMs: 1_790_007_200_000 },
};
const ended: HistoryLine = { kind: 'ended', set: 'files', atMs: 1_790_000_600_000, outcome: 'success' };

function historyOf(lines: readonly HistoryLine[], set: string): SetHistory {
  return lines.filter((line) => line.set === set).reduce(applyLine, emptyHistory);
}

test('what was appended is there when the file is opened again', async () => {
  await using folder = await temporaryFolder();
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(anyLine(), { maxLength: 5 }), { maxLength: 10 }), async (batches) => {
      await rm(join(folder.path, 'schedule.jsonl'), { force: true });
      const state = await ScheduleState.open(folder.path, systemRandom);
      for (const lines of batches) await state.append(lines);
      const again = await ScheduleState.open(folder.path, systemRandom);
      assert.deepEqual(new Set(again.sets), new Set(batches.flat().map(({ set }) => set)));
      for (const set of again.sets) assert.deepEqual(again.historyOf(set), historyOf(batches.flat(), set));
      assert.equal(again.unreadableLines, 0);
    }),
    { numRuns: 40 },
  );
});

test('a line is written and read back the same, also one that makes no sense', () => {
  fc.assert(fc.property(anyLine(), (line) => assert.deepEqual(parseHistoryLine(formatHistoryLine(line)), line)));
});

test('reading a line never throws, whatever it is', () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void parseHistoryLine(text)));
  const mangled = fc.tuple(
    anyLine(),
    fc.constantFrom('set', 'atMs', 'untilMs', 'window', 'trigger', 'outcome', 'rule', 'reason', 'kind'),
    fc.jsonValue(),
  );
  fc.assert(fc.property(mangled, ([line, key, value]) => void parseHistoryLine(JSON.stringify({ ...line, [key]: value }))));
});

test('the short form of a history is all of it', () => {
  fc.assert(
    fc.property(fc.array(anyLine(), { maxLength: 60 }), (lines) => {
      const history = historyOf(lines, 'files');
      assert.deepEqual(keptHistory(history), history);
    }),
  );
});

test('a short form that lacks something is none', () => {
  const history = historyOf([started, ended], 'files');
  const spoilt = (changed: object): unknown =>
    parseHistoryLine(JSON.stringify({ kind: 'summary', set: 'files', history: { ...history, ...changed } }));
  assert.ok(spoilt({}));
  for (const key of ['judgedUntilMs', 'runs', 'missed']) assert.equal(spoilt({ [key]: undefined }), undefined, key);
  for (const key of ['adopted', 'judgedUntilMs', 'runs', 'lastSuccess', 'missed', 'later']) {
    for (const value of [null, 'yesterday', {}, [{}]]) assert.equal(spoilt({ [key]: value }), undefined, `${key} ${JSON.stringify(value)}`);
  }
  assert.equal(spoilt({ runs: [{ ...history.runs[0], outcome: undefined }] }), undefined, 'a run that ended in no way');
});

test('after the clock was set back a run that goes on is the one that ends, and none has ended later than now', () => {
  const day = 86_400_000;
  const at = (days: number): number => 1_790_000_000_000 + days * day;
  const run = (days: number): HistoryLine[] => [
    { kind: 'started', set: 'files', atMs: at(days), trigger: 'window' },
    { kind: 'ended', set: 'files', atMs: at(days) + 1000, outcome: 'success' },
  ];
  const inDoubt = { kind: 'rewound', set: 'files', judgedMs: at(1) } as const;
  const back: HistoryLine[] = [
    { ...inDoubt, atMs: at(0) },
    { kind: 'started', set: 'files', atMs: at(0), trigger: 'manual' },
  ];
  const future = historyOf([...run(1), ...back, { kind: 'judged', set: 'files', untilMs: at(1) }], 'files');
  assert.deepEqual(
    future.runs.map(({ startedMs }) => startedMs),
    [at(1), at(0)],
  );
  assert.equal(applyLine(future, { ...ended, atMs: at(1) + 5000 }).lastSuccess?.startedMs, at(0));

  const during = historyOf([...run(0), { ...inDoubt, atMs: at(0) + 500 }], 'files');
  assert.deepEqual(during.runs, [during.lastSuccess]);
  assert.equal(during.lastSuccess?.endedMs, at(0) + 500);
});

test('a file that is cut anywhere keeps its whole lines, and goes on', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'schedule.jsonl');
  const text = [started, ended].map((line) => `${formatHistoryLine(line)}\n`).join('');
  const wholeLines = (length: number): HistoryLine[] => [started, ended].slice(0, text.slice(0, length).split('\n').length - 1);
  for (let length = 0; length <= text.length; length += 7) {
    await writeFile(path, text);
    await truncate(path, length);
    const torn = await ScheduleState.open(folder.path, systemRandom);
    assert.deepEqual(torn.historyOf('files'), historyOf(wholeLines(length), 'files'));
    assert.equal(torn.unreadableLines, 0);
    const next: HistoryLine = { kind: 'dismissed', set: 'files', atMs: 1 };
    await torn.append([next]);
    const again = await ScheduleState.open(folder.path, systemRandom);
    assert.deepEqual(again.historyOf('files').runs, torn.historyOf('files').runs);
    assert.equal(again.unreadableLines, 0, 'the torn line is gone, and the next did not run into it');
  }
});

test('lines that somebody spoilt are counted and left out', async () => {
  await using folder = await temporaryFolder();
  await writeFile(
    join(folder.path, 'schedule.jsonl'),
    `${formatHistoryLine(started)}\n{"kind":"ended","set":"files"}\nnonsense\n\u0000\u0000\n${formatHistoryLine(ended)}\n`,
  );
  const state = await ScheduleState.open(folder.path, systemRandom);
  assert.equal(state.unreadableLines, 3);
  assert.equal(state.historyOf('files').lastSuccess?.startedMs, started.kind === 'started' ? started.atMs : 0);
});

test('the file stays short over thousands of runs, and keeps what counts', async () => {
  await using folder = await temporaryFolder();
  const state = await ScheduleState.open(folder.path, systemRandom);
  const lines: HistoryLine[] = [];
  for (let run = 0; run < 3000; run++) {
    const atMs = 1_790_000_000_000 + run * 600_000;
    lines.push(
      { kind: 'started', set: 'files', atMs, trigger: 'change' },
      { kind: 'ended', set: 'files', atMs: atMs + 1000, outcome: 'success' },
      { kind: 'judged', set: 'files', untilMs: atMs },
    );
  }
  for (let at = 0; at < lines.length; at += 300) await state.append(lines.slice(at, at + 300));
  const count = (await readFile(state.path, 'utf8')).split('\n').length;
  assert.ok(count < 2300, `${count} lines`);
  const again = await ScheduleState.open(folder.path, systemRandom);
  assert.equal(again.historyOf('files').lastSuccess?.startedMs, 1_790_000_000_000 + 2999 * 600_000);
  assert.deepEqual(await readdir(folder.path), ['schedule.jsonl'], 'no temporary file is left');
});

test('after a write that failed, memory knows all, and the next write makes up for it', async () => {
  await using folder = await temporaryFolder();
  const stateFolder = join(folder.path, 'state');
  const state = await ScheduleState.open(stateFolder, systemRandom);
  await mkdir(state.path); // in the way of the file
  await assert.rejects(state.append([started]), CadanganError);
  assert.equal(state.historyOf('files').runs.length, 1);
  await rm(state.path, { recursive: true });
  await state.append([ended]);
  const again = await ScheduleState.open(stateFolder, systemRandom);
  assert.deepEqual(again.historyOf('files').lastSuccess, state.historyOf('files').lastSuccess);
});

test(
  'the folder and the file are closed to others, and a folder that cannot be had is a typed error',
  { skip: process.platform === 'win32' },
  async () => {
    await using folder = await temporaryFolder();
    const state = await ScheduleState.open(join(folder.path, 'a', 'b'), systemRandom);
    await state.append([started]);
    assert.equal((await stat(join(folder.path, 'a', 'b'))).mode & 0o777, 0o700);
    assert.equal((await stat(state.path)).mode & 0o777, 0o600);
    await writeFile(join(folder.path, 'file'), '');
    await assert.rejects(
      ScheduleState.open(join(folder.path, 'file'), systemRandom),
      (error) => error instanceof CadanganError && error.code === 'state.unusable',
    );
    // It is named, and not the folder that it is in.
    await rm(state.path);
    await mkdir(state.path);
    for (const read of [() => ScheduleState.open(dirname(state.path), systemRandom), () => readHistories(dirname(state.path))])
      await assert.rejects(read(), (error) => error instanceof CadanganError && error.facts['path'] === state.path);
  },
);

test('a file that is far too large to be ours is not read, and written anew', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'schedule.jsonl');
  await writeFile(path, `${formatHistoryLine(started)}\n`);
  await truncate(path, 64 * 1024 * 1024);
  await appendFile(path, '\n');
  await chmod(path, 0o600);
  const state = await ScheduleState.open(folder.path, systemRandom);
  assert.deepEqual(state.sets, []);
  await state.append([ended]);
  assert.ok((await stat(path)).size < 1000);
});
