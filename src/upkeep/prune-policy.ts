import { CadanganError, parseSizeText } from '../platform/index.ts';

/** What a prune may leave as it is, and what it has to do. */
export interface PrunePolicy {
  /** How many unused bytes may stay in packs that are used. @param usedBytes of all blobs that are needed */
  readonly unusedBytesMax: (usedBytes: number) => number;
  /** How many bytes of old packs are rewritten at most. */
  readonly repackBytesMax: number;
  /** Also packs that are not full count as small. */
  readonly repackSmall: boolean;
  /** Only packs of trees are rewritten. */
  readonly repackCacheableOnly: boolean;
  readonly repackUncompressed: boolean;
  /** Packs do not wait for a day before they are removed. */
  readonly removeAtOnce: boolean;
}

/** As restic's options have it. */
export const defaultMaxUnused = '5%';

/**
 * restic's `--max-unused`: a size, a share of what the repository has afterwards, or `unlimited`.
 * @throws `arguments.invalid`
 */
export function parseMaxUnused(text: string): PrunePolicy['unusedBytesMax'] {
  const invalid = (reason: string) => new CadanganError('arguments.invalid', { option: `--max-unused ${text}`, reason });
  if (text.trim() === 'unlimited') return () => Infinity;
  const share = /^(\d{1,3}(?:\.\d{1,9})?)%$/.exec(text.trim());
  if (share) {
    const percent = Number(share[1]);
    if (percent >= 100) throw invalid('a percentage is below 100');
    return (usedBytes) => Math.floor((percent / (100 - percent)) * usedBytes);
  }
  const bytes = parseSizeText(text.trim());
  if (bytes === undefined) throw invalid('a size such as 500M, a percentage or "unlimited" is wanted');
  return () => bytes;
}

/** Without any option. */
export const defaultPrunePolicy: PrunePolicy = {
  unusedBytesMax: parseMaxUnused(defaultMaxUnused),
  repackBytesMax: Infinity,
  repackSmall: false,
  repackCacheableOnly: false,
  repackUncompressed: false,
  removeAtOnce: false,
};
