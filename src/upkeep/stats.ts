import { createHash } from 'node:crypto';
import { CadanganError, type ByteString } from '../platform/index.ts';
import { walkTree, type BlobId, type Node, type Repository, type StoredSnapshot, type TreeId } from '../repository/index.ts';
import { stepMeter, type StepProgressSink } from './progress-meter.ts';
import { UsedBlobs } from './used-blobs.ts';

/** restic's ways of counting. */
export const statsModes = ['restore-size', 'files-by-contents', 'blobs-per-file', 'raw-data'] as const;
export type StatsMode = (typeof statsModes)[number];

/** Sums over snapshots; what a way of counting does not count is 0. */
export interface RepositoryStats {
  readonly mode: StatsMode;
  readonly snapshots: number;
  /** Bytes: of files as they would be restored; of `raw-data` the sealed blobs. */
  readonly totalBytes: bigint;
  /** Entries of folders of any kind, as restic counts them. */
  readonly files: number;
  readonly blobs: number;
  /** Of `raw-data`: what the sealed blobs would take without compression, and how much of that is of compressed ones. */
  readonly uncompressedBytes: bigint;
  readonly compressedBlobsBytes: bigint;
  readonly compressedBlobsUncompressedBytes: bigint;
}

export interface StatsOptions {
  readonly signal: AbortSignal;
  readonly progress?: StepProgressSink | undefined;
}

/** What a sealed box adds to a blob. */
const sealBytes = 32n;

/**
 * Counts what snapshots have, all together.
 * @param repository its index is loaded
 * @throws `repository.damaged` where a tree cannot be read, or a blob is in no index: a sum without it would be wrong
 */
export async function repositoryStats(
  repository: Repository,
  snapshots: readonly StoredSnapshot[],
  mode: StatsMode,
  options: StatsOptions,
): Promise<RepositoryStats> {
  const meter = stepMeter(options.progress, repository.clock);
  meter.begin('steps', snapshots.length);
  const counter = mode === 'raw-data' ? new RawCounter(repository) : new FileCounter(repository, mode);
  for (const { snapshot } of snapshots) {
    counter.begin();
    const descend = (_path: ByteString, { subtree }: Node): boolean => subtree === undefined || counter.isToEnter(subtree);
    if (!counter.isToEnter(snapshot.tree)) continue;
    for await (const step of walkTree(repository, snapshot.tree, { signal: options.signal, descend })) {
      if (step.kind === 'unreadable') throw step.error;
      if (step.kind === 'node') counter.count(step.path, step.node);
    }
    meter.advance();
  }
  meter.end();
  return { mode, snapshots: snapshots.length, ...counter.sums() };
}

type Sums = Omit<RepositoryStats, 'mode' | 'snapshots'>;
const nothing: Sums = {
  totalBytes: 0n,
  files: 0,
  blobs: 0,
  uncompressedBytes: 0n,
  compressedBlobsBytes: 0n,
  compressedBlobsUncompressedBytes: 0n,
};

/** Each blob that a snapshot needs, once. */
class RawCounter {
  readonly #repository: Repository;
  readonly #used: UsedBlobs;

  constructor(repository: Repository) {
    this.#repository = repository;
    this.#used = new UsedBlobs(repository.index);
  }

  begin(): void {}

  isToEnter(tree: TreeId): boolean {
    const number = this.#repository.index.numberOf('tree', tree);
    if (number === 0) return true; // the walk says what is wrong with it
    const isNew = !this.#used.isUsed(number);
    this.#used.use('tree', tree);
    return isNew;
  }

  count(_path: ByteString, node: Node): void {
    if (node.type !== 'file') return;
    for (const id of node.content ?? []) requireBlob(this.#used.use('data', id), id);
  }

  sums(): Sums {
    const { index, config } = this.#repository;
    const sums = { ...nothing };
    for (let number = 1; number <= index.blobCount; number++) {
      const entry = this.#used.isUsed(number) ? index.entryAt(number) : undefined;
      if (!entry) continue;
      const { length, uncompressedLength } = entry.location;
      sums.blobs += 1;
      sums.totalBytes += BigInt(length);
      if (config.version < 2) continue;
      const uncompressed = uncompressedLength === 0 ? BigInt(length) : BigInt(uncompressedLength) + sealBytes;
      sums.uncompressedBytes += uncompressed;
      if (uncompressedLength === 0) continue;
      sums.compressedBlobsBytes += BigInt(length);
      sums.compressedBlobsUncompressedBytes += uncompressed;
    }
    return sums;
  }
}

/** Files, as restic's other ways count them. */
class FileCounter {
  readonly #repository: Repository;
  readonly #mode: StatsMode;
  readonly #sums = { ...nothing };
  /** Contents that were seen: hashes of the ids of a file's blobs. */
  readonly #contents = new Set<string>();
  /** By path, the numbers of the blobs that were counted for it. */
  readonly #blobsOf = new Map<ByteString, Set<number>>();
  /** Of one snapshot: files that are hard links of each other are restored once. */
  #hardLinks = new Set<string>();

  constructor(repository: Repository, mode: StatsMode) {
    this.#repository = repository;
    this.#mode = mode;
  }

  begin(): void {
    this.#hardLinks = new Set();
  }

  isToEnter(): boolean {
    return true;
  }

  count(path: ByteString, node: Node): void {
    if (this.#mode === 'restore-size') return this.#countRestored(node);
    // What has no content, a folder too, counts as one file without any.
    const content = node.content ?? [];
    const key = contentKey(content);
    if (this.#contents.has(key)) return;
    this.#contents.add(key);
    if (this.#mode === 'blobs-per-file') return this.#countBlobs(path, content);
    this.#sums.totalBytes += BigInt(node.size);
    this.#sums.files += 1;
  }

  sums(): Sums {
    return this.#sums;
  }

  #countRestored({ type, links, inode, deviceId, size }: Node): void {
    this.#sums.files += 1;
    if (links !== 1 && type !== 'dir' && inode !== 0) {
      const key = `${inode}/${deviceId}`;
      if (this.#hardLinks.has(key)) return;
      this.#hardLinks.add(key);
    }
    this.#sums.totalBytes += BigInt(size);
  }

  #countBlobs(path: ByteString, content: readonly BlobId[]): void {
    const { index } = this.#repository;
    for (const id of content) {
      const number = requireBlob(index.numberOf('data', id), id);
      let counted = this.#blobsOf.get(path);
      if (!counted) {
        this.#blobsOf.set(path, (counted = new Set()));
        this.#sums.files += 1;
      }
      if (counted.has(number)) continue;
      counted.add(number);
      this.#sums.blobs += 1;
      this.#sums.totalBytes += BigInt(index.plainLengthAt(number));
    }
  }
}

function contentKey(content: readonly BlobId[]): string {
  const hash = createHash('sha256');
  for (const id of content) hash.update(id);
  return hash.digest('base64');
}

/** @param number of the blob in the index. @throws `repository.damaged` for a blob that no index has */
function requireBlob(number: number, id: BlobId): number {
  if (number === 0) throw new CadanganError('repository.damaged', { blob: id, type: 'data', reason: 'missing' });
  return number;
}
