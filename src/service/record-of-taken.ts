import { hostname } from 'node:os';
import { isExternal, placeOf, recordOfBareRun, type RecordAbout } from '../jobs/index.ts';
import { textOf } from '../platform/index.ts';
import type { RecordContent } from '../records/index.ts';
import type { ParamsOf } from './procedure.ts';
import type { noteTaken, SnapshotInfo } from './protocol.ts';

interface Taken extends ParamsOf<typeof noteTaken> {
  readonly stored: SnapshotInfo;
  /** RFC 3339. */
  readonly ended: string;
}

/** What somebody's command took of a set: as the record of a restore, with the word that the command itself told of it. */
export function recordOfTaken(taken: Taken, about: RecordAbout): RecordContent {
  const { location, stored, job, folder, chosen, target, request, started, ended, outcome: result, files, bytes } = taken;
  const kind = isExternal(location, about.settings) ? 'external-restore' : 'internal-restore';
  return {
    ...recordOfBareRun(kind, { result, started, ended }, { ...about, request }),
    job,
    source: placeOf(location, about.settings),
    destination: { host: hostname(), ...(target !== undefined && { paths: [target] }) },
    snapshotId: stored.id,
    evidence: {
      snapshotTime: stored.time,
      snapshotHost: stored.host,
      snapshotPaths: [...stored.paths],
      ...(folder !== '/' && { folder: textOf(folder) }),
      chosen: [...chosen],
      ...(target === undefined && { to: 'standard-output' }),
      toldBy: 'command',
    },
    counts: { filesRestored: files },
    bytes: { restored: bytes },
    exceptions: taken.exceptions.map((exception) => ({ ...exception, weight: 'lost' as const })),
    exceptionCount: taken.exceptionCount,
  };
}
