import { protocol, type FoundEntry } from '../../service/index.ts';
import { formatBytes, l10n, textOf } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { askText, pick } from '../editor/ask.ts';
import { whileBusy } from '../editor/with-progress.ts';
import { countText } from '../presentation/counts.ts';
import type { DateChoice } from '../presentation/restore-choice.ts';
import { datesOfFound, groupFound } from '../presentation/found-entries.ts';
import { commandTitle } from '../presentation/words.ts';
import { openInEditor, pickDate } from './versions.ts';
import { locationTarget } from './targets.ts';
import * as vscode from 'vscode';

const foundMax = 2_000;

/** *Find in Snapshots*: by name pattern, over all dates of a repository; then one of the dates at which it was there. */
export async function findInSnapshots(app: App, argument: unknown): Promise<void> {
  const title = commandTitle('findInSnapshots');
  const location = await locationTarget(app, argument, title);
  if (location === undefined) return;
  const asked = await askText({
    title,
    placeholder: l10n.t('Name or pattern, such as *.xlsx or report-2026*'),
    prompt: l10n.t('* stands for any characters, ? for one. The case of letters does not matter.'),
    problem: (text) => (text.trim() === '' ? l10n.t('Enter a name.') : undefined),
  });
  if (asked.kind !== 'answer') return;
  const pattern = asked.value.trim();
  const found = await whileBusy(l10n.t('Searching for {pattern}', { pattern }), (signal) =>
    app.engine.request(protocol.findEntries, { location, pattern, limit: foundMax }, { signal }),
  );
  if (found.length === 0) {
    void vscode.window.showInformationMessage(l10n.t('Nothing in "{location}" is named {pattern}.', { location, pattern }));
    return;
  }
  const group = await pickPath(title, found);
  if (group === undefined) return;
  const dates = datesOfFound(group);
  const date = dates.length === 1 ? dates[0] : await chosenDate(title, dates);
  if (date !== undefined) await showFound(app, location, group, date);
}

async function pickPath(title: string, found: readonly FoundEntry[]): Promise<readonly FoundEntry[] | undefined> {
  const items = groupFound(found).map((entries) => {
    const [newest] = entries;
    const path = newest === undefined ? '' : textOf(newest.path);
    const size = newest?.entry.type === 'file' ? formatBytes(newest.entry.size) : '';
    return {
      iconPath: new vscode.ThemeIcon(newest?.entry.type === 'dir' ? 'folder' : 'file'),
      label: newest?.entry.label ?? '',
      description: [countText(entries.length, 'date'), size].filter((part) => part !== '').join(' · '),
      detail: path,
      value: entries,
    };
  });
  const answer = await pick({
    title,
    placeholder:
      found.length === foundMax
        ? l10n.t('The first {count} are shown; a narrower name finds the rest', { count: foundMax })
        : l10n.t('Choose what you were looking for'),
    items,
  });
  return answer.kind === 'answer' ? answer.value : undefined;
}

async function chosenDate(title: string, dates: readonly DateChoice[]): Promise<DateChoice | undefined> {
  const answer = await pickDate({ title, dates });
  return answer.kind === 'answer' ? answer.value : undefined;
}

async function showFound(app: App, location: string, group: readonly FoundEntry[], { snapshot }: DateChoice): Promise<void> {
  const found = group.find((candidate) => candidate.snapshot.id === snapshot.id);
  if (found === undefined) return;
  const entry = { location, snapshot, path: found.path, name: found.entry.label };
  if (found.entry.type === 'file') await openInEditor(app, entry);
  else await vscode.commands.executeCommand('cadangan.restore', { kind: 'version', ...entry });
}
