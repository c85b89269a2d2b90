import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync, type BigIntStats } from 'node:fs';

/** What differs between two folders. */
export interface Comparison {
  readonly files: number;
  readonly folders: number;
  readonly links: number;
  readonly bytes: number;
  readonly differences: readonly Difference[];
}

export interface Difference {
  /** Below the folders, beginning with `/`; bytes that are not UTF-8 are U+FFFD. */
  readonly path: string;
  readonly what: string;
}

/**
 * Compares everything: names, kinds, every byte, modes, owners (when we may set them), link targets, and modification times to the
 * microsecond, which is as fine as Node.js can set them. The two folders themselves may differ in mode and time: the second was there
 * before.
 */
export function compareFolders(expected: string, actual: string): Comparison {
  const sums = { files: 0, folders: 0, links: 0, bytes: 0, differences: [] as Difference[] };
  compareEntry(Buffer.from(expected), Buffer.from(actual), Buffer.alloc(0), sums);
  return sums;
}

type Sums = { -readonly [Key in keyof Comparison]: Comparison[Key] } & { differences: Difference[] };

function compareEntry(expected: Buffer, actual: Buffer, path: Buffer, sums: Sums): void {
  const [a, b] = [statOf(expected), statOf(actual)];
  const differs = (what: string): void => {
    sums.differences.push({ path: path.toString() || '/', what });
  };
  if (a === undefined || b === undefined) return differs(a === undefined ? 'should not be there' : 'is missing');
  if ((a.mode & kindBits) !== (b.mode & kindBits)) return differs('is of another kind');
  if (path.length > 0) compareMetadata(a, b, differs);
  if (a.isDirectory()) {
    sums.folders += 1;
    compareChildren(expected, actual, path, sums);
  } else if (a.isSymbolicLink()) {
    sums.links += 1;
    if (!readlinkSync(expected, 'buffer').equals(readlinkSync(actual, 'buffer'))) differs('points elsewhere');
  } else if (a.isFile()) {
    sums.files += 1;
    sums.bytes += Number(a.size);
    if (a.size !== b.size) differs(`has ${b.size} bytes instead of ${a.size}`);
    else if (!sameBytes(expected, actual)) differs('has other bytes');
  }
}

const kindBits = 0o170000n;

function compareMetadata(a: BigIntStats, b: BigIntStats, differs: (what: string) => void): void {
  // On Linux the mode of a link means nothing and cannot be set.
  if (!a.isSymbolicLink() && a.mode !== b.mode)
    differs(`has mode ${(b.mode & 0o7777n).toString(8)} instead of ${(a.mode & 0o7777n).toString(8)}`);
  const apartNs = a.mtimeNs - b.mtimeNs;
  if (apartNs >= 1000n || apartNs <= -1000n) differs(`has a modification time ${apartNs} ns apart`);
  if (process.getuid?.() === 0 && (a.uid !== b.uid || a.gid !== b.gid)) differs('has another owner');
}

function compareChildren(expected: Buffer, actual: Buffer, path: Buffer, sums: Sums): void {
  const names = new Set([...namesIn(expected), ...namesIn(actual)]);
  for (const name of [...names].sort()) {
    const below = Buffer.concat([Buffer.from('/'), Buffer.from(name, 'latin1')]);
    compareEntry(Buffer.concat([expected, below]), Buffer.concat([actual, below]), Buffer.concat([path, below]), sums);
  }
}

/** One character per byte, so that names that are not UTF-8 survive. */
function namesIn(folder: Buffer): string[] {
  return readdirSync(folder, { encoding: 'buffer' }).map((name) => name.toString('latin1'));
}

function statOf(path: Buffer): BigIntStats | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false });
}

const chunkBytes = 1 << 20;
const left = Buffer.alloc(chunkBytes);
const right = Buffer.alloc(chunkBytes);

function sameBytes(a: Buffer, b: Buffer): boolean {
  const [first, second] = [openSync(a, 'r'), openSync(b, 'r')];
  try {
    for (;;) {
      const count = readSync(first, left, 0, chunkBytes, null);
      if (readFully(second, right, count) !== count) return false;
      if (count === 0) return true;
      if (Buffer.compare(left.subarray(0, count), right.subarray(0, count)) !== 0) return false;
    }
  } finally {
    closeSync(first);
    closeSync(second);
  }
}

/** As many bytes as asked for, unless the file ends before. At 0 it asks for one, to see that there are no more. */
function readFully(file: number, target: Buffer, length: number): number {
  if (length === 0) return readSync(file, target, 0, 1, null);
  let done = 0;
  while (done < length) {
    const count = readSync(file, target, done, length - done, null);
    if (count === 0) break;
    done += count;
  }
  return done;
}
