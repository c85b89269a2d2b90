import { isDeepStrictEqual } from 'node:util';
import * as vscode from 'vscode';
import type { SeenRepositoryInfo, ServerBackups, ServerInfo, ServersReport } from '../../service/index.ts';
import { l10n, systemClock } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { setContextKey } from '../editor/settings.ts';
import { errorDataOf } from '../editor/show-error.ts';
import { commandId, views } from '../manifest/contributions.ts';
import { describeError, errorMessage } from '../presentation/error-text.ts';
import { backupsFacts, backupsRow, lookedAtText, serverFacts, serverRow, troubledServers, unseenRow } from '../presentation/server-row.ts';
import type { Row } from '../presentation/set-row.ts';
import { commandTitle, inOurLanguage } from '../presentation/words.ts';
import { factsTooltip, treeItem } from './tree-item.ts';

type ServersNode =
  | { readonly kind: 'server'; readonly server: ServerInfo }
  | { readonly kind: 'backups'; readonly server: ServerInfo; readonly backups: ServerBackups }
  | { readonly kind: 'repository'; readonly repository: SeenRepositoryInfo; readonly row: Row };

const { None, Collapsed } = vscode.TreeItemCollapsibleState;

/** The view *Servers*: every server of the repositories, trouble first, under it what it backs up, and what could not be looked at. */
export class ServersView implements vscode.TreeDataProvider<ServersNode>, vscode.Disposable {
  readonly #app: App;
  readonly #changed = new vscode.EventEmitter<ServersNode | undefined>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #view: vscode.TreeView<ServersNode>;
  readonly #subscriptions: vscode.Disposable[];
  /** The last runs as they were at the last look: when one differs there may be a new snapshot. Undefined: nobody has looked. */
  #seenRuns: string | undefined;
  #shown: Pick<ServersReport, 'servers' | 'repositories'> | undefined;

  constructor(app: App) {
    this.#app = app;
    this.#view = vscode.window.createTreeView(views.servers.id, { treeDataProvider: this, showCollapseAll: true });
    this.#view.title = inOurLanguage(views.servers.name);
    this.#subscriptions = [
      this.#view,
      this.#changed,
      app.servers.onDidChange(() => this.#show()),
      app.sets.onDidChange(() => this.#afterRuns()),
      this.#view.onDidChangeVisibility(() => this.#afterRuns()),
    ];
  }

  /** After the language changed. */
  retitle(): void {
    this.#view.title = inOurLanguage(views.servers.name);
    this.#shown = undefined;
    this.#show();
  }

  /** Has the repositories looked at, if anybody has wanted to see them. */
  refresh(): void {
    if (this.#seenRuns === undefined) return;
    this.#seenRuns = runsOf(this.#app);
    void this.#app.servers.look();
  }

  async getChildren(node?: ServersNode): Promise<ServersNode[]> {
    if (node?.kind === 'server') return node.server.backups.map((backups) => ({ kind: 'backups', server: node.server, backups }));
    if (node !== undefined) return [];
    this.#seenRuns ??= runsOf(this.#app);
    const report = await this.#app.servers.load();
    if (report === undefined) return [];
    const nowNs = systemClock.nowNs();
    const unseen = report.repositories.flatMap((repository): ServersNode[] => {
      const row = unseenRow(repository, nowNs);
      return row === undefined ? [] : [{ kind: 'repository', repository, row }];
    });
    return [...unseen, ...report.servers.map((server): ServersNode => ({ kind: 'server', server }))];
  }

  getTreeItem(node: ServersNode): vscode.TreeItem {
    const nowNs = systemClock.nowNs();
    switch (node.kind) {
      case 'server':
        return treeItem(serverRow(node.server, nowNs), Collapsed);
      case 'backups':
        return treeItem(backupsRow(node.server.host, node.backups, nowNs), None);
      case 'repository':
        return repositoryItem(node.repository, node.row);
    }
  }

  resolveTreeItem(item: vscode.TreeItem, node: ServersNode): vscode.TreeItem {
    // Rows are narrow.
    if (node.kind === 'server') item.tooltip = factsTooltip(serverFacts(node.server));
    else if (node.kind === 'backups') item.tooltip = factsTooltip(backupsFacts(node.server.host, node.backups));
    return item;
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #show(): void {
    const { state, report, error } = this.#app.servers;
    void setContextKey('servers', state);
    this.#view.message = state === 'failed' && report !== undefined ? errorMessage(errorDataOf(error)) : '';
    this.#view.description = (report && lookedAtText(report, systemClock.nowNs())) ?? '';
    const troubled = report === undefined ? 0 : troubledServers(report);
    this.#view.badge = troubled === 0 ? undefined : { value: troubled, tooltip: badgeText(troubled) };
    this.#redraw(report);
  }

  /** While rows are read anew a click on one is lost: never without need. */
  #redraw(report: ServersReport | undefined): void {
    const shown = report && { servers: report.servers, repositories: report.repositories };
    if (isDeepStrictEqual(shown, this.#shown)) return;
    this.#shown = shown;
    this.#changed.fire(undefined);
  }

  /** A run of this server has ended; what others do is seen when somebody looks. */
  #afterRuns(): void {
    if (!this.#view.visible || this.#seenRuns === undefined || runsOf(this.#app) === this.#seenRuns) return;
    this.refresh();
  }
}

function badgeText(count: number): string {
  return count === 1 ? l10n.t('1 server is late or silent') : l10n.t('{count} servers are late or silent', { count });
}

/** A click on a repository that could not be looked at does what helps. */
function repositoryItem({ location, error }: SeenRepositoryInfo, row: Row): vscode.TreeItem {
  const item = treeItem(row, None);
  item.tooltip = row.spoken;
  if (error === undefined) return item;
  const { what, next, remedies } = describeError(error);
  item.tooltip = `${what} ${next}`;
  const remedy = remedies.find((candidate) => candidate !== 'retry') ?? 'refresh';
  item.command = { command: commandId(remedy), title: commandTitle(remedy), arguments: [location] };
  return item;
}

/** Changes when a set was added or taken away, or one of them ended a run. */
function runsOf({ sets }: App): string {
  return sets.sets.map(({ name, location, lastRun }) => `${name} ${location} ${lastRun?.endedAt ?? ''}`).join('\n');
}
