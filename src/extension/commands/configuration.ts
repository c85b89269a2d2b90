import * as vscode from 'vscode';
import { protocol } from '../../service/index.ts';
import { l10n } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { emptyConfiguration, offsetOfSet } from '../presentation/set-place.ts';
import { commandTitle } from '../presentation/words.ts';
import { setTarget } from './targets.ts';

/** Opens the configuration file; one that is not there yet as a new document with its place and a beginning. */
export async function openConfiguration(app: App): Promise<vscode.TextEditor> {
  const { file, exists, timeZone } = await app.engine.request(protocol.configuration, undefined);
  const uri = vscode.Uri.file(file);
  if (exists) return vscode.window.showTextDocument(uri);
  const document = await vscode.workspace.openTextDocument(uri.with({ scheme: 'untitled' }));
  const editor = await vscode.window.showTextDocument(document);
  if (document.getText() === '') await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), emptyConfiguration(timeZone)));
  return editor;
}

export async function editSet(app: App, argument: unknown): Promise<void> {
  const set = await setTarget(app, argument, commandTitle('editSet'));
  if (set === undefined) return;
  const editor = await openConfiguration(app);
  const offset = offsetOfSet(editor.document.getText(), set.name);
  if (offset === undefined) return;
  const position = editor.document.positionAt(offset);
  editor.selection = new vscode.Selection(position, position);
  editor.revealRange(editor.selection, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}

export async function removeSet(app: App, argument: unknown): Promise<void> {
  const set = await setTarget(app, argument, commandTitle('removeSet'));
  if (set === undefined) return;
  const button = l10n.t('Remove Backup Set');
  const detail = l10n.t(
    'It will not run any more. The snapshots in "{location}" stay, and can be restored when a set names that repository again.',
    { location: set.location },
  );
  const chosen = await vscode.window.showWarningMessage(
    l10n.t('Remove the backup set "{name}"?', { name: set.title }),
    { modal: true, detail },
    button,
  );
  if (chosen !== button) return;
  await app.engine.request(protocol.removeSet, { set: set.name });
  await app.sets.refresh();
}
