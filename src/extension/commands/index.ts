import * as vscode from 'vscode';
import type { App } from '../app.ts';
import type { DashboardPanel } from '../editor/dashboard-panel.ts';
import { showError, showErrorData } from '../editor/show-error.ts';
import { commandId, views as viewNames, type CommandName } from '../manifest/contributions.ts';
import { walkthrough } from '../manifest/walkthrough.ts';
import { isTroubledCopy } from '../presentation/copy-row.ts';
import { isTroubled } from '../presentation/troubles.ts';
import { isCopyNode } from '../views/drive-nodes.ts';
import type { DriveView } from '../views/drive-view.ts';
import type { HistoryView } from '../views/history-view.ts';
import { loadPage } from '../views/folder-pages.ts';
import type { ServersView } from '../views/servers-view.ts';
import type { SetsView } from '../views/sets-view.ts';
import type { SnapshotsView } from '../views/snapshots-view.ts';
import { testAlert } from './alerts.ts';
import { compareSnapshots } from './compare-snapshots.ts';
import { editSet, openConfiguration, removeSet } from './configuration.ts';
import { startDrill } from './drill.ts';
import { openOnWeb, scrubCopy, setPaused, signIn, signOut, stopCopy, syncCopy, writeReadable } from './drive.ts';
import { filterHistory, showRecordsOfDay } from './filter-history.ts';
import { filterSnapshots, goToDate } from './filter.ts';
import { findInSnapshots } from './find.ts';
import { keepRunning } from './keep-running.ts';
import { newCopy } from './new-copy.ts';
import { newSet } from './new-set.ts';
import { enterPassword, forgetPassword, keepPasswordFile } from './passwords.ts';
import { approveRecords, rejectRecords } from './record-decisions.ts';
import { makeAuditPack, makeReport } from './record-documents.ts';
import {
  assignOne,
  closeOne,
  findOne,
  followUpOne,
  restoreRecord,
  showNonconformity,
  showRecord,
  verifyRecords,
  withdrawOne,
} from './records.ts';
import { saveRecoveryKit } from './recovery-kit.ts';
import { restore } from './restore.ts';
import { changeRetention, showRetention } from './retention.ts';
import { backUpNow, checkRepository, dismissMissed, showLastRun, stop, unlock } from './runs.ts';
import { deleteSnapshots, protectSnapshot } from './snapshot-decisions.ts';
import { isSnapshotNode } from './targets.ts';
import { compareWithCurrent, openAsOfDate, openEntry, versionsInBackups, whichBackupChanged } from './versions.ts';

export interface Views {
  readonly sets: SetsView;
  readonly snapshots: SnapshotsView;
  readonly servers: ServersView;
  readonly drive: DriveView;
  readonly history: HistoryView;
  readonly dashboard: DashboardPanel;
}

/** What a command gets: a row or an URI, and all that are selected with it. */
type Handler = (argument: unknown, selected: unknown) => Promise<unknown> | void;

