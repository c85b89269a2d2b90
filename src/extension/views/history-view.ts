import { isDeepStrictEqual } from 'node:util';
import * as vscode from 'vscode';
import { formatCount, l10n } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { setContextKey } from '../editor/settings.ts';
import { errorDataOf } from '../editor/show-error.ts';
import { commandId, views } from '../manifest/contributions.ts';
import { countText } from '../presentation/counts.ts';
import type { DayGroup } from '../presentation/date-groups.ts';
import { errorMessage } from '../presentation/error-text.ts';
import { isEmptyRecordFilter, recordFilterText, type RecordFilter } from '../presentation/record-filter.ts';
import {
  groupRecords,
  iconOfNonconformity,
  nonconformityRow,
  recordFaultRow,
  recordRow,
  recordTooltip,
  type DatedRecord,
} from '../presentation/record-rows.ts';
import { commandTitle, inOurLanguage } from '../presentation/words.ts';
import type { HistoryNode, MoreRecordsNode, NonconformitiesNode, PeriodNode, RecordFaultNode, RecordNode } from './history-nodes.ts';
import { factsTooltip, treeItem } from './tree-item.ts';

const { None, Collapsed, Expanded } = vscode.TreeItemCollapsibleState;

/** The view *History*: what was done, day by day, newest first; above it what is not as the work instruction wants it. */
export class HistoryView implements vscode.TreeDataProvider<HistoryNode>, vscode.Disposable {
  readonly #app: App;
  readonly #changed = new vscode.EventEmitter<HistoryNode | undefined>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #view: vscode.TreeView<HistoryNode>;
  readonly #subscriptions: vscode.Disposable[];
  #records = new Map<number, RecordNode>();
  /** What the rows were made of that the editor has; undefined: it has not asked yet, or waits for the answer. */
  #given: Contents | undefined;

  constructor(app: App) {
    this.#app = app;
    this.#view = vscode.window.createTreeView(views.history.id, { treeDataProvider: this, showCollapseAll: true });
    this.#view.title = inOurLanguage(views.history.name);
    this.#subscriptions = [this.#view, this.#changed, app.records.onDidChange(() => this.#show())];
    this.#describe();
  }

  get filter(): RecordFilter {
    return this.#app.records.filter;
  }

  /** After the language changed. */
  retitle(): void {
    this.#view.title = inOurLanguage(views.history.name);
    this.#describe();
    this.#changed.fire(undefined);
  }

  async setFilter(filter: RecordFilter): Promise<void> {
    await setContextKey('isHistoryFiltered', !isEmptyRecordFilter(filter));
    await this.#app.records.setFilter(filter);
  }

  /** Shows these records, and nothing else, and goes there. */
  async showFiltered(filter: RecordFilter): Promise<void> {
    await vscode.commands.executeCommand(`${views.history.id}.focus`);
    await this.setFilter(filter);
  }

  async getChildren(node?: HistoryNode): Promise<HistoryNode[]> {
    if (node === undefined) return this.#roots();
    return node.kind === 'period' || node.kind === 'nonconformities' ? [...node.children] : [];
  }

  getTreeItem(node: HistoryNode): vscode.TreeItem {
    switch (node.kind) {
      case 'nonconformities':
        return nonconformitiesItem(node);
      case 'nonconformity':
        return opening(treeItem(nonconformityRow(node.info), None), 'showNonconformity', { id: node.info.id });
      case 'period':
        return periodItem(node);
      case 'record':
        return opening(treeItem(recordRow(node.row), None), 'showRecord', { number: node.row.number });
      case 'record-fault':
        return opening(treeItem(recordFaultRow(node.fault), None), 'showRecord', node);
      case 'more-records':
        return moreItem(node);
    }
  }

  resolveTreeItem(item: vscode.TreeItem, node: HistoryNode): vscode.TreeItem {
    // Rows are narrow, and what happened is long.
    if (node.kind === 'record') item.tooltip = factsTooltip(recordTooltip(node.row));
    else if (node.kind === 'record-fault') item.tooltip = node.fault.text;
    else if (node.kind === 'nonconformity') item.tooltip = nonconformityRow(node.info).spoken;
    return item;
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  async #roots(): Promise<HistoryNode[]> {
    const { records } = this.#app;
    await records.load();
    const contents = contentsOf(records);
    const { rows, faults, total, today, isFiltered } = contents;
    this.#given = contents;
    const known = this.#records;
    this.#records = new Map(
      rows.map((row) => [row.number, Object.assign(known.get(row.number) ?? { kind: 'record' as const, row }, { row })]),
    );
    const open = contents.open.map((info) => ({ kind: 'nonconformity' as const, info }));
    return [
      ...(open.length === 0 || isFiltered ? [] : [{ kind: 'nonconformities' as const, children: open }]),
      ...groupRecords({ rows, faults, isWhole: rows.length === total }, today).map((group) =>
        group.kind === 'day'
          ? this.#day(group, true)
          : {
              kind: 'period' as const,
              id: group.id,
              label: group.label,
              isRecent: false,
              children: group.days.map((day) => this.#day(day, false)),
            },
      ),
      ...(rows.length < total ? [{ kind: 'more-records' as const, shown: rows.length, total }] : []),
    ];
  }

