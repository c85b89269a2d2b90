import * as vscode from 'vscode';
import { protocol, type EntryInfo, type SnapshotInfo } from '../../service/index.ts';
import { formatBytes, formatDate, joinBytes, l10n, parentOf, snapshotRoot, textOf, type ByteString } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { pick, separator, type Answer } from '../editor/ask.ts';
import { instantOf } from '../presentation/instants.ts';
import type { StepPosition } from '../presentation/steps.ts';

export interface BrowseOptions {
  readonly location: string;
  readonly snapshot: SnapshotInfo;
  readonly start: ByteString;
  /** Only a folder can be taken. */
  readonly isOfFolders?: boolean;
  readonly title: string;
  readonly position: StepPosition;
}

export interface BrowsedPath {
  readonly path: ByteString;
  readonly name: string;
}

/** What a list can show without becoming slow; what is beyond is in the view *Snapshots*. */
const entriesMax = 2_000;

type Move =
  | { readonly kind: 'take'; readonly path: ByteString; readonly name: string }
  | { readonly kind: 'go'; readonly path: ByteString };

/** Goes through the folders of a snapshot by lists, until a file or folder is taken. */
export async function browse(app: App, options: BrowseOptions): Promise<Answer<BrowsedPath>> {
  const { title, position, snapshot, isOfFolders = false } = options;
  let path = options.start;
  for (;;) {
    const folder = path;
    const answer = await pick<Move>({
      title,
      position,
      placeholder: placeholderOf(textOf(folder), formatDate(instantOf(snapshot.time)), isOfFolders),
      items: moves(app, options, folder),
    });
    if (answer.kind !== 'answer') return answer;
    if (answer.value.kind === 'take') return { kind: 'answer', value: answer.value };
    path = answer.value.path;
  }
}

function placeholderOf(path: string, date: string, isOfFolders: boolean): string {
  return isOfFolders
    ? l10n.t('{path} on {date}: take this folder, or go into another one', { path, date })
    : l10n.t('{path} on {date}: choose a file, or go into a folder', { path, date });
}

async function moves(app: App, { location, snapshot, isOfFolders = false }: BrowseOptions, path: ByteString) {
  const { entries, total } = await app.engine.request(protocol.listFolder, {
    location,
    snapshot: snapshot.id,
    path,
    offset: 0,
    limit: entriesMax,
  });
  const name =
    textOf(path)
      .split('/')
      .findLast((part) => part !== '') ?? '/';
  return [
    {
      iconPath: new vscode.ThemeIcon('check'),
      label: l10n.t('This folder with everything in it'),
      description: textOf(path),
      value: { kind: 'take', path, name } as Move,
    },
    ...(path === snapshotRoot
      ? []
      : [
          {
            iconPath: new vscode.ThemeIcon('arrow-up'),
            label: '..',
            description: l10n.t('The folder above'),
            value: { kind: 'go', path: parentOf(path) } as Move,
          },
        ]),
    separator(''),
    ...entries
      .filter(({ type }) => type === 'dir' || !isOfFolders)
      .map((entry) => ({
        iconPath: new vscode.ThemeIcon(entry.type === 'dir' ? 'folder' : 'file'),
        label: entry.label,
        description: entry.type === 'file' ? formatBytes(entry.size) : '',
        value: moveTo(path, entry),
      })),
    ...(entries.length < total ? [{ label: l10n.t('{count} more are in the view Snapshots', { count: total - entries.length }) }] : []),
  ];
}

function moveTo(folder: ByteString, { name, label, type }: EntryInfo): Move {
  const path = joinBytes(folder, name);
  return type === 'dir' ? { kind: 'go', path } : { kind: 'take', path, name: label };
}
