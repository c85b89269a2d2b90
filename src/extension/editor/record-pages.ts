import * as vscode from 'vscode';
import { pageStyle, type PageText } from '../presentation/page-parts.ts';
import { showError } from './show-error.ts';
import { webPage } from './web-page.ts';

/** A page, and what its buttons do, each with the argument that stands at the button. */
export interface ShownPage extends PageText {
  readonly actions: Readonly<Record<string, (argument: string) => Promise<void>>>;
}

/** Tells the window which button was pressed; nothing else of the page runs. */
const script = `
const editor = acquireVsCodeApi();
document.addEventListener('click', ({ target }) => {
  const button = target instanceof Element ? target.closest('[data-action]') : null;
  if (button) editor.postMessage({ action: button.dataset.action, argument: button.dataset.argument });
});
`;

/** Pages about records: one tab, in which one page follows the other. */
export class RecordPages implements vscode.Disposable {
  #panel: vscode.WebviewPanel | undefined;
  #make: (() => Promise<ShownPage>) | undefined;
  #page: ShownPage | undefined;

  /**
   * Brings the tab to the front.
   * @param make asked again when the records or the language changed
   * @throws what `make` throws; then the page before stays
   */
  async show(make: () => Promise<ShownPage>): Promise<void> {
    const page = await make();
    this.#make = make;
    this.#panel ??= this.#open(page.title);
    this.#draw(this.#panel, page);
    this.#panel.reveal(undefined, false);
  }

  /** What it tells may have changed. */
  async refresh(): Promise<void> {
    const [panel, make] = [this.#panel, this.#make];
    if (!panel?.visible || make === undefined) return;
    const page = await make().catch(() => undefined); // it stays as it was; whoever asks for it anew is told why
    if (page !== undefined && make === this.#make && this.#panel === panel) this.#draw(panel, page);
  }

  dispose(): void {
    this.#panel?.dispose();
  }

  #open(title: string): vscode.WebviewPanel {
    const panel = vscode.window.createWebviewPanel('cadangan.record', title, vscode.ViewColumn.Active, {
      enableScripts: true,
      enableFindWidget: true,
      localResourceRoots: [],
    });
    panel.webview.onDidReceiveMessage((message: unknown) => void this.#press(message));
    panel.onDidChangeViewState(() => void this.refresh());
    panel.onDidDispose(() => ([this.#panel, this.#make, this.#page] = [undefined, undefined, undefined]));
    return panel;
  }

  /** Nothing when it says the same: the reader's place and focus stay. */
  #draw(panel: vscode.WebviewPanel, page: ShownPage): void {
    const isSame = page.title === this.#page?.title && page.body === this.#page.body;
    this.#page = page;
    if (isSame) return;
    panel.title = page.title;
    panel.webview.html = webPage(panel.webview, { ...page, style: pageStyle, script });
  }

  async #press(message: unknown): Promise<void> {
    if (typeof message !== 'object' || message === null || !('action' in message) || !('argument' in message)) return;
    const { action, argument } = message;
    const { actions = {} } = this.#page ?? {};
    if (typeof action !== 'string' || typeof argument !== 'string' || !Object.hasOwn(actions, action)) return;
    try {
      await actions[action]?.(argument);
    } catch (error) {
      await showError(error);
    }
  }
}
