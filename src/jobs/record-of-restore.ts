import { hostname } from 'node:os';
import type { RecordContent, RecordKind, RecordPlace, RecordValues } from '../records/index.ts';
import type { StoredSnapshot } from '../repository/index.ts';
import type { DumpDetails } from './dump-job.ts';
import type { JobResult } from './job-result.ts';
import { isExternal, placeOf, type RecordAbout } from './record-about.ts';
import { recordOfBegun, recordOfJob } from './record-of-job.ts';
import type { RestoreDetails } from './restore-job.ts';
import { isOnServer } from './restore-target.ts';

/** What a restore was asked for. */
export interface RestoreAsked {
  readonly location: string;
  /** The snapshot as it was named: `latest`, an id; also where none was found. */
  readonly snapshot: string;
  /** The folder of the snapshot that it was of. Undefined: all of it. */
  readonly folder?: string | undefined;
  /** Paths or patterns in it; empty for everything. */
  readonly chosen: readonly string[];
  readonly excluded?: readonly string[] | undefined;
}

/**
 * @param results of all the steps that a restore took, in their order; at least one
 * @param about `targets`: absolute folders, each once, or the location of a server
 */
export function recordOfRestore(
  results: readonly JobResult<RestoreDetails>[],
  about: RecordAbout & RestoreAsked & { readonly targets: readonly string[] },
): RecordContent {
  const [first, last] = [results[0], results.at(-1)];
  if (!first || !last) throw new Error('a restore has at least one step');
  const counts = results.flatMap(({ details }) => (details ? [details.restored.counts] : []));
  const sum = (value: (count: (typeof counts)[number]) => number): number => counts.reduce((total, count) => total + value(count), 0);
  const error = results.find((result) => result.error !== undefined)?.error;
  const whole: JobResult<unknown> = {
    ...first,
    endedAt: last.endedAt,
    outcome: worstOf(results.map(({ outcome }) => outcome)),
    exceptions: results.flatMap(({ exceptions }) => exceptions),
    exceptionCount: results.reduce((total, { exceptionCount }) => total + exceptionCount, 0),
    ...(error !== undefined && { error }),
  };
  const rtoMinutes = about.settings?.instruction?.rtoMinutes;
  const minutes = Math.max(0, Date.parse(last.endedAt) - Date.parse(first.startedAt)) / 60_000;
  return recordOfJob(kindOf(about), whole, about, {
    source: placeOf(about.location, about.settings),
    destination: destinationOf(about.targets),
    ...ofSnapshot(results.find(({ details }) => details)?.details?.snapshot, about),
    ...(counts.length > 0 && {
      counts: {
        filesRestored: sum(({ filesRestored }) => filesRestored),
        filesUnchanged: sum(({ filesUnchanged }) => filesUnchanged),
        filesSkipped: sum(({ filesSkipped }) => filesSkipped),
        filesVerified: sum(({ filesVerified }) => filesVerified),
        folders: sum(({ folders }) => folders),
        filesRemoved: sum(({ deleted }) => deleted),
      },
      bytes: { restored: sum(({ bytesRestored }) => bytesRestored), unchanged: sum(({ bytesUnchanged }) => bytesUnchanged) },
    }),
    objectives: { ...(rtoMinutes !== undefined && { rtoMinutes }), rtoMinutesMeasured: Math.round(minutes * 10) / 10 },
  });
}

/** What is known of a restore, or of a file that goes to standard output, before it has begun. */
export function recordOfBegunRestore(
  job: 'restore' | 'dump',
  about: RecordAbout & RestoreAsked & { readonly targets: readonly string[] },
): RecordContent {
  return recordOfBegun(kindOf(about), job, about, {
    source: placeOf(about.location, about.settings),
    destination: destinationOf(about.targets),
    ...ofSnapshot(undefined, about),
  });
}

/** A file that went to standard output. Where that leads nobody here knows; the record says that it left the backup. */
export function recordOfDump(result: JobResult<DumpDetails>, about: RecordAbout & RestoreAsked): RecordContent {
  const { details } = result;
  return recordOfJob(kindOf(about), result, about, {
    source: placeOf(about.location, about.settings),
    destination: { host: hostname() },
    ...ofSnapshot(details?.snapshot, about, { to: 'standard-output' }),
    ...(details && { counts: { filesRestored: 1 }, bytes: { restored: details.bytes } }),
  });
}

/** This machine and its folders, or a folder of a server: a restore goes to one of both. */
function destinationOf(targets: readonly string[]): RecordPlace {
  const server = targets.find((target) => isOnServer(target));
  if (server !== undefined) return placeOf(server);
  return { host: hostname(), ...(targets.length > 0 && { paths: [...targets] }) };
}

function kindOf({ location, settings }: Pick<RecordAbout, 'settings'> & { readonly location: string }): RecordKind {
  return isExternal(location, settings) ? 'external-restore' : 'internal-restore';
}

function ofSnapshot(
  stored: StoredSnapshot | undefined,
  { snapshot, folder, chosen, excluded = [] }: RestoreAsked,
  more: RecordValues = {},
): Pick<RecordContent, 'snapshotId' | 'treeId' | 'evidence'> {
  return {
    ...(stored && { snapshotId: stored.id, treeId: stored.snapshot.tree }),
    evidence: {
      ...(stored
        ? { snapshotTime: stored.snapshot.time, snapshotHost: stored.snapshot.hostname, snapshotPaths: [...stored.snapshot.paths] }
        : { snapshot }),
      ...(folder !== undefined && { folder }),
      chosen: [...chosen],
      ...(excluded.length > 0 && { excluded: [...excluded] }),
      ...more,
    },
  };
}

const worstFirst = ['failed', 'stopped', 'success-with-exceptions', 'success'] as const;

function worstOf(outcomes: readonly JobResult<unknown>['outcome'][]): JobResult<unknown>['outcome'] {
  return worstFirst.find((outcome) => outcomes.includes(outcome)) ?? 'success';
}
