import * as vscode from 'vscode';
import type { SetInfo, SnapshotInfo } from '../../service/index.ts';
import { isInFolder, l10n, machinePathOf, systemClock, type ByteString } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { pick } from '../editor/ask.ts';
import { snapshotScheme } from '../manifest/contributions.ts';
import { iconOfState } from '../presentation/icons.ts';
import { snapshotPlaceOf } from '../presentation/machine-paths.ts';
import { setRow } from '../presentation/set-row.ts';
import { entryOfUri } from '../presentation/snapshot-uri.ts';
import { themeIcon } from '../views/tree-item.ts';
import type { SetNode } from '../views/sets-view.ts';
import type { EntryNode, SnapshotNode } from '../views/snapshot-nodes.ts';

/*
 * What a command works on. It gets a row of a view, an URI of the explorer or an editor, the name of a set or a location from a button, or
 * nothing from the palette; then it asks.
 */

/** A file or folder, by its path in snapshots; of a certain snapshot when it was chosen in one. */
export interface PathTarget {
  readonly locations: readonly string[];
  readonly path: ByteString;
  /** As people know it. */
  readonly name: string;
  readonly snapshot?: SnapshotInfo;
}

/** Undefined when nobody chose one. */
export async function setTarget(app: App, argument: unknown, title: string): Promise<SetInfo | undefined> {
  const sets = await app.sets.load();
  if (typeof argument === 'string') return sets.find(({ name }) => name === argument);
  if (isSetNode(argument)) return app.sets.find(argument.set.name) ?? argument.set;
  if (sets.length === 0) {
    await offerNewSet(app);
    return undefined;
  }
  const items = sets.map((set) => ({
    iconPath: themeIcon(iconOfState(set.state)),
    label: set.title,
    description: setRow(set, systemClock.nowNs()).description ?? '',
    value: set,
  }));
  const answer = await pick({ title, placeholder: l10n.t('Choose a backup set'), items });
  return answer.kind === 'answer' ? answer.value : undefined;
}

/** The location of a repository. Undefined when nobody chose one. */
export async function locationTarget(app: App, argument: unknown, title: string): Promise<string | undefined> {
  if (isSetNode(argument)) return argument.set.location;
  if (isSnapshotNode(argument) || isEntryNode(argument)) return argument.location;
  const sets = await app.sets.load();
  if (typeof argument === 'string') return sets.find(({ name }) => name === argument)?.location ?? argument;
  const { locations } = app.sets;
  if (locations.length === 0) {
    await offerNewSet(app);
    return undefined;
  }
  if (locations.length === 1) return locations[0];
  const items = locations.map((location) => ({
    label: location,
    description: sets
      .filter((set) => set.location === location)
      .map((set) => set.title)
      .join(', '),
    value: location,
  }));
  const answer = await pick({ title, placeholder: l10n.t('Choose a repository'), items });
  return answer.kind === 'answer' ? answer.value : undefined;
}

/** A file or folder; from the palette that of the active editor. Undefined, and said why, when there is none. */
export async function pathTarget(app: App, argument: unknown): Promise<PathTarget | undefined> {
  if (isEntryNode(argument))
    return { locations: [argument.location], path: argument.path, name: argument.entry.label, snapshot: argument.snapshot };
  const uri = argument instanceof vscode.Uri ? argument : activeUri();
  if (uri?.scheme === snapshotScheme) return pathOfSnapshotUri(app, uri);
  const paths = uri?.scheme === 'file' ? [uri.fsPath] : await askForPath();
  const [machinePath] = paths ?? [];
  if (machinePath === undefined) return undefined;
  const locations = locationsOf(machinePath, await app.sets.load());
  if (locations.length === 0) {
    await offerNewSet(app);
    return undefined;
  }
  return { locations, path: snapshotPlaceOf(machinePath), name: lastName(machinePath) };
}

/** The file on disk that an entry was backed up from. */
export function fileOnDisk(path: ByteString): vscode.Uri {
  return vscode.Uri.file(machinePathOf(path));
}

export function activeUri(): vscode.Uri | undefined {
  const input: unknown = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  if (input instanceof vscode.TabInputText) return input.uri;
  if (input instanceof vscode.TabInputTextDiff) return input.modified;
  return input instanceof vscode.TabInputCustom ? input.uri : vscode.window.activeTextEditor?.document.uri;
}

export function isSetNode(value: unknown): value is SetNode {
  return hasKind(value, 'set') || hasKind(value, 'detail');
}

export function isSnapshotNode(value: unknown): value is SnapshotNode {
  return hasKind(value, 'snapshot');
}

export function isEntryNode(value: unknown): value is EntryNode {
  return hasKind(value, 'entry');
}

function hasKind(value: unknown, kind: string): boolean {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;
}

/** Repositories that a path may be in: those of sets that back it up; when none does, all, since sets change. */
export function locationsOf(machinePath: string, sets: readonly SetInfo[]): readonly string[] {
  const fitting = sets.filter(({ sources }) =>
    sources.some((source) => isInFolder(machinePath, source) || isInFolder(source, machinePath)),
  );
  return [...new Set((fitting.length > 0 ? fitting : sets).map(({ location }) => location))];
}

async function pathOfSnapshotUri(app: App, uri: vscode.Uri): Promise<PathTarget | undefined> {
  const entry = entryOfUri(uri);
  const location = entry === undefined ? undefined : await app.repositories.locationOf(entry.repositoryId, entry.place);
  if (entry === undefined || location === undefined) return undefined;
  const snapshot = await app.repositories.snapshot(location, entry.snapshotId);
  return {
    locations: [location],
    path: entry.path,
    name: lastName(machinePathOf(entry.path)),
    ...(snapshot === undefined ? {} : { snapshot }),
  };
}

async function askForPath(): Promise<readonly string[] | undefined> {
  const uris = await vscode.window.showOpenDialog({
    title: l10n.t('File or Folder to Look up in Backups'),
    canSelectFiles: true,
    canSelectFolders: true,
    openLabel: l10n.t('Choose'),
  });
  return uris?.map(({ fsPath }) => fsPath);
}

function lastName(machinePath: string): string {
  return machinePath.split(/[\\/]/).findLast((name) => name !== '') ?? machinePath;
}

/** There is nothing to work on yet. */
export async function offerNewSet(app: App): Promise<void> {
  if (app.sets.state === 'failed') {
    await vscode.commands.executeCommand('cadangan.sets.focus');
    return;
  }
  const button = l10n.t('New Backup Set');
  const chosen = await vscode.window.showInformationMessage(l10n.t('There is no backup set yet.'), button);
  if (chosen === button) await vscode.commands.executeCommand('cadangan.newSet');
}
