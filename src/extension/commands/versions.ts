import * as vscode from 'vscode';
import { protocol, type SnapshotInfo, type VersionInfo } from '../../service/index.ts';
import { formatBytes, formatDate, l10n, systemClock, type ByteString } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { pick, separator, type Answer, type Choice } from '../editor/ask.ts';
import { whileBusy } from '../editor/with-progress.ts';
import { groupByDay } from '../presentation/date-groups.ts';
import { instantOf } from '../presentation/instants.ts';
import { datesOfVersions, type DateChoice } from '../presentation/restore-choice.ts';
import { placeMark, uriOfEntry } from '../presentation/snapshot-uri.ts';
import { commandTitle } from '../presentation/words.ts';
import { isEntryNode, fileOnDisk, pathTarget, type PathTarget } from './targets.ts';

/** A version, and where it is. */
export interface LocatedVersion extends VersionInfo {
  readonly location: string;
}

/** A file of a snapshot, as the commands here hand it to each other. */
export interface OpenableEntry {
  readonly location: string;
  readonly snapshot: SnapshotInfo;
  readonly path: ByteString;
  readonly name: string;
}

/** Different contents that a path has had, newest first, of all repositories that may have it. @throws HostError when none answers */
export async function versionsOf(app: App, { locations, path }: PathTarget): Promise<readonly LocatedVersion[]> {
  const answers = await whileBusy(l10n.t('Looking into the backups'), (signal) =>
    Promise.allSettled(
      locations.map(async (location) =>
        (await app.engine.request(protocol.fileVersions, { location, path }, { signal })).map((version) => ({ ...version, location })),
      ),
    ),
  );
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  const failed = answers.find((answer) => answer.status === 'rejected');
  if (found.length === 0 && failed !== undefined) throw failed.reason;
  return found.toSorted((a, b) => Number(instantOf(b.snapshot.time) - instantOf(a.snapshot.time)));
}

/** *Versions in Backups*: each content that a path has had, with time, size and who ran the backup. */
export async function versionsInBackups(app: App, argument: unknown): Promise<void> {
  const target = await pathTarget(app, argument);
  if (target === undefined) return;
  const versions = await versionsOf(app, target);
  if (versions.length === 0) return sayNever(target);
  const compare: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('diff'), tooltip: commandTitle('compareWithCurrent') };
  const restore: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('history'), tooltip: commandTitle('restore') };
  type Action = { readonly version: LocatedVersion; readonly what: 'open' | 'compare' | 'restore' };
  const answer = await pick<Action>({
    title: l10n.t('Versions of {name} in Backups', { name: target.name }),
    placeholder: l10n.t('Choose a version to open it'),
    items: byDay(versions, (version) => ({
      ...versionItem(version),
      value: { version, what: 'open' },
      buttons: version.entry.type === 'file' ? [compare, restore] : [restore],
    })),
    onButton: (value, button) => ({ ...value, what: button === compare ? 'compare' : 'restore' }),
  });
  if (answer.kind !== 'answer') return;
  const { version, what } = answer.value;
  const entry = { location: version.location, snapshot: version.snapshot, path: target.path, name: target.name };
  if (what === 'compare') return compareEntryWithCurrent(app, entry);
  if (what === 'restore' || version.entry.type !== 'file')
    return vscode.commands.executeCommand('cadangan.restore', { kind: 'version', ...entry });
  await openInEditor(app, entry);
}

/** *Which Backup Changed This File*: each change, with what it was before. */
export async function whichBackupChanged(app: App, argument: unknown): Promise<void> {
  const target = await pathTarget(app, argument);
  if (target === undefined) return;
  const versions = await versionsOf(app, target);
  if (versions.length === 0) return sayNever(target);
  const answer = await pick({
    title: l10n.t('Backups That Changed {name}', { name: target.name }),
    placeholder: l10n.t('Choose one to see what it changed'),
    items: byDay(versions, (version) => ({ ...versionItem(version), value: version })),
  });
  if (answer.kind !== 'answer') return;
  const after = answer.value;
  const before = versions[versions.indexOf(after) + 1];
  const entryOf = ({ location, snapshot }: LocatedVersion) => ({ location, snapshot, path: target.path, name: target.name });
  if (before === undefined || after.entry.type !== 'file') return openInEditor(app, entryOf(after));
  const title = `${target.name} (${when(before.snapshot)} ↔ ${when(after.snapshot)})`;
  await vscode.commands.executeCommand('vscode.diff', await uriOf(app, entryOf(before)), await uriOf(app, entryOf(after)), title);
}

/** *Open as of Date*: only dates at which it existed. */
export async function openAsOfDate(app: App, argument: unknown): Promise<void> {
  const target = await pathTarget(app, argument);
  if (target === undefined) return;
  const versions = await versionsOf(app, target);
  if (versions.length === 0) return sayNever(target);
  const dates = await datesOf(app, versions);
  const answer = await pickDate({ title: l10n.t('Open {name} as of Date', { name: target.name }), dates });
  if (answer.kind !== 'answer') return;
  const location = locationOf(versions, answer.value);
  if (location !== undefined) await openInEditor(app, { location, snapshot: answer.value.snapshot, path: target.path, name: target.name });
}

