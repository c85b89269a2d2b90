import { stat } from 'node:fs/promises';
import * as vscode from 'vscode';
import { configurationFile } from '../platform/index.ts';
import type { LogLine } from '../service/index.ts';
import type { App } from './app.ts';
import { registerCommands } from './commands/index.ts';
import { ConfigurationProblems } from './editor/configuration-problems.ts';
import { DashboardPanel } from './editor/dashboard-panel.ts';
import { DrillReminder } from './editor/drill-reminder.ts';
import { OlderServiceNote } from './editor/older-service-note.ts';
import { showAlert } from './editor/alert-notifier.ts';
import { openExternal, showDeviceCode } from './editor/open-external.ts';
import { confirmHost } from './editor/confirm-host.ts';
import { Passwords } from './editor/passwords.ts';
import { RecordPages } from './editor/record-pages.ts';
import { RecordWarning } from './editor/record-warning.ts';
import { ResultDocuments } from './editor/result-documents.ts';
import { affectsSetting, applyLanguage, setContextKey, setting } from './editor/settings.ts';
import { showErrorData } from './editor/show-error.ts';
import { SnapshotFiles } from './editor/snapshot-files.ts';
import { StatusBar } from './editor/status-bar.ts';
import { TroubleNotifier } from './editor/trouble-notifier.ts';
import { Engine } from './engine.ts';
import { DriveModel } from './models/drive.ts';
import { RecordsModel } from './models/records.ts';
import { Repositories } from './models/repositories.ts';
import { ServersModel } from './models/servers.ts';
import { SetsModel } from './models/sets.ts';
import { registerLanguageTools } from './tools/language-tools.ts';
import { DriveView } from './views/drive-view.ts';
import { HistoryView } from './views/history-view.ts';
import { ServersView } from './views/servers-view.ts';
import { SetsView } from './views/sets-view.ts';
import { SnapshotsView } from './views/snapshots-view.ts';

/** The schedule can wait until the window has come up. */
const scheduleDelayMs = 3_000;

let engine: Engine | undefined;

/** Called by VS Code once its window is up. Registers and returns: no disk, no network, no child process. */
export function activate(context: vscode.ExtensionContext): void {
  applyLanguage();
  const app = makeApp(context);
  engine = app.engine;
  const views = {
    sets: new SetsView(app),
    snapshots: new SnapshotsView(app),
    servers: new ServersView(app),
    drive: new DriveView(app),
    history: new HistoryView(app),
    dashboard: new DashboardPanel(app),
  };
  const status = new StatusBar(app.sets, app.drive);
  const problems = new ConfigurationProblems();
  context.subscriptions.push(
    app.log,
    app.engine,
    app.sets,
    app.drive,
    app.servers,
    app.records,
    app.recordPages,
    app.results,
    views.sets,
    views.snapshots,
    views.servers,
    views.drive,
    views.history,
    views.dashboard,
    status,
    problems,
    new SnapshotFiles(app.engine, app.repositories),
    new TroubleNotifier(app),
    new DrillReminder(app),
    new OlderServiceNote(app),
    new RecordWarning(app.engine),
    registerCommands(app, views),
    registerLanguageTools(app),
    app.engine.onDidChangeConfiguration((info) => problems.show(info)),
    app.sets.onDidChange(() => problems.show(app.sets.configuration)),
    app.records.onDidChange(() => void app.recordPages.refresh()),
    app.engine.onDidChangeTimeZone(() => {
      for (const view of Object.values(views)) view.retitle();
      void app.recordPages.refresh();
    }),
    app.engine.onDidGetLost(({ error, willRestart, endedRun }) => {
      if (!endedRun) void showErrorData(error);
      if (!willRestart) return;
      void app.sets.refresh();
      void app.drive.refresh();
      void app.records.refresh();
    }),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (!affectsSetting(event, 'language', 'configFile')) return;
      applyLanguage();
      for (const view of Object.values(views)) view.retitle();
      void app.engine.reconnect();
    }),
  );
  restoreProgressOfWalkthrough(context);
  startSchedule(context, app);
}

/** What runs goes on in the host, which needs no window. */
export async function deactivate(): Promise<void> {
  await engine?.stop();
}

function makeApp(context: vscode.ExtensionContext): App {
  const log = vscode.window.createOutputChannel('Cadangan', { log: true });
  const passwords = new Passwords(context.secrets);
  const engineOfWindow = new Engine({
    extensionPath: context.extensionPath,
    environment: process.env,
    password: (params, hostId, mayAsk, signal) => passwords.find(params, hostId, mayAsk, signal),
    confirmHost,
    onLog: (line) => writeLog(log, line),
    openExternal,
    showAlert,
    onDeviceCode: (code) => void showDeviceCode(code),
  });
  const sets = new SetsModel(engineOfWindow);
  const drive = new DriveModel(engineOfWindow);
  const repositories = new Repositories(engineOfWindow, sets, drive, context.globalState);
  return {
    context,
    log,
    engine: engineOfWindow,
    passwords,
    sets,
    drive,
    repositories,
    servers: new ServersModel(engineOfWindow),
    records: new RecordsModel(engineOfWindow),
    recordPages: new RecordPages(),
    results: new ResultDocuments(),
    awaitedRuns: new Set(),
  };
}

/** Whoever has no configuration needs no schedule, and no process. */
function startSchedule(context: vscode.ExtensionContext, { sets, drive, records }: App): void {
  const timer = setTimeout(() => {
    stat(configurationFile(process.env, setting('configFile'))).then(
      async () => Promise.all([sets.load(), drive.load(), records.loadSummary()]),
      () => undefined,
    );
  }, scheduleDelayMs);
  context.subscriptions.push(new vscode.Disposable(() => clearTimeout(timer)));
}

function restoreProgressOfWalkthrough({ globalState }: vscode.ExtensionContext): void {
  const steps = { hasSet: 'cadangan.done.set', hasRecoveryKit: 'cadangan.done.recoveryKit', hasRestored: 'cadangan.done.restore' } as const;
  for (const [key, memory] of Object.entries(steps)) {
    if (globalState.get<boolean>(memory) === true) void setContextKey(key as keyof typeof steps, true);
  }
}

function writeLog(log: vscode.LogOutputChannel, { level, message }: LogLine): void {
  switch (level) {
    case 'debug':
      return log.debug(message);
    case 'info':
      return log.info(message);
    case 'warning':
      return log.warn(message);
    case 'error':
      return log.error(message);
  }
}
