import * as vscode from 'vscode';
import { protocol } from '../../service/index.ts';
import { l10n } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { whileBusy } from '../editor/with-progress.ts';
import { commandTitle } from '../presentation/words.ts';
import { locationTarget } from './targets.ts';

/** Opens the repository; what is missing is asked for on the way, until it fits. */
export async function enterPassword(app: App, argument: unknown): Promise<void> {
  const location = await locationTarget(app, argument, commandTitle('enterPassword'));
  if (location === undefined) return;
  const info = await whileBusy(l10n.t('Opening {location}', { location }), (signal) =>
    app.engine.request(protocol.repositoryInfo, { location }, { signal }),
  );
  app.log.info(`The password of repository ${info.id.slice(0, 8)} fits.`);
  await vscode.commands.executeCommand('cadangan.refresh');
}

export async function forgetPassword(app: App, argument: unknown): Promise<void> {
  const location = await locationTarget(app, argument, commandTitle('forgetPassword'));
  if (location === undefined) return;
  const { hostId } = await app.engine.start();
  await app.passwords.forget(hostId, location);
  await app.engine.request(protocol.forgetPassword, { location });
  void vscode.window.showInformationMessage(
    l10n.t('The password of "{location}" is forgotten. It is asked for when it is needed.', { location }),
  );
}
