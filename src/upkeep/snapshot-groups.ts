import { isAnchorTag } from '../records/index.ts';
import { CadanganError, placeKeyOf } from '../platform/index.ts';
import type { StoredSnapshot } from '../repository/index.ts';

/** What snapshots are grouped by (restic's `--group-by`). */
export interface GroupBy {
  readonly host: boolean;
  readonly paths: boolean;
  readonly tags: boolean;
  readonly isEmpty: boolean;
}

export interface SnapshotGroup {
  /** What its snapshots have in common; undefined for what was not asked for. Sorted. */
  readonly key: { readonly host?: string; readonly paths?: readonly string[]; readonly tags?: readonly string[] };
  readonly snapshots: readonly StoredSnapshot[];
}

/** @param text as `host,paths,tags`; `path` and `tag` are taken too. @throws `arguments.invalid` */
export function parseGroupBy(text = ''): GroupBy {
  const words = text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  const unknown = words.find((word) => !/^(?:hosts?|paths?|tags?)$/.test(word));
  if (unknown !== undefined)
    throw new CadanganError('arguments.invalid', {
      option: `--group-by ${text}`,
      reason: 'host, paths and tags are known, separated by commas',
    });
  const has = (beginning: string) => words.some((word) => word.startsWith(beginning));
  return { host: has('host'), paths: has('path'), tags: has('tag'), isEmpty: words.length === 0 };
}

/** In the order in which the groups' first snapshots come. */
export function groupSnapshots(snapshots: readonly StoredSnapshot[], groupBy: GroupBy): SnapshotGroup[] {
  const keyOf = ({ snapshot }: StoredSnapshot): SnapshotGroup['key'] => ({
    ...(groupBy.host && { host: snapshot.hostname }),
    ...(groupBy.paths && { paths: [...snapshot.paths].sort() }),
    ...(groupBy.tags && { tags: snapshot.tags.filter((tag) => !isAnchorTag(tag)).sort() }),
  });
  // What one place of Windows was written as at different times is one history.
  const groupOf = (key: SnapshotGroup['key']): string => JSON.stringify({ ...key, paths: key.paths?.map(placeKeyOf).sort() });
  const groups = Map.groupBy(snapshots, (snapshot) => groupOf(keyOf(snapshot)));
  return [...groups.values()].flatMap((members) => (members[0] === undefined ? [] : [{ key: keyOf(members[0]), snapshots: members }]));
}

/** The last `count` of each host and set of paths, in the given order. */
export function latestOfEach(snapshots: readonly StoredSnapshot[], count: number): StoredSnapshot[] {
  const groups = groupSnapshots(snapshots, { host: true, paths: true, tags: false, isEmpty: false });
  const kept = new Set(groups.flatMap((group) => [...group.snapshots].sort(byTime).slice(-count)));
  return snapshots.filter((snapshot) => kept.has(snapshot));
}

function byTime(a: StoredSnapshot, b: StoredSnapshot): number {
  return a.timeNs < b.timeNs ? -1 : a.timeNs > b.timeNs ? 1 : 0;
}
