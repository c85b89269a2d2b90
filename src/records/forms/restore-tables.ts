import { formatBytes, formatCount, formatNumber, l10n } from '../../platform/index.ts';
import type { HistoryRecord } from '../record.ts';
import { msOf } from '../report.ts';
import { instantMsOf } from '../timestamp.ts';
import { cellCharsMax, code, flowing, numberColumn, plain, toneOf } from './cells.ts';
import { clockTime, shortDay } from './dates.ts';
import type { Block, Cell } from './form.ts';
import { placesOf } from './run-places.ts';

/* What came out of the backups: restores, and the drills that prove that it can. */

/** @param timeZone of the report @param resultOf what came of a run, in words */
interface TableOptions {
  readonly timeZone: string | undefined;
  readonly resultOf: (run: HistoryRecord) => string;
}

/** What was restored, as of which date, where to, when, by whom, and on whose request. */
export function restoresTable(runs: readonly HistoryRecord[], options: TableOptions): Block {
  return {
    kind: 'table',
    empty: l10n.t('Nothing was restored in this period.'),
    columns: [
      numberColumn(l10n.t('No.')),
      { title: l10n.t('Date'), width: 50 },
      { title: l10n.t('Restored'), width: 'rest' },
      { title: l10n.t('As of'), width: 50 },
      { title: l10n.t('From'), width: 105 },
      { title: l10n.t('To'), width: 125 },
      { title: l10n.t('By'), width: 75 },
      { title: l10n.t('On request of'), width: 85 },
      { title: l10n.t('Result'), width: 80 },
    ],
    rows: runs.filter(isOfRestore).flatMap((run) => flowing(restoreRow(run, options), cellCharsMax)),
  };
}

function restoreRow(run: HistoryRecord, { timeZone, resultOf }: TableOptions): Cell[] {
  const { number, request, evidence } = run;
  const zone = timeZone ?? run.timeZone;
  const { source, destination, operator } = placesOf(run);
  return [
    plain(String(number)),
    plain(timeText(msOf(run), zone)),
    code(restoredText(run) || '–'),
    plain(timeText(instantMsOf(String(evidence?.['snapshotTime'] ?? '')), zone)),
    code(source || '–'),
    code(destination || '–'),
    plain(operator),
    plain(request ?? l10n.t('not said')),
    { text: resultOf(run), tone: toneOf(run) },
  ];
}

/** Where each drill restored from and to, how long it took against the objective, and who made it. */
export function drillsTable(runs: readonly HistoryRecord[], options: TableOptions): Block {
  return {
    kind: 'table',
    empty: l10n.t('No restore drill was made in this period.'),
    columns: [
      numberColumn(l10n.t('No.')),
      { title: l10n.t('Date'), width: 50 },
      { title: l10n.t('Restored from'), width: 'rest' },
      { title: l10n.t('Place of the drill'), width: 100 },
      { title: l10n.t('As of'), width: 50 },
      { title: l10n.t('Files verified'), width: 55, align: 'right' },
      { title: l10n.t('Data'), width: 45, align: 'right' },
      { title: l10n.t('Time against the objective (RTO)'), width: 110 },
      { title: l10n.t('Tester'), width: 85 },
      { title: l10n.t('Result'), width: 80 },
    ],
    rows: runs.filter(({ kind }) => kind === 'drill').flatMap((run) => flowing(drillRow(run, options), cellCharsMax)),
  };
}

function drillRow(run: HistoryRecord, { timeZone, resultOf }: TableOptions): Cell[] {
  const { number, counts = {}, bytes, evidence } = run;
  const zone = timeZone ?? run.timeZone;
  const { source, destination, operator, host } = placesOf(run);
  const times = evidence?.['snapshotTimes'];
  const asOf = typeof times === 'object' ? times.map((time) => timeText(instantMsOf(time), zone)) : [];
  const verified = counts['filesVerified'];
  const restored = bytes?.['restored'];
  return [
    plain(String(number)),
    plain(timeText(msOf(run), zone)),
    code(source || '–'),
    code(destination || host),
    plain([...new Set(asOf)].join('; ') || '–'),
    plain(verified === undefined ? '–' : formatCount(verified)),
    plain(restored === undefined ? '–' : formatBytes(restored)),
    recoveryTimeCell(run),
    plain(operator),
    { text: resultOf(run), tone: toneOf(run) },
  ];
}

/** What was measured is held against what is wanted in words: a tone alone is lost on paper. */
function recoveryTimeCell({ objectives }: HistoryRecord): Cell {
  const { rtoMinutes: wanted, rtoMinutesMeasured: measured } = objectives ?? {};
  const minutes = (value: number): string => formatNumber(value, Number.isInteger(value) ? 0 : 1);
  if (measured === undefined) return plain(l10n.t('not measured'));
  if (wanted === undefined) return plain(l10n.t('{measured} min; no objective is set', { measured: minutes(measured) }));
  const facts = { measured: minutes(measured), wanted: minutes(wanted) };
  return measured <= wanted
    ? { text: l10n.t('{measured} of {wanted} min: kept', facts), tone: 'good' }
    : { text: l10n.t('{measured} of {wanted} min: EXCEEDED', facts), tone: 'bad' };
}

function timeText(ms: number, zone: string | undefined): string {
  return Number.isNaN(ms) ? '–' : `${shortDay(ms, zone)} ${clockTime(ms, zone)}`;
}

export function isOfRestore({ kind }: HistoryRecord): boolean {
  return kind === 'internal-restore' || kind === 'external-restore';
}

/** What was restored, in paths and patterns of the snapshot; empty where the record is none of a restore, or older than these words. */
export function restoredText(record: HistoryRecord): string {
  const { chosen, folder, excluded, snapshotPaths } = record.evidence ?? {};
  if (!isOfRestore(record) || !Array.isArray(chosen)) return '';
  const within = typeof folder === 'string' ? folder : '';
  const all = Array.isArray(snapshotPaths) ? l10n.t('everything ({paths})', { paths: snapshotPaths.join(', ') }) : l10n.t('everything');
  const what = chosen.length === 0 ? (within === '' ? all : within) : [within, chosen.join(', ')].filter((part) => part !== '').join(': ');
  return Array.isArray(excluded) ? l10n.t('{what}, without {excluded}', { what, excluded: excluded.join(', ') }) : what;
}
