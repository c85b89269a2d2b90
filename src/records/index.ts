/**
 * Records: the history that an auditor can trust. One JSON line for everything that happened, also for what failed or did not happen.
 *
 *   content -> RecordHistory.append: lock -> end of the chain -> number, previous hash, signature, own hash
 *     -> file of the month, synced -> head
 *   verifyHistory: every line -> faults, the first wrong line first
 *
 * Words: a *record* is a line with its *number*; the *chain* is what their hashes make of them; its *head* is the last number with its
 * hash; an *anchor* is a head that somebody else kept (a snapshot's tag, a file on Google Drive); a *nonconformity* is something that was
 * not as the work instruction wants it, opened and closed by records; a *form* is what goes into the file of the company.
 */
export {
  anchorFile,
  anchorFileName,
  anchorsOfTags,
  anchorTag,
  isAnchorFileName,
  isAnchorTag,
  parseAnchorFile,
  parseAnchorTag,
  type Anchor,
} from './anchors.ts';
export { makeAuditPack, recordEntries, type PackEntry, type PackOptions } from './audit-pack.ts';
export { dashboardFigures, type DashboardDay, type DashboardFigures, type DashboardOptions, type GrowthPoint } from './dashboard.ts';
export { drillDueOf, type DrillDue } from './drill-due.ts';
export { evidenceFolder } from './evidence.ts';
export { reportCsv } from './forms/csv.ts';
export { zoneName } from './forms/dates.ts';
export { faultSentence, lossSentence, noteSentence } from './forms/fault-text.ts';
export type { Form } from './forms/form.ts';
export { formHtml } from './forms/html.ts';
export { formPdf } from './forms/pdf.ts';
export { eventText, nonconformityText, reportForm, type FormOptions, type FormSentences } from './forms/report-form.ts';
export { kindText, resultText, ruleText, triggerText } from './forms/words.ts';
export type { ChainHead } from './head.ts';
export { RecordHistory, recordsFolder, type RecordWorld, type RecordWriter } from './history.ts';
export { findLostSnapshots, type PresentSnapshot, type SeenRepository, type SnapshotLoss } from './known-snapshots.ts';
export { closeNonconformity, listNonconformities, openNonconformities, type Nonconformity } from './nonconformities.ts';
export {
  findNonconformities,
  nonconformityRules,
  type Finding,
  type NonconformityRule,
  type PlannedWindow,
  type RuleContext,
} from './nonconformity-rules.ts';
export type { Person } from './person.ts';
export { hasEnded, isOfHere, parseIdentity, thisProcess } from './process-identity.ts';
export { RecordIndex, type IndexedRecord, type ReadRecord } from './record-index.ts';
export {
  recordKinds,
  recordResults,
  recordTriggers,
  type HistoryRecord,
  type RecordContent,
  type RecordException,
  type RecordKind,
  type RecordPlace,
  type RecordResult,
  type RecordTrigger,
  type RecordValues,
} from './record.ts';
export {
  bytesStoredOf,
  durationMsOf,
  makeReport,
  msOf,
  runKinds,
  type Period,
  type Report,
  type ReportLine,
  type ReportOptions,
  type ReportTotals,
} from './report.ts';
export type { PublicKey, SigningKey } from './signing-key.ts';
export { instantMsOf, timestampText } from './timestamp.ts';
export { dayOf, nextDay, startOfDayMs } from './time-zones.ts';
export { verificationView } from './verification-view.ts';
export { verifyAuditPack, type PackFault, type PackVerification } from './verify-pack.ts';
export { brokenChain, removedBackups } from './verification-findings.ts';
export { verifyHistory, type ChainFault, type ChainFaultKind, type ChainNote, type Verification, type VerifyOptions } from './verify.ts';
