import { isDeepStrictEqual } from 'node:util';
import * as vscode from 'vscode';
import type { SetInfo } from '../../service/index.ts';
import { l10n, systemClock } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { views } from '../manifest/contributions.ts';
import { setContextKey } from '../editor/settings.ts';
import { errorDataOf } from '../editor/show-error.ts';
import { errorMessage } from '../presentation/error-text.ts';
import { setDetails, setRow, type Row } from '../presentation/set-row.ts';
import { setFacts } from '../presentation/set-facts.ts';
import { isTroubled } from '../presentation/troubles.ts';
import { inOurLanguage } from '../presentation/words.ts';
import { factsTooltip, treeItem } from './tree-item.ts';

export type SetNode = SetRowNode | { readonly kind: 'detail'; readonly set: SetInfo; readonly row: Row };

/**
 * Stays the same object as long as there is the set: the editor knows rows by their objects, and a click on one must not be lost because it
 * changes.
 */
interface SetRowNode {
  readonly kind: 'set';
  set: SetInfo;
}

/** The view *Backup Sets*: each set with its state, and under it what it consists of. */
export class SetsView implements vscode.TreeDataProvider<SetNode>, vscode.Disposable {
  readonly #app: App;
  readonly #changed = new vscode.EventEmitter<SetNode | undefined>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #view: vscode.TreeView<SetNode>;
  readonly #subscriptions: vscode.Disposable[];
  /** As last given to the editor; undefined: it has not asked yet, or waits for the answer. */
  #nodes: readonly SetRowNode[] | undefined;

  constructor(app: App) {
    this.#app = app;
    this.#view = vscode.window.createTreeView(views.sets.id, { treeDataProvider: this });
    this.#view.title = inOurLanguage(views.sets.name);
    this.#subscriptions = [this.#view, this.#changed, app.sets.onDidChange(() => this.#show())];
  }

  /** After the language changed. */
  retitle(): void {
    this.#view.title = inOurLanguage(views.sets.name);
    this.#changed.fire(undefined);
  }

  async reveal(name: string): Promise<void> {
    const node = this.#nodeNamed(name);
    if (node === undefined) await vscode.commands.executeCommand(`${views.sets.id}.focus`);
    else await this.#view.reveal(node, { select: true, focus: true, expand: true });
  }

  async getChildren(node?: SetNode): Promise<SetNode[]> {
    if (node === undefined) {
      const sets = await this.#app.sets.load();
      this.#nodes = sets.map((set) => Object.assign(this.#nodeNamed(set.name) ?? { kind: 'set' as const, set }, { set }));
      return [...this.#nodes];
    }
    if (node.kind === 'detail') return [];
    return setDetails(node.set, systemClock.nowNs()).map((row) => ({ kind: 'detail', set: node.set, row }));
  }

  getParent(node: SetNode): SetNode | undefined {
    return node.kind === 'set' ? undefined : this.#nodeNamed(node.set.name);
  }

  getTreeItem(node: SetNode): vscode.TreeItem {
    if (node.kind === 'detail') return treeItem(node.row, vscode.TreeItemCollapsibleState.None);
    return treeItem(setRow(node.set, systemClock.nowNs()), vscode.TreeItemCollapsibleState.Collapsed);
  }

  resolveTreeItem(item: vscode.TreeItem, node: SetNode): vscode.TreeItem {
    // Rows are narrow, and paths are long.
    item.tooltip = node.kind === 'set' ? factsTooltip(setFacts(node.set)) : node.row.spoken;
    return item;
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #show(): void {
    const { state, sets } = this.#app.sets;
    void setContextKey('sets', state);
    this.#view.message = state === 'failed' && sets.length > 0 ? errorMessage(errorDataOf(this.#app.sets.error)) : '';
    const troubled = sets.filter(isTroubled);
    void setContextKey('hasTrouble', troubled.length > 0);
    this.#view.badge =
      troubled.length === 0
        ? undefined
        : {
            value: troubled.length,
            tooltip:
              troubled.length === 1
                ? l10n.t('1 backup set needs attention')
                : l10n.t('{count} backup sets need attention', { count: troubled.length }),
          };
    this.#redraw(sets);
  }

  /**
   * All rows when there are other sets than before, else those that changed. While all rows are read anew a click on one is lost: never
   * without need.
   */
  #redraw(sets: readonly SetInfo[]): void {
    if (this.#nodes === undefined) return;
    const names = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name);
    if (!isDeepStrictEqual(names(sets), names(this.#nodes.map(({ set }) => set)))) return this.#changed.fire(undefined);
    for (const set of sets) {
      const node = this.#nodeNamed(set.name);
      if (node === undefined || isDeepStrictEqual(node.set, set)) continue;
      node.set = set;
      this.#changed.fire(node);
    }
  }

  #nodeNamed(name: string): SetRowNode | undefined {
    return this.#nodes?.find(({ set }) => set.name === name);
  }
}
