import { formatDate, formatPercent, l10n } from '../../platform/index.ts';
import type { CopyInfo, SetInfo } from '../../service/index.ts';
import { copyText, isCutOff, isTroubledCopy } from './copy-row.ts';
import { instantOf } from './instants.ts';
import { progressText, rateText, shareOf } from './run-text.ts';
import { setRow, whenText } from './set-row.ts';
import { isTroubled } from './troubles.ts';

/** What the one item in the status bar shows. */
export interface StatusItem {
  readonly text: string;
  /** Lines of plain text. */
  readonly tooltip: readonly string[];
  readonly kind: 'idle' | 'running' | 'trouble';
}

/** Undefined while there is nothing to say: no set. @param rates bytes a second of the sets that run */
export function statusItem(
  sets: readonly SetInfo[],
  rates: ReadonlyMap<string, number>,
  nowNs: bigint,
  copies: readonly CopyInfo[] = [],
): StatusItem | undefined {
  if (sets.length === 0) return undefined;
  const tooltip = [
    ...sets.map((set) => `${set.title}: ${setRow(set, nowNs).description ?? ''}`),
    ...copies.map((copy) => `${l10n.t('Off-site')}: ${copy.title}, ${copyText(copy, nowNs)}`),
  ];
  const running = sets.find((set) => set.running !== undefined) ?? sets.find(({ state }) => state === 'running');
  if (running?.running === undefined && running !== undefined) return { kind: 'running', text: `$(sync~spin) ${running.title}`, tooltip };
  if (running?.running !== undefined) {
    const share = shareOf(running.running);
    const rate = rates.get(running.name);
    const parts = [share === undefined ? running.title : formatPercent(share), ...(rate === undefined ? [] : [rateText(rate)])];
    return {
      kind: 'running',
      text: `$(sync~spin) ${parts.join(' ')}`,
      tooltip: [
        `${running.title}: ${progressText(running.running, rate)}`,
        ...tooltip.filter((line) => !line.startsWith(`${running.title}: `)),
      ],
    };
  }
  const troubled = sets.filter(isTroubled);
  const [first] = troubled;
  if (first !== undefined) {
    const text =
      troubled.length === 1
        ? l10n.t('Backup {state}: {name}', { state: shortState(first), name: first.title })
        : l10n.t('{count} backups need attention', { count: troubled.length });
    return { kind: 'trouble', text: `$(error) ${text}`, tooltip };
  }
  const copy = copies.find(isTroubledCopy);
  if (copy !== undefined) return { kind: 'trouble', text: `$(error) ${troubleOf(copy)}`, tooltip };
  const cutOff = copies.find(isCutOff);
  if (cutOff !== undefined)
    return {
      kind: 'idle',
      text: `$(debug-disconnect) ${l10n.t('Off-site copy waits for an answer: {name}', { name: cutOff.title })}`,
      tooltip,
    };
  const next = sets.flatMap(({ nextRun }) => nextRun ?? []).toSorted((a, b) => Number(instantOf(a) - instantOf(b)))[0];
  const text = next === undefined ? l10n.t('Backup') : l10n.t('Backup {when}', { when: whenText(next, nowNs) });
  return {
    kind: 'idle',
    text: `$(shield) ${text}`,
    tooltip: next === undefined ? tooltip : [l10n.t('Next run: {date}', { date: formatDate(instantOf(next)) }), ...tooltip],
  };
}

function troubleOf({ title: name, trouble }: CopyInfo): string {
  return trouble?.beside === undefined
    ? l10n.t('Off-site copy stands still: {name}', { name })
    : l10n.t('Off-site copy needs attention: {name}', { name });
}

function shortState({ state }: SetInfo): string {
  return state === 'missed' ? l10n.t('missed') : state === 'overdue' ? l10n.t('overdue') : l10n.t('failed');
}
