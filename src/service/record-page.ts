import { describeException, placeOf, recordFacts, recordSummary, safeText } from '../jobs/index.ts';
import { formatTime } from '../platform/index.ts';
import {
  dayOf,
  faultSentence,
  kindText,
  msOf,
  resultText,
  type ChainFault,
  type HistoryRecord,
  type Nonconformity,
  type ReadRecord,
} from '../records/index.ts';
import type { Configuration } from '../settings/index.ts';
import type { RecordPage, RecordRow } from './protocol.ts';
import { faultLabel } from './record-faults.ts';

/** What a record is shown against: sets and copies as they are now, and the zone that people here read times in. */
export type RecordContext = Pick<Configuration, 'sets' | 'offsiteCopies' | 'timeZone'>;

/** One line of the history, in the language of the moment. @param faults what is wrong with this record */
export function recordRowOf(
  record: HistoryRecord,
  { sets, offsiteCopies, timeZone }: RecordContext,
  [fault]: readonly ChainFault[] = [],
): RecordRow {
  const { number, kind, result, set, snapshotId, started, planned, at } = record;
  const ms = msOf(record);
  // What happens to a copy has the name of the copy in the place of the set's.
  const named = kind === 'external-backup' || kind === 'scrub' ? offsiteCopies : sets;
  const title = named.find(({ name }) => name === set)?.title;
  return {
    number,
    kind,
    kindText: kindText(kind),
    ...(result !== undefined && { result, resultText: resultText(record) }),
    ...(set !== undefined && { set: safeText(set), setTitle: title ?? safeText(set) }),
    ...(kind === 'internal-backup' && snapshotId !== undefined && { snapshotId }),
    at: started ?? planned?.start ?? at,
    day: dayOf(ms, timeZone),
    time: formatTime(BigInt(ms) * 1_000_000n, { timeZone }),
    summary: recordSummary(record, timeZone),
    ...(fault && { fault: faultLabel(fault) }),
  };
}

/**
 * A record as people read it, and what can be done with it now.
 * @param nonconformities all that there are
 * @param faults what is wrong with this record
 */
export function recordPageOf(
  { record, line }: ReadRecord,
  nonconformities: readonly Nonconformity[],
  context: RecordContext,
  faults: readonly ChainFault[] = [],
): RecordPage {
  const { exceptions = [], exceptionCount = exceptions.length } = record;
  const restorable = restorableOf(record, context);
  const repeatable = repeatableOf(record, context);
  return {
    ...recordRowOf(record, context, faults),
    faults: faults.map(faultSentence),
    fields: recordFacts(record, context.timeZone),
    exceptions: exceptions.map(({ item, kind, reason }) => ({ item: safeText(item), text: describeException(kind, reason) })),
    exceptionCount,
    nonconformities: nonconformities.filter((one) => concerns(one, record.number)).map(({ id }) => id),
    ...(restorable && { restorable }),
    ...(repeatable && { repeatable }),
    line,
  };
}

function concerns({ records, told }: Nonconformity, number: number): boolean {
  return records.includes(number) || told.includes(number);
}

/** The set may lie elsewhere by now; and the record has no password that an address may have in it. */
function restorableOf({ kind, snapshotId, destination, set }: HistoryRecord, { sets }: RecordContext): RecordPage['restorable'] {
  const location = destination?.location;
  if (kind !== 'internal-backup' || snapshotId === undefined || location === undefined) return undefined;
  const configured = sets
    .map(({ name, repository }) => ({ name, location: repository.location }))
    .filter((one) => placeOf(one.location).location === location);
  const same = configured.find(({ name }) => name === set) ?? configured[0];
  return { location: same?.location ?? location, snapshot: snapshotId };
}

function repeatableOf({ kind, set }: HistoryRecord, { sets }: RecordContext): RecordPage['repeatable'] {
  if (kind === 'drill') return { kind };
  const isBackup = kind === 'internal-backup' || kind === 'missed-run';
  return isBackup && set !== undefined && sets.some(({ name }) => name === set) ? { kind: 'backup', set } : undefined;
}
