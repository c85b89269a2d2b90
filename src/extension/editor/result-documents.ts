import * as vscode from 'vscode';

const scheme = 'cadangan-result';

/** Results of runs as read-only text documents, for as long as the window is open. */
export class ResultDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #texts = new Map<string, string>();
  readonly #registration = vscode.workspace.registerTextDocumentContentProvider(scheme, this);

  provideTextDocumentContent({ path }: vscode.Uri): string {
    return this.#texts.get(path) ?? '';
  }

  /** @param name what the tab says */
  async show(name: string, text: string): Promise<void> {
    const path = `/${this.#texts.size + 1}/${name.replaceAll(/[\\/]/g, '-')}`;
    this.#texts.set(path, text);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(vscode.Uri.from({ scheme, path })), { preview: true });
  }

  dispose(): void {
    this.#registration.dispose();
  }
}
