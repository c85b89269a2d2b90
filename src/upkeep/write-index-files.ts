import assert from 'node:assert/strict';
import { throwIfAborted } from '../platform/index.ts';
import {
  indexBlobsMax,
  serializeIndexFile,
  type BlobIndex,
  type IndexPack,
  type PackedBlob,
  type Repository,
} from '../repository/index.ts';
import { groupByPack } from './group-by-pack.ts';

/** Packs with all that an index says of them, at 4 bytes a blob; none that has nothing. @param packs by their numbers in it */
export function* indexPacksOf(index: BlobIndex, packs: readonly number[]): Generator<IndexPack> {
  const isWanted = new Uint8Array(index.packCount);
  for (const pack of packs) isWanted[pack] = 1;
  const groups = groupByPack(index, (pack) => isWanted[pack] === 1);
  for (const pack of packs) {
    const blobs = Array.from(groups.numbersOf(pack), (number) => packedBlob(index, number));
    if (blobs.length > 0) yield { id: index.packIdAt(pack), blobs };
  }
}

function packedBlob(index: BlobIndex, number: number): PackedBlob {
  const entry = index.entryAt(number);
  assert(entry, 'what a pack has is stored');
  const { type, id, location } = entry;
  const { offset, length, uncompressedLength } = location;
  return { type, id, offset, length, uncompressedLength };
}

/**
 * Saves index files that name these packs, each as full as restic makes them, and ending between packs.
 * @param onSaved told how many packs one has
 * @returns their names
 */
export async function saveIndexFiles(
  repository: Repository,
  packs: Iterable<IndexPack>,
  { signal, onSaved }: { readonly signal: AbortSignal; readonly onSaved?: (packs: number) => void },
): Promise<string[]> {
  const names: string[] = [];
  let waiting: IndexPack[] = [];
  let blobCount = 0;
  const save = async (): Promise<void> => {
    if (waiting.length === 0) return;
    throwIfAborted(signal);
    names.push(await repository.saveUnpacked('index', serializeIndexFile(waiting), signal));
    onSaved?.(waiting.length);
    waiting = [];
    blobCount = 0;
  };
  for (const pack of packs) {
    waiting.push(pack);
    blobCount += pack.blobs.length;
    if (blobCount >= indexBlobsMax) await save();
  }
  await save();
  return names;
}

/**
 * Puts index files in the place of others: the new ones are safe before the first old one goes, so that at every instant all that either
 * says is said. A run that is cut off leaves both, which is legal.
 * @param entries what the new files say
 * @param obsolete names of the old ones
 * @returns names of the new ones
 */
export async function replaceIndexFiles(
  repository: Repository,
  entries: BlobIndex,
  obsolete: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  const packs = Array.from({ length: entries.packCount }, (_, pack) => pack);
  const written = await saveIndexFiles(repository, indexPacksOf(entries, packs), { signal });
  for (const name of obsolete) {
    throwIfAborted(signal);
    await repository.remove('index', name, signal);
  }
  return written;
}
