/**
 * Service: everything that can be asked of Cadangan, each procedure declared once, with its name and the schemas of what it takes and
 * gives. It knows no process and no channel.
 *
 *   who asks -> host -> procedures -> Service -> jobs, browse, schedule
 *
 * Words: the *audience* is whom a service works for, a window for instance; a *run* is a backup, restore or check with a result that is
 * kept; the *desk* makes runs in this process; the *drive desk* has the account on Google Drive and the copies; the *schedule
 * desk* has the schedule.
 *
 * The command line uses what makes a set's backup out of the configuration (`set-job.ts`, for a dry run) and what tells of the schedule
 * while no host runs (`unhosted-schedule.ts`) without any service.
 */
export type * from './protocol.ts';
export * as protocol from './protocol.ts';
export { paramsOf, type Answer } from './answer.ts';
export type { Call } from './call.ts';
export type { Audience } from './audience.ts';
export { besideTroubleText, copyStateSentence, copyStateText, copyTryText } from './copy-state-text.ts';
export { copyInfoOf } from './copy-info.ts';
export { planDrill, runDrill, type DrillContext, type DrillPlan, type DrillWish } from './drill-run.ts';
export { errorDataOf, errorOfData } from './error-data.ts';
export type { Elsewhere, ElsewhereCall } from './elsewhere.ts';
export { historyDocuments } from './history-documents.ts';
export {
  clauseHints,
  makePeriodPack,
  makePeriodReport,
  renderReport,
  reportFormats,
  type DocumentWorld,
  type ReportFormat,
} from './period-documents.ts';
export { lastDayOf, packFileName, reportFileName } from './period-names.ts';
export { configurationInForce, LastGoodFile, type ConfigurationInForce } from './last-good-file.ts';
export { unhostedAlerts } from './unhosted-alerts.ts';
export { plannedWindowsOf } from './planned-windows.ts';
export { understood, type Notification, type ParamsOf, type Procedure } from './procedure.ts';
export { procedures } from './procedures.ts';
export { repositoryKey } from './repository-key.ts';
export { abortReason, stopFor, type AbortReason } from './protocol/work.ts';
export { workProcedures } from './work-requests.ts';
export { expectedServers } from './expected-servers.ts';
export { measureText, serverReasonText, serverStateText } from './server-state-text.ts';
export { serversReport } from './servers-report.ts';
export { lastingParts, reviewRecords } from './review-records.ts';
export { makeRecoveryKit, type RecoveryKitFacts } from './recovery-kit.ts';
export { unhostedSchedule, unhostedTasks, type UnhostedOptions } from './unhosted-schedule.ts';
export { Service, type ServicePlace, type ServiceWorld } from './service.ts';
export { backupSet, type SetBackupContext } from './set-job.ts';
export { setRetention } from './set-retention.ts';
export { credentialName, missingCredential } from './credential.ts';
export { missedFacts, missedText } from './missed-window.ts';
export { paceOf } from './pace.ts';
export { PasswordOutlook } from './password-outlook.ts';
export { unattendedPassword } from './unattended-password.ts';
export { askRepositoryAt } from './seen-repository.ts';
export {
  repositoriesOf,
  verifyWithAnchors,
  type ComparedRecords,
  type VerifyRecordsOptions,
  type WitnessOptions,
} from './verify-records.ts';
