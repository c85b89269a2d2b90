import * as vscode from 'vscode';
import { protocol, type CopyInfo, type RunResult } from '../../service/index.ts';
import { l10n, systemClock } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { pick } from '../editor/ask.ts';
import { showError } from '../editor/show-error.ts';
import { showResult } from '../editor/show-result.ts';
import { whileBusy, withRunProgress, type RunWithProgress } from '../editor/with-progress.ts';
import { copyRow } from '../presentation/copy-row.ts';
import { describeError } from '../presentation/error-text.ts';
import { commandTitle } from '../presentation/words.ts';
import { isCopyNode } from '../views/drive-nodes.ts';
import { themeIcon } from '../views/tree-item.ts';

export async function signIn(app: App, withDeviceCode: boolean): Promise<void> {
  try {
    const account = await whileBusy(l10n.t('Signing in to Google Drive'), (signal) =>
      app.engine.request(protocol.driveSignIn, { withDeviceCode }, { signal }),
    );
    await app.drive.refresh();
    void vscode.window.showInformationMessage(l10n.t('Signed in to Google Drive as {account}.', { account }));
  } catch (error) {
    await showError(error, { retry: () => signIn(app, withDeviceCode) });
  }
}

export async function signOut(app: App): Promise<void> {
  const [here, everywhere] = [l10n.t('Sign Out'), l10n.t('End the Permission at Google')];
  const chosen = await vscode.window.showWarningMessage(
    l10n.t('Sign out of Google Drive?'),
    { modal: true, detail: l10n.t('Off-site copies stand still until somebody signs in again. Nothing is removed from Google Drive.') },
    here,
    everywhere,
  );
  if (chosen === undefined) return;
  await app.engine.request(protocol.driveSignOut, { revoke: chosen === everywhere });
  await app.drive.refresh();
}

export async function syncCopy(app: App, argument: unknown): Promise<void> {
  const copy = await copyTarget(app, argument, commandTitle('syncCopy'));
  const how = copy && (await howToSync(copy));
  if (copy !== undefined && how !== undefined)
    await runCopy(app, copy, l10n.t('Copying {name} off-site', { name: copy.title }), (run) =>
      app.engine.lasting(protocol.syncCopy, { copy: copy.name, ...how }, run),
    );
}

/** Where what was on Drive is gone, a person says whether everything is to be copied again. @returns undefined when he does not want to */
async function howToSync(copy: CopyInfo): Promise<{ readonly mayBeginAnew?: true } | undefined> {
  if (copy.trouble?.kind !== 'folder-away') return {};
  const { what, next } = describeError(copy.trouble.error);
  const [again, anew] = [l10n.t('Look Again'), l10n.t('Copy Everything Again')];
  const chosen = await vscode.window.showWarningMessage(what, { modal: true, detail: next }, again, anew);
  return chosen === anew ? { mayBeginAnew: true } : chosen === again ? {} : undefined;
}

export async function scrubCopy(app: App, argument: unknown): Promise<void> {
  const copy = await copyTarget(app, argument, commandTitle('scrubCopy'));
  if (copy !== undefined)
    await runCopy(app, copy, l10n.t('Comparing {name} with its repository', { name: copy.title }), (run) =>
      app.engine.lasting(protocol.scrubCopy, { copy: copy.name }, run),
    );
}

/** The newest snapshot of a set as an archive that opens without us. */
export async function writeReadable(app: App, argument: unknown): Promise<void> {
  const copy = await copyTarget(app, argument, commandTitle('readableCopy'));
  if (copy === undefined) return;
  const sets = (await app.sets.load()).filter(({ location }) => location === copy.repository);
  const answer = await pick({
    title: commandTitle('readableCopy'),
    placeholder: l10n.t('The newest snapshot of which backup set? Whoever can open its folder can read it.'),
    items: sets.map((set) => ({ label: set.title, description: set.sources.join(', '), value: set })),
  });
  if (answer.kind !== 'answer') return;
  const { name, title, lastRun } = answer.value;
  const snapshot = lastRun?.snapshotId;
  await runCopy(app, { ...copy, title }, l10n.t('Writing a readable copy of {name}', { name: title }), (run) =>
    app.engine.request(protocol.readableCopy, { copy: copy.name, set: name, ...(snapshot === undefined ? {} : { snapshot }) }, run),
  );
}

export async function setPaused(app: App, argument: unknown, isPaused: boolean): Promise<void> {
  const copy = await copyTarget(app, argument, commandTitle(isPaused ? 'pauseCopy' : 'resumeCopy'));
  if (copy === undefined) return;
  await app.engine.request(isPaused ? protocol.pauseCopy : protocol.resumeCopy, { copy: copy.name });
  await app.drive.refresh();
}

/** Whoever asked for it, in whichever window, or the command line. */
export async function stopCopy(app: App, copy: string): Promise<void> {
  await app.engine.request(protocol.stopCopy, { copy });
  await app.drive.refresh();
}

export async function openOnWeb(app: App, argument: unknown): Promise<void> {
  const copy = await copyTarget(app, argument, commandTitle('openOnWeb'));
  if (copy === undefined) return;
  const address = await whileBusy(commandTitle('openOnWeb'), (signal) =>
    app.engine.request(protocol.copyAddress, { copy: copy.name }, { signal }),
  );
  await vscode.env.openExternal(vscode.Uri.parse(address, true));
}

async function runCopy(app: App, copy: CopyInfo, title: string, work: (run: RunWithProgress) => Promise<RunResult>): Promise<void> {
  const context = { location: copy.repository, retry: () => runCopy(app, copy, title, work) };
  try {
    const result = await withRunProgress(title, work);
    await app.drive.refresh();
    await showResult(app, result, copy.title, context);
  } catch (error) {
    await showError(error, context);
  }
}

/** A row, or the name of a copy; with several and none given it is asked for. */
async function copyTarget(app: App, argument: unknown, title: string): Promise<CopyInfo | undefined> {
  const { copies } = await app.drive.load();
  if (isCopyNode(argument)) return app.drive.find(argument.copy.name) ?? argument.copy;
  const named =
    typeof argument === 'string'
      ? copies.find(({ name, location, repository }) => [name, location, repository].includes(argument))
      : undefined;
  if (named !== undefined || copies.length === 1) return named ?? copies[0];
  if (copies.length === 0) {
    const button = commandTitle('newCopy');
    const chosen = await vscode.window.showInformationMessage(l10n.t('There is no off-site copy yet.'), button);
    if (chosen === button) await vscode.commands.executeCommand('cadangan.newCopy');
    return undefined;
  }
  const items = copies.map((copy) => {
    const { icon, label, description = '' } = copyRow(copy, systemClock.nowNs());
    return { iconPath: themeIcon(icon), label, description, value: copy };
  });
  const answer = await pick({ title, placeholder: l10n.t('Choose an off-site copy'), items });
  return answer.kind === 'answer' ? answer.value : undefined;
}
