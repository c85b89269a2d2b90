import * as vscode from 'vscode';
import { protocol } from '../../service/index.ts';
import { l10n } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { pick } from '../editor/ask.ts';
import { setContextKey } from '../editor/settings.ts';
import { whileBusy } from '../editor/with-progress.ts';
import { commandTitle } from '../presentation/words.ts';
import { locationTarget } from './targets.ts';

/** One page to print and keep: where the repository is and how it is restored, with the password only when asked for. */
export async function saveRecoveryKit(app: App, argument: unknown): Promise<void> {
  const title = commandTitle('saveRecoveryKit');
  const location = await locationTarget(app, argument, title);
  if (location === undefined) return;
  const answer = await pick({
    title,
    placeholder: l10n.t('The password on the page'),
    items: [
      { label: l10n.t('Leave a place for it'), detail: l10n.t('It is written in by hand after printing.'), value: false },
      { label: l10n.t('Print it'), detail: l10n.t('Whoever has it can read all backups; delete the file after printing.'), value: true },
    ],
  });
  if (answer.kind !== 'answer') return;
  const kit = await whileBusy(title, (signal) =>
    app.engine.request(protocol.recoveryKit, { location, withPassword: answer.value }, { signal }),
  );
  const uri = await vscode.window.showSaveDialog({
    title,
    defaultUri: defaultUri(),
    filters: { [l10n.t('Page')]: ['html'], [l10n.t('Text')]: ['txt'] },
  });
  if (uri === undefined) return;
  await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(uri.path.endsWith('.txt') ? kit.text : kit.html));
  await app.context.globalState.update('cadangan.done.recoveryKit', true);
  await setContextKey('hasRecoveryKit', true);
  const open = l10n.t('Open');
  const chosen = await vscode.window.showInformationMessage(
    l10n.t('The recovery kit is saved. Print it, and keep it away from this server.'),
    open,
  );
  if (chosen !== open) return;
  // A browser shows and prints the page; on another machine than the user's there is none.
  if (vscode.env.remoteName === undefined && uri.path.endsWith('.html')) await vscode.env.openExternal(uri);
  else await vscode.window.showTextDocument(uri);
}

function defaultUri(): vscode.Uri {
  const folder =
    vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === 'file')?.uri ??
    vscode.Uri.file(process.env['HOME'] ?? process.env['USERPROFILE'] ?? '/');
  return vscode.Uri.joinPath(folder, `${l10n.t('recovery-kit')}.html`);
}