/** Registers every command of `contributions.ts`; what one throws becomes a message with a step that helps. */
export function registerCommands(app: App, views: Views): vscode.Disposable {
  const handlers: Readonly<Record<CommandName, Handler>> = {
    newSet: () => newSet(app),
    backUpNow: (argument) => backUpNow(app, argument),
    stop: (argument) => (isCopyNode(argument) ? stopCopy(app, argument.copy.name) : stop(app, argument)),
    restore: (argument, selected) => restore(app, argument, selected),
    openAsOfDate: (argument) => openAsOfDate(app, argument),
    compareWithCurrent: (argument) => compareWithCurrent(app, argument),
    compareSnapshots: (argument, selected) => compareSnapshots(app, views.snapshots, argument, selected),
    findInSnapshots: (argument) => findInSnapshots(app, argument),
    whichBackupChanged: (argument) => whichBackupChanged(app, argument),
    versionsInBackups: (argument) => versionsInBackups(app, argument),
    checkRepository: (argument) => checkRepository(app, argument),
    unlock: (argument) => unlock(app, argument),
    openConfiguration: () => openConfiguration(app),
    showLog: () => app.log.show(),
    saveRecoveryKit: (argument) => saveRecoveryKit(app, argument),
    enterPassword: (argument) => enterPassword(app, argument),
    forgetPassword: (argument) => forgetPassword(app, argument),
    editSet: (argument) => editSet(app, argument),
    removeSet: (argument) => removeSet(app, argument),
    dismissMissed: (argument) => dismissMissed(app, argument),
    showLastRun: (argument) => showLastRun(app, argument),
    refresh: async () => {
      await app.sets.refresh();
      views.snapshots.refresh();
      views.servers.refresh();
      await app.drive.refresh();
      views.drive.refresh();
      await app.records.refresh();
    },
    goToDate: () => goToDate(views.snapshots),
    filterSnapshots: () => filterSnapshots(app, views.snapshots),
    clearFilter: () => views.snapshots.setFilter({}),
    showRetention: (argument) => showRetention(app, argument),
    changeRetention: (argument) => changeRetention(app, argument),
    deleteSnapshot: (argument, selected) => deleteSnapshots(app, views.snapshots, argument, selected),
    protectSnapshot: (argument) => protectSnapshot(app, views.snapshots, argument),
    openEntry: (argument) => openEntry(app, argument),
    showMore: async (argument) => (isMore(argument) ? showMore(app, views, argument) : undefined),
    copySnapshotId: async (argument) => (isSnapshotNode(argument) ? vscode.env.clipboard.writeText(argument.snapshot.id) : undefined),
    newCopy: () => newCopy(app),
    driveSignIn: () => signIn(app, false),
    driveSignInWithCode: () => signIn(app, true),
    driveSignOut: () => signOut(app),
    syncCopy: (argument) => syncCopy(app, argument),
    pauseCopy: (argument) => setPaused(app, argument, true),
    resumeCopy: (argument) => setPaused(app, argument, false),
    scrubCopy: (argument) => scrubCopy(app, argument),
    readableCopy: (argument) => writeReadable(app, argument),
    openOnWeb: (argument) => openOnWeb(app, argument),
    runDrill: (argument) => startDrill(app, argument),
    showDashboard: () => views.dashboard.show(),
    filterHistory: () => filterHistory(app, views.history),
    clearHistoryFilter: () => views.history.setFilter({}),
    showRecord: (argument) => showRecord(app, argument),
    showRecordsOfDay: (argument) => showRecordsOfDay(views.history, argument),
    restoreRecord: (argument) => restoreRecord(app, argument),
    showMoreRecords: () => app.records.showMore(),
    showNonconformity: (argument) => showNonconformity(app, argument),
    closeNonconformity: (argument) => closeOne(app, argument),
    assignNonconformity: (argument) => assignOne(app, argument),
    followUpNonconformity: (argument) => followUpOne(app, argument),
    withdrawNonconformity: (argument) => withdrawOne(app, argument),
    enterFinding: () => findOne(app),
    makeReport: () => makeReport(app),
    makeAuditPack: () => makeAuditPack(app),
    approveRecords: () => approveRecords(app),
    rejectRecords: () => rejectRecords(app),
    verifyRecords: () => verifyRecords(app),
    testAlert: () => testAlert(app),
    keepPasswordFile: (argument) => keepPasswordFile(app, argument),
    keepRunning: () => keepRunning(app),
    restartEngine: async () => {
      await app.engine.restart();
      await app.sets.refresh();
    },
    showReason: () => showReason(app, views.sets),
    getStarted: async () =>
      vscode.commands.executeCommand('workbench.action.openWalkthrough', `${app.context.extension.id}#${walkthrough.id}`, false),
  };
  const registrations = Object.entries(handlers).map(([name, handler]) =>
    vscode.commands.registerCommand(commandId(name as CommandName), async (argument: unknown, selected: unknown) => {
      try {
        return await handler(argument, selected);
      } catch (error) {
        app.log.error(error instanceof Error ? error : String(error));
        await showError(error, { retry: async () => void (await handler(argument, selected)) });
        return undefined;
      }
    }),
  );
  return vscode.Disposable.from(...registrations);
}

/** One click from the status bar: the set in trouble, and its error with the button that helps. */
async function showReason(app: App, view: SetsView): Promise<void> {
  const set = (await app.sets.load()).find(isTroubled);
  if (set === undefined) {
    const trouble = app.drive.copies.find(isTroubledCopy)?.trouble;
    await vscode.commands.executeCommand(`${viewNames.drive.id}.focus`);
    return trouble === undefined ? undefined : showErrorData(trouble.error);
  }
  await view.reveal(set.name);
  if (set.state === 'failed' && set.lastRun?.error !== undefined) {
    await showErrorData(set.lastRun.error, {
      location: set.location,
      retry: async () => vscode.commands.executeCommand<void>('cadangan.backUpNow', set.name),
    });
  }
}

/** Whichever view shows the folder; the other one does not know the row. */
async function showMore(app: App, { snapshots, drive }: Views, more: Parameters<SnapshotsView['showMore']>[0]): Promise<void> {
  await loadPage(app, more.parent);
  snapshots.showMore(more);
  drive.showMore(more);
}

function isMore(value: unknown): value is Parameters<SnapshotsView['showMore']>[0] {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'more';
}
