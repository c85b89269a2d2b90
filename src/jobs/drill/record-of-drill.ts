import { hostname } from 'node:os';
import type { RecordContent } from '../../records/index.ts';
import type { JobResult } from '../job-result.ts';
import { placeOf, type RecordAbout } from '../record-about.ts';
import { recordOfJob } from '../record-of-job.ts';
import type { DrillDetails } from './drill-details.ts';

/** What a drill was about, also when it did not come to its end. */
export interface DrilledPlaces {
  readonly sets: readonly string[];
  /** Of the repositories, each once. */
  readonly locations: readonly string[];
  readonly from: string;
  readonly date: string;
}

export function recordOfDrill(result: JobResult<DrillDetails>, about: RecordAbout & DrilledPlaces): RecordContent {
  const { details } = result;
  const { sets, locations, from, date } = about;
  const [set] = sets;
  const [location = ''] = locations;
  const rtoMinutes = about.settings?.instruction?.rtoMinutes;
  const snapshots = details?.sets.map(({ snapshot }) => snapshot) ?? [];
  const [only] = snapshots;
  return recordOfJob('drill', result, sets.length === 1 && set !== undefined ? { ...about, set } : about, {
    source: placeOf(location),
    destination: { host: hostname() },
    ...(snapshots.length === 1 && only && { snapshotId: only.id, treeId: only.snapshot.tree }),
    evidence: {
      from,
      date,
      sets: [...sets],
      locations: locations.map((each) => placeOf(each).location ?? ''),
      ...(details && {
        snapshots: snapshots.map(({ id }) => id),
        snapshotTimes: snapshots.map(({ snapshot }) => snapshot.time),
        file: details.evidence.name,
        sha256: details.evidence.sha256,
      }),
    },
    ...(details && {
      counts: {
        filesTotal: details.filesChosen,
        filesVerified: details.filesVerified,
        filesSameAtSource: details.filesSameAtSource,
        filesChangedAtSource: details.filesChangedAtSource,
      },
      bytes: { restored: details.bytesVerified },
    }),
    objectives: {
      ...(rtoMinutes !== undefined && { rtoMinutes }),
      ...(details && { rtoMinutesMeasured: Math.round(details.recoveryMs / 600) / 100 }),
    },
  });
}
