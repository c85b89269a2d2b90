import * as vscode from 'vscode';
import type { OlderService } from '../../host/index.ts';
import { l10n } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { commandTitle } from '../presentation/words.ts';

const memory = 'cadangan.told.olderService';

/** Says once for each pair of versions, in whichever window meets it first, that the service is older than the extension: no trouble. */
export class OlderServiceNote implements vscode.Disposable {
  readonly #app: App;
  readonly #subscription: vscode.Disposable;

  constructor(app: App) {
    this.#app = app;
    this.#subscription = app.engine.onDidMeetOlderService((service) => void this.#tell(service));
  }

  dispose(): void {
    this.#subscription.dispose();
  }

  async #tell({ version, own, command }: OlderService): Promise<void> {
    const { globalState } = this.#app.context;
    const told = `${version} ${own}`;
    if (globalState.get<string>(memory) === told) return;
    void globalState.update(memory, told);
    const keep = commandTitle('keepRunning');
    const chosen = await vscode.window.showInformationMessage(
      l10n.t('The service is of version {old}, this is {own}. "{command}" brings it to this one.', { old: version, own, command }),
      keep,
    );
    if (chosen === keep) await vscode.commands.executeCommand('cadangan.keepRunning');
  }
}
