import { formatBytes, formatCount, l10n } from '../platform/index.ts';
import {
  clockTime,
  dayOf,
  drillDueOf,
  isGood,
  kindText,
  longDay,
  makeReport,
  nonconformityText,
  shortDay,
  startMsOf,
  type HistoryRecord,
  type PlannedWindow,
  type Report,
  type ReportLine,
} from '../records/index.ts';
import type { Instruction } from '../settings/index.ts';
import type { Section } from './message.ts';

export interface WeeklyOptions {
  /** All of the history, oldest first. */
  readonly records: readonly HistoryRecord[];
  /** When it is due: it tells of the seven days before. */
  readonly dueMs: number;
  readonly timeZone: string;
  /** Those that are configured, and that the receiver wants to hear of. */
  readonly sets: readonly { readonly name: string; readonly title: string }[];
  readonly planned: readonly PlannedWindow[];
  readonly instruction: Instruction | undefined;
  /** Places that have too little space. */
  readonly low: readonly string[];
}

const dayMs = 86_400_000;
const openToldMax = 10;

/** The week on one page of a phone, in the language of the moment: first whether all is well, then why one may say so. */
export async function weeklySections(options: WeeklyOptions): Promise<readonly Section[]> {
  const { records, dueMs, timeZone, planned } = options;
  const period = { from: dayOf(dueMs - 7 * dayMs, timeZone), to: dayOf(dueMs - dayMs, timeZone) };
  const report = await makeReport(records, { period, timeZone, planned, nowMs: dueMs });
  const troubles = troublesOf(report, options);
  return [headline(report, troubles), setsSection(report, options), ...othersSection(report), ...openSection(report, timeZone)];
}

/** What somebody should look at, in sentences; empty when all is well. */
function troublesOf(report: Report, { sets, records, low, instruction, dueMs, timeZone }: WeeklyOptions): string[] {
  const lines = backupLines(report);
  const without = sets.filter(({ name }) => lines.every(({ set, success, exceptions }) => set !== name || success + exceptions === 0));
  const failed = report.statistics.reduce((sum, line) => sum + line.failed, 0);
  const missed = lines.reduce((sum, { planned = 0, kept }) => sum + Math.max(0, planned - kept), 0);
  const drill = drillDueOf(records, instruction, dueMs);
  const { openNonconformities: open } = report.totals;
  return [
    ...without.map(({ title }) => l10n.t('No good backup in this week: {set}', { set: title })),
    ...(missed === 0 ? [] : [l10n.t('Nights without a good backup: {count}', { count: formatCount(missed) })]),
    ...(failed === 0 ? [] : [l10n.t('Runs that failed: {count}', { count: formatCount(failed) })]),
    ...(open === 0 ? [] : [l10n.t('Open nonconformities: {count}', { count: formatCount(open) })]),
    ...(drill?.isOverdue === true ? [l10n.t('A restore drill was due on {day}.', { day: longDay(dayOf(drill.atMs, timeZone)) })] : []),
    ...low.map((location) => l10n.t('Little space left: {location}', { location })),
  ];
}

function headline({ period, totals }: Report, troubles: readonly string[]): Section {
  const days = l10n.t('{from} to {to}', { from: longDay(period.from), to: longDay(period.to) });
  const { runs, good, bytesStored, plannedWindows, keptWindows } = totals;
  return {
    title: troubles.length === 0 ? l10n.t('All is well') : l10n.t('This week needs a look'),
    tone: troubles.length === 0 ? 'good' : 'bad',
    about: l10n.t('Summary of the week, {days}', { days }),
    lines: [
      ...troubles,
      l10n.t('{good} of {runs} runs were good, {kept} of {planned} planned nights had a backup; {size} were stored.', {
        good: formatCount(good),
        runs: formatCount(runs),
        kept: formatCount(keptWindows),
        planned: formatCount(plannedWindows),
        size: formatBytes(bytesStored),
      }),
    ],
  };
}

function setsSection(report: Report, { sets, records, timeZone }: WeeklyOptions): Section {
  const lines = backupLines(report);
  const lastGood = (name: string): string => {
    const record = records.findLast((one) => one.kind === 'internal-backup' && one.set === name && isGood(one));
    return record === undefined ? '–' : `${shortDay(startMsOf(record), timeZone)} ${clockTime(startMsOf(record), timeZone)}`;
  };
  const rows = sets.map(({ name, title }) => {
    const line = lines.find(({ set }) => set === name);
    const { planned = 0, kept = 0, success = 0, exceptions = 0, failed = 0 } = line ?? {};
    const nights = planned === 0 ? String(success + exceptions) : `${kept}/${planned}`;
    return {
      isGood: success + exceptions > 0 && failed === 0 && kept >= planned,
      row: [title, nights, String(exceptions), lastGood(name)],
    };
  });
  return {
    title: l10n.t('Backup sets'),
    tone: rows.every((one) => one.isGood) ? 'good' : 'note',
    about: '',
    lines: rows.length === 0 ? [l10n.t('There are no backup sets.')] : [],
    ...(rows.length > 0 && {
      table: {
        titles: [l10n.t('Set'), l10n.t('Nights'), l10n.t('Exceptions'), l10n.t('Last good backup')],
        rows: rows.map(({ row }) => row),
      },
    }),
  };
}

/** Copies, checks, drills, restores: how often, and how often not. */
function othersSection({ statistics }: Report): Section[] {
  const lines = statistics.filter(({ kind }) => kind !== 'internal-backup' && kind !== 'repository-created');
  if (lines.length === 0) return [];
  return [
    {
      title: l10n.t('What else was done'),
      tone: lines.some(({ failed }) => failed > 0) ? 'note' : 'good',
      about: '',
      lines: [],
      table: {
        titles: [l10n.t('Work'), l10n.t('Good'), l10n.t('Failed')],
        rows: lines.map(({ kind, set, success, exceptions, failed }) => [
          set === undefined ? kindText(kind) : `${kindText(kind)}: ${set}`,
          formatCount(success + exceptions),
          formatCount(failed),
        ]),
      },
    },
  ];
}

function openSection({ nonconformities }: Report, timeZone: string): Section[] {
  const open = nonconformities.filter(({ isOpen }) => isOpen);
  if (open.length === 0) return [];
  const more = open.length - openToldMax;
  return [
    {
      title: l10n.t('Open nonconformities'),
      tone: 'note',
      about: '',
      lines: [
        ...open.slice(0, openToldMax).map((one) => `${one.id} – ${nonconformityText(one, timeZone)}`),
        ...(more > 0 ? [l10n.t('… and {count} more', { count: more })] : []),
      ],
    },
  ];
}

function backupLines({ statistics }: Report): readonly ReportLine[] {
  return statistics.filter(({ kind }) => kind === 'internal-backup');
}
