import * as vscode from 'vscode';
import type { App } from '../app.ts';
import { setContextKey } from '../editor/settings.ts';
import { errorDataOf } from '../editor/show-error.ts';
import { views } from '../manifest/contributions.ts';
import { dayId } from '../presentation/date-groups.ts';
import { instantOf } from '../presentation/instants.ts';
import { filterText, isEmptyFilter, matchesFilter, type SnapshotFilter } from '../presentation/snapshot-filter.ts';
import { snapshotFacts } from '../presentation/snapshot-row.ts';
import { inOurLanguage } from '../presentation/words.ts';
import { folderChildren } from './folder-pages.ts';
import { dateNodes, itemOfSnapshots, type Located } from './snapshot-items.ts';
import type { MoreNode, ProblemNode, SnapshotNode, SnapshotsNode } from './snapshot-nodes.ts';
import { factsTooltip } from './tree-item.ts';

/** Longer nobody holds the mouse still. */
const lockMsMax = 3000;

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
  #seenRuns: string | undefined;

  constructor(app: App) {
    this.#app = app;
    this.#view = vscode.window.createTreeView(views.snapshots.id, { treeDataProvider: this, canSelectMany: true, showCollapseAll: true });
    this.#view.title = inOurLanguage(views.snapshots.name);
    this.#subscriptions = [this.#view, this.#changed, app.sets.onDidChange(() => this.#afterRuns())];
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

  /** After the next page of a folder was loaded. */
  showMore({ parent }: MoreNode): void {
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
    return itemOfSnapshots(node);
  }

  /** Under the mouse. What the storage has locked is asked for then, of this one: for each row of a list it would be a request. */
  async resolveTreeItem(item: vscode.TreeItem, node: SnapshotsNode, token: vscode.CancellationToken): Promise<vscode.TreeItem> {
    if (node.kind !== 'snapshot') return item;
    const gone = new AbortController();
    const registration = token.onCancellationRequested(() => gone.abort());
    // A storage that does not answer keeps nobody from the rest.
    const signal = AbortSignal.any([gone.signal, AbortSignal.timeout(lockMsMax)]);
    const lock = await this.#app.repositories.lockOf(node.location, node.snapshot, { isQuiet: true, signal }).catch(() => undefined);
    registration.dispose();
    item.tooltip = factsTooltip(snapshotFacts(node.snapshot, lock));
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
          found.push(
            ...snapshots
              .filter((snapshot) => matchesFilter(snapshot, this.#filter, sets))
              .map((snapshot) => ({ location, snapshot, time: snapshot.time })),
          );
        } catch (error) {
          problems.push({ kind: 'problem', location, error: errorDataOf(error), parent: undefined });
        }
      }),
    );
    return [...problems, ...dateNodes(found, this.#app.sets.sets)];
  }

  #reload(): void {
    this.#roots = undefined;
    this.#changed.fire(undefined);
  }

  #afterRuns(): void {
    if (this.#roots === undefined || this.#seenRuns === undefined || runsOf(this.#app) === this.#seenRuns) return;
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
