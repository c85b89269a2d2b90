import pMap from 'p-map';
import { isCode, throwIfAborted } from '../platform/index.ts';
import {
  decodePackFooter,
  decodePackHeader,
  packFooterLengthBytes,
  parsePackId,
  type PackedBlob,
  type PackId,
  type TreeId,
} from './format/index.ts';
import type { Repository } from './repository.ts';

/** What was wrong with the index, and read from the packs instead. */
export interface IndexTrouble {
  /** Names of the index files that cannot be read; none where one is gone that should be there. */
  readonly damaged: readonly string[];
  /** Packs that no readable index file names, and of which the header told what is in them. */
  readonly packsRead: number;
  /** Those of which the header cannot be read either. */
  readonly packsUnread: readonly PackId[];
}

/** Of a header that is read in one go: it names some 1,500 blobs. */
const tailBytes = 64 * 1024;
const readAtOnce = 4;

/**
 * Loads the index for who reads only. Each pack says at its end what it holds, so a restore needs no index file: where one is broken, or
 * all are gone, the packs that the others do not name are asked themselves. Whoever writes uses `Repository.loadIndex`, which stops at a
 * broken one, so that nothing new is built on half an index.
 * @param trees of the snapshots that are wanted: where no index file knows one of them, a file is gone
 * @returns undefined when every index file is sound. @throws the storage's errors, `aborted`
 */
export async function loadIndexForReading(
  repository: Repository,
  trees: readonly TreeId[],
  signal: AbortSignal,
): Promise<IndexTrouble | undefined> {
  const { storage } = repository;
  const files = await storage.list('index', signal);
  const damaged: string[] = [];
  const enter = async ({ name }: { readonly name: string }): Promise<void> => {
    throwIfAborted(signal);
    try {
      repository.addToIndex(await repository.loadUnpacked('index', name, signal));
    } catch (error) {
      if (!isCode(error, 'repository.damaged')) throw error;
      damaged.push(name);
    }
  };
  await pMap(files, enter, { concurrency: readAtOnce });
  const isGone = files.length === 0 || trees.some((tree) => !repository.index.has('tree', tree));
  if (damaged.length === 0 && !isGone) return undefined;
  const { packsRead, packsUnread } = await indexFromPacks(repository, signal);
  return damaged.length + packsRead + packsUnread.length === 0 ? undefined : { damaged, packsRead, packsUnread };
}

/**
 * Enters into the index what the packs say that it does not name.
 * @param named packs that need not be asked; default: those of the index
 * @throws the storage's errors, `aborted`
 */
export async function indexFromPacks(
  repository: Repository,
  signal: AbortSignal,
  named: Iterable<PackId> = repository.index.packIds(),
): Promise<Omit<IndexTrouble, 'damaged'>> {
  const known = new Set<string>(named);
  const packs = (await repository.storage.list('data', signal)).filter(({ name }) => !known.has(name));
  const packsUnread: PackId[] = [];
  const ask = async ({ name, sizeBytes }: { readonly name: string; readonly sizeBytes: number }): Promise<void> => {
    throwIfAborted(signal);
    const id = parsePackId(name);
    try {
      for (const { type, id: blob, ...place } of await readPackHeader(repository, id, sizeBytes, signal))
        repository.index.add(type, blob, { packId: id, ...place });
    } catch (error) {
      if (!isCode(error, 'repository.damaged', 'storage.not-found')) throw error;
      packsUnread.push(id);
    }
  };
  await pMap(packs, ask, { concurrency: readAtOnce });
  return { packsRead: packs.length - packsUnread.length, packsUnread };
}

/**
 * What a pack says at its end that it holds.
 * @param sizeBytes as the storage lists it
 * @throws `repository.damaged`: also where the header is not that of a pack of this length; the storage's errors
 */
export async function readPackHeader(
  repository: Repository,
  name: PackId,
  sizeBytes: number,
  signal: AbortSignal,
): Promise<readonly PackedBlob[]> {
  const { storage, boxes } = repository;
  const read = (lengthBytes: number): Promise<Uint8Array> =>
    storage.readRange({ kind: 'data', name }, sizeBytes - lengthBytes, lengthBytes, { signal });
  const tail = await read(Math.min(sizeBytes, tailBytes));
  const lengthBytes = decodePackFooter(tail, sizeBytes) + packFooterLengthBytes;
  const end = lengthBytes <= tail.length ? tail.subarray(tail.length - lengthBytes) : await read(lengthBytes);
  return decodePackHeader(boxes.open(end.subarray(0, -packFooterLengthBytes)), sizeBytes);
}
