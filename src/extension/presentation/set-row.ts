import { formatDate, formatRelativeDay, formatTime, l10n } from '../../platform/index.ts';
import { copyStateSentence, type OffsiteState, type SetInfo } from '../../service/index.ts';
import { isWorking } from './copy-state.ts';
import { describeError } from './error-text.ts';
import { iconOfState, type Icon } from './icons.ts';
import { instantOf } from './instants.ts';
import { durationOf, outcomeText, progressText, stateText } from './run-text.ts';

/** One row of a tree, as data: the view only copies it into the editor's objects. */
export interface Row {
  readonly id: string;
  readonly label: string;
  readonly description?: string;
  readonly icon: Icon;
  /** Words for conditions in the manifest. */
  readonly context: string;
  /** What a screen reader says: it also has what colour and icon say. */
  readonly spoken: string;
}

/** The row of a backup set: its name, when it last ran and how, when it runs next. */
export function setRow(set: SetInfo, nowNs: bigint): Row {
  const description = set.running === undefined ? joined([lastText(set, nowNs), nextText(set, nowNs)]) : progressText(set.running);
  return {
    id: `set:${set.name}`,
    label: set.title,
    description,
    icon: iconOfState(set.state),
    context: contextOf(set),
    spoken: joined([l10n.t('Backup set {name}', { name: set.title }), stateText(set.state), description], ', '),
  };
}

/** What a set consists of and what became of it, as rows under it. */
export function setDetails(set: SetInfo, nowNs: bigint): readonly Row[] {
  const row = (kind: string, label: string, description: string, icon: Icon): Row => ({
    id: `set:${set.name}:${kind}:${label}`,
    label,
    description,
    icon,
    context: `detail.${kind}`,
    spoken: `${label}, ${description}`,
  });
  const missed = set.missedWindows.map((time, at) =>
    row('missed', l10n.t('Missed run'), joined([formatDate(instantOf(time)), set.missedReasons?.[at]]), iconOfState('missed')),
  );
  const last = set.lastRun;
  return [
    ...missed,
    ...(last === undefined
      ? []
      : [
          row(
            'last',
            l10n.t('Last run'),
            joined([whenText(last.endedAt, nowNs), outcomeText(last.outcome), durationOf(last)]),
            iconOfState(last.outcome === 'success-with-exceptions' ? 'exceptions' : last.outcome),
          ),
        ]),
    row('next', l10n.t('Next run'), set.nextRun === undefined ? l10n.t('only when it is started') : whenText(set.nextRun, nowNs), {
      name: 'calendar',
    }),
    ...set.sources.map((source) => row('source', source, l10n.t('Source'), { name: 'folder' })),
    row('repository', set.location, l10n.t('Repository'), { name: 'database' }),
    ...(set.offsite === undefined ? [] : [row('offsite', l10n.t('Off-site'), offsiteText(set.offsite, nowNs), iconOfOffsite(set.offsite))]),
  ];
}

function offsiteText(offsite: OffsiteState, nowNs: bigint): string {
  const { isProtected, state, asOf, why, running } = offsite;
  const when = (at: string): string => whenText(at, nowNs);
  const said =
    state === undefined || state === 'in-sync'
      ? undefined
      : l10n.t('copy: {state}', { state: copyStateSentence({ ...offsite, state }, when, why && describeError(why).what) });
  const far = running?.filesTotal === undefined ? undefined : progressText(running);
  if (!isProtected)
    return joined([
      state === 'unknown' ? l10n.t('not known whether the last snapshot is off-site') : l10n.t('last snapshot is not off-site yet'),
      said,
      far,
    ]);
  if (state === undefined) return l10n.t('last snapshot is off-site, verified');
  // A snapshot that was found there is one of the past as long as nobody watches, or something keeps the copy from being looked at.
  const found =
    asOf === undefined
      ? l10n.t('last snapshot is off-site, verified')
      : l10n.t('last snapshot is off-site, verified as of {when}', { when: whenText(asOf, nowNs) });
  return joined([found, said, far]);
}

function iconOfOffsite({ isProtected, state }: OffsiteState): Icon {
  if (!isProtected)
    return state === 'unknown'
      ? { name: 'question', color: 'list.warningForeground' }
      : { name: 'cloud-upload', color: 'list.warningForeground' };
  if (state === undefined || state === 'in-sync') return { name: 'cloud', color: 'testing.iconPassed' };
  return isWorking(state) ? { name: 'cloud' } : { name: 'cloud', color: 'list.warningForeground' };
}

/** `set.idle.ran`, `set.running`, `set.missed.ran` */
function contextOf({ state, missedWindows, lastRun }: SetInfo): string {
  const activity = state === 'running' || state === 'waiting' ? 'running' : missedWindows.length > 0 ? 'missed' : 'idle';
  return `set.${activity}${lastRun === undefined ? '' : '.ran'}`;
}

function lastText({ lastRun, state }: SetInfo, nowNs: bigint): string {
  // What goes on matters more than what was; how far it is is not known yet.
  if (lastRun === undefined || state === 'running' || state === 'waiting') return stateText(state);
  const when = whenText(lastRun.endedAt, nowNs);
  // Success needs no word beside its icon, and the row is narrow; a screen reader has the word.
  if (state === 'success') return when;
  const shown = state === 'overdue' || state === 'missed' ? stateText(state) : outcomeText(lastRun.outcome);
  return `${shown}, ${when}`;
}

function nextText({ nextRun }: SetInfo, nowNs: bigint): string | undefined {
  return nextRun === undefined ? undefined : l10n.t('next {when}', { when: whenText(nextRun, nowNs) });
}

/** `21:00` of today, else with its day: `Yesterday 21:00`, `22 Nov 2026 21:00`. */
export function whenText(time: string, nowNs: bigint): string {
  const ns = instantOf(time);
  const day = formatRelativeDay(ns, nowNs);
  return day === formatRelativeDay(nowNs, nowNs) ? formatTime(ns) : `${day} ${formatTime(ns)}`;
}

export function joined(parts: readonly (string | undefined)[], separator = ' · '): string {
  return parts.filter((part) => part !== undefined && part !== '').join(separator);
}
