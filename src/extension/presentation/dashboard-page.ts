import { copyStateSentence, type DashboardData, type DashboardSet, type NonconformityInfo } from '../../service/index.ts';
import { formatBytes, formatCount, formatDate, formatDay, formatDuration, formatNumber, l10n } from '../../platform/index.ts';
import type { Cell, DashboardPage, Link, Mark, Table, Tile } from '../dashboard/page.ts';
import { isWorking } from './copy-state.ts';
import { countText } from './counts.ts';
import { calendarOf } from './dashboard-calendar.ts';
import { growthOf } from './dashboard-growth.ts';
import { localeOf, marks, type DashboardWords } from './dashboard-words.ts';
import { describeError } from './error-text.ts';
import { instantOf } from './instants.ts';
import { progressText } from './run-text.ts';
import { joined } from './set-row.ts';

/**
 * The dashboard as people read it, in the language of the moment. Pure.
 * @param timeZone of this machine, for configurations that name none
 */
export function dashboardPage(data: DashboardData, { nowNs, timeZone: ownZone }: DashboardWords): DashboardPage {
  const timeZone = data.timeZone ?? ownZone;
  const words = { nowNs, timeZone };
  return {
    locale: localeOf(),
    timeZone,
    title: l10n.t('Backup Dashboard'),
    subtitle: [data.organisation ?? '', l10n.t('as of {when}', { when: formatDate(nowNs, { timeZone }) })]
      .filter((part) => part !== '')
      .join(' · '),
    yearLabel: l10n.t('Year'),
    year: data.year,
    years: data.years,
    tiles: [chainTile(data, words), nonconformitiesTile(data), drillTile(data, words)],
    calendar: calendarOf(data, words),
    sets: setsTable(data.sets, words),
    growth: growthOf(data, words),
    nonconformities: nonconformitiesTable(data.nonconformities, words),
  };
}

// ---- figures at the top

function chainTile({ chain: { state, count, fault, faultRecord, compared } }: DashboardData, { timeZone }: DashboardWords): Tile {
  const [id, title] = ['chain', l10n.t('Record chain')];
  const action = { kind: 'command', command: 'verifyRecords' } as const;
  const counted = count === 1 ? l10n.t('1 record') : l10n.t('{count} records', { count: formatCount(count) });
  if (state === 'broken')
    return {
      id,
      title,
      mark: 'failed',
      value: { text: l10n.t('Broken'), action },
      details: [{ text: counted }, ...(fault === undefined ? [] : [{ text: fault, ...linkTo(faultRecord) }])],
    };
  // Where nothing was written nothing can be proven.
  if (count === 0) return { id, title, value: { text: l10n.t('None yet') }, details: [{ text: counted }] };
  if (state === 'sound' || compared === undefined)
    return {
      id,
      title,
      value: { text: l10n.t('Sound in itself'), action },
      details: [
        { text: counted, ...linkTo(count) },
        { text: l10n.t('Not compared with heads kept elsewhere'), action },
      ],
    };
  const day = formatDay(instantOf(compared.at), { timeZone });
  const what = l10n.t('Heads kept elsewhere agree up to No. {number}, looked at on {day}', { number: String(compared.through), day });
  return {
    id,
    title,
    mark: 'success',
    value: { text: l10n.t('Intact'), action },
    details: [
      { text: counted, ...linkTo(count) },
      { text: what, ...linkTo(compared.through) },
    ],
  };
}

function nonconformitiesTile({ nonconformities }: DashboardData): Tile {
  const [newest] = nonconformities;
  return {
    id: 'nonconformities',
    title: l10n.t('Open nonconformities'),
    mark: newest ? 'success-with-exceptions' : 'success',
    value: { text: formatCount(nonconformities.length), ...linkOfNonconformity(newest) },
    details: newest ? [{ text: newest.text, ...linkOfNonconformity(newest) }] : [{ text: l10n.t('Nothing is open.') }],
  };
}

function drillTile({ lastDrill, drillDue }: DashboardData, { timeZone }: DashboardWords): Tile {
  const due = drillDue && formatDay(instantOf(drillDue.at), { timeZone });
  const dueText =
    due === undefined
      ? undefined
      : drillDue?.isOverdue === true
        ? l10n.t('Overdue since {day}', { day: due })
        : l10n.t('Next one due on {day}', { day: due });
  const dueLink: Link[] = dueText === undefined ? [] : [{ text: dueText, action: { kind: 'command', command: 'runDrill' } }];
  const title = l10n.t('Last restore drill');
  if (lastDrill === undefined)
    return {
      id: 'drill',
      title,
      ...(drillDue?.isOverdue === true && { mark: 'failed' as const }),
      value: { text: l10n.t('None yet'), action: { kind: 'command', command: 'runDrill' } },
      details: dueLink,
    };
  const { at, result, files, minutes, rtoMinutes, record } = lastDrill;
  const mark = markOf(result);
  const time = formatDuration(minutes * 60_000);
  const isOverdue = drillDue?.isOverdue === true;
  const when = formatDate(instantOf(at), { timeZone });
  return {
    id: 'drill',
    title,
    mark: isOverdue ? 'failed' : mark,
    // That one was passed long ago is no answer to the question whether a restore works.
    value: isOverdue
      ? { text: l10n.t('Overdue'), action: { kind: 'command', command: 'runDrill' } }
      : { text: drillText(mark), action: { kind: 'record', number: record } },
    details: [
      { text: isOverdue ? joined([drillText(mark), when]) : when, action: { kind: 'record', number: record } },
      {
        text:
          rtoMinutes === undefined
            ? l10n.t('{files} in {time}', { files: countText(files, 'file'), time })
            : l10n.t('{files} in {time}; objective {objective}', {
                files: countText(files, 'file'),
                time,
                objective: rtoMinutes % 60 === 0 ? hoursText(rtoMinutes / 60) : formatDuration(rtoMinutes * 60_000),
              }),
        action: { kind: 'record', number: record },
      },
      ...dueLink,
    ],
  };
}

