import * as vscode from 'vscode';
import { systemClock } from '../../platform/index.ts';
import { commandId, views } from '../manifest/contributions.ts';
import { statusItem } from '../model/status-item.ts';
import type { SetsModel } from '../models/sets.ts';

/** The item in the status bar: idle with the next run, running with percent and rate, or red with what is wrong. */
export class StatusBar implements vscode.Disposable {
  readonly #sets: SetsModel;
  readonly #item = vscode.window.createStatusBarItem('cadangan.status', vscode.StatusBarAlignment.Left, 0);
  readonly #subscription: vscode.Disposable;

  constructor(sets: SetsModel) {
    this.#sets = sets;
    this.#item.name = 'Cadangan';
    this.#subscription = sets.onDidChange(() => this.show());
  }

  show(): void {
    const status = statusItem(this.#sets.sets, this.#sets.rates, systemClock.nowNs());
    if (status === undefined) {
      this.#item.hide();
      return;
    }
    this.#item.text = status.text;
    this.#item.tooltip = new vscode.MarkdownString().appendText(status.tooltip.join('\n'));
    this.#item.backgroundColor = status.kind === 'trouble' ? new vscode.ThemeColor('statusBarItem.errorBackground') : undefined;
    this.#item.command = status.kind === 'trouble' ? commandId('showReason') : `${views.sets.id}.focus`;
    this.#item.show();
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#item.dispose();
  }
}
