import * as vscode from 'vscode';
import type { SnapshotInfo } from '../../engine/index.ts';
import { formatCount, l10n, systemClock, textOf } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { setContextKey } from '../editor/settings.ts';
import { errorDataOf } from '../editor/show-error.ts';
import { commandId, views } from '../manifest/contributions.ts';
import { countText } from '../model/counts.ts';
import { dayId, groupByDate, type DayGroup } from '../model/date-groups.ts';
import { describeError } from '../model/error-text.ts';
import { instantOf } from '../model/instants.ts';
import { filterText, isEmptyFilter, matchesFilter, type SnapshotFilter } from '../model/snapshot-filter.ts';
import { uriOfEntry } from '../model/snapshot-uri.ts';
import { entryRow, setOfSnapshot, snapshotFacts, snapshotRow } from '../model/snapshot-row.ts';
import { commandTitle, inOurLanguage } from '../model/words.ts';
import { folderChildren, loadPage } from './folder-pages.ts';
import type { DateNode, EntryNode, MoreNode, ProblemNode, SnapshotNode, SnapshotsNode } from './snapshot-nodes.ts';
import { factsTooltip, treeItem } from './tree-item.ts';

interface Located {
  readonly location: string;
  readonly snapshot: SnapshotInfo;
  readonly time: string;
}

const { None, Collapsed, Expanded } = vscode.TreeItemCollapsibleState;

/** The view *Snapshots*: dates, the snapshots of each, and their folders, read when they are unfolded. */
export class SnapshotsView implements vscode.TreeDataProvider<SnapshotsNode>, vscode.Disposable {
  readonly #app: App;
  readonly #changed = new vscode.EventEmitter<SnapshotsNode | undefined>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #view: vscode.TreeView<SnapshotsNode>;
  readonly #subscriptions: vscode.Disposable[];
  #roots: Promise<SnapshotsNode[]> | undefined;
  #filter: SnapshotFilter = {};
  /** The last runs as they were when the lists were read: when one differs there may be a new snapshot. */
  #seenRuns = '';

  constructor(app: App) {
    this.#app = app;
    this.#view = vscode.window.createTreeView(views.snapshots.id, { treeDataProvider: this, canSelectMany: true, showCollapseAll: true });
    this.#subscriptions = [this.#view, this.#changed, app.sets.onDidChange(() => this.#afterRuns())];
    this.retitle();
  }

  get filter(): SnapshotFilter {
    return this.#filter;
  }

  get selection(): readonly SnapshotsNode[] {
    return this.#view.selection;
  }

  /** After the language changed. */
  retitle(): void {
    this.#view.title = inOurLanguage(views.snapshots.name);
    this.#reload();
  }

  setFilter(filter: SnapshotFilter): void {
    this.#filter = filter;
    void setContextKey('isFiltered', !isEmptyFilter(filter));
    this.#view.description = filterText(filter, this.#app.sets.sets);
    this.#reload();
  }

  refresh(): void {
    this.#app.repositories.forgetSnapshots();
    this.#reload();
  }

  /** Goes to the newest snapshot of a day (`2026-11-22`). False when the view shows none of that day. */
  async revealDay(day: string): Promise<boolean> {
    const roots = await this.#load();
    const node = snapshotsIn(roots).find(({ snapshot }) => dayId(instantOf(snapshot.time)) === day);
    if (node === undefined) return false;
    await this.#view.reveal(node, { select: true, focus: true });
    return true;
  }

