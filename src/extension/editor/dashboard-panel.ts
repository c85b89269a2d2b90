import * as vscode from 'vscode';
import { protocol } from '../../service/index.ts';
import { l10n, systemClock } from '../../platform/index.ts';
import type { App } from '../app.ts';
import type { Action, DashboardCommand, DashboardMessage, PageMessage } from '../dashboard/page.ts';
import { views } from '../manifest/contributions.ts';
import { parsePageMessage } from '../presentation/dashboard-message.ts';
import { dashboardPage } from '../presentation/dashboard-page.ts';
import { dayId } from '../presentation/date-groups.ts';
import { errorMessage } from '../presentation/error-text.ts';
import { Refresher } from '../models/refresher.ts';
import { errorDataOf } from './show-error.ts';
import { webPage } from './web-page.ts';

/** The dashboard in an editor tab; there is at most one. While it is hidden it costs nothing, and is drawn anew when it is seen again. */
export class DashboardPanel implements vscode.Disposable {
  readonly #app: App;
  readonly #refresher = new Refresher(() => this.#fetch());
  readonly #subscriptions: readonly vscode.Disposable[];
  #panel: vscode.WebviewPanel | undefined;
  #year: number | undefined;

  constructor(app: App) {
    this.#app = app;
    const soon = (): void => {
      if (this.#panel?.visible === true) this.#refresher.soon();
    };
    this.#subscriptions = [
      this.#refresher,
      app.engine.onDidChangeRecords(soon),
      app.engine.onDidChangeSets(soon),
      app.engine.onDidChangeDrive(soon),
    ];
  }

  show(): void {
    if (this.#panel === undefined) this.#open();
    else this.#panel.reveal();
  }

  /** After the language changed. */
  retitle(): void {
    if (this.#panel === undefined) return;
    this.#panel.title = l10n.t('Backup Dashboard');
    this.#panel.webview.html = this.#html(this.#panel.webview);
  }

  dispose(): void {
    this.#panel?.dispose();
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #open(): void {
    const { extensionUri } = this.#app.context;
    const panel = vscode.window.createWebviewPanel('cadangan.dashboard', l10n.t('Backup Dashboard'), vscode.ViewColumn.Active, {
      enableScripts: true,
      localResourceRoots: [vscode.Uri.joinPath(extensionUri, 'dist')],
    });
    panel.webview.onDidReceiveMessage((message: unknown) => void this.#take(parsePageMessage(message)));
    panel.onDidDispose(() => (this.#panel = undefined));
    panel.webview.html = this.#html(panel.webview);
    this.#panel = panel;
  }

  #html(webview: vscode.Webview): string {
    const file = (name: string): vscode.Uri => vscode.Uri.joinPath(this.#app.context.extensionUri, 'dist', name);
    return webPage(webview, {
      title: l10n.t('Backup Dashboard'),
      body: '<main id="dashboard"><vscode-progress-ring></vscode-progress-ring></main>',
      styleFiles: [file('dashboard.css')],
      scriptFiles: [file('dashboard.js')],
    });
  }

  async #take(message: PageMessage | undefined): Promise<void> {
    switch (message?.kind) {
      case undefined:
        return;
      case 'ready':
      case 'year':
        this.#year = message.year ?? this.#year;
        return this.#refresher.refresh();
      case 'record':
      case 'day':
      case 'command':
        return act(message);
    }
  }

  async #fetch(): Promise<void> {
    const panel = this.#panel;
    if (panel === undefined) return;
    await panel.webview.postMessage(await this.#message());
  }

  async #message(): Promise<DashboardMessage> {
    try {
      const nowNs = systemClock.nowNs();
      const year = this.#year ?? Number(dayId(nowNs).slice(0, 4));
      const data = await this.#app.engine.request(protocol.dashboard, { year }, { isQuiet: true });
      return { kind: 'page', page: dashboardPage(data, { nowNs, timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone }) };
    } catch (error) {
      return { kind: 'error', text: errorMessage(errorDataOf(error)) };
    }
  }
}

const commandOf: Readonly<Record<DashboardCommand, string>> = {
  verifyRecords: 'cadangan.verifyRecords',
  runDrill: 'cadangan.runDrill',
  showDrive: `${views.drive.id}.focus`,
};

/** Shows what a figure rests on. */
async function act(action: Action): Promise<void> {
  switch (action.kind) {
    case 'record':
      return void (await vscode.commands.executeCommand('cadangan.showRecord', { number: action.number }));
    case 'day':
      return void (await vscode.commands.executeCommand('cadangan.showRecordsOfDay', { day: action.day }));
    case 'command':
      return void (await vscode.commands.executeCommand(commandOf[action.command]));
  }
}
