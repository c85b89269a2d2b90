import { chainNameOf, readHead, type ChainHead, type SavedHead } from './head.ts';
import { listMonthFiles, readEnd, type MonthFile } from './month-files.ts';
import { readLines } from './read-lines.ts';
import type { HistoryRecord } from './record.ts';
import { parseLine } from './record-line.ts';
import { findBeginning } from './beginning.ts';

/** Where the next record goes, and what an append that was cut short left in the way. */
export interface ChainEnd {
  /** The newest that has a line. */
  readonly newestFile: MonthFile | undefined;
  /** Undefined before the first record. */
  readonly head: ChainHead | undefined;
  /** The last record of all: the key that signs, and whether its head was signed. */
  readonly last: HistoryRecord | undefined;
  /** `head.json` as it was found. */
  readonly saved: SavedHead | undefined;
  readonly leftovers: readonly Leftover[];
}

/** Bytes at the end of a file that no append ever confirmed. */
export interface Leftover {
  readonly file: MonthFile;
  readonly offsetBytes: number;
  readonly bytes: Buffer;
  /** They are a whole record but for the line feed: nothing has to be lost. */
  readonly isRecord: boolean;
}

/**
 * Finds the end of the chain without reading all of it. What is wrong with a record that was once confirmed stays where it is, for
 * `verifyHistory` to name; the chain goes on from what `head.json` says it was. @throws the system's errors
 */
export async function findChainEnd(folder: string): Promise<ChainEnd> {
  const files = await listMonthFiles(folder);
  const saved = await readHead(folder);
  const leftovers: Leftover[] = [];
  for (const file of files.toReversed()) {
    const { lastLine, wholeBytes, torn } = await readEnd(folder, file);
    if (torn.length > 0)
      leftovers.push({
        file,
        offsetBytes: wholeBytes,
        bytes: torn,
        isRecord: leftovers.length === 0 && parseLine(torn).record !== undefined,
      });
    if (lastLine === undefined) continue; // made, and then the power went
    const parsed = parseLine(lastLine);
    if (parsed.record) return { newestFile: file, ...(await endAt(folder, parsed.record, saved)), leftovers };
    const before = await lastSoundRecord(folder);
    // The disk may keep the end of a line and lose its beginning. Whether the line was ever confirmed, the saved head says.
    const isUnconfirmed = saved === undefined ? before === undefined : saved.number <= (before?.number ?? 0);
    if (isUnconfirmed)
      leftovers.push({ file, offsetBytes: wholeBytes - lastLine.length - 1, bytes: Buffer.concat([lastLine, lineFeed]), isRecord: false });
    const last = isUnconfirmed ? before : (parsed.stated ?? before);
    return { newestFile: file, ...(await endAt(folder, last, saved)), leftovers };
  }
  return { newestFile: undefined, ...(await endAt(folder, undefined, saved)), leftovers };
}

/** The last record that can be read. Undefined where there is none. @throws the system's errors */
export async function newestRecord(folder: string): Promise<HistoryRecord | undefined> {
  for (const file of (await listMonthFiles(folder)).toReversed()) {
    const { lastLine } = await readEnd(folder, file);
    const record = lastLine && parseLine(lastLine).record;
    if (record) return record;
  }
  return undefined;
}

const lineFeed = Buffer.from('\n');

/** The head that was saved counts where it is further on: then lines are missing, and a number must not be used twice. */
async function endAt(
  folder: string,
  last: HistoryRecord | undefined,
  saved: SavedHead | undefined,
): Promise<Pick<ChainEnd, 'head' | 'last' | 'saved'>> {
  if (last === undefined || (saved !== undefined && saved.number >= last.number)) return { head: saved, last, saved };
  const chain = saved?.chain ?? (await firstChainName(folder)) ?? chainNameOf(last.hash);
  return { head: { chain, number: last.number, hash: last.hash }, last, saved };
}

/** Only asked for when something is wrong, so it may read the whole history. */
async function lastSoundRecord(folder: string): Promise<HistoryRecord | undefined> {
  let last: HistoryRecord | undefined;
  for await (const { bytes, isWhole } of readLines(folder)) if (isWhole) last = parseLine(bytes).record ?? last;
  return last;
}

async function firstChainName(folder: string): Promise<string | undefined> {
  for await (const { bytes } of readLines(folder)) {
    const first = parseLine(bytes).record;
    if (first?.number === 1) return chainNameOf(first.hash);
    break;
  }
  return (await findBeginning(folder))?.chain; // the first months may have been disposed of
}
