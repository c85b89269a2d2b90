import * as vscode from 'vscode';
import type { SetInfo, SnapshotInfo } from '../../service/index.ts';
import { formatCount, l10n, systemClock, textOf } from '../../platform/index.ts';
import { commandId } from '../manifest/contributions.ts';
import { countText } from '../presentation/counts.ts';
import { groupByDate, type DayGroup } from '../presentation/date-groups.ts';
import { describeError } from '../presentation/error-text.ts';
import { placeMark, uriOfEntry } from '../presentation/snapshot-uri.ts';
import { entryRow, setOfSnapshot, snapshotRow } from '../presentation/snapshot-row.ts';
import { commandTitle } from '../presentation/words.ts';
import type { DateNode, EntryNode, MoreNode, ProblemNode, SnapshotNode, SnapshotsNode } from './snapshot-nodes.ts';
import { treeItem } from './tree-item.ts';

/** A snapshot, and where it lies. */
export interface Located {
  readonly location: string;
  readonly snapshot: SnapshotInfo;
  readonly time: string;
  /** The repository whose sets it is of: for a copy, its original. Default: where it lies. */
  readonly original?: string;
}

const { None, Collapsed, Expanded } = vscode.TreeItemCollapsibleState;

/** Months, days and the snapshots of each, newest first. @param above makes the rows unlike those of another list in the same view */
export function dateNodes(found: readonly Located[], sets: readonly SetInfo[], above = ''): DateNode[] {
  const dayNode = ({ id, label, items }: DayGroup<Located>, parent: DateNode | undefined, isRecent: boolean): DateNode => {
    const day: DateNode = { kind: 'date', id: `${above}${id}`, label, count: items.length, isRecent, parent, children: [] };
    day.children.push(
      ...items.map(({ location, snapshot, original = location }): SnapshotNode => {
        const ofLocation = sets.filter((set) => set.location === original);
        return {
          kind: 'snapshot',
          location,
          snapshot,
          set: setOfSnapshot(snapshot, ofLocation),
          parent: day,
          folder: { entries: [], total: undefined },
        };
      }),
    );
    return day;
  };
  const monthNode = (id: string, label: string, days: readonly DayGroup<Located>[]): DateNode => {
    const month: DateNode = {
      kind: 'date',
      id: `${above}${id}`,
      label,
      count: days.reduce((sum, { items }) => sum + items.length, 0),
      isRecent: false,
      parent: undefined,
      children: [],
    };
    month.children.push(...days.map((day) => dayNode(day, month, false)));
    return month;
  };
  return groupByDate(found, systemClock.nowNs()).map((group) =>
    group.kind === 'day' ? dayNode(group, undefined, true) : monthNode(group.id, group.label, group.days),
  );
}

/** A row of snapshots, wherever they are shown. */
export function itemOfSnapshots(node: SnapshotsNode): vscode.TreeItem {
  switch (node.kind) {
    case 'date':
      return dateItem(node);
    case 'snapshot':
      return treeItem(snapshotRow(node.location, node.snapshot, node.set), Collapsed);
    case 'entry':
      return entryItem(node);
    case 'more':
      return moreItem(node);
    case 'problem':
      return problemItem(node);
  }
}

function dateItem({ id, label, count, isRecent }: DateNode): vscode.TreeItem {
  const description = countText(count, 'snapshot');
  return treeItem(
    { id: `date:${id}`, label, description, icon: { name: 'calendar' }, context: 'date', spoken: `${label}, ${description}` },
    isRecent ? Expanded : Collapsed,
  );
}

function entryItem(node: EntryNode): vscode.TreeItem {
  const row = entryRow(idOf(node.parent), node.entry);
  const isFolder = row.context === 'entry.folder';
  const item = treeItem(row, isFolder ? Collapsed : None);
  // The folders above a source are not shown.
  if (isFolder && node.parent.kind === 'snapshot') item.description = textOf(node.path);
  if (row.context === 'entry.other') return item;
  // The theme has icons for kinds of files, which it finds by the name.
  item.resourceUri = vscode.Uri.from(
    uriOfEntry(
      {
        repositoryId: node.repositoryId,
        snapshotId: node.snapshot.id,
        path: node.path,
        place: placeMark(node.location),
      },
      node.snapshot.time,
    ),
  );
  item.iconPath = isFolder ? vscode.ThemeIcon.Folder : vscode.ThemeIcon.File;
  if (!isFolder) item.command = { command: commandId('openEntry'), title: commandTitle('openEntry'), arguments: [node] };
  return item;
}

function idOf(node: SnapshotNode | EntryNode): string {
  return node.kind === 'snapshot' ? `snapshot:${node.location}:${node.snapshot.id}` : `${idOf(node.parent)}/${node.entry.name}`;
}

function moreItem(node: MoreNode): vscode.TreeItem {
  const description = l10n.t('{shown} of {total}', { shown: formatCount(node.shown), total: formatCount(node.total) });
  const label = commandTitle('showMore');
  const item = treeItem(
    {
      id: `${idOf(node.parent)}//more`,
      label,
      description,
      icon: { name: 'ellipsis' },
      context: 'more',
      spoken: `${label}, ${description}`,
    },
    None,
  );
  item.command = { command: commandId('showMore'), title: label, arguments: [node] };
  return item;
}

/** Says what is wrong with a repository, and a click does what helps. */
function problemItem({ location, error, parent }: ProblemNode): vscode.TreeItem {
  const { what, next, remedies } = describeError(error);
  const remedy = remedies.find((candidate) => candidate !== 'retry') ?? 'refresh';
  const isPassword = remedy === 'enterPassword';
  const item = treeItem(
    {
      id: `problem:${location}:${parent === undefined ? '' : 'inner'}`,
      label: isPassword ? commandTitle('enterPassword') : l10n.t('Snapshots cannot be read'),
      description: isPassword ? location : what,
      icon: isPassword ? { name: 'key' } : { name: 'error', color: 'list.errorForeground' },
      context: 'problem',
      spoken: `${what} ${next}`,
    },
    None,
  );
  item.tooltip = `${what} ${next}`;
  item.command = { command: commandId(remedy), title: commandTitle(remedy), arguments: [location] };
  return item;
}
