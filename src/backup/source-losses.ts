import type { ByteString } from '../platform/index.ts';
import type { Repository, StoredSnapshot, TreeId } from '../repository/index.ts';
import { namedOf, nodesOf } from './empty-sources.ts';
import type { Fate } from './fate.ts';
import type { SourceTree } from './source-tree.ts';

/** From which share of the files of a source on a run says that it has suspiciously little of it. */
export interface AlarmLimits {
  /** Default: 90. */
  readonly vanishedPercent?: number | undefined;
  /** More than this. Default: 50. */
  readonly unreadablePercent?: number | undefined;
}

export interface SourceAlarm {
  readonly path: ByteString;
  readonly kind: 'files-vanished' | 'mostly-unreadable';
  readonly reason: string;
}

/** One source, and what a run met in it. */
interface CountedSource {
  readonly path: ByteString;
  /** In front of everything in it. */
  readonly prefix: ByteString;
  /** Of the folders that lead to it from the root of a snapshot. */
  readonly names: readonly ByteString[];
  files: number;
  /** Of these, how many the snapshot before has under the same name. */
  kept: number;
  readonly unreadable: ByteString[];
}

/** Counts by source what a run meets. */
export class SourceCounts {
  readonly sources: readonly CountedSource[];
  #last: CountedSource | undefined;

  constructor(tree: SourceTree) {
    this.sources = sourcesOf(tree, []);
    this.#last = this.sources[0];
  }

  file(fate: Fate, path: ByteString): void {
    const source = this.#sourceOf(path);
    if (!source) return;
    source.files += 1;
    if (fate !== 'new') source.kept += 1;
  }

  unreadable(path: ByteString): void {
    this.#sourceOf(path)?.unreadable.push(path);
  }

  /** A walk stays in one source for long. */
  #sourceOf(path: ByteString): CountedSource | undefined {
    const holds = (source: CountedSource | undefined) => source && (path.startsWith(source.prefix) || path === source.path);
    if (!holds(this.#last)) this.#last = this.sources.find(holds);
    return this.#last;
  }
}

function sourcesOf({ isSource, path, children }: SourceTree, names: readonly ByteString[]): CountedSource[] {
  if (!isSource) return children.flatMap((child) => sourcesOf(child, [...names, child.name]));
  const prefix = (path.endsWith('/') ? path : `${path}/`) as ByteString;
  return [{ path, prefix, names, files: 0, kept: 0, unreadable: [] }];
}

export interface AlarmContext {
  /** What the run is held against; undefined: there is nothing. */
  readonly before: StoredSnapshot | undefined;
  /** What the run left out was left out before, too: what the rules leave out has not vanished. */
  readonly hasSameRules: boolean;
  readonly limits: AlarmLimits;
  readonly signal: AbortSignal;
}

/**
 * Sources of which a run has suspiciously little: nearly all that the snapshot before has of it has vanished and little has come instead
 * (most likely a disk that is not mounted, with something left where it was), or most of it could not be read. A folder that could not be
 * read counts as what the snapshot before has in it. Costs a look at the trees of the snapshot before only where so much is missing.
 * @throws the storage's errors; what is damaged tells nothing
 */
export async function sourceAlarms(repository: Repository, { sources }: SourceCounts, context: AlarmContext): Promise<SourceAlarm[]> {
  const look: Look = { repository, ...context, missing: missingOf(sources, context.before) };
  const alarms: SourceAlarm[] = [];
  for (const source of sources) {
    const alarm = (await unreadableAlarm(source, look)) ?? (await vanishedAlarm(source, look));
    if (alarm) alarms.push(alarm);
  }
  return alarms;
}

interface Look extends AlarmContext {
  readonly repository: Repository;
  /** Files that the snapshot before has and the run has not, over all sources; at most. */
  readonly missing: number;
}

function missingOf(sources: readonly CountedSource[], before: StoredSnapshot | undefined): number {
  const total = before?.snapshot.summary?.totalFilesProcessed ?? Infinity;
  return total - sources.reduce((sum, { kept }) => sum + kept, 0);
}

/** Folders whose content is looked for in the snapshot before. */
const unreadableLookedForMax = 100;

async function unreadableAlarm({ path, names, prefix, files, unreadable }: CountedSource, look: Look): Promise<SourceAlarm | undefined> {
  if (unreadable.length === 0) return undefined;
  let lost = unreadable.length;
  for (const one of unreadable.slice(0, unreadableLookedForMax)) {
    const below = one.length <= prefix.length ? [] : (one.slice(prefix.length).split('/') as ByteString[]);
    const { count } = await filesBefore([...names, ...below], look);
    lost += Math.max(0, count - 1);
  }
  const { unreadablePercent = 50 } = look.limits;
  return lost * 100 > unreadablePercent * (lost + files)
    ? { path, kind: 'mostly-unreadable', reason: `${lost}/${lost + files} not read` }
    : undefined;
}

async function vanishedAlarm({ path, names, files, kept }: CountedSource, look: Look): Promise<SourceAlarm | undefined> {
  const { before, hasSameRules, limits, missing } = look;
  if (!before || !hasSameRules) return undefined;
  const { vanishedPercent = 90 } = limits;
  const isAlarm = (total: number) => total > 1 && (total - kept) * 100 >= vanishedPercent * total && files * 2 < total;
  if (missing <= 0 || !isAlarm(kept + missing)) return undefined; // it had no more than that
  const { count, isWhole } = await filesBefore(names, look);
  if (!isAlarm(count)) return undefined;
  const gone = isWhole ? `${count - kept}/${count}` : `>${count - kept}`;
  const name = `${before.id.slice(0, 8)}, ${before.snapshot.time.slice(0, 10)}`;
  return { path, kind: 'files-vanished', reason: `${gone} (snapshot ${name}); is the disk mounted?` };
}

/** Trees of a place that are looked at; of one with more it is known that it was large. */
const treesLookedAtMax = 2_000;

/** How many files the snapshot before has in a folder; none where it has no such folder. */
async function filesBefore(
  names: readonly ByteString[],
  { repository, before, signal }: Look,
): Promise<{ readonly count: number; readonly isWhole: boolean }> {
  let tree: TreeId | undefined = before?.snapshot.tree;
  for (const name of names) {
    if (tree === undefined) break;
    tree = namedOf(await nodesOf(repository, tree, signal), name)?.subtree;
  }
  const open = tree === undefined ? [] : [tree];
  let count = 0;
  let looked = 0;
  for (let at = open.pop(); at !== undefined && looked < treesLookedAtMax; at = open.pop(), looked++) {
    const nodes = await nodesOf(repository, at, signal);
    count += nodes.filter(({ type }) => type === 'file').length;
    open.push(...nodes.flatMap(({ subtree }) => subtree ?? []));
  }
  return { count, isWhole: looked < treesLookedAtMax };
}
