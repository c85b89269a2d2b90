import type { BlobIndex } from '../repository/index.ts';

/** Entries of the index by their packs, at 4 bytes each. */
export interface PackGroups {
  /** By the order of the index. */
  numbersOf(pack: number): Uint32Array;
}

/** @param isWanted is asked twice of each entry, and has to answer the same */
export function groupByPack(index: BlobIndex, isWanted: (pack: number, number: number) => boolean): PackGroups {
  // Where the next entry of a pack goes; behind the second pass that is where its entries end.
  const ends = new Uint32Array(index.packCount + 1);
  index.forEachNumber((number, pack) => {
    if (isWanted(pack, number)) ends[pack + 1] = (ends[pack + 1] ?? 0) + 1;
  });
  for (let pack = 0; pack < index.packCount; pack++) ends[pack + 1] = (ends[pack + 1] ?? 0) + (ends[pack] ?? 0);
  const numbers = new Uint32Array(ends[index.packCount] ?? 0);
  index.forEachNumber((number, pack) => {
    if (!isWanted(pack, number)) return;
    const at = ends[pack] ?? 0;
    numbers[at] = number;
    ends[pack] = at + 1;
  });
  return { numbersOf: (pack) => numbers.subarray(pack === 0 ? 0 : ends[pack - 1], ends[pack]) };
}