  /** What the view shows, newest first. */
  async shownSnapshots(): Promise<readonly SnapshotNode[]> {
    return snapshotsIn(await this.#load());
  }

  async showMore({ parent }: MoreNode): Promise<void> {
    await loadPage(this.#app, parent);
    this.#changed.fire(parent);
  }

  getChildren(node?: SnapshotsNode): Promise<SnapshotsNode[]> {
    if (node === undefined) return this.#load();
    if (node.kind === 'date') return Promise.resolve(node.children);
    return node.kind === 'snapshot' || node.kind === 'entry' ? folderChildren(this.#app, node) : Promise.resolve([]);
  }

  getParent(node: SnapshotsNode): SnapshotsNode | undefined {
    return node.parent;
  }

  getTreeItem(node: SnapshotsNode): vscode.TreeItem {
    switch (node.kind) {
      case 'date': return dateItem(node);
      case 'snapshot': return treeItem(snapshotRow(node.location, node.snapshot, node.set), Collapsed);
      case 'entry': return entryItem(node);
      case 'more': return moreItem(node);
      case 'problem': return problemItem(node);
    }
  }

  resolveTreeItem(item: vscode.TreeItem, node: SnapshotsNode): vscode.TreeItem {
    if (node.kind === 'snapshot') item.tooltip = factsTooltip(snapshotFacts(node.snapshot));
    return item;
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #load(): Promise<SnapshotsNode[]> {
    this.#roots ??= this.#read();
    return this.#roots;
  }

  async #read(): Promise<SnapshotsNode[]> {
    const sets = await this.#app.sets.load();
    this.#seenRuns = runsOf(this.#app);
    const problems: ProblemNode[] = [];
    const found: Located[] = [];
    // Side by side, and one that does not answer does not keep the others away.
    await Promise.all(
      this.#app.sets.locations.map(async (location) => {
        try {
          const snapshots = await this.#app.repositories.snapshots(location, { isQuiet: true });
          found.push(...snapshots.filter((snapshot) => matchesFilter(snapshot, this.#filter, sets)).map((snapshot) => ({ location, snapshot, time: snapshot.time })));
        } catch (error) {
          problems.push({ kind: 'problem', location, error: errorDataOf(error), parent: undefined });
        }
      }),
    );
    const groups = groupByDate(found, systemClock.nowNs());
    return [...problems, ...groups.map((group) => (group.kind === 'day' ? this.#dayNode(group, undefined, true) : this.#monthNode(group.id, group.label, group.days)))];
  }

  #monthNode(id: string, label: string, days: readonly DayGroup<Located>[]): DateNode {
    const month: DateNode = { kind: 'date', id, label, count: days.reduce((sum, { items }) => sum + items.length, 0), isRecent: false, parent: undefined, children: [] };
    month.children.push(...days.map((day) => this.#dayNode(day, month, false)));
    return month;
  }

  #dayNode({ id, label, items }: DayGroup<Located>, parent: DateNode | undefined, isRecent: boolean): DateNode {
    const day: DateNode = { kind: 'date', id, label, count: items.length, isRecent, parent, children: [] };
    const sets = this.#app.sets.sets;
    day.children.push(
      ...items.map(({ location, snapshot }): SnapshotNode => {
        const ofLocation = sets.filter((set) => set.location === location);
        return { kind: 'snapshot', location, snapshot, set: setOfSnapshot(snapshot, ofLocation), parent: day, folder: { entries: [], total: undefined } };
      }),
    );
    return day;
  }

  #reload(): void {
    this.#roots = undefined;
    this.#changed.fire(undefined);
  }

  #afterRuns(): void {
    if (this.#roots === undefined || runsOf(this.#app) === this.#seenRuns) return;
    this.refresh();
  }
}

/** Changes when a set was added or taken away, or one of them ended a run. */
function runsOf({ sets }: App): string {
  return sets.sets.map(({ name, location, lastRun }) => `${name} ${location} ${lastRun?.endedAt ?? ''}`).join('\n');
}

function snapshotsIn(nodes: readonly SnapshotsNode[]): SnapshotNode[] {
  return nodes.flatMap((node) => (node.kind === 'date' ? snapshotsIn(node.children) : node.kind === 'snapshot' ? [node] : []));
}

function dateItem({ id, label, count, isRecent }: DateNode): vscode.TreeItem {
  const description = countText(count, 'snapshot');
  return treeItem({ id: `date:${id}`, label, description, icon: { name: 'calendar' }, context: 'date', spoken: `${label}, ${description}` }, isRecent ? Expanded : Collapsed);
}

function entryItem(node: EntryNode): vscode.TreeItem {
  const row = entryRow(idOf(node.parent), node.entry);
  const isFolder = row.context === 'entry.folder';
  const item = treeItem(row, isFolder ? Collapsed : None);
  // The folders above a source are not shown.
  if (isFolder && node.parent.kind === 'snapshot') item.description = textOf(node.path);
  if (row.context === 'entry.other') return item;
  // The theme has icons for kinds of files, which it finds by the name.
  item.resourceUri = vscode.Uri.from(uriOfEntry({ repositoryId: node.repositoryId, snapshotId: node.snapshot.id, path: node.path }, node.snapshot.time));
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
  const item = treeItem({ id: `${idOf(node.parent)}//more`, label, description, icon: { name: 'ellipsis' }, context: 'more', spoken: `${label}, ${description}` }, None);
  item.command = { command: commandId('showMore'), title: label, arguments: [node] };
  return item;
}

/** Says what is wrong with a repository, and a click does what helps. */
function problemItem({ location, error, parent }: ProblemNode): vscode.TreeItem {
  const { what, next, remedies } = describeError(error);
  const remedy = remedies.find((candidate) => candidate !== 'retry') ?? 'refresh';
  const isPassword = remedy === 'enterPassword';
  const item = treeItem({ id: `problem:${location}:${parent === undefined ? '' : 'inner'}`, label: isPassword ? commandTitle('enterPassword') : l10n.t('Snapshots cannot be read'), description: isPassword ? location : what, icon: isPassword ? { name: 'key' } : { name: 'error', color: 'list.errorForeground' }, context: 'problem', spoken: `${what} ${next}` }, None);
  item.tooltip = `${what} ${next}`;
  item.command = { command: commandId(remedy), title: commandTitle(remedy), arguments: [location] };
  return item;
}
