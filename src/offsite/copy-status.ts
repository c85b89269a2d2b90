import type { ErrorFacts } from '../platform/index.ts';
import type { CopyMemory } from './copy-memory.ts';
import type { KeeperState } from './keep-copy.ts';
import { troubleOf, type TroubleKind } from './next-work.ts';
import type { OriginalLook } from './original-look.ts';
import type { CopyProgress } from './progress.ts';
import type { RecordedError } from './recorded-error.ts';

/**
 * A copy in a word. `in-sync`: it was whole when it was last looked at, nothing failed since, and the original is still what it was then.
 * `unknown`: what that would need was not looked at, or could not be.
 */
export type CopyStateWord =
  | 'in-sync'
  | 'behind'
  | 'copying'
  | 'scrubbing'
  | 'reading'
  | 'writing-readable'
  | 'paused'
  | 'stopped-by-trouble'
  | 'unknown';

/**
 * Why nothing is known. `never-looked`: as far as is remembered; `memory-unreadable`: what is remembered; `last-try-stopped`: before it
 * knew anything; `clock`: it was whole at a time that is still to come.
 */
export type UnknownReason =
  | 'never-looked'
  | 'memory-unreadable'
  | 'last-try-stopped'
  | 'original-unreadable'
  | 'original-not-compared'
  | 'clock';

/** What stands in the way of a copy: what its keeper met, what is wrong with the sign-in, or what ended the last try. */
export interface CopyTrouble {
  readonly kind: TroubleKind;
  readonly code: string;
  readonly facts: ErrorFacts;
  /** Milliseconds since 1970; undefined where only that it is so can be seen. */
  readonly sinceMs: number | undefined;
  /** RFC 3339. Of a try that nobody repeats by himself. */
  readonly triedAt: string | undefined;
  /** Of a work beside the copying, which goes on; undefined of the copying itself. */
  readonly beside?: BesideWork | undefined;
}

export type BesideWork = 'sample' | 'readable' | 'records';

/** What the original's folder showed, beside what it had when the copy was last whole. */
export interface OriginalState {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly state: 'same' | 'changed' | 'not-compared' | 'unreadable';
  /** Ids of snapshots that came since. */
  readonly newSnapshots: readonly string[];
  readonly error: RecordedError | undefined;
}

/** All that people are shown of one copy. Times are RFC 3339 unless they end in `Ms` (milliseconds since 1970). */
export interface CopyStatus {
  readonly name: string;
  readonly title: string | undefined;
  readonly repository: string;
  readonly to: string;
  readonly state: CopyStateWord;
  /** Only of the state `unknown`. */
  readonly unknownBecause: UnknownReason | undefined;
  /** Of when the state is, where nobody would notice a change; undefined while somebody watches, and when it was never whole. */
  readonly asOf: string | undefined;
  /**
   * Since when it is not known to be in sync: since it was seen to be behind or something came in its way, else since it was last whole.
   * Undefined when it is in sync, is worked on, or never was whole.
   */
  readonly since: string | undefined;
  /** Files and bytes that the copy lacks, and since when it is not whole; undefined when it lacks nothing, as far as is known. */
  readonly behind: { readonly files: number; readonly bytes: number; readonly since: string } | undefined;
  readonly total: { readonly files: number; readonly bytes: number } | undefined;
  readonly trouble: CopyTrouble | undefined;
  /** Undefined when it was not looked at. */
  readonly original: OriginalState | undefined;
  readonly memoryError: RecordedError | undefined;
  readonly watch: KeeperState['watch'] | undefined;
  readonly progress: CopyProgress | undefined;
  readonly lastWholeAt: string | undefined;
  readonly lastSync: CopyMemory['lastSync'];
  readonly lastScrub: CopyMemory['lastScrub'];
  readonly lastSample: CopyMemory['lastSample'];
  readonly heldBack: CopyMemory['heldBack'];
  /** What the repository has no more and nobody can remove from the copy (append-only, locked): nothing is missing for it. */
  readonly held: CopyMemory['held'];
  /** Of how many files of the copy nothing is proven but their size; undefined: of none. */
  readonly unconfirmed: CopyMemory['unconfirmed'];
  /** Ids of snapshots that can be restored from the copy, verified. */
  readonly snapshots: readonly string[];
  readonly readable: NonNullable<CopyMemory['readable']>;
  /** The history of this machine beside the copy. */
  readonly records: CopyMemory['records'];
}

export interface CopyNames {
  readonly name: string;
  readonly title?: string | undefined;
  readonly repository: string;
  readonly to: string;
  readonly paused: boolean;
}

