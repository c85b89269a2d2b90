import type { ErrorCode, ErrorFacts } from '../platform/index.ts';

/** What a keeper does. `look`: compare with what is known to be in the copy; `sync`: ask its place, too. */
export type Work = 'look' | 'sync' | 'scrub' | 'sample' | 'readable';

/** All that the decision rests on; times in milliseconds of one clock. Undefined: never. */
export interface KeeperSituation {
  readonly isPaused: boolean;
  /** Changes of the original that no look has seen yet. */
  readonly changes: { readonly firstMs: number; readonly lastMs: number } | undefined;
  /** How often in a row the copying met the original in the middle of a change, or what it could not read yet; and when it ended. */
  readonly incomplete: { readonly times: number; readonly lastMs: number } | undefined;
  /** The copy's place was asked for everything. */
  readonly lastSyncMs: number | undefined;
  readonly lastScrubMs: number | undefined;
  readonly lastSampleMs: number | undefined;
  /** When the next readable copy is due, if there is a rule. */
  readonly readableDueMs: number | undefined;
  /** Nothing is tried before that. */
  readonly notBeforeMs: number | undefined;
  /** Somebody asked for it. */
  readonly wanted: Pick<ReadonlySet<Work>, 'has'>;
  readonly timing: KeeperTiming;
}

export interface KeeperTiming {
  readonly settleMs: number;
  /** Between two times that Drive is asked for everything; default one hour. */
  readonly syncEveryMs: number;
  readonly scrubEveryMs: number;
  readonly sampleEveryMs: number;
  readonly samplePercent: number;
}

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

/** A backup that runs for hours never lets the folder come to rest; what it has written so far is copied all the same. */
const restlessMsMax = 5 * 60_000;

/** What is to be done now, or until when to wait for what, unless something happens. Pure. */
export function nextWork(
  situation: KeeperSituation,
  nowMs: number,
): { readonly work: Work } | { readonly waitUntilMs: number; readonly next: Work | undefined } {
  const { isPaused, changes, incomplete, lastSyncMs, lastScrubMs, lastSampleMs, readableDueMs, notBeforeMs, wanted, timing } = situation;
  const asked = (['sync', 'scrub', 'sample', 'readable', 'look'] as const).find((work) => wanted.has(work));
  if (asked !== undefined) return { work: asked };
  if (isPaused) return { waitUntilMs: Infinity, next: undefined };
  // What was never done is due as soon as there is a copy.
  const afterSync = (lastMs: number | undefined, everyMs: number): number =>
    lastSyncMs === undefined ? Infinity : lastMs === undefined ? nowMs : lastMs + everyMs;
  const due: readonly (readonly [Work, number])[] = [
    // A time still to come is of a clock that was put back: who waited for it would wait as much longer.
    ['sync', lastSyncMs === undefined || lastSyncMs > nowMs ? nowMs : lastSyncMs + timing.syncEveryMs],
    ['look', Math.min(restedAtMs(changes, timing), incomplete === undefined ? Infinity : incomplete.lastMs + backOffMs(incomplete.times))],
    ['scrub', afterSync(lastScrubMs, timing.scrubEveryMs)],
    ['sample', timing.samplePercent === 0 ? Infinity : afterSync(lastSampleMs, timing.sampleEveryMs)],
    ['readable', readableDueMs ?? Infinity],
  ];
  const waitUntilMs = Math.max(notBeforeMs ?? -Infinity, Math.min(...due.map(([, atMs]) => atMs)));
  const next = due.find(([, atMs]) => atMs <= Math.max(waitUntilMs, nowMs))?.[0];
  return next !== undefined && waitUntilMs <= nowMs ? { work: next } : { waitUntilMs, next };
}

function restedAtMs(changes: KeeperSituation['changes'], { settleMs }: KeeperTiming): number {
  return changes === undefined ? Infinity : Math.min(changes.lastMs + settleMs, changes.firstMs + Math.max(restlessMsMax, settleMs));
}

/** Why a copy stands still, in a word that people are told. */
export type TroubleKind =
  | 'signed-out'
  | 'wrong-account'
  | 'full'
  | 'daily-volume'
  | 'rate'
  | 'drive-unavailable'
  | 'denied'
  /** The storage of a copy that does not lie on Google Drive, which is all that is above: it does not answer, refuses, or has no room. */
  | 'copy-unreachable'
  | 'copy-denied'
  | 'copy-full'
  /** It does not give back what it took. */
  | 'copy-not-kept'
  | 'source'
  | 'file-held'
  | 'other-repository'
  | 'folder-away'
  | 'busy'
  | 'other';

const troubles = new Map<string, TroubleKind>(
  Object.entries({
    'drive.signed-out': 'signed-out',
    'drive.sign-in-failed': 'signed-out',
    'drive.not-set-up': 'signed-out',
    'drive.wrong-account': 'wrong-account',
    'drive.full': 'full',
    'drive.daily-volume': 'daily-volume',
    'drive.rate-limited': 'rate',
    'drive.unavailable': 'drive-unavailable',
    'drive.not-found': 'drive-unavailable',
    'drive.altered': 'drive-unavailable',
    'drive.denied': 'denied',
    'storage.unreachable': 'source',
    'storage.no-repository': 'source',
    'storage.denied': 'source',
    'file.in-use': 'file-held',
    'offsite.source-doubtful': 'source',
    'offsite.other-repository': 'other-repository',
    'offsite.folder-moved': 'folder-away',
    'offsite.folder-trashed': 'folder-away',
    'offsite.folder-unseen': 'folder-away',
    'offsite.files-gone': 'folder-away',
    'offsite.not-kept': 'copy-not-kept',
    'offsite.busy': 'busy',
  } satisfies Partial<Record<ErrorCode, TroubleKind>>),
);

/** Of errors that name the copy as where they come from (`of`): the original may lie in a storage, too. */
const copyTroubles = new Map<string, TroubleKind>(
  Object.entries({
    'storage.unreachable': 'copy-unreachable',
    'storage.no-repository': 'copy-unreachable',
    'storage.denied': 'copy-denied',
    'storage.unknown-host': 'copy-denied',
    'storage.host-changed': 'copy-denied',
    'storage.full': 'copy-full',
  } satisfies Partial<Record<ErrorCode, TroubleKind>>),
);

/** @param code of an error, perhaps one that only a newer version knows */
export function troubleOf(code: string | undefined, facts: ErrorFacts = {}): TroubleKind {
  if (code === undefined) return 'other';
  return (facts['of'] === 'copy' ? copyTroubles.get(code) : undefined) ?? troubles.get(code) ?? 'other';
}

/**
 * When to try again: at once for nobody's sake, soon where it mends itself, in an hour where somebody has to do something; he can also say
 * when.
 */
export function retryAfterMs(kind: TroubleKind, failuresInARow: number): number {
  switch (kind) {
    case 'drive-unavailable':
    case 'copy-unreachable':
    case 'rate':
    case 'source':
    case 'file-held':
      return backOffMs(failuresInARow);
    case 'busy':
      return 60_000;
    case 'signed-out':
    case 'wrong-account':
      return 10 * 60_000;
    case 'full':
    case 'daily-volume':
    case 'denied':
    case 'copy-denied':
    case 'copy-full':
    case 'copy-not-kept':
    case 'other-repository':
    case 'folder-away':
    case 'other':
      return hourMs;
  }
}

/** What mends itself is tried again soon, and then ever less often. */
function backOffMs(timesInARow: number): number {
  return Math.min(30 * 60_000, 60_000 * 2 ** Math.min(10, timesInARow - 1));
}
