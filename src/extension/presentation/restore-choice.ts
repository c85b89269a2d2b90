import { describeFault, formatBytes, formatTime, l10n, schemeOf, type ByteString } from '../../platform/index.ts';
import type { CopyInfo, RestoreParams, RestorePreview, SetInfo, SnapshotInfo, VersionInfo } from '../../service/index.ts';
import { countText } from './counts.ts';
import { instantOf } from './instants.ts';
import { oneLine } from './plain-text.ts';

/** What a restore is put together from, step by step. */
export interface RestoreChoice {
  /** What was given with the command, and is not asked for. */
  readonly given: { readonly data: boolean; readonly date: boolean };
  /** The backup set that was chosen; then a part of it can be. */
  readonly set?: SetInfo | undefined;
  /** Repositories that may have it; one of them once the date is chosen. */
  readonly locations: readonly string[];
  /** A copy of the repository that could serve as well; undefined where there is none, or the place was given. */
  readonly copies?: readonly CopyInfo[] | undefined;
  /** The locations on the backup server, once the choice was made. */
  readonly originals?: readonly string[] | undefined;
  /** What people call the data: the title of a set, the name of a file. */
  readonly title: string;
  /** Paths in the snapshot; `/` alone for everything. */
  readonly paths?: readonly ByteString[] | undefined;
  readonly snapshot?: SnapshotInfo | undefined;
  readonly target?: RestoreParams['target'] | undefined;
  readonly overwrite?: RestoreParams['overwrite'] | undefined;
  /** On whose request, and why; empty when that was skipped. */
  readonly request?: string | undefined;
}

export const nothingChosen: RestoreChoice = { given: { data: false, date: false }, locations: [], title: '' };

/** Undefined until every step has its answer. */
export function restoreParams({ locations, paths, snapshot, target, overwrite, request = '' }: RestoreChoice): RestoreParams | undefined {
  const [location] = locations;
  if (location === undefined || paths === undefined || snapshot === undefined || target === undefined || overwrite === undefined)
    return undefined;
  return { location, snapshot: snapshot.id, paths, target, overwrite, ...(request.trim() !== '' && { request: request.trim() }) };
}

/** Which steps are asked, in the order of the work instruction: data, date, destination, existing files, request, preview. */
export const isStepNeeded = {
  data: ({ given }: RestoreChoice) => !given.data,
  from: ({ copies = [] }: RestoreChoice) => copies.length > 0,
  part: ({ given, set }: RestoreChoice) => set !== undefined && !given.date,
  date: ({ given }: RestoreChoice) => !given.date,
} as const;

/** A date that can be restored. */
export interface DateChoice {
  readonly snapshot: SnapshotInfo;
  readonly time: string;
  readonly label: string;
  readonly description: string;
}

/** Of everything in a set: each snapshot, with the size of what is in it, newest first. */
export function datesOfSnapshots(snapshots: readonly SnapshotInfo[]): readonly DateChoice[] {
  return newestFirst(snapshots.map((snapshot) => dateChoice(snapshot, snapshot.bytes === undefined ? '' : formatBytes(snapshot.bytes))));
}

/** Of one path: each snapshot in which it existed, with its size then; the one in which it changed says so. */
export function datesOfVersions(versions: readonly VersionInfo[], snapshots: readonly SnapshotInfo[]): readonly DateChoice[] {
  const byId = new Map(snapshots.map((snapshot) => [snapshot.id, snapshot]));
  const dates = versions.flatMap(({ snapshot, entry, alsoIn }) => {
    const size = entry.type === 'file' ? formatBytes(entry.size) : '';
    const others = alsoIn.flatMap((id) => byId.get(id) ?? []);
    const all = newestFirst([snapshot, ...others.filter(({ id }) => id !== snapshot.id)].map((each) => dateChoice(each, size)));
    const first = all.at(-1);
    return all.map((date) =>
      date === first ? { ...date, description: [size, l10n.t('changed')].filter((part) => part !== '').join(' · ') } : date,
    );
  });
  return newestFirst(dates);
}

