import * as vscode from 'vscode';
import { l10n } from '../../platform/index.ts';
import { views } from '../manifest/contributions.ts';

/** Shows an alert that the configuration wants in a window (`"by": "desktop"`). @returns it is on the screen */
export function showAlert({ title }: { readonly title: string }): boolean {
  const history = l10n.t('Show History');
  void vscode.window.showWarningMessage(title, history).then((chosen) => {
    if (chosen === history) void vscode.commands.executeCommand(`${views.history.id}.focus`);
  });
  return true;
}
