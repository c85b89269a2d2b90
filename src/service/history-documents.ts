import { currentLanguage } from '../platform/index.ts';
import type { HistoryFile, HistoryRecord } from '../records/index.ts';
import { makePeriodReport, renderReport, type DocumentWorld } from './period-documents.ts';
import { lastDayOf } from './period-names.ts';

/** Forms are for those who look at the copy's folder; of what is older, anybody can make them from the records beside. */
const monthsMax = 12;

/**
 * The form of each month that records behind `sinceNumber` tell something new of, as PDF and CSV, to be kept beside the records. In the
 * language of the configuration.
 * @throws as `makePeriodReport`
 */
export async function historyDocuments(world: DocumentWorld, sinceNumber: number): Promise<HistoryFile[]> {
  const { language: wanted } = world.configuration;
  const language = wanted === 'auto' ? currentLanguage() : wanted;
  const months = new Set<string>();
  for await (const record of world.keeper.history.records(world.signal))
    if (record.number > sinceNumber) for (const month of monthsOf(record)) months.add(month);
  const files: HistoryFile[] = [];
  for (const month of [...months].sort().slice(-monthsMax)) {
    const made = await makePeriodReport(world, { from: `${month}-01`, to: lastDayOf(month) });
    for (const format of ['pdf', 'csv'] as const)
      files.push({
        name: `forms/${month}.${format}`,
        bytes: await renderReport(made, { format, language, software: world.software }),
        change: 'replaced',
      });
  }
  return files;
}

/** An approval changes the form of the month that it is about. */
function monthsOf({ at, approval }: HistoryRecord): string[] {
  return [at.slice(0, 7), ...(approval === undefined ? [] : [approval.from.slice(0, 7), approval.to.slice(0, 7)])];
}
