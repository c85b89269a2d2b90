import * as vscode from 'vscode';
import { protocol, type SetInfo } from '../../service/index.ts';
import { l10n } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { pick } from '../editor/ask.ts';
import { showError } from '../editor/show-error.ts';
import { showResult, showResultPage } from '../editor/show-result.ts';
import { whileBusy, withRunProgress } from '../editor/with-progress.ts';
import { countText } from '../presentation/counts.ts';
import { commandTitle } from '../presentation/words.ts';
import { locationTarget, setTarget } from './targets.ts';

/** *Back Up Now*: of a set, with its progress; the result of a run that was going on already is told too. */
export async function backUpNow(app: App, argument: unknown): Promise<void> {
  const set = await setTarget(app, argument, commandTitle('backUpNow'));
  if (set !== undefined) await runBackup(app, set);
}

export async function runBackup(app: App, set: SetInfo): Promise<void> {
  const context = { location: set.location, retry: () => runBackup(app, set) };
  app.awaitedRuns.add(set.name);
  try {
    const result = await withRunProgress(l10n.t('Backing up {name}', { name: set.title }), (run) =>
      app.engine.lasting(protocol.startBackup, { set: set.name }, run),
    );
    await app.context.globalState.update(`cadangan.told.${set.name}`, `failed ${result.endedAt}`);
    app.awaitedRuns.delete(set.name);
    app.repositories.forgetSnapshots();
    await app.sets.refresh();
    await showResult(app, result, set.title, context);
  } catch (error) {
    app.awaitedRuns.delete(set.name);
    await showError(error, context);
  }
}

export async function stop(app: App, argument: unknown): Promise<void> {
  const sets = await app.sets.load();
  const running = sets.filter(({ state }) => state === 'running' || state === 'waiting');
  const set = argument === undefined && running.length === 1 ? running[0] : await setTarget(app, argument, commandTitle('stop'));
  if (set === undefined) return;
  if (await app.engine.request(protocol.stopRun, { set: set.name })) return;
  void vscode.window.showInformationMessage(l10n.t('{name} is not running.', { name: set.title }));
}

export async function showLastRun(app: App, argument: unknown): Promise<void> {
  const set = await setTarget(app, argument, commandTitle('showLastRun'));
  if (set?.lastRun !== undefined) await showResultPage(app, set.lastRun, set.title);
}

export async function dismissMissed(app: App, argument: unknown): Promise<void> {
  const set = await setTarget(app, argument, commandTitle('dismissMissed'));
  if (set !== undefined) await app.engine.request(protocol.dismissMissed, { set: set.name });
}

export async function checkRepository(app: App, argument: unknown): Promise<void> {
  const location = await locationTarget(app, argument, commandTitle('checkRepository'));
  if (location === undefined) return;
  const answer = await pick({
    title: commandTitle('checkRepository'),
    placeholder: l10n.t('How thoroughly?'),
    items: [
      { label: l10n.t('Structure'), detail: l10n.t('Everything is there and fits together. Takes seconds to minutes.'), value: false },
      {
        label: l10n.t('Structure and all data'),
        detail: l10n.t('Every byte is read and verified. Takes as long as reading the whole repository.'),
        value: true,
      },
    ],
  });
  if (answer.kind !== 'answer') return;
  const context = { location, retry: () => checkRepository(app, location) };
  const result = await withRunProgress(l10n.t('Checking {location}', { location }), (run) =>
    app.engine.request(protocol.startCheck, { location, readData: answer.value }, run),
  );
  await showResult(app, result, location, context);
}

export async function unlock(app: App, argument: unknown): Promise<void> {
  const location = await locationTarget(app, argument, commandTitle('unlock'));
  if (location === undefined) return;
  const count = await whileBusy(commandTitle('unlock'), (signal) =>
    app.engine.request(protocol.unlockRepository, { location }, { signal }),
  );
  void vscode.window.showInformationMessage(
    count === 0
      ? l10n.t('No lock had to be removed from "{location}".', { location })
      : l10n.t('Removed from "{location}": {locks}.', { locks: countText(count, 'lock'), location }),
  );
}
