import { isDeepStrictEqual } from 'node:util';
import * as vscode from 'vscode';
import type { CopyInfo } from '../../service/index.ts';
import { systemClock } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { setContextKey } from '../editor/settings.ts';
import { errorDataOf } from '../editor/show-error.ts';
import { views } from '../manifest/contributions.ts';
import { accountRow, copyDetails, copyRow } from '../presentation/copy-row.ts';
import { snapshotFacts } from '../presentation/snapshot-row.ts';
import { inOurLanguage } from '../presentation/words.ts';
import type { AccountNode, CopyNode, DriveNode } from './drive-nodes.ts';
import { folderChildren } from './folder-pages.ts';
import { dateNodes, itemOfSnapshots } from './snapshot-items.ts';
import type { MoreNode } from './snapshot-nodes.ts';
import { factsTooltip, treeItem } from './tree-item.ts';

const { None, Collapsed } = vscode.TreeItemCollapsibleState;

/**
 * The view *Off-site Copies*: the account on Google Drive, where one is configured, and each copy, wherever it lies, with its lag, its last
 * scrub, and its snapshots by date, read from the copy itself.
 */
export class DriveView implements vscode.TreeDataProvider<DriveNode>, vscode.Disposable {
  readonly #app: App;
  readonly #changed = new vscode.EventEmitter<DriveNode | undefined>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #view: vscode.TreeView<DriveNode>;
  readonly #subscriptions: vscode.Disposable[];
  /** Whether the editor has been given rows; before that it asks by itself. */
  #isGiven = false;
  #account: AccountNode | undefined;
  #copies: readonly CopyNode[] = [];
  /** Snapshots as they were when a copy was unfolded; others make it be read anew. */
  readonly #snapshots = new Map<string, { readonly ids: string; readonly nodes: Promise<readonly DriveNode[]> }>();

  constructor(app: App) {
    this.#app = app;
    this.#view = vscode.window.createTreeView(views.drive.id, { treeDataProvider: this, showCollapseAll: true });
    this.#view.title = inOurLanguage(views.drive.name);
    this.#subscriptions = [this.#view, this.#changed, app.drive.onDidChange(() => this.#show())];
  }

  /** After the language changed. */
  retitle(): void {
    this.#view.title = inOurLanguage(views.drive.name);
    this.refresh();
  }

  refresh(): void {
    this.#snapshots.clear();
    this.#changed.fire(undefined);
  }

  /** After the next page of a folder was loaded. */
  showMore({ parent }: MoreNode): void {
    this.#changed.fire(parent);
  }

  async getChildren(node?: DriveNode): Promise<DriveNode[]> {
    if (node === undefined) return this.#roots();
    switch (node.kind) {
      case 'copy':
        return this.#childrenOf(node);
      case 'date':
        return node.children;
      case 'snapshot':
      case 'entry':
        return folderChildren(this.#app, node);
      case 'account':
      case 'copy-detail':
      case 'more':
      case 'problem':
        return [];
    }
  }

  getTreeItem(node: DriveNode): vscode.TreeItem {
    switch (node.kind) {
      case 'account':
        return treeItem(accountRow(node.status), None);
      case 'copy':
        return treeItem(copyRow(node.copy, systemClock.nowNs()), Collapsed);
      case 'copy-detail':
        return treeItem(node.row, None);
      case 'date':
      case 'snapshot':
      case 'entry':
      case 'more':
      case 'problem':
        return itemOfSnapshots(node);
    }
  }

  resolveTreeItem(item: vscode.TreeItem, node: DriveNode): vscode.TreeItem {
    if (node.kind === 'snapshot') item.tooltip = factsTooltip(snapshotFacts(node.snapshot));
    // Rows are narrow, and what is wrong is long.
    else if (node.kind === 'account') item.tooltip = accountRow(node.status).spoken;
    else if (node.kind === 'copy') item.tooltip = copyRow(node.copy, systemClock.nowNs()).spoken;
    else if (node.kind === 'copy-detail') item.tooltip = node.row.spoken;
    return item;
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  /** None as long as the welcome text says what to do first. */
  async #roots(): Promise<DriveNode[]> {
    const status = await this.#app.drive.load();
    this.#isGiven = true;
    const { copies, state } = status;
    if (copies.length === 0 && state !== 'signed-in') return [];
    this.#account =
      state === 'not-configured' ? undefined : Object.assign(this.#account ?? { kind: 'account' as const, status }, { status });
    this.#copies = copies.map((copy) => Object.assign(this.#copyNamed(copy.name) ?? { kind: 'copy' as const, copy }, { copy }));
    return [...(this.#account ? [this.#account] : []), ...this.#copies];
  }

  async #childrenOf(node: CopyNode): Promise<DriveNode[]> {
    const details = copyDetails(node.copy, systemClock.nowNs()).map((row): DriveNode => ({ kind: 'copy-detail', parent: node, row }));
    const ids = node.copy.snapshots.join(' ');
    const known = this.#snapshots.get(node.copy.name);
    const nodes = known?.ids === ids ? known.nodes : this.#readSnapshots(node.copy);
    this.#snapshots.set(node.copy.name, { ids, nodes });
    return [...details, ...(await nodes)];
  }

  async #readSnapshots({ name, location, repository, snapshots }: CopyInfo): Promise<readonly DriveNode[]> {
    if (snapshots.length === 0) return [];
    try {
      const sets = await this.#app.sets.load();
      this.#app.repositories.forgetSnapshotsAt(location);
      const found = await this.#app.repositories.snapshots(location, { isQuiet: true });
      return dateNodes(
        found.map((snapshot) => ({ location, snapshot, time: snapshot.time, original: repository })),
        sets,
        `${name}:`,
      );
    } catch (error) {
      this.#snapshots.delete(name);
      return [{ kind: 'problem', location, error: errorDataOf(error), parent: undefined }];
    }
  }

  #show(): void {
    const { state, status } = this.#app.drive;
    void setContextKey('drive', state);
    if (!this.#isGiven) return;
    const names = (copies: readonly { readonly name: string }[]) => copies.map(({ name }) => name);
    const hadRows = this.#account !== undefined || this.#copies.length > 0;
    const hasRows = status.copies.length > 0 || status.state === 'signed-in';
    if (
      hadRows !== hasRows ||
      (this.#account === undefined) !== (status.state === 'not-configured') ||
      !isDeepStrictEqual(names(status.copies), names(this.#copies.map(({ copy }) => copy)))
    ) {
      if (!hasRows) [this.#account, this.#copies] = [undefined, []];
      return this.#changed.fire(undefined);
    }
    if (this.#account !== undefined && !isDeepStrictEqual(accountRow(this.#account.status), accountRow(status))) {
      this.#account.status = status;
      this.#changed.fire(this.#account);
    }
    for (const copy of status.copies) {
      const node = this.#copyNamed(copy.name);
      if (node === undefined || isDeepStrictEqual(node.copy, copy)) continue;
      node.copy = copy;
      this.#changed.fire(node);
    }
  }

  #copyNamed(name: string): CopyNode | undefined {
    return this.#copies.find(({ copy }) => copy.name === name);
  }
}
