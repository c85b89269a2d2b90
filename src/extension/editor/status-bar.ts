import * as vscode from 'vscode';
import { systemClock } from '../../platform/index.ts';
import { commandId, views } from '../manifest/contributions.ts';
import { statusItem } from '../presentation/status-item.ts';
import type { DriveModel } from '../models/drive.ts';
import type { SetsModel } from '../models/sets.ts';

/** The item in the status bar: idle with the next run, running with percent and rate, or red with what is wrong. */
export class StatusBar implements vscode.Disposable {
  readonly #sets: SetsModel;
  readonly #item = vscode.window.createStatusBarItem('cadangan.status', vscode.StatusBarAlignment.Left, 0);
  readonly #drive: DriveModel;
  readonly #subscriptions: vscode.Disposable[];

  constructor(sets: SetsModel, drive: DriveModel) {
    this.#sets = sets;
    this.#drive = drive;
    this.#item.name = 'Cadangan';
    this.#subscriptions = [sets, drive].map((model) => model.onDidChange(() => this.show()));
  }

  show(): void {
    const status = statusItem(this.#sets.sets, this.#sets.rates, systemClock.nowNs(), this.#drive.copies);
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
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#item.dispose();
  }
}
