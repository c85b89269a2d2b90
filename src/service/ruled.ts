import { placeOf } from '../jobs/index.ts';
import { instantMsOf, type HistoryRecord, type RuleContext, type RuledCopy } from '../records/index.ts';
import type { Configuration, OffsiteCopy } from '../settings/index.ts';
import { objectiveRecordOf } from './planned-windows.ts';

/** How old a backup may be that a copy does not have, where the configuration does not say it: three nights. */
const lagHoursDefault = 72;

/** What is configured, as rules ask for it; since when each is wanted is told by the records. */
export function ruledBy(
  { sets, offsiteCopies }: Configuration,
  records: readonly HistoryRecord[],
): Required<Pick<RuleContext, 'sets' | 'copies' | 'locations'>> {
  return {
    sets: sets.map(({ name, rpoHours }) => {
      const since = objectiveRecordOf(name, records);
      return { name, rpoHours, sinceMs: since && instantMsOf(since.at) };
    }),
    copies: offsiteCopies.map((copy) => ruledCopyOf(copy, records)),
    locations: sets.map(({ repository }) => labelOf(repository.location)),
  };
}

function ruledCopyOf({ name, repository, to, lagHoursMax = lagHoursDefault }: OffsiteCopy, records: readonly HistoryRecord[]): RuledCopy {
  const since =
    records.find(({ change }) => isAboutCopies(change?.what) && change?.after?.includes(`"name":"${name}"`) === true) ?? records[0];
  return {
    name,
    repository: labelOf(repository),
    location: labelOf(to),
    lagHoursMax,
    sinceMs: since ? instantMsOf(since.at) : -Infinity,
  };
}

function isAboutCopies(what: string | undefined): boolean {
  return what === 'configuration' || what === 'offsiteCopies';
}

function labelOf(location: string): string {
  return placeOf(location).location ?? location;
}