  #day({ id, label, items }: DayGroup<DatedRecord>, isRecent: boolean): PeriodNode {
    return {
      kind: 'period',
      id,
      label,
      isRecent,
      children: items.flatMap(({ row, fault }) =>
        fault === undefined ? (this.#records.get(row.number) ?? []) : { kind: 'record-fault' as const, fault },
      ),
    };
  }

  /** While all rows are read anew a click on one is lost: never without need. */
  #show(): void {
    this.#describe();
    if (this.#given !== undefined && !isDeepStrictEqual(this.#given, contentsOf(this.#app.records))) this.#changed.fire(undefined);
  }

  #describe(): void {
    const { records, sets } = this.#app;
    const { state, summary } = records;
    void setContextKey('history', state);
    this.#view.message = state === 'failed' ? errorMessage(errorDataOf(records.error)) : '';
    this.#view.description = recordFilterText(this.filter, summary, sets.sets);
    this.#view.badge = badgeOf(summary);
  }
}

interface Contents extends Pick<App['records'], 'rows' | 'faults' | 'total' | 'today'> {
  readonly open: App['records']['openNonconformities'];
  readonly isFiltered: boolean;
}

function contentsOf({ rows, faults, total, today, openNonconformities, filter }: App['records']): Contents {
  return { rows, faults, total, today, open: openNonconformities, isFiltered: !isEmptyRecordFilter(filter) };
}

/** What somebody has to act upon. */
function badgeOf(summary: App['records']['summary']): vscode.ViewBadge | undefined {
  const { openNonconformities: open = 0, alertsFailing = [], chain } = summary ?? {};
  const isBroken = chain === 'broken';
  const parts = [
    open === 0 ? '' : countText(open, 'nonconformity'),
    isBroken ? l10n.t('the chain of records is broken') : '',
    alertsFailing.length === 0 ? '' : l10n.t('alerts cannot be sent: {names}', { names: alertsFailing.join(', ') }),
  ].filter((part) => part !== '');
  return parts.length === 0 ? undefined : { value: open + (isBroken ? 1 : 0) + alertsFailing.length, tooltip: parts.join('; ') };
}

function nonconformitiesItem({ children }: NonconformitiesNode): vscode.TreeItem {
  const label = l10n.t('Open nonconformities ({count})', { count: formatCount(children.length) });
  return treeItem({ id: 'nonconformities', label, icon: iconOfNonconformity(false), context: 'nonconformities', spoken: label }, Collapsed);
}

function periodItem({ id, label, isRecent, children }: PeriodNode): vscode.TreeItem {
  const description = countText(recordsIn(children), 'record');
  return treeItem(
    { id: `period:${id}`, label, description, icon: { name: 'calendar' }, context: 'period', spoken: `${label}, ${description}` },
    isRecent ? Expanded : Collapsed,
  );
}

function recordsIn(nodes: PeriodNode['children']): number {
  return nodes.reduce((sum, node) => sum + (node.kind === 'period' ? recordsIn(node.children) : node.kind === 'record' ? 1 : 0), 0);
}

function moreItem({ shown, total }: MoreRecordsNode): vscode.TreeItem {
  const label = commandTitle('showMoreRecords');
  const description = l10n.t('{shown} of {total}', { shown: formatCount(shown), total: formatCount(total) });
  const item = treeItem(
    { id: 'more-records', label, description, icon: { name: 'ellipsis' }, context: 'more', spoken: `${label}, ${description}` },
    None,
  );
  item.command = { command: commandId('showMoreRecords'), title: label };
  return item;
}

/** A click opens its page. */
function opening(
  item: vscode.TreeItem,
  name: 'showRecord' | 'showNonconformity',
  argument: { readonly number: number } | { readonly id: string } | RecordFaultNode,
): vscode.TreeItem {
  item.command = { command: commandId(name), title: commandTitle(name), arguments: [argument] };
  return item;
}
