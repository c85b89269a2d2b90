import { createHash } from 'node:crypto';
import { endMsOf, instantMsOf, isSlip, startMsOf, type HistoryRecord, type RecordKind } from '../records/index.ts';
import type { AlertKind } from '../settings/index.ts';

/** That something is not as it should be, as one record shows it. */
export interface Notice {
  /** A receiver is told if it wants any of these. */
  readonly kinds: readonly [AlertKind, ...AlertKind[]];
  /** What is wrong with what. */
  readonly topic: string;
  /** It is told again only when this is another one, or when it was well in between. Undefined: each is news. */
  readonly state?: string | undefined;
  /** Of which set; missing for what is about none. */
  readonly set?: string | undefined;
  /** The receiver that could not be told; it is not told of it. */
  readonly except?: string | undefined;
}

/** What a record means to those who want to be told. */
export interface News {
  readonly notice?: Notice | undefined;
  /** Topics that are well again. */
  readonly ends: readonly string[];
}

/** Of all other kinds nobody is told. */
const newsOfKind: Readonly<Partial<Record<RecordKind, (record: HistoryRecord) => News>>> = {
  'internal-backup': ofWork,
  'external-backup': ofWork,
  'internal-restore': ofWork,
  'external-restore': ofWork,
  check: ofWork,
  scrub: ofWork,
  drill: ofWork,
  retention: ofWork,
  'missed-run': ofMissed,
  'nonconformity-opened': ofNonconformity,
  'low-space': ofSpace,
  'alert-failed': ofFailedAlert,
};

/** The rules of nonconformities that a receiver can name; all others are just that. */
const kindsOfRule: Readonly<Record<string, AlertKind | undefined>> = {
  'copy-behind': 'off-site-lag',
  'drill-overdue': 'overdue-drill',
  'missed-night': 'missed-night',
  'retention-held': 'held-deletion',
};

/** Pure: the same record is the same news. */
export function newsOf(record: HistoryRecord): News {
  return newsOfKind[record.kind]?.(record) ?? { ends: [] };
}

function ofMissed(record: HistoryRecord): News {
  return { notice: aboutSet(record, 'missed-night', `missed ${placeOf(record)}`, causeOf(record)), ends: [] };
}

function ofFailedAlert(record: HistoryRecord): News {
  const receiver = String(record.evidence?.['receiver'] ?? '');
  const state = `${causeOf(record)} ${String(record.reason?.facts['reason'] ?? '')}`;
  return { notice: { kinds: ['failure'], topic: alertTopic(receiver), state, except: receiver }, ends: [] };
}

/** That a receiver or heartbeat cannot be told. It ends when it can: of that there is no record. */
export function alertTopic(name: string): string {
  return `alert ${name}`;
}

/** A run has one topic, whatever is wrong with it: a night that fails is not told a second time for its exceptions. */
function ofWork(record: HistoryRecord): News {
  const topic = `run ${record.kind} ${placeOf(record)}`;
  // What ran makes good what was missed.
  const others = record.kind === 'internal-backup' ? [`missed ${placeOf(record)}`] : [];
  if (isSlip(record)) return { ends: [] };
  if (record.result === 'failed' || isBrokenOff(record)) return { notice: aboutSet(record, 'failure', topic, causeOf(record)), ends: [] };
  if (record.result === 'success-with-exceptions')
    return { notice: aboutSet(record, 'exceptions', topic, exceptionsState(record)), ends: others };
  return record.result === 'success' ? { ends: [topic, ...others] } : { ends: [] };
}

/**
 * Its process died, or its window was over; of that only the time tells, since a request that is cancelled comes without a reason. Who
 * stops something himself knows it, and what ends with a service is gone on with by the next one.
 */
function isBrokenOff(record: HistoryRecord): boolean {
  const { result, reason, planned } = record;
  if (result !== 'stopped') return false;
  const overMs = planned === undefined ? Infinity : instantMsOf(planned.end);
  return reason?.code === 'host.lost' || (startMsOf(record) < overMs && endMsOf(record) >= overMs);
}

function ofNonconformity(record: HistoryRecord): News {
  const { nonconformity } = record;
  if (nonconformity === undefined) return { ends: [] };
  const { id, rule, facts } = nonconformity;
  const special = kindsOfRule[rule];
  const set = facts?.['set'];
  const notice: Notice = {
    kinds: ['nonconformity', ...(special === undefined ? [] : [special])],
    topic: `nonconformity ${id}`,
    set: record.set ?? (typeof set === 'string' && set !== '' ? set : undefined),
  };
  return { notice, ends: [] };
}

function ofSpace({ evidence, result }: HistoryRecord): News {
  const topic = `space ${String(evidence?.['location'] ?? '')}`;
  return result === 'success' ? { ends: [topic] } : { notice: { kinds: ['low-space'], topic, state: 'low' }, ends: [] };
}

function aboutSet(record: HistoryRecord, kind: AlertKind, topic: string, state: string): Notice {
  return { kinds: [kind], topic, state, set: record.set };
}

/** What it is about: its set, else where it worked. */
function placeOf({ set, kind, destination, source }: HistoryRecord): string {
  if (set !== undefined) return set;
  return (kind === 'internal-backup' || kind === 'external-backup' ? destination : (source ?? destination))?.location ?? '';
}

/** Facts have sizes and times in them, which differ every night. */
function causeOf({ reason }: HistoryRecord): string {
  return [reason?.code ?? '', String(reason?.facts['cause'] ?? '')].filter((part) => part !== '').join(' ');
}

/** What was lost of what: another file is another state, the same file every night is not. */
function exceptionsState({ exceptions = [], exceptionCount = 0 }: HistoryRecord): string {
  const told = exceptions.map(({ item, kind }) => JSON.stringify([kind, item])).toSorted();
  // Of more than the record has room for, the number is all that is known.
  const others = exceptionCount > exceptions.length ? exceptionCount : 0;
  return createHash('sha256')
    .update([...told, String(others)].join('\n'))
    .digest('hex')
    .slice(0, 16);
}
