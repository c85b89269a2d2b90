import * as vscode from 'vscode';
import { formatDate, l10n } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { instantOf } from '../presentation/instants.ts';
import { newTroubles, type Trouble } from '../presentation/troubles.ts';
import { commandTitle } from '../presentation/words.ts';
import { showErrorData } from './show-error.ts';

const memoryPrefix = 'cadangan.told.';

/** Says once of each failed or missed run, in the window that is being looked at. Successes are for the view and the status bar. */
export class TroubleNotifier implements vscode.Disposable {
  readonly #app: App;
  readonly #subscriptions: vscode.Disposable[];

  constructor(app: App) {
    this.#app = app;
    this.#subscriptions = [app.sets.onDidChange(() => this.#look()), vscode.window.onDidChangeWindowState(() => this.#look())];
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #look(): void {
    if (!vscode.window.state.focused) return;
    const { globalState } = this.#app.context;
    const told = Object.fromEntries(
      this.#app.sets.sets.flatMap(({ name }) => {
        const key = globalState.get<string>(memoryPrefix + name);
        return key === undefined ? [] : [[name, key] as const];
      }),
    );
    for (const trouble of newTroubles(
      this.#app.sets.sets.filter(({ name }) => !this.#app.awaitedRuns.has(name)),
      told,
    )) {
      void globalState.update(memoryPrefix + trouble.set.name, trouble.key);
      void this.#tell(trouble);
    }
  }

  async #tell({ kind, set }: Trouble): Promise<void> {
    const run = async () => vscode.commands.executeCommand<void>('cadangan.backUpNow', set.name);
    if (kind === 'failed') {
      if (set.lastRun?.error !== undefined) return showErrorData(set.lastRun.error, { location: set.location, retry: run });
      const chosen = await vscode.window.showErrorMessage(l10n.t('{name}: failed.', { name: set.title }), commandTitle('backUpNow'));
      return chosen === undefined ? undefined : run();
    }
    const dismiss = commandTitle('dismissMissed');
    const times = set.missedWindows.map((time) => formatDate(instantOf(time))).join('; ');
    const chosen = await vscode.window.showWarningMessage(
      l10n.t('{name} did not run at its time: {times}.', { name: set.title, times }),
      commandTitle('backUpNow'),
      dismiss,
    );
    if (chosen === dismiss) await vscode.commands.executeCommand('cadangan.dismissMissed', set.name);
    else if (chosen !== undefined) await run();
  }
}
