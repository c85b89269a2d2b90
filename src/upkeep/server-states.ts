import type { BackupHistory } from './backup-histories.ts';

/**
 * `in-time`: its last good backup is within its measure. `late`: it is older. `silent`: it is older than three times that, or there is
 * none. `retired`: the configuration says that nothing comes any more. `unknown`: see `UnknownReason`.
 */
export type ServerState = 'in-time' | 'late' | 'silent' | 'retired' | 'unknown';

/**
 * `not-looked`: the repository could not be looked at, and what is told is of the time before. `no-measure`: nothing says how often it
 * backs up. `future`: the newest backup has a date more than a day ahead, so that a clock was wrong and its age is not known.
 */
export type UnknownReason = 'not-looked' | 'no-measure' | 'future';

/** How old a last good backup may be, and who says so. */
export interface Measure {
  readonly hours: number;
  /** `schedule`: a set of this server that names no objective. `rhythm`: half as much again as the server itself takes. */
  readonly by: 'configuration' | 'schedule' | 'rhythm';
}

/** What is known of a server beside its snapshots. */
export interface Expectation {
  readonly host: string;
  /** Of this set alone; undefined: of all that the server has. */
  readonly set: string | undefined;
  /** In this repository alone. */
  readonly location: string | undefined;
  readonly measure: Measure | undefined;
  /** Nothing comes any more, and that is right. */
  readonly isRetired: boolean;
  /** It is told of, also where there is no backup of it. */
  readonly isWanted: boolean;
}

/** A known repository, as it was when somebody last looked at it. */
export interface SeenRepository {
  readonly location: string;
  /** Undefined: nobody ever could. */
  readonly seenMs: number | undefined;
  /** The last look went well, and is not long ago. */
  readonly isCurrent: boolean;
  readonly histories: readonly BackupHistory[];
}

/** A history, or one that should be there, as it is judged. */
export interface JudgedBackups {
  /** Undefined: it is in no repository that was looked at. */
  readonly location: string | undefined;
  readonly seenMs: number | undefined;
  readonly set: string | undefined;
  readonly history: BackupHistory | undefined;
  readonly lastGoodMs: number | undefined;
  /** When it was looked at. */
  readonly ageMs: number | undefined;
  readonly measure: Measure | undefined;
  readonly state: ServerState;
  readonly why: UnknownReason | undefined;
}

export interface JudgedServer {
  readonly host: string;
  readonly state: ServerState;
  /** Over all that it backs up; undefined while one of them is not known. */
  readonly bytes: number | undefined;
  readonly backups: readonly JudgedBackups[];
}

const hourMs = 3_600_000;
const futureMsMax = 24 * hourMs;
/** Nobody has promised a rhythm. */
const rhythmGrace = 1.5;
const silentFactor = 3;
const order: readonly ServerState[] = ['silent', 'late', 'unknown', 'in-time', 'retired'];

/**
 * Every server of the repositories, with those that are wanted and were never heard of; trouble first, then by name. Each is judged as of
 * when its repository was looked at: what came since nobody knows. Pure.
 * @param expectations the first that fits a history counts, and of several that want the same the first
 */
export function judgeServers(repositories: readonly SeenRepository[], expectations: readonly Expectation[]): readonly JudgedServer[] {
  const met = new Set<Expectation>();
  const found = repositories.flatMap((repository) =>
    repository.histories.map((history) => {
      const fitting = expectations.filter((expectation) => fits(expectation, history, repository.location));
      for (const expectation of fitting) met.add(expectation);
      return { host: history.host, backups: judge(history, repository, fitting[0]) };
    }),
  );
  // Names of machines are the same in any case of letters; snapshots that differ there stand apart all the same, as in restic.
  const spelt = new Map(found.map(({ host }) => [host.toLowerCase(), host]));
  for (const { host } of expectations) if (!spelt.has(host.toLowerCase())) spelt.set(host.toLowerCase(), host);
  const missing = firstOfEach(expectations)
    .filter((expectation) => expectation.isWanted && !met.has(expectation))
    .map((expectation) => ({
      host: spelt.get(expectation.host.toLowerCase()) ?? expectation.host,
      backups: unheardOf(expectation, repositories),
    }));
  const servers = Map.groupBy([...found, ...missing], ({ host }) => host);
  return [...servers]
    .map(([host, all]) =>
      serverOf(
        host,
        all.map(({ backups }) => backups),
      ),
    )
    .sort(byTrouble);
}

/** A configuration may name the same twice. */
function firstOfEach(expectations: readonly Expectation[]): readonly Expectation[] {
  const keyOf = ({ host, set, location }: Expectation): string => JSON.stringify([host.toLowerCase(), set, location]);
  return [...Map.groupBy(expectations, keyOf).values()].flatMap(([first]) => first ?? []);
}