/** All that the word for a copy rests on. */
export interface CopyFacts {
  /** An empty one where there is none, and where it cannot be read. */
  readonly memory: CopyMemory;
  readonly memoryError?: RecordedError | undefined;
  /** Undefined where no process keeps the copy up. */
  readonly keeper: KeeperState | undefined;
  /** How the original looks now; undefined where nobody looked. */
  readonly original: OriginalLook | undefined;
  /** Why nobody could copy now, as far as that is seen without asking Google; undefined of a copy that needs no account. */
  readonly signIn: RecordedError | undefined;
  readonly nowMs: number;
}

/** Puts together what is configured, what is remembered, what is seen, and what goes on. Pure. */
export function copyStatusOf(names: CopyNames, facts: CopyFacts): CopyStatus {
  const { name, title, repository, to } = names;
  const { memory, keeper, memoryError } = facts;
  const {
    behind,
    total,
    lastWholeAt,
    lastSync,
    lastScrub,
    lastSample,
    heldBack,
    held,
    unconfirmed,
    snapshots,
    readable = [],
    records,
  } = memory;
  const trouble = troubleIn(facts);
  const original = facts.original && originalStateOf(facts.original, memory);
  const state = wordOf(names, facts, { trouble, original });
  return {
    name,
    title,
    repository,
    to,
    behind,
    total,
    lastWholeAt,
    lastSync,
    lastScrub,
    lastSample,
    heldBack,
    held,
    unconfirmed,
    snapshots,
    readable,
    records,
    state,
    trouble,
    original,
    memoryError,
    unknownBecause: state === 'unknown' ? unknownReasonOf(facts, original) : undefined,
    asOf: isWatched(keeper) ? undefined : lastWholeAt,
    since: sinceOf(state, facts, trouble),
    watch: keeper?.watch,
    progress: keeper?.progress ?? underwayIn(facts),
  };
}

/** What a keeper does at the moment; undefined while it does nothing. */
export function workWordOf(keeper: KeeperState | undefined): CopyStateWord | undefined {
  switch (keeper?.activity) {
    case 'look':
    case 'sync':
      return keeper.progress === undefined || keeper.progress.phase === 'copying' ? 'copying' : 'scrubbing';
    case 'scrub':
      return keeper.progress?.phase === 'copying' ? 'copying' : 'scrubbing';
    case 'sample':
      return 'reading';
    case 'readable':
      return 'writing-readable';
    case 'starting':
    case 'waiting':
    case 'paused':
    case undefined:
      return undefined;
  }
}

/** Written down every quarter of a minute; what is older was left behind. */
const underwayMsMax = 120_000;

/** What another process is at, as it has written down a moment ago. */
function underwayIn({ memory: { underway }, nowMs }: CopyFacts): CopyProgress | undefined {
  if (underway === undefined) return undefined;
  const { at, ...progress } = underway;
  return Math.abs(nowMs - Date.parse(at)) <= underwayMsMax ? { ...progress, currentPath: '' } : undefined;
}

function workWordOfPhase(phase: CopyProgress['phase'] | undefined): CopyStateWord | undefined {
  return phase === undefined
    ? undefined
    : phase === 'copying' || phase === 'listing'
      ? 'copying'
      : phase === 'reading'
        ? 'reading'
        : 'scrubbing';
}

/** Whether a snapshot is safe off-site: it and all that it may need is in a copy, verified. */
export function isProtected({ snapshots }: Pick<CopyStatus, 'snapshots'>, snapshotId: string): boolean {
  return snapshots.includes(snapshotId);
}

interface Seen {
  readonly trouble: CopyTrouble | undefined;
  readonly original: OriginalState | undefined;
}

/** What is sure comes first: work under way, then what keeps it from being done, then what is known to be missing. */
function wordOf({ paused }: CopyNames, facts: CopyFacts, { trouble, original }: Seen): CopyStateWord {
  const { memory, keeper } = facts;
  const work = workWordOf(keeper) ?? workWordOfPhase(underwayIn(facts)?.phase);
  if (work !== undefined) return work;
  if (keeper?.activity === 'paused' || (paused && keeper === undefined)) return 'paused';
  if (trouble !== undefined && trouble.beside === undefined) return 'stopped-by-trouble';
  if (isKnownBehind(memory) || keeper?.changedSinceMs !== undefined || original?.state === 'changed') return 'behind';
  return unknownReasonOf(facts, original) === undefined ? 'in-sync' : 'unknown';
}

