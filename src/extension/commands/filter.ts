import * as vscode from 'vscode';
import { l10n, systemClock } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { askPaths, askText, pick } from '../editor/ask.ts';
import { countText } from '../presentation/counts.ts';
import { groupByDay } from '../presentation/date-groups.ts';
import { parseDayRange } from '../presentation/snapshot-filter.ts';
import { commandTitle } from '../presentation/words.ts';
import type { SnapshotsView } from '../views/snapshots-view.ts';

/** *Filter Snapshots…*: by set, by path, by dates; each narrows what is shown already. */
export async function filterSnapshots(app: App, view: SnapshotsView): Promise<void> {
  const sets = await app.sets.load();
  const title = commandTitle('filterSnapshots');
  const answer = await pick<'set' | 'path' | 'dates'>({
    title,
    placeholder: l10n.t('Filter by what?'),
    items: [
      { iconPath: new vscode.ThemeIcon('archive'), label: l10n.t('Backup set'), value: 'set' },
      { iconPath: new vscode.ThemeIcon('folder'), label: l10n.t('File or folder'), value: 'path' },
      { iconPath: new vscode.ThemeIcon('calendar'), label: l10n.t('Dates'), value: 'dates' },
    ],
  });
  if (answer.kind !== 'answer') return;
  if (answer.value === 'set') {
    const chosen = await pick({
      title,
      placeholder: l10n.t('Choose a backup set'),
      items: sets.map(({ name, title: label }) => ({ label, value: name })),
    });
    if (chosen.kind === 'answer') view.setFilter({ ...view.filter, set: chosen.value });
  } else if (answer.value === 'path') {
    const [path] =
      (await askPaths(l10n.t('File or Folder to Filter by'), {
        canSelectFiles: true,
        canSelectFolders: true,
        openLabel: l10n.t('Choose'),
      })) ?? [];
    if (path !== undefined) view.setFilter({ ...view.filter, path });
  } else {
    const typed = await askText({
      title,
      placeholder: '2026-11-01..2026-11-30',
      prompt: l10n.t('A day, a month, a year, or two of them with .. between'),
      problem: (text) =>
        parseDayRange(text) === undefined ? l10n.t('Write it as 2026-11-22, 2026-11, or 2026-11-01..2026-11-30.') : undefined,
    });
    if (typed.kind === 'answer') view.setFilter({ ...view.filter, ...parseDayRange(typed.value) });
  }
}

/** *Go to Date…*: the days that have snapshots; typing narrows them down, also as 2026-11-22. */
export async function goToDate(view: SnapshotsView): Promise<void> {
  const days = groupByDay(
    (await view.shownSnapshots()).map(({ snapshot }) => snapshot),
    systemClock.nowNs(),
  );
  if (days.length === 0) {
    void vscode.window.showInformationMessage(l10n.t('There is no snapshot yet.'));
    return;
  }
  const items = days.map(({ id, label, items: snapshots }) => ({
    iconPath: new vscode.ThemeIcon('calendar'),
    label,
    description: `${id} · ${countText(snapshots.length, 'snapshot')}`,
    value: id,
  }));
  const answer = await pick({ title: commandTitle('goToDate'), placeholder: l10n.t('Choose or type a date, such as 2026-11-22'), items });
  if (answer.kind === 'answer') await view.revealDay(answer.value);
}
