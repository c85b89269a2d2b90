import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { namesInFolder, open } from '../platform/index.ts';
import { lineBytesMax } from './record-line.ts';

/** `2026-11.jsonl`. The files of a history are read in the order of their names. */
export type MonthFile = string;

const monthFile = /^\d{4}-(?:0[1-9]|1[0-2])\.jsonl$/;

export function isMonthFile(name: string): name is MonthFile {
  return monthFile.test(name);
}

/** In the order of the history. Empty when there is no folder. @throws the system's errors */
export async function listMonthFiles(folder: string): Promise<MonthFile[]> {
  return (await namesInFolder(folder)).filter(isMonthFile).sort();
}

/**
 * The file that a record of this time belongs to: that of its month. A clock that was set back does not lead back into an older file: then
 * the order of lines would not be that of their numbers.
 */
export function fileOfRecord(at: string, newest: MonthFile | undefined): MonthFile {
  const own = `${at.slice(0, 7)}.jsonl`;
  return newest !== undefined && newest > own ? newest : own;
}

export interface FileEnd {
  /** The last line that ends in a line feed, without it. Undefined in a file without one. */
  readonly lastLine: Buffer | undefined;
  /** Where whole lines end. */
  readonly wholeBytes: number;
  /** What follows them: an append that did not come to its end. */
  readonly torn: Buffer;
}

/** @throws the system's errors */
export async function readEnd(folder: string, name: MonthFile): Promise<FileEnd> {
  const handle = await open(join(folder, name), 'r');
  try {
    const { size } = await handle.stat();
    const tail = await readTail(handle, size);
    const end = tail.lastIndexOf(0x0a);
    const start = end <= 0 ? -1 : tail.lastIndexOf(0x0a, end - 1);
    const wholeBytes = size - tail.length + end + 1;
    return { lastLine: end < 0 ? undefined : tail.subarray(start + 1, end), wholeBytes, torn: tail.subarray(end + 1) };
  } finally {
    await handle.close();
  }
}

const stepBytes = 64 * 1024;

/** Enough of the end to hold the last whole line and what is torn behind it; both have a bound. */
async function readTail(handle: FileHandle, sizeBytes: number): Promise<Buffer> {
  for (let wanted = stepBytes; ; wanted *= 4) {
    const length = Math.min(wanted, sizeBytes, 2 * lineBytesMax + 2);
    const tail = await readExactly(handle, sizeBytes - length, length);
    const end = tail.lastIndexOf(0x0a);
    if (length < wanted || (end > 0 && tail.lastIndexOf(0x0a, end - 1) >= 0)) return tail;
  }
}

async function readExactly(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await handle.read(bytes, done, length - done, position + done);
    if (bytesRead === 0) return bytes.subarray(0, done);
    done += bytesRead;
  }
  return bytes;
}