function sinceOf(
  state: CopyStateWord,
  { memory: { behind, lastWholeAt }, keeper }: CopyFacts,
  trouble: Seen['trouble'],
): string | undefined {
  switch (state) {
    case 'behind':
      return behind?.since ?? timeOf(keeper?.changedSinceMs) ?? lastWholeAt;
    case 'stopped-by-trouble':
      return trouble?.triedAt ?? timeOf(trouble?.sinceMs) ?? lastWholeAt;
    case 'unknown':
      return lastWholeAt;
    case 'paused':
    case 'in-sync':
    case 'copying':
    case 'scrubbing':
    case 'reading':
    case 'writing-readable':
      return undefined;
  }
}

function timeOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}

/** Files that a sample found rotten are as good as missing. */
function isKnownBehind({ behind, lastSync, distrusted = [] }: CopyMemory): boolean {
  return behind !== undefined || lastSync?.outcome === 'incomplete' || distrusted.length > 0;
}

/** Undefined when all of it is known and right. */
function unknownReasonOf({ memory, memoryError, nowMs }: CopyFacts, original: OriginalState | undefined): UnknownReason | undefined {
  const { lastSync, lastWholeAt } = memory;
  if (memoryError !== undefined) return 'memory-unreadable';
  if (lastSync === undefined) return 'never-looked';
  if (lastSync.outcome === 'stopped' || lastSync.outcome === 'failed') return 'last-try-stopped';
  if (lastWholeAt === undefined) return 'never-looked';
  // Also what is no time at all.
  if (!(Date.parse(lastWholeAt) <= nowMs)) return 'clock';
  if (original?.state === 'unreadable') return 'original-unreadable';
  return original?.state === 'same' ? undefined : 'original-not-compared';
}

/**
 * Whether somebody has looked at everything since he began, and would hear of a change, most of the time: that none came shows the look at
 * the original alone.
 */
function isWatched(keeper: KeeperState | undefined): boolean {
  return keeper?.activity === 'waiting' && (keeper.watch.mode === 'events' || keeper.watch.mode === 'polling');
}

/** What keeps it from being copied, then what failed beside that. */
function troubleIn(facts: CopyFacts): CopyTrouble | undefined {
  return copyingTroubleIn(facts) ?? besideTroubleIn(facts);
}

/** What is wrong with the sign-in now, then what the keeper met, then what ended the last try. */
function copyingTroubleIn({ memory: { lastSync }, keeper, signIn }: CopyFacts): CopyTrouble | undefined {
  const kept = keeper?.trouble;
  if (signIn !== undefined && kept?.kind !== troubleOf(signIn.code))
    return { kind: troubleOf(signIn.code), ...signIn, sinceMs: undefined, triedAt: undefined };
  if (kept !== undefined) return { kind: kept.kind, code: kept.code, facts: kept.facts, sinceMs: kept.sinceMs, triedAt: undefined };
  // What a keeper is at is newer.
  if (lastSync?.outcome !== 'failed' || workWordOf(keeper) !== undefined) return undefined;
  const { code, facts } = lastSync.error ?? { code: 'unknown', facts: {} };
  return { kind: troubleOf(code, facts), code, facts, sinceMs: Date.parse(lastSync.at), triedAt: lastSync.at };
}

/** Until it succeeds. What every work needs was there again when a later copying came to its end. */
function besideTroubleIn({ memory: { failed = {}, lastSync } }: CopyFacts): CopyTrouble | undefined {
  for (const beside of ['sample', 'readable', 'records'] as const) {
    const { at, error } = failed[beside] ?? {};
    if (at === undefined || error === undefined) continue;
    const kind = troubleOf(error.code, error.facts);
    const isOver = ofEveryWork.has(kind) && lastSync?.outcome !== 'stopped' && Date.parse(lastSync?.at ?? '') > Date.parse(at);
    if (!isOver) return { kind, ...error, sinceMs: Date.parse(at), triedAt: at, beside };
  }
  return undefined;
}

const ofEveryWork: ReadonlySet<TroubleKind> = new Set([
  'signed-out',
  'wrong-account',
  'drive-unavailable',
  'rate',
  'copy-unreachable',
  'copy-denied',
]);

function originalStateOf({ atMs, found }: OriginalLook, { original: known }: CopyMemory): OriginalState {
  if ('error' in found) return { atMs, state: 'unreadable', newSnapshots: [], error: found.error };
  if (known === undefined) return { atMs, state: 'not-compared', newSnapshots: [], error: undefined };
  const before = new Set(known.snapshots);
  return {
    atMs,
    state: found.sha256 === known.sha256 ? 'same' : 'changed',
    newSnapshots: found.snapshots.filter((id) => !before.has(id)),
    error: undefined,
  };
}
