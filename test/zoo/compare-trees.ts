import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync, type BigIntStats } from 'node:fs';
import { byteStringFromBytes, byteStringFromText, fsPath, joinBytes, type ByteString } from '../../src/platform/index.ts';

export type Aspect =
  | 'missing'
  | 'extra'
  | 'type'
  | 'size'
  | 'content'
  | 'link target'
  | 'device'
  | 'mode'
  | 'owner'
  | 'mtime'
  | 'hard links';

export interface Difference {
  /** Inside the folders; the folders themselves are the empty path. */
  readonly path: ByteString;
  readonly aspect: Aspect;
  readonly left: string;
  readonly right: string;
}

export interface CompareOptions {
  /** Times may differ by this much; default 0. Node sets times to the microsecond. */
  readonly mtimeToleranceNs?: bigint;
}

/**
 * Every difference between two folders and all that is in them, named: names as bytes, types, content, link targets as bytes, device
 * numbers, permission bits with setuid and the like, owners, times, and which names are hard links of one file. Beneath a missing folder
 * nothing more is listed. This shares no code with what it is there to judge.
 */
export function compareTrees(left: string, right: string, options: CompareOptions = {}): Difference[] {
  const [from, to] = [new Side(left), new Side(right)];
  const differences = [...compareEntry(from, to, '' as ByteString, options)];
  const paths = new Set([...from.linkGroups.keys(), ...to.linkGroups.keys()]);
  for (const path of paths) {
    const [a, b] = [from.linkedWith(path), to.linkedWith(path)];
    if (a !== b && from.has(path) && to.has(path)) differences.push({ path, aspect: 'hard links', left: a, right: b });
  }
  return differences;
}

/** One line for each difference, for an assertion: `assert.deepEqual(describeDifferences(...), [])`. */
export function describeDifferences(differences: readonly Difference[]): string[] {
  return differences.map(
    ({ path, aspect, left, right }) => `${JSON.stringify(path)}: ${aspect}: ${left.slice(0, 200)} | ${right.slice(0, 200)}`,
  );
}

/** One of the two folders, and the hard links that were met in it. */
class Side {
  readonly #root: ByteString;
  readonly #byInode = new Map<string, ByteString[]>();
  readonly #seen = new Set<ByteString>();
  readonly linkGroups = new Map<ByteString, ByteString[]>();

  constructor(root: string) {
    this.#root = byteStringFromText(root);
  }

  pathOf(path: ByteString): string | Buffer {
    return fsPath(path === '' ? this.#root : joinBytes(this.#root, path));
  }

  stat(path: ByteString): BigIntStats {
    const stat = lstatSync(this.pathOf(path), { bigint: true });
    this.#seen.add(path);
    if (stat.nlink > 1n && !stat.isDirectory()) this.#addLink(path, stat);
    return stat;
  }

  names(path: ByteString): ByteString[] {
    return readdirSync(this.pathOf(path), 'buffer').map(byteStringFromBytes);
  }

  has(path: ByteString): boolean {
    return this.#seen.has(path);
  }

  linkedWith(path: ByteString): string {
    return JSON.stringify((this.linkGroups.get(path) ?? [path]).toSorted());
  }

  #addLink(path: ByteString, { dev, ino }: BigIntStats): void {
    const group = this.#byInode.get(`${dev}:${ino}`) ?? [];
    group.push(path);
    this.#byInode.set(`${dev}:${ino}`, group);
    this.linkGroups.set(path, group);
  }
}

function* compareEntry(from: Side, to: Side, path: ByteString, options: CompareOptions): Generator<Difference> {
  const [left, right] = [from.stat(path), to.stat(path)];
  const differs = (aspect: Aspect, a: string, b: string): Difference[] => (a === b ? [] : [{ path, aspect, left: a, right: b }]);
  if (typeOf(left) !== typeOf(right)) return yield* differs('type', typeOf(left), typeOf(right));
  yield* differs('owner', `${left.uid}:${left.gid}`, `${right.uid}:${right.gid}`);
  // Linux has no permissions of a link.
  if (!left.isSymbolicLink()) yield* differs('mode', (left.mode & 0o7777n).toString(8), (right.mode & 0o7777n).toString(8));
  if (apart(left.mtimeNs, right.mtimeNs) > (options.mtimeToleranceNs ?? 0n))
    yield* differs('mtime', String(left.mtimeNs), String(right.mtimeNs));
  if (left.isBlockDevice() || left.isCharacterDevice()) yield* differs('device', String(left.rdev), String(right.rdev));
  if (left.isSymbolicLink()) yield* differs('link target', targetOf(from, path), targetOf(to, path));
  if (left.isFile()) {
    yield* differs('size', String(left.size), String(right.size));
    if (left.size === right.size) yield* differs('content', '', firstDifference(from.pathOf(path), to.pathOf(path)));
  }
  if (left.isDirectory()) yield* compareNames(from, to, path, options);
}

function* compareNames(from: Side, to: Side, folder: ByteString, options: CompareOptions): Generator<Difference> {
  const [left, right] = [new Set(from.names(folder)), new Set(to.names(folder))];
  for (const name of left) {
    const path = joinBytes(folder, name);
    if (right.has(name)) yield* compareEntry(from, to, path, options);
    else yield { path, aspect: 'missing', left: typeOf(from.stat(path)), right: '' };
  }
  for (const name of right.difference(left))
    yield { path: joinBytes(folder, name), aspect: 'extra', left: '', right: typeOf(to.stat(joinBytes(folder, name))) };
}

function typeOf(stat: BigIntStats): string {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'folder';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isFIFO()) return 'fifo';
  if (stat.isSocket()) return 'socket';
  return stat.isBlockDevice() ? 'block device' : 'character device';
}

function targetOf(side: Side, path: ByteString): string {
  return JSON.stringify(byteStringFromBytes(readlinkSync(side.pathOf(path), 'buffer')));
}

function apart(a: bigint, b: bigint): bigint {
  return a > b ? a - b : b - a;
}

const stepBytes = 256 * 1024;
const buffers = [Buffer.alloc(stepBytes), Buffer.alloc(stepBytes)] as const;

/** Where two files of one size begin to differ, as text; empty when they do not. */
function firstDifference(left: string | Buffer, right: string | Buffer): string {
  const [a, b] = [openSync(left, 'r'), openSync(right, 'r')];
  try {
    const [bufferA, bufferB] = buffers;
    for (let offset = 0; ;) {
      const [readA, readB] = [readFully(a, bufferA, offset), readFully(b, bufferB, offset)];
      const partA = bufferA.subarray(0, readA);
      if (!partA.equals(bufferB.subarray(0, readB)))
        return `differs from byte ${offset + partA.findIndex((byte, at) => byte !== bufferB[at])}`;
      if (readA === 0) return '';
      offset += readA;
    }
  } finally {
    closeSync(a);
    closeSync(b);
  }
}

function readFully(fd: number, buffer: Buffer, offset: number): number {
  let filled = 0;
  while (filled < buffer.length) {
    const count = readSync(fd, buffer, filled, buffer.length - filled, offset + filled);
    if (count === 0) break;
    filled += count;
  }
  return filled;
}
