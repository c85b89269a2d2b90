import type { DashboardData } from '../../service/index.ts';
import { formatBytes, formatDate, l10n } from '../../platform/index.ts';
import type { Growth } from '../dashboard/page.ts';
import type { DashboardWords } from './dashboard-words.ts';
import { dayId } from './date-groups.ts';
import { instantOf } from './instants.ts';

/** So many rows can be read; of more, the last of each month. */
const tableRowsMax = 40;

/** How the data and the repositories grew. */
export function growthOf({ growth, year }: DashboardData, { timeZone }: DashboardWords): Growth {
  const { unit, unitBytes } = unitOf(Math.max(0, ...growth.map(({ dataBytes, repositoryBytes }) => Math.max(dataBytes, repositoryBytes))));
  const series = [l10n.t('Data in the sources'), l10n.t('Stored in the repositories')] as const;
  const last = growth.at(-1);
  const pointText = (point: (typeof growth)[number]) =>
    l10n.t('{when}: {data} in the sources, {stored} stored', {
      when: formatDate(instantOf(point.at), { timeZone }),
      data: formatBytes(point.dataBytes),
      stored: formatBytes(point.repositoryBytes),
    });
  const listed =
    growth.length <= tableRowsMax
      ? growth
      : growth.filter(
          ({ at }, index) => growth[index + 1] === undefined || monthOf(at, timeZone) !== monthOf(growth[index + 1]?.at ?? '', timeZone),
        );
  return {
    title: l10n.t('Growth'),
    empty: l10n.t('No backup was made in {year}.', { year: String(year) }),
    unit,
    unitBytes,
    series,
    label:
      last === undefined
        ? ''
        : l10n.t('Chart of {year}. {last}. The table below has the figures.', { year: String(year), last: pointText(last) }),
    times: growth.map(({ at }) => Date.parse(at) / 1000),
    data: growth.map(({ dataBytes }) => dataBytes),
    repository: growth.map(({ repositoryBytes }) => repositoryBytes),
    points: growth.map((point) => ({ text: pointText(point), action: { kind: 'record', number: point.record } })),
    tableTitle: l10n.t('The figures as a table'),
    table: {
      title: l10n.t('Growth'),
      empty: '',
      columns: [l10n.t('Backup of'), ...series],
      rows: listed.map((point) => [
        { text: formatDate(instantOf(point.at), { timeZone }), action: { kind: 'record', number: point.record } },
        { text: formatBytes(point.dataBytes) },
        { text: formatBytes(point.repositoryBytes) },
      ]),
    },
  };
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** One unit for the whole axis. */
function unitOf(bytes: number): { readonly unit: string; readonly unitBytes: number } {
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  return { unit: units[power] ?? 'B', unitBytes: 1024 ** power };
}

/** The month that calendars of the zone show, `2026-11`. */
function monthOf(at: string, timeZone: string): string {
  return dayId(instantOf(at), { timeZone }).slice(0, 7);
}
