import * as vscode from 'vscode';
import { l10n } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { askText, pick, type Choice } from '../editor/ask.ts';
import { recordResults, resultChoice, type RecordFilter } from '../presentation/record-filter.ts';
import { parseDayRange } from '../presentation/snapshot-filter.ts';
import { commandTitle } from '../presentation/words.ts';
import type { HistoryView } from '../views/history-view.ts';
import { themeIcon } from '../views/tree-item.ts';

type Part = 'kind' | 'result' | 'set' | 'dates';

/** *Filter History…*: by kind, result, set, dates; each narrows what is shown already. */
export async function filterHistory(app: App, view: HistoryView): Promise<void> {
  const answer = await pick<Part>({
    title: commandTitle('filterHistory'),
    placeholder: l10n.t('Filter by what?'),
    items: [
      { iconPath: new vscode.ThemeIcon('list-unordered'), label: l10n.t('Kind'), value: 'kind' },
      { iconPath: new vscode.ThemeIcon('pass'), label: l10n.t('Result'), value: 'result' },
      { iconPath: new vscode.ThemeIcon('archive'), label: l10n.t('Backup set'), value: 'set' },
      { iconPath: new vscode.ThemeIcon('calendar'), label: l10n.t('Dates'), value: 'dates' },
    ],
  });
  if (answer.kind !== 'answer') return;
  const added = await askFor(app, answer.value);
  if (added !== undefined) await view.showFiltered({ ...view.filter, ...added });
}

/** The records of one day: `{ day: '2026-11-23' }`. */
export async function showRecordsOfDay(view: HistoryView, argument: unknown): Promise<void> {
  if (
    typeof argument !== 'object' ||
    argument === null ||
    !('day' in argument) ||
    typeof argument.day !== 'string' ||
    parseDayRange(argument.day) === undefined
  )
    return;
  await view.showFiltered({ from: argument.day, to: argument.day });
}

async function askFor(app: App, part: Part): Promise<RecordFilter | undefined> {
  const { kinds = [], sets = [] } = (await app.records.loadSummary()) ?? {};
  switch (part) {
    case 'kind':
      return chosen(
        l10n.t('Choose a kind'),
        kinds.map(({ kind, text }) => ({ label: text, value: { kind } })),
      );
    case 'result':
      return chosen(
        l10n.t('Choose a result'),
        recordResults.map(resultChoice).map(({ icon, label, value }) => ({ iconPath: themeIcon(icon), label, value: { result: value } })),
      );
    case 'set':
      return chosen(
        l10n.t('Choose a backup set'),
        sets.map((name) => ({ label: app.sets.find(name)?.title ?? name, value: { set: name } })),
      );
    case 'dates':
      return askDates();
  }
}

async function chosen(placeholder: string, items: readonly Choice<RecordFilter>[]): Promise<RecordFilter | undefined> {
  const answer = await pick<RecordFilter>({ title: commandTitle('filterHistory'), placeholder, items });
  return answer.kind === 'answer' ? answer.value : undefined;
}

async function askDates(): Promise<RecordFilter | undefined> {
  const problem = (text: string) =>
    parseDayRange(text) === undefined ? l10n.t('Write it as 2026-11-22, 2026-11, or 2026-11-01..2026-11-30.') : undefined;
  const typed = await askText({
    title: commandTitle('filterHistory'),
    placeholder: '2026-11-01..2026-11-30',
    prompt: l10n.t('A day, a month, a year, or two of them with .. between'),
    problem,
  });
  return typed.kind === 'answer' ? { from: undefined, to: undefined, ...parseDayRange(typed.value) } : undefined;
}
