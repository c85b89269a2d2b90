import * as vscode from 'vscode';
import { protocol } from '../../service/index.ts';
import { l10n } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { whileBusy } from '../editor/with-progress.ts';
import { commandTitle } from '../presentation/words.ts';
import { locationTarget, setTarget } from './targets.ts';

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

/** The password of a set's repository goes into a file that only its owner reads, so that the set runs when no window is there. */
export async function keepPasswordFile(app: App, argument: unknown): Promise<void> {
  const title = commandTitle('keepPasswordFile');
  const set = await setTarget(app, argument, title);
  if (set === undefined) return;
  const button = l10n.t('Make the File');
  const detail = l10n.t(
    'Whoever can read files of this user, and every administrator, can read the password there. It is written for this user alone, and named in the configuration; runs at night then need no window.',
  );
  const question = l10n.t('Write the password of "{location}" into a file?', { location: set.location });
  if ((await vscode.window.showWarningMessage(question, { modal: true, detail }, button)) !== button) return;
  const file = await whileBusy(title, (signal) => app.engine.request(protocol.keepPasswordFile, { set: set.name }, { signal }));
  await app.sets.refresh();
  void vscode.window.showInformationMessage(l10n.t('The password is in "{file}".', { file }));
}
