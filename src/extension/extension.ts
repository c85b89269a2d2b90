import * as vscode from 'vscode';

/** Called by VS Code once its window is up. Registers and returns: no disk, no network, no child process. */
export function activate(context: vscode.ExtensionContext): void {
  context.subscriptions.push(vscode.window.createOutputChannel('Cadangan', { log: true }));
}
