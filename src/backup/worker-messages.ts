import type { ByteString } from '../platform/index.ts';
import { uint64, type BlobId } from '../repository/index.ts';
import type { FileOutcome, FileToRead } from './file-outcome.ts';

// A batch crosses between threads as a few strings and arrays of numbers: cloning an object for each of a million files costs 10 to 30
// microseconds a file, more than reading it.

/** Files to read, packed for `postMessage`. */
export interface PackedFiles {
  /** Paths, each ended by a NUL, which no path contains. */
  readonly paths: string;
  /** Of each file: size, mtime, ctime, inode. */
  readonly numbers: BigInt64Array;
}

const numbersPerFile = 4;

export function packFiles(files: readonly FileToRead[]): PackedFiles {
  const numbers = new BigInt64Array(files.length * numbersPerFile);
  let paths = '';
  files.forEach((file, at) => {
    paths += `${file.path}\0`;
    numbers.set([BigInt(file.sizeBytes), file.mtimeNs, file.ctimeNs, BigInt.asIntN(64, BigInt(file.inode))], at * numbersPerFile);
  });
  return { paths, numbers };
}

export function* unpackFiles({ paths, numbers }: PackedFiles): Generator<FileToRead> {
  let start = 0;
  for (let at = 0; at < numbers.length; at += numbersPerFile) {
    const end = paths.indexOf('\0', start);
    const [size = 0n, mtimeNs = 0n, ctimeNs = 0n, inode = 0n] = numbers.subarray(at, at + numbersPerFile);
    yield {
      path: paths.slice(start, end) as ByteString,
      sizeBytes: Number(size),
      mtimeNs,
      ctimeNs,
      inode: uint64(BigInt.asUintN(64, inode)),
    };
    start = end + 1;
  }
}

/** What became of a batch of files, packed for `postMessage`. */
export interface PackedOutcomes {
  /** All blob ids one behind another, in hex. */
  readonly ids: string;
  /** Of each file: its kind, size in bytes, number of blobs. */
  readonly numbers: Float64Array;
  /** Of the failures, in order. */
  readonly reasons: readonly string[];
}

const numbersPerOutcome = 3;
const idLength = 64;
const kinds = { unchanged: 0, changed: 1, failure: 2, tooLarge: 3 } as const;

export function packOutcomes(outcomes: readonly FileOutcome[]): PackedOutcomes {
  const numbers = new Float64Array(outcomes.length * numbersPerOutcome);
  const reasons: string[] = [];
  let ids = '';
  outcomes.forEach((outcome, index) => {
    const at = index * numbersPerOutcome;
    if (outcome.kind === 'content') {
      numbers.set([outcome.changed ? kinds.changed : kinds.unchanged, outcome.sizeBytes, outcome.ids.length], at);
      for (const id of outcome.ids) ids += id;
      return;
    }
    numbers[at] = outcome.kind === 'failure' ? kinds.failure : kinds.tooLarge;
    if (outcome.kind === 'failure') reasons.push(outcome.reason);
  });
  return { ids, numbers, reasons };
}

export function unpackOutcomes({ ids, numbers, reasons }: PackedOutcomes): FileOutcome[] {
  const outcomes: FileOutcome[] = [];
  let idStart = 0;
  let failures = 0;
  for (let at = 0; at < numbers.length; at += numbersPerOutcome) {
    const [kind, sizeBytes = 0, count = 0] = numbers.subarray(at, at + numbersPerOutcome);
    if (kind === kinds.failure) outcomes.push({ kind: 'failure', reason: reasons[failures++] ?? 'unknown' });
    else if (kind === kinds.tooLarge) outcomes.push({ kind: 'too-large' });
    else {
      const own = Array.from(
        { length: count },
        (_, index) => ids.slice(idStart + index * idLength, idStart + (index + 1) * idLength) as BlobId,
      );
      outcomes.push({ kind: 'content', ids: own, sizeBytes, changed: kind === kinds.changed });
      idStart += count * idLength;
    }
  }
  return outcomes;
}
