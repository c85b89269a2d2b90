import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { RunHistory, type RunResult } from '../../src/service/index.ts';
import { systemRandom } from '../../src/platform/index.ts';

const run = (set: string, at: number, exceptions = 0): RunResult => ({
  job: 'backup',
  set,
  outcome: 'success',
  startedAt: `${at}`,
  endedAt: `${at}`,
  files: 1,
  bytes: 2,
  bytesAdded: 3,
  exceptions: Array.from({ length: exceptions }, (_, item) => ({ item: `${item}`, kind: 'unreadable', reason: 'EACCES' })),
  exceptionCount: exceptions,
});

function history(t: { after(done: () => void): void }): RunHistory {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-history-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return new RunHistory(join(folder, 'state'), systemRandom);
}

test('runs come back in their order, also those that another process wrote', async (t) => {
  const one = history(t);
  assert.deepEqual(await one.runs(), []);
  await one.append(run('a', 1));
  const two = new RunHistory(join(one.path, '..'), systemRandom);
  await two.append(run('b', 2));
  await one.append(run('a', 3));
  assert.deepEqual(
    (await one.runs()).map(({ startedAt }) => startedAt),
    ['1', '2', '3'],
  );
  assert.deepEqual(
    [...(await two.lastBySet())].map(([set, { startedAt }]) => [set, startedAt]),
    [
      ['a', '3'],
      ['b', '2'],
    ],
  );
});

test('a torn line, nonsense and lines of a later version cost only themselves', async (t) => {
  const one = history(t);
  await one.append(run('a', 1));
  appendFileSync(one.path, 'null\n{"job":"dream"}\n[1]\n{"job":"backup","set":"a","outc');
  await one.append(run('a', 2));
  assert.deepEqual(
    (await one.runs()).map(({ startedAt }) => startedAt),
    ['1', '2'],
  );
});

test('of a run with very many exceptions the first are kept, and their number', async (t) => {
  const one = history(t);
  await one.append(run('a', 1, 5000));
  const [kept] = await one.runs();
  assert.deepEqual([kept?.exceptions.length, kept?.exceptionCount], [100, 5000]);
});

test('a long history is made smaller, and the last run of every set stays', async (t) => {
  const one = history(t);
  await one.append(run('rare', 0));
  const line = `${JSON.stringify(run('often', 1, 60))}\n`;
  appendFileSync(one.path, line.repeat(Math.ceil((8 * 1024 * 1024) / line.length)));
  await one.trim();
  const runs = await one.runs();
  assert.equal(runs[0]?.set, 'rare');
  assert.equal(runs.length, 2001);
  assert.ok(readFileSync(one.path).length < 8 * 1024 * 1024);
});
