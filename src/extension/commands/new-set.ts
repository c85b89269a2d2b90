import * as vscode from 'vscode';
import { protocol, type AddSetParams } from '../../service/index.ts';
import { l10n } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { setContextKey } from '../editor/settings.ts';
import { whileBusy } from '../editor/with-progress.ts';
import { addSetParams, type NewSet } from '../presentation/new-set-input.ts';
import { runSteps } from '../presentation/steps.ts';
import { commandTitle } from '../presentation/words.ts';
import { newSetSteps } from './new-set-steps.ts';
import { runBackup } from './runs.ts';

/** *New Backup Set…*: step by step, and nothing is made before the last one. */
export async function newSet(app: App): Promise<void> {
  await app.sets.load();
  const set = await runSteps<NewSet>(newSetSteps(app), {});
  const params = set === undefined ? undefined : addSetParams(set);
  if (set === undefined || params === undefined) return;
  const { name } = params;
  await whileBusy(l10n.t('Making the backup set {name}', { name }), () => make(app, set, params));
  await app.context.globalState.update('cadangan.done.set', true);
  await setContextKey('hasSet', true);
  await app.sets.refresh();
  await offerFirstRun(app, params);
}

async function make(app: App, { hasRepository, password }: NewSet, params: AddSetParams): Promise<void> {
  const { location } = params;
  if (hasRepository !== true && password !== undefined) {
    await app.engine.request(protocol.initRepository, { location, password });
    const { hostId } = await app.engine.start();
    await app.passwords.store(hostId, location, password);
  }
  await app.engine.request(protocol.addSet, params);
}

async function offerFirstRun(app: App, { name, location, window, onChange }: AddSetParams): Promise<void> {
  const [run, kit] = [commandTitle('backUpNow'), commandTitle('saveRecoveryKit')];
  const set = app.sets.find(name);
  const runsByItself = window !== undefined || onChange === true;
  if (runsByItself && isLockedAtNight(app, location)) void warnOfNights(name);
  const chosen = await vscode.window.showInformationMessage(l10n.t('The backup set {name} is ready.', { name }), run, kit);
  if (chosen === run && set !== undefined) await runBackup(app, set);
  else if (chosen === kit) await vscode.commands.executeCommand('cadangan.saveRecoveryKit', location);
}

/** Nobody but a window can give the password of the repository. */
function isLockedAtNight({ sets }: App, location: string): boolean {
  return !sets.sets.some((set) => set.location === location && set.hasUnattendedPassword);
}

/** Said when a set is made, and not at 21:00. */
async function warnOfNights(name: string): Promise<void> {
  const [make, open] = [commandTitle('keepPasswordFile'), commandTitle('openConfiguration')];
  const text = l10n.t(
    '{name}: while VS Code is closed nobody can give the password, and it does not run. For such nights name a "passwordFile" that only its owner may read, or a "passwordCommand", in the configuration.',
    { name },
  );
  const chosen = await vscode.window.showWarningMessage(text, make, open);
  if (chosen === make) await vscode.commands.executeCommand('cadangan.keepPasswordFile', name);
  else if (chosen === open) await vscode.commands.executeCommand('cadangan.openConfiguration');
}
