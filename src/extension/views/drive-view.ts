import * as vscode from 'vscode';
import { views } from '../manifest/contributions.ts';
import { inOurLanguage } from '../model/words.ts';

/** The view *Google Drive*: empty, so that the editor shows its welcome text. */
export class DriveView implements vscode.Disposable {
  readonly #view: vscode.TreeView<never>;

  constructor() {
    this.#view = vscode.window.createTreeView<never>(views.drive.id, { treeDataProvider: { getChildren: () => [], getTreeItem: (node) => node } });
    this.retitle();
  }

  /** After the language changed. */
  retitle(): void {
    this.#view.title = inOurLanguage(views.drive.name);
  }

  dispose(): void {
    this.#view.dispose();
  }
}
