/**
 * Engine: the process that does the work for a window, and the way to speak with it.
 *
 *   window -> EngineClient -> IPC channel -> engine-main -> Engine -> jobs, browse, schedule
 *
 * Words: the *window* is the editor's side of the channel, whoever plays it; a *run* is a backup, restore or check with a result that is
 * kept; the *desk* makes runs in this process; the *drive desk* has the account on Google Drive and the copies; the *seat* is this engine's
 * place in the schedule of the machine: it leads, it follows, or it has none.
 *
 * The command line uses what makes a set's backup out of the configuration (`set-job.ts`) and what tells of the schedule
 * (`schedule-report.ts`) without any process between.
 */
export type * from './protocol.ts';
export * as protocol from './protocol.ts';
export { EngineClient, type EngineClientOptions, type RequestOptions, type RunOptions } from './client.ts';
export { planDrill, runDrill, type DrillContext, type DrillPlan, type DrillWish } from './drill-run.ts';
export { EngineError, isErrorData } from './engine-error.ts';
export { engineEnvironment } from './engine-process.ts';
export {
  clauseHints,
  makePeriodReport,
  reportFormats,
  writePeriodPack,
  writeReport,
  type DocumentWorld,
  type ReportFormat,
} from './period-documents.ts';
export { lastDayOf, packFileName, reportFileName } from './period-names.ts';
export { plannedWindowsOf } from './planned-windows.ts';
export { reviewRecords } from './review-records.ts';
export { RunHistory } from './run-history.ts';
export { backupRunResult, drillRunResult } from './run-result.ts';
export { makeRecoveryKit, type RecoveryKitFacts } from './recovery-kit.ts';
export { scheduleReport, type ScheduleReport, type ScheduleReportOptions } from './schedule-report.ts';
export { backupSet, type SetBackupContext } from './set-job.ts';
export { unattendedPassword } from './unattended-password.ts';
export { repositoriesOf, verifyWithAnchors, type ComparedRecords, type VerifyRecordsOptions } from './verify-records.ts';
