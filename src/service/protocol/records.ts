import * as z from 'zod';
import { contentSchema, recordSchema, type HistoryRecord, type RecordContent } from '../../records/index.ts';
import { change, notification, read } from '../procedure.ts';
import { bytes, day, offset, pageEntriesMax, text } from './bounds.ts';
import { errorData } from './life.ts';
import { outcome } from './runs.ts';

export type RecordsParams = z.infer<typeof listRecords.params>;
export type RecordsPage = z.infer<typeof listRecords.result>;
export type RecordFault = z.infer<typeof recordFault>;
export type RecordRow = z.infer<typeof recordRow>;
export type RecordPage = z.infer<typeof readRecord.result>;
export type RecordsSummary = z.infer<typeof recordsSummary.result>;
export type RecordsVerification = z.infer<typeof verifyRecords.result>;
export type ReportParams = z.infer<typeof makeReport.params>;
export type PeriodParams = z.infer<typeof makeAuditPack.params>;
export type PeriodDocument = z.infer<typeof periodDocument>;
export type ApproveParams = z.infer<typeof approveRecords.params>;
export type NonconformityInfo = z.infer<typeof nonconformityInfo>;
export type CloseNonconformityParams = z.infer<typeof closeNonconformity.params>;
export type DecideNonconformityParams = z.infer<typeof decideNonconformity.params>;
export type EnterFindingParams = z.infer<typeof enterFinding.params>;

/** A place where the history is not as it was written, and no record stands that could be shown. */
const recordFault = z.object({
  /** The same whenever the chain is read. */
  id: z.string(),
  /** Of the record that stood there, or should; where that can be told. */
  number: z.number().exactOptional(),
  /** In a few words. */
  label: z.string(),
  /** What is wrong, and where it stands. */
  text: z.string(),
  /** Where it belongs among the records, as those say it. */
  at: z.string(),
  day: z.string(),
  time: z.string(),
});

/* As they are written down. */
const recordContent: z.ZodType<RecordContent> = contentSchema;
const historyRecord: z.ZodType<HistoryRecord> = recordSchema;

/** One line of the history. Texts are in the service's language. */
const recordRow = z.object({
  number: z.number(),
  kind: z.string(),
  kindText: z.string(),
  result: outcome.exactOptional(),
  resultText: z.string().exactOptional(),
  set: z.string().exactOptional(),
  /** As people call the set now. */
  setTitle: z.string().exactOptional(),
  /** What the run made. */
  snapshotId: z.string().exactOptional(),
  /** When it happened, RFC 3339; and its day in the zone of the configuration, `2026-11-23`. */
  at: z.string(),
  day: z.string(),
  /** What clocks showed there, for people: `21:00`. */
  time: z.string(),
  /** What it says in one line. */
  summary: z.string(),
  /** It is not as it was written: what is wrong, in a few words. */
  fault: z.string().exactOptional(),
});

export const drillDue = z.object({ at: z.string(), isOverdue: z.boolean() });

const person = { name: z.string(), position: z.string() };

export const nonconformityInfo = z.object({
  id: z.string(),
  ruleText: z.string(),
  text: z.string(),
  /** RFC 3339. */
  openedAt: z.string(),
  /** The record that opened it. */
  openedBy: z.number().exactOptional(),
  records: z.array(z.number()).readonly(),
  isOpen: z.boolean(),
  /** What it is about goes on: closed now, it would be opened again. */
  lasts: z.boolean(),
  /** Whether it is open, who mends it until when, how it came to an end and whether that helped. */
  stateText: z.string(),
  owner: z.object(person).exactOptional(),
  /** A day, `2026-12-24`. */
  due: z.string().exactOptional(),
  closed: z
    .object({ at: z.string(), number: z.number(), cause: z.string(), correction: z.string(), prevention: z.string(), ...person })
    .exactOptional(),
});

const period = z.object({ from: day, to: day });

/** Whoever asked for it writes it where it is wanted. */
const periodDocument = z.object({
  bytes,
  /** What is good to know of the document, in sentences. */
  hints: z.array(z.string()).readonly(),
});

/** What a person says, to be read in a record. */
const said = z.string().trim().min(1).max(4096);
const words = z.array(text).max(100).readonly().exactOptional();

