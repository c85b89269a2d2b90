import { dirname, join } from 'node:path';
import { open, stateError, throwIfAborted } from '../platform/index.ts';
import { listMonthFiles, type MonthFile } from './month-files.ts';
import { lineBytesMax } from './record-line.ts';

/** A line of a history where it stands. */
export interface HistoryLine {
  readonly file: MonthFile;
  /** From 1. */
  readonly line: number;
  /** Where it begins in its file. */
  readonly offsetBytes: number;
  /** Where the next one begins. */
  readonly nextBytes: number;
  /** Without the line feed. Of a line beyond `lineBytesMax`, its beginning. */
  readonly bytes: Buffer;
  /** False for what stands behind the last line feed of a file. */
  readonly isWhole: boolean;
}

/**
 * All lines of the history in their order, one at a time; memory holds one line.
 * @throws `state.unusable`, `aborted`
 */
export async function* readLines(folder: string, signal?: AbortSignal): AsyncGenerator<HistoryLine, void, undefined> {
  for (const file of await listMonthFiles(folder)) yield* linesOf(folder, file, { signal });
}

/** The lines of one file, from its beginning or from where a line starts; they are counted from there. @throws as `readLines` */
export async function* linesOf(
  folder: string,
  file: MonthFile,
  { startBytes = 0, signal }: { readonly startBytes?: number; readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<HistoryLine, void, undefined> {
  let [line, offsetBytes] = [1, startBytes];
  let parts: Buffer[] = [];
  let length = 0;
  const take = (part: Buffer): void => {
    if (length < lineBytesMax + 1) parts.push(part);
    length += part.length;
  };
  const whole = (): Buffer => Buffer.concat(parts);
  for await (const chunk of chunksOf(join(folder, file), offsetBytes)) {
    throwIfAborted(signal);
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      take(chunk.subarray(start, end));
      const nextBytes = offsetBytes + length + 1;
      yield { file, line, offsetBytes, nextBytes, bytes: whole(), isWhole: true };
      [line, offsetBytes, parts, length, start] = [line + 1, nextBytes, [], 0, end + 1];
    }
    if (start < chunk.length) take(chunk.subarray(start));
  }
  if (length > 0) yield { file, line, offsetBytes, nextBytes: offsetBytes + length, bytes: whole(), isWhole: false };
}

/**
 * Whoever forges may put a folder in the place of a file, too. Who stops in the middle has let the file go when `return` has ended: Windows
 * renames and removes no file that is open, and a stream closes it some time later.
 */
async function* chunksOf(path: string, startBytes: number): AsyncGenerator<Buffer, void, undefined> {
  try {
    const handle = await open(path, 'r');
    try {
      const options = { start: startBytes, highWaterMark: 256 * 1024, autoClose: false };
      yield* handle.createReadStream(options) as AsyncIterable<Buffer>;
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw stateError(error, dirname(path), path);
  }
}
