/* What of restic's layout every storage has to know. */

/** Packs are at most 128 MiB and an index some tens; more is not ours, and must not be taken into memory whole. */
export const wholeFileBytesMax = 1024 * 1024 * 1024;

/** No write is under way for so long: a day and a half. What one that was cut short left is litter from then on. */
export const underWayMsMax = 36 * 3_600_000;

/** The folders of `data`: `00` to `ff`. */
export const hexPairs: readonly string[] = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));
