import { join } from 'node:path';
import { readFile, rm, syncFolder } from '../platform/index.ts';
import { findBeginning } from './beginning.ts';
import type { RecordHistory } from './history.ts';
import { keyBehind } from './key-succession.ts';
import { listMonthFiles, type MonthFile } from './month-files.ts';
import { linesOf } from './read-lines.ts';
import { countOpened, listNonconformities } from './nonconformities.ts';
import type { Disposal, HistoryRecord, RecordContent } from './record.ts';
import { parseLine, sha256 } from './record-line.ts';
import { publicKeyFrom, type PublicKey } from './signing-key.ts';
import { instantMsOf } from './timestamp.ts';

/** What is old enough to go, oldest first, and why the rest stays. */
export interface DisposalPlan {
  readonly keptYears: number;
  readonly months: Disposal['months'];
  /** How many nonconformities were ever opened. */
  readonly nonconformities: number;
  /** Files that go with them: evidence of their drills. */
  readonly evidence: readonly string[];
  /** Month files that a disposal before has named, and that are there still: it was cut short. */
  readonly left: readonly MonthFile[];
  /** The first month that is old enough and stays all the same, with the nonconformity that was opened in it and is open. */
  readonly held: { readonly file: MonthFile; readonly nonconformity: string } | undefined;
}

/** Whether every month is as old as the record of its disposal says they have to be. @param at of that record */
export function isOldEnough({ keptYears, months }: Disposal, at: string): boolean {
  const atMs = instantMsOf(at);
  return months.every(({ lastAt }) => yearsAfterMs(lastAt, keptYears) <= atMs);
}

/**
 * Months whose last record is older than `keptYears`. Counted back from the newest record, or from now where the clock is behind it: a
 * clock that is years ahead makes nothing old. The newest month stays. @throws the system's errors
 */
export async function planDisposal(history: RecordHistory, keptYears: number, nowMs: number): Promise<DisposalPlan> {
  const { folder } = history;
  const { months, keys, records } = await readMonths(folder);
  const newest = records.at(-1);
  const untilMs = Math.min(nowMs, newest === undefined ? nowMs : instantMsOf(newest.at));
  const disposals = records.flatMap(({ disposal }) => disposal ?? []);
  const told = new Set(disposals.flatMap((disposal) => disposal.months.map((month) => `${month.file} ${month.lastHash}`)));
  const isTold = ({ file, last }: Month): boolean => told.has(`${file} ${last.hash}`);
  const nonconformities = await countOpened(records);
  const open = (await listNonconformities(records)).filter(({ isOpen }) => isOpen);
  const plan: Disposal['months'][number][] = [];
  for (const month of months.slice(0, -1).filter((one) => !isTold(one))) {
    const { file, sha256: sum, last, firstNumber } = month;
    if (yearsAfterMs(last.at, keptYears) > untilMs) break;
    const holding = open.find(({ openedBy }) => openedBy >= firstNumber && openedBy <= last.number);
    const evidence = (): string[] => evidenceOf(records, plan);
    const left = months.filter(isTold).map((one) => one.file);
    if (holding) return { keptYears, months: plan, nonconformities, evidence: evidence(), left, held: { file, nonconformity: holding.id } };
    const publicKey = keys.get(keyBehind(last) ?? '')?.base64 ?? '';
    plan.push({ file, sha256: sum, lastNumber: last.number, lastHash: last.hash, lastAt: last.at, publicKey });
  }
  const left = months.filter(isTold).map(({ file }) => file);
  return { keptYears, months: plan, nonconformities, evidence: evidenceOf(records, plan), left, held: undefined };
}

/**
 * Writes down what goes, and then takes it away, oldest first: cut short at any moment, what is left goes on from a record that is named.
 * @returns the record; undefined where only what a disposal before has left was taken away
 */
export async function dispose(
  history: RecordHistory,
  { keptYears, months, nonconformities, evidence, left }: DisposalPlan,
  content: RecordContent,
  signal?: AbortSignal,
): Promise<HistoryRecord | undefined> {
  const { folder } = history;
  return history.update(async ({ head, append }) => {
    const chain = head()?.chain;
    const record =
      months.length === 0 || chain === undefined
        ? undefined
        : await append({ ...content, disposal: { chain, keptYears, nonconformities, months } });
    for (const file of [...left, ...months.map((month) => month.file)]) await rm(join(folder, file), { force: true });
    for (const file of evidence) await rm(join(folder, file), { force: true });
    await syncFolder(folder);
    return record;
  }, signal);
}

interface Month {
  readonly file: MonthFile;
  readonly sha256: string;
  readonly firstNumber: number;
  readonly last: HistoryRecord;
}

async function readMonths(folder: string): Promise<{
  readonly months: readonly Month[];
  readonly keys: ReadonlyMap<string, PublicKey>;
  readonly records: readonly HistoryRecord[];
}> {
  const beginning = publicKeyFrom((await findBeginning(folder))?.publicKey ?? '');
  const keys = new Map<string, PublicKey>(beginning ? [[beginning.id, beginning]] : []);
  const months: Month[] = [];
  const all: HistoryRecord[] = [];
  for (const file of await listMonthFiles(folder)) {
    const records: HistoryRecord[] = [];
    for await (const { bytes } of linesOf(folder, file)) {
      const { record } = parseLine(bytes);
      if (record) records.push(record);
      const introduced = publicKeyFrom(record?.publicKey ?? '');
      if (introduced) keys.set(introduced.id, introduced);
    }
    const [first, last] = [records[0], records.at(-1)];
    if (first && last) months.push({ file, sha256: sha256(await readFile(join(folder, file))), firstNumber: first.number, last });
    all.push(...records);
  }
  return { months, keys, records: all };
}

/** What the records of these months name, and no other. */
function evidenceOf(records: readonly HistoryRecord[], months: Disposal['months']): string[] {
  const through = months.at(-1)?.lastNumber ?? 0;
  const named = (one: HistoryRecord): string[] =>
    typeof one.evidence?.['file'] === 'string' && one.kind === 'drill' ? [one.evidence['file']] : [];
  const kept = new Set(records.filter(({ number }) => number > through).flatMap(named));
  return records
    .filter(({ number }) => number <= through)
    .flatMap(named)
    .filter((file) => /^evidence\/\w[\w.-]*\.json$/.test(file) && !kept.has(file));
}

function yearsAfterMs(at: string, years: number): number {
  const date = new Date(instantMsOf(at));
  return date.setUTCFullYear(date.getUTCFullYear() + years);
}
