import { indexBlobsMax, type IndexId, type PackId } from '../repository/index.ts';
import { countNames, type LoadedIndexFile, type LoadedIndexFiles } from './index-files.ts';
import type { Locks } from './locked-files.ts';
import { packFate } from './plan-prune.ts';

export interface IndexFilesPlan {
  /** Files that are removed when the new ones are there. */
  readonly obsolete: readonly IndexId[];
  /** Packs, by their numbers, that go into new files with all their blobs. */
  readonly packs: readonly number[];
  /** Packs that wait for their removal, and since when, as a new file has to say it. */
  readonly waiting: readonly (readonly [PackId, bigint])[];
}

export interface IndexFilesState {
  readonly loaded: LoadedIndexFiles;
  /** By pack number, how many files name it. */
  readonly namedBy: Uint8Array;
  /** By pack number, of `packFate`. */
  readonly fates: Uint8Array;
  readonly waiting: ReadonlyMap<PackId, bigint>;
  /** Index files that nobody can remove yet. What they name stays. */
  readonly locked: Locks;
  /** Packs that this prune has made. They have no number. */
  readonly newPackCount: number;
}

/**
 * Which index files stay. One that names a pack that goes, or one that another file names too, is written anew; so are small ones, as soon
 * as there are several. The others stay as they are: a copy elsewhere need not fetch them again, and what says that packs wait is as old as
 * it is. So do those that are locked.
 */
export function planIndexFiles(state: IndexFilesState): IndexFilesPlan {
  const { loaded, fates, waiting, locked, newPackCount } = state;
  const [stuck, free] = [loaded.files.filter(({ id }) => locked.has(id)), loaded.files.filter(({ id }) => !locked.has(id))];
  // A pack may stand in one that is stuck and in another one, each with a part of its blobs: both stay.
  const namedBy = stuck.length > 0 ? countNames(free, fates.length) : state.namedBy;
  const isWaitingFile = ({ packs, waiting: marks }: LoadedIndexFile): boolean => packs.length === 0 && marks.size > 0;
  const isStillRight = ({ waiting: marks }: LoadedIndexFile): boolean =>
    [...marks].every(([id, sinceNs]) => sinceNs !== undefined && waiting.get(id) === sinceNs);
  const { kept = [], gone = [] } = Object.groupBy(free.filter(isWaitingFile), (file) => (isStillRight(file) ? 'kept' : 'gone'));
  const said = new Set([...kept, ...stuck.filter(isWaitingFile).filter(isStillRight)].flatMap(({ waiting: marks }) => [...marks.keys()]));
  const named = free.filter((file) => !isWaitingFile(file));
  const isRight = ({ packs, supersedes, waiting: marks }: LoadedIndexFile): boolean =>
    packs.length > 0 && !supersedes && marks.size === 0 && packs.every((pack) => fates[pack] === packFate.keep && namedBy[pack] === 1);
  const wrong = named.filter((file) => !isRight(file));
  const small = named.filter((file) => isRight(file) && file.blobCount < indexBlobsMax);
  const unnamed = Array.from(fates.keys()).filter((pack) => fates[pack] === packFate.keep && state.namedBy[pack] === 0);
  const writes = newPackCount + unnamed.length > 0 || wrong.some(({ packs }) => packs.some((pack) => fates[pack] === packFate.keep));
  const obsolete = [...wrong, ...(small.length + (writes ? 1 : 0) > 1 ? small : [])];
  const packs = new Set(unnamed);
  for (const file of obsolete) for (const pack of file.packs) if (fates[pack] === packFate.keep) packs.add(pack);
  return {
    obsolete: [...obsolete, ...gone].map(({ id }) => id),
    packs: [...packs],
    waiting: [...waiting].filter(([id]) => !said.has(id)),
  };
}
