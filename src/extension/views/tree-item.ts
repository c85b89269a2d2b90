import * as vscode from 'vscode';
import type { Icon } from '../presentation/icons.ts';
import type { Row } from '../presentation/set-row.ts';

/** A row as the editor's object. */
export function treeItem(row: Row, state: vscode.TreeItemCollapsibleState): vscode.TreeItem {
  const item = new vscode.TreeItem(row.label, state);
  item.id = row.id;
  if (row.description !== undefined) item.description = row.description;
  item.iconPath = themeIcon(row.icon);
  item.contextValue = row.context;
  item.accessibilityInformation = { label: row.spoken };
  return item;
}

export function themeIcon({ name, color }: Icon): vscode.ThemeIcon {
  return new vscode.ThemeIcon(name, color === undefined ? undefined : new vscode.ThemeColor(color));
}

/** Names and values as a Markdown table-like list; values are file names and the like, so nothing in them is markup. */
export function factsTooltip(facts: readonly (readonly [name: string, value: string])[]): vscode.MarkdownString {
  const tooltip = new vscode.MarkdownString();
  for (const [name, value] of facts) {
    tooltip.appendMarkdown('**').appendText(name).appendMarkdown(':** ').appendText(value).appendMarkdown('  \n');
  }
  return tooltip;
}
