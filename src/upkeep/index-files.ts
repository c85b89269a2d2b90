import pMap from 'p-map';
import { CadanganError, throwIfAborted } from '../platform/index.ts';
import { isTimestamp, parseIndexId, parseTimestamp, type IndexId, type PackId, type Repository } from '../repository/index.ts';
import { enterIndexFile, type EnteredIndexFile } from './enter-index-file.ts';

/** What one index file of the repository names. */
export interface LoadedIndexFile {
  readonly id: IndexId;
  /** By their numbers, each once. */
  readonly packs: Uint32Array;
  readonly blobCount: number;
  readonly supersedes: boolean;
  /** Packs that it says wait, and since when that counts, nanoseconds since 1970; undefined for a time that cannot be. */
  readonly waiting: ReadonlyMap<PackId, bigint | undefined>;
}

export interface LoadedIndexFiles {
  readonly files: readonly LoadedIndexFile[];
  /** Since when packs wait for their removal, nanoseconds since 1970; the latest where several files say it, and never the future. */
  readonly waiting: ReadonlyMap<PackId, bigint>;
}

const filesReadAtOnce = 4;
/** A day. */
const aheadNsMax = 24n * 3600n * 1_000_000_000n;

/**
 * Reads every index file into the repository's index, as `Repository.loadIndex` does, and notes what each of them names.
 * @throws `repository.damaged`, naming the index file
 */
export async function loadIndexFiles(repository: Repository, signal: AbortSignal): Promise<LoadedIndexFiles> {
  const waiting = new Map<PackId, bigint>();
  const nowNs = repository.clock.nowNs();
  const listed = await repository.storage.list('index', signal);
  const load = async ({ name }: { readonly name: string }): Promise<LoadedIndexFile> => {
    throwIfAborted(signal);
    const { index } = repository;
    const entered = enterIndexFile(index, await repository.loadUnpacked('index', name, signal));
    const [reason] = [...entered.impossible.values()].flat();
    if (reason !== undefined) throw new CadanganError('repository.damaged', { kind: 'index', name, reason });
    const marks =
      entered.waiting.length === 0 ? new Map<PackId, undefined>() : await marksOf(repository, name, entered.waiting, nowNs, signal);
    for (const [id, sinceNs = nowNs] of marks) if (sinceNs > (waiting.get(id) ?? sinceNs - 1n)) waiting.set(id, sinceNs);
    const { packs, blobCount, supersedes } = entered;
    const numbers = Uint32Array.from(packs, (id) => index.packNumberOf(id) ?? 0);
    return { id: parseIndexId(name), packs: numbers, blobCount, supersedes, waiting: marks };
  };
  const files = await pMap(listed, load, { concurrency: filesReadAtOnce });
  return { files, waiting };
}

/**
 * Since when packs wait by what one file says. The clock that it was written by may have been wrong: where the storage knows when the file
 * came, they have not waited for longer than it has been there.
 */
async function marksOf(
  { storage }: Repository,
  name: string,
  waiting: EnteredIndexFile['waiting'],
  nowNs: bigint,
  signal: AbortSignal,
): Promise<ReadonlyMap<PackId, bigint | undefined>> {
  const writtenMs = await storage.writtenMs?.({ kind: 'index', name }, signal);
  const writtenNs = writtenMs === undefined ? 0n : BigInt(Math.floor(writtenMs)) * 1_000_000n;
  const sinceNs = (since: string): bigint | undefined => {
    const saidNs = isTimestamp(since) ? parseTimestamp(since).ns : undefined;
    if (saidNs === undefined || saidNs > nowNs) return undefined;
    // The clock of a server may be ahead of ours; one that is by days says nothing, and packs would wait for ever.
    if (writtenNs <= saidNs || writtenNs - nowNs > aheadNsMax) return saidNs;
    return writtenNs < nowNs ? writtenNs : nowNs;
  };
  return new Map(waiting.map(({ id, since }) => [id, sinceNs(since)]));
}

/** By pack number, how many index files name it. */
export function countNames(files: readonly LoadedIndexFile[], packCount: number): Uint8Array {
  const namedBy = new Uint8Array(packCount);
  for (const { packs } of files) for (const pack of packs) namedBy[pack] = Math.min(255, (namedBy[pack] ?? 0) + 1);
  return namedBy;
}