function dateChoice(snapshot: SnapshotInfo, size: string): DateChoice {
  return { snapshot, time: snapshot.time, label: formatTime(instantOf(snapshot.time)), description: size };
}

function newestFirst<Item extends { readonly time: string }>(items: readonly Item[]): readonly Item[] {
  return items.toSorted((a, b) => Number(instantOf(b.time) - instantOf(a.time)));
}

/** What can be said of a server as a destination without asking it. */
export function serverProblem(text: string): string | undefined {
  const location = text.trim();
  if (location === '') return l10n.t('Enter a location.');
  return schemeOf(location) === 'sftp'
    ? undefined
    : l10n.t('Files are restored into a folder, or onto a server with sftp:user@host:/path.');
}

export interface OverwriteChoice {
  readonly value: RestoreParams['overwrite'];
  readonly label: string;
  readonly detail: string;
}

/** What may happen to files that are there already; the first is the usual one. */
export function overwriteChoices(): readonly OverwriteChoice[] {
  return [
    {
      value: 'if-changed',
      label: l10n.t('Overwrite what differs'),
      detail: l10n.t('Files of the same size and time are left as they are.'),
    },
    {
      value: 'if-newer',
      label: l10n.t('Overwrite what is older'),
      detail: l10n.t('Files that were changed after the backup are left as they are.'),
    },
    { value: 'never', label: l10n.t('Skip existing'), detail: l10n.t('Only what is missing is written.') },
    {
      value: 'always',
      label: l10n.t('Overwrite everything'),
      detail: l10n.t('Every file is read and compared, also one of the same size and time; what differs is written anew.'),
    },
  ];
}

export interface PreviewRow {
  readonly icon: string;
  readonly label: string;
  readonly description: string;
}

/** What nobody reads to its end is cut here. */
const rowsMax = 30;

/** The preview as the window shows it: sums, what could not be restored, and files by name. */
export function previewRows(
  preview: RestorePreview,
  isFromAfar: boolean,
): readonly { readonly heading: string; readonly rows: readonly PreviewRow[] }[] {
  const exceptions = preview.exceptions
    .slice(0, rowsMax)
    .map(({ item, kind, reason }) => ({ icon: 'warning', label: oneLine(item), description: describeFault(kind, reason, oneLine) }));
  const files = preview.samples
    .slice(0, rowsMax)
    .map(({ label, action }) => ({ icon: actionIcons[action], label: oneLine(label), description: actionText(action) }));
  const groups = [
    { heading: l10n.t('Preview'), rows: previewLines(preview, isFromAfar) },
    { heading: l10n.t('Exceptions'), rows: exceptions },
    { heading: l10n.t('Files'), rows: files },
  ];
  return groups.filter(({ rows }) => rows.length > 0);
}

const actionIcons = { write: 'new-file', overwrite: 'replace', leave: 'circle-slash' } as const;

function actionText(action: keyof typeof actionIcons): string {
  switch (action) {
    case 'write':
      return l10n.t('is written');
    case 'overwrite':
      return l10n.t('is overwritten');
    case 'leave':
      return l10n.t('is left as it is');
  }
}

/** Sums: what would be written, overwritten, left. The bytes are those of all that is written to. */
export function previewLines({ written, overwritten, left, bytes, readBytes }: RestorePreview, isFromAfar = false): readonly PreviewRow[] {
  return [
    {
      icon: 'new-file',
      label: l10n.t('{files} to write', { files: countText(written, 'file') }),
      description: written > 0 ? formatBytes(bytes) : '',
    },
    {
      icon: 'replace',
      label: l10n.t('{files} to overwrite', { files: countText(overwritten, 'file') }),
      description: written > 0 ? '' : formatBytes(bytes),
    },
    { icon: 'circle-slash', label: l10n.t('{files} to leave as they are', { files: countText(left, 'file') }), description: '' },
    ...(isFromAfar
      ? [
          {
            icon: 'cloud-download',
            label: l10n.t('From a distance: about {bytes} to download', { bytes: formatBytes(readBytes) }),
            description: '',
          },
        ]
      : []),
  ];
}
