import * as vscode from 'vscode';
import type { ErrorData } from '../../service/index.ts';
import { l10n } from '../../platform/index.ts';
import type { Engine } from '../engine.ts';
import { commandId } from '../manifest/contributions.ts';
import { errorMessage } from '../presentation/error-text.ts';
import { commandTitle } from '../presentation/words.ts';

/** Says that something was done and stands in no record; not again while that message is still there. */
export class RecordWarning implements vscode.Disposable {
  readonly #subscription: vscode.Disposable;
  #isShown = false;

  constructor(engine: Engine) {
    this.#subscription = engine.onDidNotRecord((why) => void this.#tell(why));
  }

  dispose(): void {
    this.#subscription.dispose();
  }

  async #tell(why: ErrorData): Promise<void> {
    if (this.#isShown) return;
    this.#isShown = true;
    try {
      const log = commandTitle('showLog');
      const chosen = await vscode.window.showErrorMessage(
        l10n.t('What was just done is in no record: the history cannot be written. {why}', { why: errorMessage(why) }),
        log,
      );
      if (chosen === log) await vscode.commands.executeCommand(commandId('showLog'));
    } finally {
      this.#isShown = false;
    }
  }
}
