import * as vscode from 'vscode';
import { formatDay, l10n, systemClock } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { isReminderDue } from '../presentation/drill-choice.ts';
import { instantOf } from '../presentation/instants.ts';
import { commandTitle } from '../presentation/words.ts';

const memory = 'cadangan.told.drill';

/** Says once a day, in the window that is being looked at, that a restore drill is overdue. */
export class DrillReminder implements vscode.Disposable {
  readonly #app: App;
  readonly #subscriptions: vscode.Disposable[];

  constructor(app: App) {
    this.#app = app;
    this.#subscriptions = [app.records.onDidChange(() => this.#look()), vscode.window.onDidChangeWindowState(() => this.#look())];
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #look(): void {
    const {
      context: { globalState },
      records: { summary },
    } = this.#app;
    const nowMs = Number(systemClock.nowNs() / 1_000_000n);
    if (!vscode.window.state.focused || summary?.drillDue === undefined || !isReminderDue(summary, globalState.get<number>(memory), nowMs))
      return;
    void globalState.update(memory, nowMs);
    void this.#tell(summary.drillDue.at);
  }

  async #tell(at: string): Promise<void> {
    const run = commandTitle('runDrill');
    const chosen = await vscode.window.showWarningMessage(
      l10n.t('A restore drill has been due since {day}. A backup counts when it has been restored.', { day: formatDay(instantOf(at)) }),
      run,
      l10n.t('Later'),
    );
    if (chosen === run) await vscode.commands.executeCommand('cadangan.runDrill');
  }
}
