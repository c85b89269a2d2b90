import * as vscode from 'vscode';
import { protocol } from '../../engine/index.ts';
import { l10n } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { setContextKey } from '../editor/settings.ts';
import { whileBusy } from '../editor/with-progress.ts';
import { runSteps } from '../model/steps.ts';
import { commandTitle } from '../model/words.ts';
import { newSetSteps, type NewSet } from './new-set-steps.ts';
import { runBackup } from './runs.ts';

/** *New Backup Set…*: step by step, and nothing is made before the last one. */
export async function newSet(app: App): Promise<void> {
  await app.sets.load();
  const set = await runSteps<NewSet>(newSetSteps(app), {});
  const { name, sources, location } = set ?? {};
  if (set === undefined || name === undefined || sources === undefined || location === undefined) return;
  await whileBusy(l10n.t('Making the backup set {name}', { name }), () => make(app, { ...set, name, sources, location }));
  await app.context.globalState.update('cadangan.done.set', true);
  await setContextKey('hasSet', true);
  await app.sets.refresh();
  await offerFirstRun(app, name, location);
}

type CompleteSet = NewSet & { readonly name: string; readonly sources: readonly string[]; readonly location: string };

async function make(app: App, { name, sources, location, hasRepository, password, when, retention }: CompleteSet): Promise<void> {
  if (hasRepository !== true && password !== undefined) {
    await app.engine.request(protocol.initRepository, { location, password });
    const { hostId } = await app.engine.start();
    await app.passwords.store(hostId, location, password);
  }
  await app.engine.request(protocol.addSet, {
    name,
    sources,
    location,
    ...(when?.kind === 'window' ? { window: when.window } : {}),
    ...(when?.kind === 'on-change' ? { onChange: true } : {}),
    ...(retention?.rules === undefined ? {} : { retention: retention.rules }),
  });
}

async function offerFirstRun(app: App, name: string, location: string): Promise<void> {
  const [run, kit] = [commandTitle('backUpNow'), commandTitle('saveRecoveryKit')];
  const chosen = await vscode.window.showInformationMessage(l10n.t('The backup set {name} is ready.', { name }), run, kit);
  const set = app.sets.find(name);
  if (chosen === run && set !== undefined) await runBackup(app, set);
  else if (chosen === kit) await vscode.commands.executeCommand('cadangan.saveRecoveryKit', location);
}
