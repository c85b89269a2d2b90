import type { Clock } from '../platform/index.ts';
import { judgeServers, type Expectation, type JudgedBackups, type JudgedServer } from '../upkeep/index.ts';
import { timeTextOf } from './backup-runs.ts';
import { errorDataOf } from './error-data.ts';
import type { SeenRepositoryInfo, ServerBackups, ServersReport } from './protocol.ts';
import type { Look } from './servers-desk.ts';

export interface ServersReportOptions {
  readonly ownHost: string;
  readonly clock: Clock;
  /** Takes out what must never be shown. */
  readonly scrub: (text: string) => string;
}

/** Looks and expectations as everybody is told of them: the window, the command line, `--json`. */
export function serversReport(
  looks: readonly Look[],
  expectations: readonly Expectation[],
  { ownHost, clock, scrub }: ServersReportOptions,
): ServersReport {
  const time = (ms: number): string => timeTextOf(ms, clock);
  return {
    at: time(Number(clock.nowNs() / 1_000_000n)),
    servers: judgeServers(looks, expectations).map((server) => serverInfoOf(server, ownHost, time)),
    repositories: looks.map((look) => repositoryInfoOf(look, time, scrub)),
  };
}

function serverInfoOf({ host, state, bytes, backups }: JudgedServer, ownHost: string, time: (ms: number) => string) {
  return {
    host,
    isOwn: host.toLowerCase() === ownHost.toLowerCase(),
    state,
    ...(bytes !== undefined && { bytes }),
    backups: backups.map((one) => backupsOf(one, time)),
  };
}

function backupsOf(
  { location, set, history, state, why, lastGoodMs, ageMs, measure, seenMs }: JudgedBackups,
  time: (ms: number) => string,
): ServerBackups {
  return {
    ...(location !== undefined && { location }),
    ...(set !== undefined && { set }),
    paths: history?.paths ?? [],
    state,
    ...(why && { why }),
    ...(history && { newest: newestOf(history.newest, time) }),
    snapshots: history?.snapshotCount ?? 0,
    ...(lastGoodMs !== undefined && { lastGood: time(lastGoodMs) }),
    ...(ageMs !== undefined && { ageHours: Math.max(0, ageMs) / 3_600_000 }),
    ...(measure && { measure }),
    ...(seenMs !== undefined && { lookedAt: time(seenMs) }),
  };
}

function newestOf(
  { id, timeMs, bytes }: NonNullable<JudgedBackups['history']>['newest'],
  time: (ms: number) => string,
): NonNullable<ServerBackups['newest']> {
  return { id, time: time(timeMs), ...(bytes !== undefined && { bytes }) };
}

function repositoryInfoOf(
  { location, seenMs, isLooking, error, unreadable, notNamed }: Look,
  time: (ms: number) => string,
  scrub: (text: string) => string,
): SeenRepositoryInfo {
  const state = isLooking ? 'looking' : error !== undefined ? 'failed' : seenMs === undefined ? 'never-looked' : 'seen';
  return {
    location,
    state,
    ...(seenMs !== undefined && { lookedAt: time(seenMs) }),
    ...(error !== undefined && state === 'failed' && { error: errorDataOf(error, scrub) }),
    unreadable,
    notNamed,
  };
}
