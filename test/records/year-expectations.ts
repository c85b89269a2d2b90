import {
  dailySet,
  dayMs,
  dayOfMs,
  designatedAccount,
  drillIntervalDays,
  rpoHours,
  type BookedRun,
  type SimulatedYear,
} from './simulated-year.ts';

/*
 * What follows from the books of a simulated year, worked out by other rules than the program's own: plain loops over what the test made
 * happen.
 */

type Result = BookedRun['result'];

const isGood = ({ result }: BookedRun): boolean => result === 'success' || result === 'success-with-exceptions';
const worstFirst: readonly Result[] = ['failed', 'missed', 'stopped', 'success-with-exceptions', 'success'];

type Window = SimulatedYear['books']['windows'][number];

/** Backups of the set that began in the window. */
function runsIn({ books }: SimulatedYear, window: Window): BookedRun[] {
  return books.runs.filter(
    (run) => run.kind === 'internal-backup' && run.set === window.set && run.startMs >= window.startMs && run.startMs < window.endMs,
  );
}

/** By day: the worst that happened in its night. */
export function expectedDays(simulated: SimulatedYear, year: number): Map<string, { result: Result; records: number[] }> {
  const days = new Map<string, { results: Result[]; records: number[] }>();
  const of = (day: string) => days.get(day) ?? days.set(day, { results: [], records: [] }).get(day) ?? { results: [], records: [] };
  for (const { night, result, record } of simulated.books.runs) {
    of(night).results.push(result);
    of(night).records.push(record.number);
  }
  for (const window of simulated.books.windows) if (runsIn(simulated, window).length === 0) of(window.day).results.push('missed');
  return new Map(
    [...days]
      .filter(([day]) => day.startsWith(`${year}-`))
      .sort()
      .map(([day, { results, records }]) => [day, { result: worstFirst.find((one) => results.includes(one)) ?? 'failed', records }]),
  );
}

/** By set: the run that anybody would restore from now. */
export function expectedLastGood({ books }: SimulatedYear): Map<string, BookedRun> {
  const last = new Map<string, BookedRun>();
  for (const run of books.runs) if (run.kind === 'internal-backup' && isGood(run)) last.set(run.set, run);
  return last;
}

/** What was in the sources when each backup had been made. */
export function expectedGrowth({ books, options }: SimulatedYear, year: number): { record: number; dataBytes: number }[] {
  const ofSet = new Map<string, number>();
  return books.runs.flatMap(({ set, dataBytes, record, startMs }) => {
    if (dataBytes === undefined) return [];
    ofSet.set(set, dataBytes);
    const sum = [...ofSet.values()].reduce((total, one) => total + one, 0);
    return dayOfMs(startMs, options).startsWith(`${year}-`) ? [{ record: record.number, dataBytes: sum }] : [];
  });
}

/** Each as a line: the rule and what it is about. */
export function expectedNonconformities(simulated: SimulatedYear): string[] {
  const { books, options, endMs } = simulated;
  const found: string[] = [];
  for (const run of books.runs) {
    const window = books.windows.find(({ set, startMs, endMs: end }) => set === run.set && run.startMs >= startMs && run.startMs < end);
    if (run.kind === 'internal-backup' && run.trigger === 'schedule' && window && run.endMs > window.endMs)
      found.push(`outside-window ${run.record.number}`);
  }
  for (const window of books.windows) if (!runsIn(simulated, window).some(isGood)) found.push(`missed-night ${window.set} ${window.day}`);
  found.push(...expectedOverObjective(simulated));
  // The one exception of these nights is a source that was not there; with more files elsewhere there is no less than before.
  let files = 0;
  for (const { kind, set, result, record } of books.runs) {
    const now = record.counts?.['filesTotal'] ?? 0;
    if (kind !== 'internal-backup' || set !== dailySet || !result.startsWith('success')) continue;
    if (result === 'success-with-exceptions' && now < files) found.push(`backup-suspect ${record.number}`);
    else files = now;
  }
  const drilled = [books.beganMs, ...books.drills.map(({ atMs }) => atMs)];
  for (const [index, atMs] of drilled.entries()) {
    const dueMs = atMs + drillIntervalDays * dayMs;
    if ((drilled[index + 1] ?? endMs) > dueMs) found.push(`drill-overdue ${dayOfMs(dueMs, options)}`);
  }
  for (const [index, { isGood: good, account, record }] of books.offsite.entries()) {
    if (account !== designatedAccount) found.push(`wrong-account ${record.number}`);
    if (!good && books.offsite[index - 1]?.isGood !== false) found.push(`off-site-failed ${record.number}`);
  }
  if (books.lost.length > 0)
    found.push(`backup-removed ${books.runs.find(({ record }) => record.snapshotId === books.lost[0])?.record.number ?? 0}`);
  return found.sort();
}

/** Times in which the newest good backup of a set was older than its objective, by the number of its record. */
function expectedOverObjective({ books, endMs }: SimulatedYear): string[] {
  const found: string[] = [];
  for (const [set, hours] of Object.entries(rpoHours)) {
    const goods = books.runs.filter((run) => run.kind === 'internal-backup' && run.set === set && isGood(run));
    let since = { ms: books.beganMs, number: 0 };
    for (const { startMs, endMs: ended, record } of [...goods, undefined].map(
      (run) => run ?? { startMs: endMs, endMs, record: undefined },
    )) {
      if (ended > since.ms + hours * 3_600_000) found.push(`rpo-exceeded ${set} ${since.number}`);
      if (record) since = { ms: startMs, number: record.number };
    }
  }
  return found;
}

export interface ExpectedLine {
  readonly planned: number;
  readonly kept: number;
  readonly runs: number;
  readonly success: number;
  readonly exceptions: number;
  readonly failed: number;
  readonly stopped: number;
  readonly missed: number;
}

/** Of a set's backups in the days from `from` to `to`. */
export function expectedLine(simulated: SimulatedYear, set: string, from: string, to: string): ExpectedLine {
  const { books, options } = simulated;
  const isIn = (day: string): boolean => day >= from && day <= to;
  const windows = books.windows.filter((window) => window.set === set && isIn(window.day));
  const runs = books.runs.filter((run) => run.kind === 'internal-backup' && run.set === set && isIn(dayOfMs(run.startMs, options)));
  const count = (result: Result): number => runs.filter((run) => run.result === result).length;
  return {
    planned: windows.length,
    kept: windows.filter((window) => runsIn(simulated, window).some(isGood)).length,
    runs: runs.length,
    success: count('success'),
    exceptions: count('success-with-exceptions'),
    failed: count('failed'),
    stopped: count('stopped'),
    missed: windows.filter((window) => runsIn(simulated, window).length === 0).length,
  };
}
