import { isExternal, placeOf, recordOfBareRun, recordOfBegun, type ProgramReport, type RecordAbout } from '../jobs/index.ts';
import { isAbort } from '../platform/index.ts';
import type { RecordContent } from '../records/index.ts';
import type { RunJob } from './protocol.ts';

/** A run of which no more is known than what kept it from its end. */
export interface BareRun {
  readonly job: RunJob;
  readonly location: string;
  /** RFC 3339. */
  readonly started: string;
  readonly ended: string;
  readonly error: unknown;
  /** Default: as the error says it. */
  readonly result?: 'stopped' | 'failed';
  /** Of the set, that ran around it. */
  readonly programs?: readonly ProgramReport[];
}

export function recordOfBare({ job, location, started, ended, error, result, programs }: BareRun, known: RecordAbout): RecordContent {
  const run = { result: result ?? (isAbort(error) ? 'stopped' : 'failed'), started, ended, error, programs } as const;
  return {
    ...recordOfBareRun(kindOf(job, location, known), run, known),
    [job === 'backup' ? 'destination' : 'source']: placeOf(location, known.settings),
  };
}

/** What is known of a run before it has begun. */
export function recordOfRunBegun(
  { job, location }: Pick<BareRun, 'location'> & { readonly job: 'restore' | 'check' | 'drill' },
  known: RecordAbout,
): RecordContent {
  return recordOfBegun(kindOf(job, location, known), job, known, { source: placeOf(location, known.settings) });
}

function kindOf(job: RunJob, location: string, { settings }: RecordAbout): Parameters<typeof recordOfBareRun>[0] {
  if (job === 'backup') return 'internal-backup';
  if (job === 'check' || job === 'drill') return job;
  return isExternal(location, settings) ? 'external-restore' : 'internal-restore';
}