export async function openEntry(app: App, argument: unknown): Promise<void> {
  if (isEntryNode(argument))
    await openInEditor(app, { location: argument.location, snapshot: argument.snapshot, path: argument.path, name: argument.entry.label });
}

export async function compareWithCurrent(app: App, argument: unknown): Promise<void> {
  const target = await pathTarget(app, argument);
  if (target === undefined) return;
  const [location] = target.locations;
  if (target.snapshot !== undefined && location !== undefined)
    return compareEntryWithCurrent(app, { location, snapshot: target.snapshot, path: target.path, name: target.name });
  const versions = await versionsOf(app, target);
  if (versions.length === 0) return sayNever(target);
  const answer = await pickDate({
    title: l10n.t('Compare {name} with Its State of', { name: target.name }),
    dates: await datesOf(app, versions),
  });
  if (answer.kind !== 'answer') return;
  const chosen = locationOf(versions, answer.value);
  if (chosen !== undefined)
    await compareEntryWithCurrent(app, { location: chosen, snapshot: answer.value.snapshot, path: target.path, name: target.name });
}

/** The editor's own diff: the snapshot on the left, the file on disk on the right. */
async function compareEntryWithCurrent(app: App, entry: OpenableEntry): Promise<void> {
  const current = fileOnDisk(entry.path);
  const isThere = await vscode.workspace.fs.stat(current).then(
    () => true,
    () => false,
  );
  if (!isThere) {
    const restore = commandTitle('restore');
    const chosen = await vscode.window.showInformationMessage(
      l10n.t('"{path}" is not on this server any more.', { path: current.fsPath }),
      restore,
    );
    if (chosen === restore) await vscode.commands.executeCommand('cadangan.restore', { kind: 'version', ...entry });
    return;
  }
  await vscode.commands.executeCommand(
    'vscode.diff',
    await uriOf(app, entry),
    current,
    l10n.t('{name} ({date} ↔ now)', { name: entry.name, date: when(entry.snapshot) }),
  );
}

export async function openInEditor(app: App, entry: OpenableEntry): Promise<void> {
  await vscode.commands.executeCommand('vscode.open', await uriOf(app, entry), { preview: true });
}

export async function uriOf(
  app: App,
  { location, snapshot, path }: Pick<OpenableEntry, 'location' | 'snapshot' | 'path'>,
): Promise<vscode.Uri> {
  const { id: repositoryId } = await app.repositories.info(location);
  return vscode.Uri.from(uriOfEntry({ repositoryId, snapshotId: snapshot.id, path, place: placeMark(location) }, snapshot.time));
}

/** Every date at which one of the versions was there. */
export async function datesOf(app: App, versions: readonly LocatedVersion[]): Promise<readonly DateChoice[]> {
  const lists = await Promise.all(
    [...new Set(versions.map(({ location }) => location))].map((location) => app.repositories.snapshots(location)),
  );
  return datesOfVersions(versions, lists.flat());
}

export function locationOf(versions: readonly LocatedVersion[], { snapshot }: DateChoice): string | undefined {
  return versions.find((version) => version.snapshot.id === snapshot.id || version.alsoIn.includes(snapshot.id))?.location;
}

/** A list of dates under their days. */
export function pickDate(options: { readonly title: string; readonly dates: readonly DateChoice[] }): Promise<Answer<DateChoice>> {
  return pick({
    title: options.title,
    placeholder: l10n.t('Choose a date; only those at which it existed are shown'),
    items: dateItems(options.dates),
  });
}

export function dateItems(dates: readonly DateChoice[]): readonly (Choice<DateChoice> | vscode.QuickPickItem)[] {
  return byDay(dates, (date) => ({
    iconPath: new vscode.ThemeIcon('archive'),
    label: date.label,
    description: date.description,
    detail: `${date.snapshot.user}@${date.snapshot.host}`,
    value: date,
  }));
}

function byDay<Item extends { readonly snapshot: SnapshotInfo }, Value>(
  items: readonly Item[],
  make: (item: Item) => Choice<Value>,
): readonly (Choice<Value> | vscode.QuickPickItem)[] {
  const dated = items.map((item) => ({ item, time: item.snapshot.time }));
  return groupByDay(dated, systemClock.nowNs()).flatMap((day) => [separator(day.label), ...day.items.map(({ item }) => make(item))]);
}

function versionItem({ snapshot, entry, alsoIn }: LocatedVersion): vscode.QuickPickItem {
  const size = entry.type === 'file' ? formatBytes(entry.size) : l10n.t('Folder');
  const others = alsoIn.length === 0 ? '' : ` · ${l10n.t('the same in {count} more', { count: alsoIn.length })}`;
  return {
    iconPath: new vscode.ThemeIcon('versions'),
    label: when(snapshot),
    description: `${size}${others}`,
    detail: l10n.t('{user} on {host}; changed {date}', {
      user: snapshot.user,
      host: snapshot.host,
      date: formatDate(instantOf(entry.mtime)),
    }),
  };
}

function when(snapshot: SnapshotInfo): string {
  return formatDate(instantOf(snapshot.time));
}

function sayNever({ name }: PathTarget): void {
  void vscode.window.showInformationMessage(l10n.t('"{name}" is in no backup.', { name }));
}
