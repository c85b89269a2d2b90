import type { Comparison } from './compare-copy.ts';
import { keyOf, type CopyFile, type CopyListing } from './copy-listing.ts';

/** What was seen when every file of the original was on Drive, verified: then every snapshot there could be restored from it. */
export interface Restorable {
  /** Ids of those snapshots. */
  readonly snapshots: readonly string[];
  /** By Drive's clock: the youngest file that was there, milliseconds since 1970. */
  readonly untilMs: number;
  /** Of the files of other kinds that were there, verified: how many, and a sum over their names, to see whether they all still are. */
  readonly files: number;
  readonly sum: number;
}

/**
 * Which snapshots can be restored from Drive. A snapshot says nothing about which packs it needs to whoever has no password. So all files
 * of the original must be there, and proven; one that is damaged in the original and was never copied is one that a snapshot may need.
 * Those of the last time that all were there still count as long as nothing that was there then has gone since. Pure.
 * @param before of the last time
 */
export function restorableFrom(
  { states }: Comparison,
  listing: CopyListing,
  before: Restorable | undefined,
): { readonly snapshots: readonly string[]; readonly restorable: Restorable | undefined } {
  const isSnapshot = ({ source }: Comparison['states'][number]): boolean => source.kind === 'snapshots';
  const verified = states.filter(({ confidence }) => confidence === 'verified');
  const snapshots = verified.filter(isSnapshot).map(({ source }) => source.name);
  if (states.every((state) => isSnapshot(state) || state.confidence === 'verified')) {
    const untilMs = verified.reduce((latest, { good }) => Math.max(latest, good?.createdMs ?? 0), 0);
    return { snapshots, restorable: { snapshots, untilMs, ...sumOf(listing.files, untilMs) } };
  }
  if (before === undefined || !verified.some(({ source }) => source.kind === 'config')) return { snapshots: [], restorable: before };
  const { files, sum } = sumOf(listing.files, before.untilMs);
  const isStillThere = files === before.files && sum === before.sum;
  const had = new Set(before.snapshots);
  return { snapshots: isStillThere ? snapshots.filter((id) => had.has(id)) : [], restorable: before };
}

/** A sum of so many bits of each name, which is a hash, stays exact. */
const digits = 12;

/** Over the names of what is there, verified, and was by then; the config has no hash for a name. */
function sumOf(files: readonly CopyFile[], untilMs: number): Pick<Restorable, 'files' | 'sum'> {
  const seen = new Set<string>();
  let sum = 0;
  for (const file of files) {
    const { kind, name, sha256, isTrashed, createdMs } = file;
    if (isTrashed || kind === 'config' || kind === 'snapshots' || sha256 !== name || createdMs > untilMs) continue;
    const key = keyOf(file);
    if (seen.has(key)) continue;
    seen.add(key);
    sum = (sum + Number.parseInt(name.slice(0, digits), 16)) % 2 ** (4 * digits);
  }
  return { files: seen.size, sum };
}
