// A year of nights against the books of the test: reports, statistics, spreadsheets, nonconformities and the dashboard, figure by figure.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { plannedWindowsOf } from '../../src/service/index.ts';
import { formSentences } from '../../src/jobs/index.ts';
import {
  dashboardFigures,
  drillDueOf,
  instantMsOf,
  listNonconformities,
  makeReport,
  reportCsv,
  type HistoryRecord,
  type Nonconformity,
  type Report,
} from '../../src/records/index.ts';
import {
  dailySet,
  dayMs,
  dayOfMs,
  drillIntervalDays,
  lastDayOf,
  simulateYear,
  weeklySet,
  type BookedRun,
  type SimulatedYear,
} from './simulated-year.ts';
import { expectedDays, expectedGrowth, expectedLastGood, expectedLine, expectedNonconformities } from './year-expectations.ts';
import { freshSeed } from '../seeds.ts';

const seed = freshSeed();
const year = 2026;
const months = Array.from({ length: 12 }, (_, month) => `${year}-${String(month + 1).padStart(2, '0')}`);

describe(`a simulated year (seed ${seed})`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-year-'));
  let simulated: SimulatedYear;
  let records: HistoryRecord[];
  before(async () => {
    simulated = await simulateYear({
      folder,
      seed,
      startMs: Date.parse('2026-01-01T00:00:00+07:00'),
      timeZone: 'Asia/Jakarta',
      offsetMinutes: 420,
    });
    records = [];
    for await (const record of simulated.house.keeper.history.records()) records.push(record);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('every run leaves the record of what was made to happen', () => {
    for (const { record, kind, set, result, trigger, startMs, endMs, exceptions, dataBytes, packBytes } of simulated.books.runs) {
      assert.deepEqual(
        {
          kind: record.kind,
          set: record.set,
          result: record.result,
          trigger: record.trigger,
          exceptions: record.exceptionCount ?? 0,
          dataBytes: record.bytes?.['total'],
        },
        { kind, set, result, trigger, exceptions, dataBytes },
        `record ${record.number}`,
      );
      assert.equal(instantMsOf(record.started ?? record.planned?.start ?? ''), startMs);
      if (kind === 'internal-backup' && result.startsWith('success')) assert.equal(instantMsOf(record.ended ?? ''), endMs);
      assert.ok((record.bytes?.['stored'] ?? 0) <= packBytes, 'more is said to be stored than was written');
    }
    const stored = simulated.books.runs.reduce((sum, { record }) => sum + (record.bytes?.['stored'] ?? 0), 0);
    const written = simulated.books.runs.reduce((sum, { packBytes }) => sum + packBytes, 0);
    assert.ok(stored > 0.8 * written, `${stored} of ${written}`); // the rest are the headers of packs
  });

  test('the statistics of each month and of the year are those of the books', async () => {
    for (const [from, to] of [
      ...months.map((month) => [`${month}-01`, lastDayOf(month)] as const),
      [`${year}-01-01`, `${year}-12-31`] as const,
    ]) {
      const report = await reportOf(from, to);
      for (const set of [dailySet, weeklySet]) {
        const line = report.statistics.find((one) => one.kind === 'internal-backup' && one.set === set);
        const { planned, kept, runs, success, exceptions, failed, stopped, missed } = line ?? {};
        assert.deepEqual(
          { planned, kept, runs, success, exceptions, failed, stopped, missed },
          expectedLine(simulated, set, from, to),
          `${set} from ${from} to ${to}`,
        );
      }
      assertTotals(report, from, to);
      assertApprovals(report, from);
    }
  });

  test('the spreadsheet of each month has every run, in its order, with its figures', async () => {
    for (const month of months) {
      const report = await reportOf(`${month}-01`, lastDayOf(month));
      const rows = reportCsv(report, 'en', formSentences)
        .slice(1)
        .trimEnd()
        .split('\r\n')
        .slice(1)
        .map((row) => row.split(','));
      const expected = happened()
        .filter(({ atMs }) => dayOfMs(atMs, simulated.options).startsWith(month))
        .toSorted((a, b) => a.atMs - b.atMs || a.number - b.number);
      assert.deepEqual(
        rows.map(([number, , set]) => [Number(number), set]),
        expected.map(({ number, set }) => [number, set]),
        month,
      );
      for (const [index, row] of rows.entries()) assertRow(row, expected[index]?.run);
    }
  });

  test('nonconformities are opened for what the instruction does not allow, and for nothing else', async () => {
    const all = await listNonconformities(records);
    assert.deepEqual(all.flatMap(linesOf).sort(), expectedNonconformities(simulated));
    assert.ok(
      all.some(({ parts }) => parts.length > 1),
      'nights that follow each other are one',
    );
    for (const { id, isOpen, reopenedBy } of all)
      assert.equal(!isOpen || reopenedBy.length > 0, simulated.books.closed.has(id) || reopenedBy.length > 0, id);
    assert.ok(all.some(({ isOpen }) => isOpen) && all.some(({ isOpen }) => !isOpen) && simulated.books.closed.size > 0);
  });

  test('the dashboard shows every night, set, byte and drill as it was', () => {
    const { books, house, endMs } = simulated;
    const planned = plannedWindowsOf(house.configuration, records, endMs - dayMs / 2);
    const figures = dashboardFigures(records, { year, timeZone: 'Asia/Jakarta', planned, nowMs: endMs });
    assert.deepEqual(figures.years, [year, year + 1]);
    const expected = expectedDays(simulated, year);
    assert.equal(figures.days.length, 365);
    for (const { date, result, records: shown } of figures.days)
      assert.deepEqual({ result, records: shown.map(({ number }) => number) }, expected.get(date), date);
    for (const [set, { startMs, record }] of expectedLastGood(simulated)) {
      const last = figures.lastSuccess.get(set);
      assert.deepEqual({ at: instantMsOf(last?.at ?? ''), record: last?.record }, { at: startMs, record: record.number }, set);
    }
    assert.deepEqual(
      figures.growth.map(({ record, dataBytes }) => ({ record, dataBytes })),
      expectedGrowth(simulated, year),
    );
    assert.equal(
      figures.growth.at(-1)?.repositoryBytes,
      books.runs.reduce((sum, { record }) => sum + (record.bytes?.['stored'] ?? 0), 0),
    );
    const lastDrill = books.drills.at(-1);
    assert.equal(figures.lastDrill?.number, lastDrill?.record.number);
    assert.equal(figures.lastOffsite.get('gdrive:Cadangan/server'), books.offsite.at(-1)?.record.number);
    const dueMs = (lastDrill?.atMs ?? 0) + drillIntervalDays * dayMs;
    assert.deepEqual(drillDueOf(records, house.configuration.instruction, endMs), { atMs: dueMs, isOverdue: endMs > dueMs });
  });

  test('the chain holds, and what the rollback took is known by name until somebody has accounted for it', async () => {
    const { house, books } = simulated;
    const {
      knowledge: { verification, losses },
    } = await house.verify();
    assert.deepEqual(verification.faults, []);
    assert.equal(verification.recordCount, records.length);
    assert.ok(verification.anchorsCompared > 300);
    const removed = (await listNonconformities(records)).filter(({ rule }) => rule === 'backup-removed');
    assert.deepEqual(removed.flatMap(({ facts }) => facts['snapshots']).sort(), books.lost.toSorted());
    const isClosed = removed.every(({ closed }) => closed);
    assert.deepEqual(losses.map(({ snapshotId }) => snapshotId).sort(), isClosed ? [] : books.lost.toSorted());
  });

  function reportOf(from: string, to: string): Promise<Report> {
    const {
      house: { configuration },
      endMs,
    } = simulated;
    const { timeZone, organisation, instruction } = configuration;
    return makeReport(records, {
      period: { from, to },
      timeZone,
      organisation,
      instruction,
      planned: plannedWindowsOf(configuration, records, endMs),
      nowMs: endMs,
    });
  }

  /** Everything that a report lists, when it happened. */
  function happened(): { atMs: number; number: number; set: string; run?: BookedRun }[] {
    const { runs, offsite, drills } = simulated.books;
    return [
      ...runs.map((run) => ({ atMs: run.startMs, number: run.record.number, set: run.set, run })),
      ...[...offsite, ...drills].map(({ atMs, record }) => ({ atMs, number: record.number, set: '' })),
    ];
  }

  function assertTotals({ totals, runs }: Report, from: string, to: string): void {
    const lines = [dailySet, weeklySet].map((set) => expectedLine(simulated, set, from, to));
    const sum = (value: (line: (typeof lines)[number]) => number): number => lines.reduce((total, line) => total + value(line), 0);
    const inPeriod = happened().filter(({ atMs }) => dayOfMs(atMs, simulated.options) >= from && dayOfMs(atMs, simulated.options) <= to);
    const others = inPeriod.filter(({ run }) => run === undefined);
    const { offsite } = simulated.books;
    const goodOthers = others.filter(({ number }) => offsite.find(({ record }) => record.number === number)?.isGood ?? true).length;
    assert.equal(runs.length, inPeriod.length);
    assert.deepEqual(
      {
        runs: totals.runs,
        good: totals.good,
        exceptionCount: totals.exceptionCount,
        plannedWindows: totals.plannedWindows,
        keptWindows: totals.keptWindows,
        bytesStored: totals.bytesStored,
      },
      {
        runs: sum((line) => line.runs) + others.length,
        good: sum(({ success, exceptions }) => success + exceptions) + goodOthers,
        exceptionCount: inPeriod.reduce(
          (total, { run, number }) => total + (run?.exceptions ?? records[number - 1]?.exceptionCount ?? 0),
          0,
        ),
        plannedWindows: sum(({ planned }) => planned),
        keptWindows: sum(({ kept }) => kept),
        bytesStored: inPeriod.reduce((total, { run }) => total + (run?.record.bytes?.['stored'] ?? 0), 0),
      },
      `from ${from} to ${to}`,
    );
  }

  function assertApprovals({ approvals }: Report, from: string): void {
    const expected = simulated.books.approvals.filter(({ month }) => from.startsWith(month)).map(({ act }) => act);
    if (from !== `${year}-01-01`)
      assert.deepEqual(
        approvals.map(({ approval }) => approval?.act),
        expected,
        from,
      );
  }
});

const resultWords: Readonly<Record<BookedRun['result'], string>> = {
  success: 'Successful',
  'success-with-exceptions': 'Completed with exceptions',
  failed: 'Failed',
  stopped: 'Stopped',
  missed: 'Missed',
};

/** A row of the spreadsheet; no field of these runs has a comma in it before the result. */
function assertRow(row: readonly string[], run: BookedRun | undefined): void {
  if (run === undefined) return;
  const [, kind, , , , start, , offset] = row;
  assert.equal(kind, run.kind === 'missed-run' ? 'Missed run' : 'Internal backup');
  assert.equal(offset, '+07:00');
  assert.equal(start, run.kind === 'missed-run' ? '' : new Date(run.startMs + 7 * 3_600_000).toISOString().slice(0, 19).replace('T', ' '));
  assert.equal(row[16], resultWords[run.result]);
  assert.equal(row[15], run.record.snapshotId ?? '');
}

/** What it tells of, one by one: nights that follow each other are one nonconformity. */
function linesOf({ rule, records: [number], parts }: Nonconformity): string[] {
  if (rule === 'backup-removed') return [`${rule} ${number ?? ''}`];
  return parts.map((part) => part.replaceAll(':', ' '));
}
