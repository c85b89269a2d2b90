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
export {
  chainStateOf,
  confirmedThrough,
  resultOfWitness,
  weightiestHead,
  type ChainKnowledge,
  type ChainState,
  type Witness,
  type WitnessResult,
} from './chain-knowledge.ts';
export type { ComparedHead, HeadResult } from './compared-heads.ts';
export { dashboardFigures, type DashboardDay, type DashboardFigures, type DashboardOptions, type GrowthPoint } from './dashboard.ts';
export { dispose, planDisposal, type DisposalPlan } from './disposal.ts';
export { drillDueOf, type DrillDue } from './drill-due.ts';
export { evidenceFolder } from './evidence.ts';
export { exceptionsCsv, reportCsv } from './forms/csv.ts';
export { clockTime, longDay, shortDay, zoneName } from './forms/dates.ts';
export { faultSentence } from './forms/fault-text.ts';
export type { Form, FormLogo } from './forms/form.ts';
export { formHtml } from './forms/html.ts';
export { chainStateText, findingsOf, notesOf, witnessText } from './forms/knowledge-text.ts';
export { formPdf } from './forms/pdf.ts';
export { eventText, type FormCopy, type FormOptions, type FormSentences, reportForm } from './forms/report-form.ts';
export { piecesOf, shortened } from './forms/cells.ts';
export { restoredText } from './forms/restore-tables.ts';
export { actText, changeText, compressionText, kindText, resultText, ruleText, triggerText } from './forms/words.ts';
export { nonconformityStateText, nonconformityText } from './forms/nonconformity-text.ts';
export { approvalText, nonconformityRecordText } from './forms/decision-text.ts';
export { type ChainHead, headSchema } from './head.ts';
export { changeOfFile, historyFiles, parseHead, type FileChange, type HistoryFile } from './history-files.ts';
export { historyReadme, type HistoryOwner } from './history-readme.ts';
export { RecordHistory, recordsFolder, type RecordWorld, type RecordWriter } from './history.ts';
export {
  findLostSnapshots,
  findUnknownSnapshots,
  type PresentSnapshot,
  type SeenRepository,
  type SnapshotLoss,
  type SnapshotOrigin,
  type UnknownSnapshot,
} from './known-snapshots.ts';
export { listNonconformities, type Nonconformity, type Saying } from './nonconformities.ts';
export { closeNonconformity, type Closing, decide, type Decision, openByPerson, type PersonsFinding } from './nonconformity-decisions.ts';
export { type Opening, type OpeningKind, openNonconformities, planOpenings } from './nonconformity-openings.ts';
export { heldSubjectOf, isSlip } from './nonconformity-conditions.ts';
export { findNonconformities } from './nonconformity-rules.ts';
export {
  nonconformityRules,
  type Finding,
  type NonconformityRule,
  type PlannedWindow,
  type RuleContext,
  type RuledCopy,
  type RuledSet,
} from './finding.ts';
export type { Person, Signer } from './person.ts';
export { hasEnded, isOfHere, parseIdentity, thisProcess } from './process-identity.ts';
export { RecordIndex, type IndexedRecord, type ReadRecord } from './record-index.ts';
export {
  allOf,
  contentSchema,
  endMsOf,
  isGood,
  recordKinds,
  startMsOf,
  recordResults,
  recordSchema,
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
export { inZoneInForce, recordedConfigurationPath } from './zone-in-force.ts';
export { knowledgeView, verificationView } from './verification-view.ts';
export { verifyAuditPack, type PackFault, type PackVerification } from './verify-pack.ts';
export { brokenChain, removedBackups } from './verification-findings.ts';
export { verifyHistory, type ChainFault, type ChainFaultKind, type ChainNote, type Verification, type VerifyOptions } from './verify.ts';
export { newestRecord } from './chain-end.ts';
export { fieldOf, settingInForce } from './settings-in-force.ts';
export { keyBehind } from './key-succession.ts';
