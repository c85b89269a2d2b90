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
  const { name, location } = params;
  await whileBusy(l10n.t('Making the backup set {name}', { name }), () => make(app, set, params));
  await app.context.globalState.update('cadangan.done.set', true);
  await setContextKey('hasSet', true);
  await app.sets.refresh();
  await offerFirstRun(app, name, location);
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

async function offerFirstRun(app: App, name: string, location: string): Promise<void> {
  const [run, kit] = [commandTitle('backUpNow'), commandTitle('saveRecoveryKit')];
  const chosen = await vscode.window.showInformationMessage(l10n.t('The backup set {name} is ready.', { name }), run, kit);
  const set = app.sets.find(name);
  if (chosen === run && set !== undefined) await runBackup(app, set);
  else if (chosen === kit) await vscode.commands.executeCommand('cadangan.saveRecoveryKit', location);
}