/** Newest first, a page at a time. A filter that is missing lets everything through. */
export const listRecords = read('records/list', {
  members: 'see',
  params: z.object({
    offset,
    limit: z.int().min(1).max(1000),
    kinds: words,
    results: words,
    set: text.exactOptional(),
    /** Records of runs that made one of these snapshots. */
    snapshots: z.array(text).max(pageEntriesMax).readonly().exactOptional(),
    /** Days, both included: `2026-11-23`. */
    from: day.exactOptional(),
    to: day.exactOptional(),
  }),
  result: z.object({
    rows: z.array(recordRow).readonly(),
    /**
     * Of the days that the filter lets through, whatever else it says: nobody knows what stood there. As the last reading of the chain
     * found them.
     */
    faults: z.array(recordFault).readonly(),
    /** Of all that the filter lets through. */
    total: z.number(),
    /** The day that it is now in the zone of the configuration, `2026-11-23`. */
    today: z.string(),
  }),
});
/** One record as people read it. @throws `record.not-found` */
export const readRecord = read('records/read', {
  members: 'see',
  params: z.object({ number: z.int().min(1) }),
  result: recordRow.extend({
    /** Everything that is wrong with it, in sentences. */
    faults: z.array(z.string()).readonly(),
    fields: z.array(z.object({ label: z.string(), value: z.string() })).readonly(),
    exceptions: z.array(z.object({ item: z.string(), text: z.string() })).readonly(),
    exceptionCount: z.number(),
    /** Of nonconformities that this record shows, opens or closes. */
    nonconformities: z.array(z.string()).readonly(),
    /** Where it can be restored from: of a backup that left a snapshot. */
    restorable: z.object({ location: z.string(), snapshot: z.string() }).exactOptional(),
    /** What can be started again: a set's backup, a drill. */
    repeatable: z.union([z.object({ kind: z.literal('backup'), set: z.string() }), z.object({ kind: z.literal('drill') })]).exactOptional(),
    /** The line as it stands in the file. */
    line: z.string(),
  }),
});
/** What the views' badges count. Cheap. */
export const recordsSummary = read('records/summary', {
  members: 'see',
  result: z.object({
    count: z.number(),
    openNonconformities: z.number(),
    /** Receivers and heartbeats that cannot be told. */
    alertsFailing: z.array(z.string()).readonly().exactOptional(),
    /** Missing when the instruction names no interval. */
    drillDue: drillDue.exactOptional(),
    /** By the last verification of this process; `unknown` before the first. */
    chain: z.enum(['intact', 'broken', 'unknown']),
    /** The day that it is now in the zone of the configuration, `2026-11-23`. */
    today: z.string(),
    /** What there are records of, to choose from. */
    kinds: z.array(z.object({ kind: z.string(), text: z.string() })).readonly(),
    sets: z.array(z.string()).readonly(),
    /** Whom the instruction names; with a list of persons nobody else may decide. */
    persons: z.array(z.object({ name: z.string(), position: z.string().exactOptional() })).readonly(),
    isListOfPersons: z.boolean(),
  }),
});
/** There are new records, or the summary says something else. Sent at most twice a second. */
export const recordsChanged = notification('records/changed');
/** Something was done, and its record could not be written: why. */
export const notRecorded = notification('records/not-recorded', errorData);
/** Reads every record, and compares them with the anchors and snapshots of every repository that opens without a question. */
export const verifyRecords = read('records/verify', {
  members: 'see',
  result: z.object({
    isIntact: z.boolean(),
    /** `sound`: in itself, and nobody outside was compared. `empty`: there is nothing to prove. */
    state: z.enum(['broken', 'empty', 'sound', 'intact']),
    /** What that means, in a sentence. */
    stateText: z.string(),
    /** The newest record that a head kept elsewhere knows. */
    confirmedThrough: z.number().exactOptional(),
    count: z.number(),
    /** Sentences, the first wrong line first. */
    faults: z.array(z.string()).readonly(),
    notes: z.array(z.string()).readonly(),
    /** Sentences: each place that was asked, when, and what it says. */
    witnesses: z.array(z.string()).readonly(),
    /** Repositories whose anchors and snapshots were compared, and those that could not be. */
    compared: z.array(z.string()).readonly(),
    notCompared: z.array(z.object({ location: z.string(), error: errorData })).readonly(),
    publicKey: z.string(),
  }),
});
/** The form of a period. What is not as it should be is held against the records first, and so may be written there. */
export const makeReport = change('records/report', {
  members: 'see',
  params: period.extend({ format: z.enum(['pdf', 'html', 'csv', 'exceptions']), language: z.enum(['en', 'id']) }),
  result: periodDocument,
});
export const makeAuditPack = change('records/pack', { members: 'see', params: period, result: periodDocument });
/** What a command did that worked alone, for an administrator: who asks is who did it, as the system has proven it. */
export const appendRecord = change('records/append', { params: z.object({ content: recordContent }), result: historyRecord });
export const approveRecords = change('records/approve', {
  params: z.object({
    act: z.enum(['prepared', 'checked', 'approved']),
    from: day,
    to: day,
    name: said,
    position: said,
    /** They are not accepted: why. */
    rejectedFor: said.exactOptional(),
  }),
  result: recordRow,
});
/** Those that are open first, then the others, newest first. */
export const listNonconformities = read('records/nonconformities', { members: 'see', result: z.array(nonconformityInfo).readonly() });
export const closeNonconformity = change('records/nonconformities/close', {
  params: z.object({ id: text, cause: said, correction: said, prevention: said.exactOptional(), name: said, position: said }),
  result: recordRow,
});
const owner = z.object({ name: said, position: said });
/** Whatever else a person decides about one: who mends it, whether that helped, that it never was one. */
export const decideNonconformity = change('records/nonconformities/decide', {
  params: z.object({
    id: text,
    decision: z.union([
      z.object({ kind: z.literal('assign'), owner, due: day.exactOptional() }),
      z.object({ kind: z.literal('check'), helped: z.boolean(), why: said }),
      z.object({ kind: z.literal('withdraw'), why: said }),
    ]),
    name: said,
    position: said,
  }),
  result: recordRow,
});
/** What a person has found, an auditor for example. */
export const enterFinding = change('records/nonconformities/enter', {
  params: z.object({
    text: said,
    records: z.array(z.int().min(1)).max(100).readonly(),
    owner: owner.exactOptional(),
    due: day.exactOptional(),
    name: said,
    position: said,
  }),
  result: recordRow,
});