function drillText(mark: Mark): string {
  switch (mark) {
    case 'success':
      return l10n.t('Passed');
    case 'success-with-exceptions':
      return l10n.t('Passed, with exceptions');
    case 'stopped':
      return l10n.t('Stopped');
    case 'failed':
    case 'missed':
      return l10n.t('Failed');
  }
}

// ---- sets

function setsTable(sets: readonly DashboardSet[], words: DashboardWords): Table {
  return {
    title: l10n.t('Backup sets'),
    empty: l10n.t('There is no backup set yet.'),
    columns: [
      l10n.t('Set'),
      l10n.t('Last good backup'),
      l10n.t('Age'),
      l10n.t('Objective (RPO)'),
      l10n.t('Next run'),
      l10n.t('Off-site copy'),
    ],
    rows: sets.map((set) => setRow(set, words)),
  };
}

function setRow(
  { title, lastSuccess, ageHours, rpoHours, rpoRecord, nextRun, scheduleRecord, offsite }: DashboardSet,
  { timeZone }: DashboardWords,
): Cell[] {
  const toRecord = linkTo(lastSuccess?.record);
  const isLate = rpoHours !== undefined && (ageHours ?? Infinity) > rpoHours;
  const judged: Pick<Cell, 'mark' | 'markText'> =
    rpoHours === undefined
      ? {}
      : { mark: isLate ? 'failed' : 'success', markText: isLate ? l10n.t('older than the objective') : l10n.t('within the objective') };
  return [
    { text: title },
    { text: lastSuccess === undefined ? l10n.t('never') : formatDate(instantOf(lastSuccess.at), { timeZone }), ...toRecord },
    { text: ageHours === undefined ? '–' : hoursText(ageHours), ...judged, ...toRecord },
    { text: rpoHours === undefined ? '–' : hoursText(rpoHours), ...linkTo(rpoRecord) },
    { text: nextRun === undefined ? '–' : formatDate(instantOf(nextRun), { timeZone }), ...linkTo(scheduleRecord) },
    offsiteCell(offsite, timeZone),
  ];
}

function offsiteCell(offsite: DashboardSet['offsite'], timeZone: string): Cell {
  if (offsite === undefined) return { text: l10n.t('no copy') };
  const { isProtected, state, asOf, behindFiles, behindBytes, behindSince, record, why, running } = offsite;
  const action =
    record === undefined ? ({ kind: 'command', command: 'showDrive' } as const) : ({ kind: 'record', number: record } as const);
  const when = (at: string): string => formatDate(instantOf(at), { timeZone });
  const said = state && state !== 'in-sync' ? copyStateSentence({ ...offsite, state }, when, why && describeError(why).what) : undefined;
  const lag =
    behindFiles > 0 && behindSince !== undefined
      ? l10n.t('{files}, {bytes} behind since {when}', {
          files: countText(behindFiles, 'file'),
          bytes: formatBytes(behindBytes),
          when: when(behindSince),
        })
      : undefined;
  const found = asOf === undefined ? l10n.t('off-site, verified') : l10n.t('off-site, verified as of {when}', { when: when(asOf) });
  const isLag = lag !== undefined && state === 'behind';
  const shown = isProtected ? found : state === 'unknown' || lag !== undefined ? undefined : l10n.t('not off-site');
  const far = running?.filesTotal === undefined ? undefined : progressText(running);
  const text = joined([shown, lag, isLag ? undefined : said, far]);
  if (!isProtected) return { text, action, mark: state === 'unknown' ? 'success-with-exceptions' : 'failed', markText: '' };
  if (said === undefined && lag === undefined) return { text, action, mark: 'success', markText: '' };
  if (state !== undefined && isWorking(state)) return { text, action };
  return { text, action, mark: 'success-with-exceptions', markText: '' };
}

function hoursText(hours: number): string {
  return l10n.t('{hours} h', { hours: formatNumber(hours, Number.isInteger(hours) ? 0 : 1) });
}

// ---- nonconformities

function nonconformitiesTable(open: readonly NonconformityInfo[], { timeZone }: DashboardWords): Table {
  return {
    title: l10n.t('Open nonconformities'),
    empty: l10n.t('Nothing is open.'),
    columns: [l10n.t('No.'), l10n.t('What it is about'), l10n.t('Found'), l10n.t('Records')],
    rows: open.map((one) => {
      const [first] = one.records;
      return [
        { text: one.id, ...linkOfNonconformity(one) },
        { text: one.text, ...linkOfNonconformity(one) },
        { text: formatDay(instantOf(one.openedAt), { timeZone }) },
        {
          text: one.records.map(String).join(', ') || '–',
          ...(first !== undefined && { action: { kind: 'record', number: first } as const }),
        },
      ];
    }),
  };
}

function linkOfNonconformity(one: NonconformityInfo | undefined): Pick<Link, 'action'> {
  return linkTo(one?.openedBy ?? one?.records[0]);
}

function linkTo(record: number | undefined): Pick<Link, 'action'> {
  return record === undefined ? {} : { action: { kind: 'record', number: record } };
}

function markOf(result: string): Mark {
  return marks.find((mark) => mark === result) ?? 'failed';
}
