import type { ByteString, Random } from '../../platform/index.ts';
import type { StoredSnapshot } from '../../repository/index.ts';
import { CadanganError, parseSizeText } from '../../platform/index.ts';
import type { DrillSettings } from '../../settings/index.ts';
import { randomBelow } from '../../platform/index.ts';

/**
 * The date that is restored: the newest snapshot of all, any one at random, or the newest before an instant (nanoseconds since 1970, not
 * included).
 */
export type DrillDate =
  | { readonly kind: 'newest' }
  | { readonly kind: 'random' }
  | { readonly kind: 'before'; readonly beforeNs: bigint; /** As it was asked for: `2026-11-23`. */ readonly day: string };

/** What is restored: some files at random, over all sets, or everything in a folder. */
export type DrillSample =
  | { readonly kind: 'files'; /** At least one of each set. */ readonly files: number; readonly maxBytes: number }
  | { readonly kind: 'folder'; /** As it stands in snapshots. */ readonly folder: ByteString };

const defaultFiles = 20;
const defaultMaxBytes = 2 ** 30;

/**
 * The sample that somebody wants; what is not said is as configured, else as usual.
 * @throws `arguments.invalid` for a size that is none, or a folder with a number of files or bytes
 */
export function drillSampleOf(
  wish: { readonly files?: number | undefined; readonly maxBytes?: number | undefined; readonly folder?: ByteString | undefined },
  settings: DrillSettings | undefined,
): DrillSample {
  const { files, maxBytes, folder } = wish;
  if (folder === undefined)
    return {
      kind: 'files',
      files: files ?? settings?.files ?? defaultFiles,
      maxBytes: maxBytes ?? configuredBytes(settings) ?? defaultMaxBytes,
    };
  if (files !== undefined || maxBytes !== undefined)
    throw new CadanganError('arguments.invalid', {
      argument: 'folder',
      reason: 'a folder is restored whole: leave out the number of files and bytes',
    });
  return { kind: 'folder', folder };
}

function configuredBytes(settings: DrillSettings | undefined): number | undefined {
  return settings?.maxBytes === undefined ? undefined : parseSizeText(settings.maxBytes);
}

/** The part of a sample that one of `count` sets has to give. @param at its place among them, from 0 */
export function shareOfSample(sample: DrillSample, at: number, count: number): DrillSample {
  if (sample.kind === 'folder') return sample;
  const files = Math.floor(sample.files / count) + (at < sample.files % count ? 1 : 0);
  return { kind: 'files', files: Math.max(1, files), maxBytes: Math.floor(sample.maxBytes / count) };
}

/** @param snapshots of one set, oldest first. Undefined when there is none of that date */
export function chooseSnapshot(snapshots: readonly StoredSnapshot[], date: DrillDate, random: Random): StoredSnapshot | undefined {
  switch (date.kind) {
    case 'newest':
      return snapshots.at(-1);
    case 'random':
      return snapshots.length === 0 ? undefined : snapshots[randomBelow(random, snapshots.length)];
    case 'before':
      return snapshots.findLast(({ timeNs }) => timeNs < date.beforeNs);
  }
}
