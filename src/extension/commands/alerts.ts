import * as vscode from 'vscode';
import { l10n } from '../../platform/index.ts';
import { protocol, type AlertTest } from '../../service/index.ts';
import type { App } from '../app.ts';
import { pick } from '../editor/ask.ts';
import { whileBusy } from '../editor/with-progress.ts';
import { commandId } from '../manifest/contributions.ts';
import { errorMessage } from '../presentation/error-text.ts';
import { commandTitle } from '../presentation/words.ts';

/** *Send a Test Alert…*: to one receiver or all, and says who has got it. */
export async function testAlert(app: App): Promise<void> {
  const { receivers } = await app.engine.request(protocol.alertsState, undefined);
  const configuration = commandTitle('openConfiguration');
  if (receivers.length === 0) {
    const none = l10n.t('Nobody is told of trouble: there is no "alerts" in the configuration.');
    if ((await vscode.window.showInformationMessage(none, configuration)) === configuration)
      await vscode.commands.executeCommand(commandId('openConfiguration'));
    return;
  }
  const chosen = await pick<string | undefined>({
    title: commandTitle('testAlert'),
    placeholder: l10n.t('Who gets it'),
    items: [
      ...(receivers.length > 1 ? [{ label: l10n.t('All receivers'), value: undefined }] : []),
      ...receivers.map(({ name, by, failing }) => ({
        label: name,
        description: failing === undefined ? by : l10n.t('{way}, cannot be told at present', { way: by }),
        value: name,
      })),
    ],
  });
  if (chosen.kind !== 'answer') return;
  const { value: to } = chosen;
  const { results } = await whileBusy(l10n.t('Sending a test'), (signal) =>
    app.engine.request(protocol.testAlert, to === undefined ? {} : { to }, { signal }),
  );
  await tell(results, configuration);
}

/** Each failure by itself: they have different reasons. */
async function tell(results: readonly AlertTest[], configuration: string): Promise<void> {
  const sent = results.filter(({ error }) => error === undefined).map(({ name }) => name);
  if (sent.length > 0) void vscode.window.showInformationMessage(l10n.t('The test was sent to {names}.', { names: sent.join(', ') }));
  await Promise.all(
    results.map(async ({ error }) => {
      if (error === undefined) return;
      if ((await vscode.window.showErrorMessage(errorMessage(error), configuration)) === configuration)
        await vscode.commands.executeCommand(commandId('openConfiguration'));
    }),
  );
}