function fits({ host, set, location }: Expectation, history: BackupHistory, at: string): boolean {
  if (host.toLowerCase() !== history.host.toLowerCase()) return false;
  return (set === undefined || set === history.set) && (location === undefined || location === at);
}

function judge(
  history: BackupHistory,
  { location, seenMs, isCurrent }: SeenRepository,
  expectation: Expectation | undefined,
): JudgedBackups {
  const { newest, rhythmHours } = history;
  const rhythm = rhythmHours === undefined ? undefined : ({ hours: rhythmHours * rhythmGrace, by: 'rhythm' } as const);
  const measure = expectation?.measure ?? rhythm;
  const lastGoodMs = newest.timeMs;
  const ageMs = isCurrent && seenMs !== undefined ? seenMs - lastGoodMs : undefined;
  const told = { location, seenMs, set: history.set, history, lastGoodMs, ageMs, measure };
  const unknown = (why: UnknownReason): JudgedBackups => ({ ...told, state: 'unknown', why });
  if (expectation?.isRetired) return { ...told, state: 'retired', why: undefined };
  if (ageMs === undefined) return unknown('not-looked');
  if (ageMs < -futureMsMax) return unknown('future');
  if (measure === undefined) return unknown('no-measure');
  return { ...told, state: stateOf(ageMs, measure.hours * hourMs), why: undefined };
}

function stateOf(ageMs: number, measureMs: number): 'in-time' | 'late' | 'silent' {
  if (ageMs <= measureMs) return 'in-time';
  return ageMs <= silentFactor * measureMs ? 'late' : 'silent';
}

/** Somebody wants it, and it is nowhere: that is known once every place was looked at where it may be. */
function unheardOf({ set, location, measure }: Expectation, repositories: readonly SeenRepository[]): JudgedBackups {
  const places = repositories.filter((repository) => location === undefined || repository.location === location);
  const isKnown = places.length > 0 && places.every(({ isCurrent }) => isCurrent);
  return {
    location,
    seenMs: places.length === 1 ? places[0]?.seenMs : undefined,
    set,
    history: undefined,
    lastGoodMs: undefined,
    ageMs: undefined,
    measure,
    state: isKnown ? 'silent' : 'unknown',
    why: isKnown ? undefined : 'not-looked',
  };
}

function serverOf(host: string, backups: readonly JudgedBackups[]): JudgedServer {
  const sorted = backups.toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state) || compare(labelOf(a), labelOf(b)));
  const sizes = backups.filter(({ state }) => state !== 'retired').map(({ history }) => (history === undefined ? 0 : history.newest.bytes));
  const known = sizes.filter((bytes) => bytes !== undefined);
  const bytes = known.length < sizes.length ? undefined : known.reduce((sum, size) => sum + size, 0);
  return { host, state: stateOfAll(backups), bytes, backups: sorted };
}

/**
 * Silent is a server of which nothing comes; where only a part does not come it is late. What nothing can be held against, as a backup that
 * somebody made once by hand, says nothing beside what can, but that the server is there.
 */
function stateOfAll(backups: readonly JudgedBackups[]): ServerState {
  const lasting = backups.filter(({ state }) => state !== 'retired');
  if (lasting.length === 0) return 'retired';
  const telling = lasting.filter(({ why }) => why !== 'no-measure');
  if (telling.length === 0) return 'unknown';
  if (telling.every(({ state }) => state === 'silent')) return isHeardOf(lasting, telling) ? 'late' : 'silent';
  if (telling.some(({ state }) => state === 'silent' || state === 'late')) return 'late';
  return telling.some(({ state }) => state === 'unknown') ? 'unknown' : 'in-time';
}

/** Something came that is not older than each of the silent ones might be without being silent. */
function isHeardOf(all: readonly JudgedBackups[], silent: readonly JudgedBackups[]): boolean {
  const hours = silent.flatMap(({ measure }) => measure?.hours ?? []);
  const msMax = silentFactor * Math.min(...hours) * hourMs;
  return hours.length > 0 && all.some(({ why, ageMs }) => why === 'no-measure' && ageMs !== undefined && ageMs <= msMax);
}

function byTrouble(a: JudgedServer, b: JudgedServer): number {
  return order.indexOf(a.state) - order.indexOf(b.state) || compare(a.host, b.host);
}

function labelOf({ location = '', set, history }: JudgedBackups): string {
  return `${set ?? history?.paths.join() ?? ''}\n${location}`;
}

/** The same everywhere, whatever language the machine speaks. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
