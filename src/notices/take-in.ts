import { endMsOf, type HistoryRecord } from '../records/index.ts';
import type { AlertReceiver, AlertSettings, Heartbeat } from '../settings/index.ts';
import type { AlertState, WaitingMessage, WaitingPing } from './alert-state.ts';
import type { Section } from './message.ts';
import { newsOf, type Notice } from './notice.ts';

export interface TakeInOptions {
  readonly settings: AlertSettings;
  readonly nowMs: number;
  /** What the record says to this receiver, in its language. */
  readonly section: (record: HistoryRecord, notice: Notice, receiver: AlertReceiver) => Section;
  /** What an address that watches over silence is told of a run. */
  readonly pingBody: (record: HistoryRecord) => string;
}

/** What is found within this time is one message: the end of a run, and what the review of the records says of it. */
export const settleMs = 15_000;
/** A ping tells how things stand; later than this it would tell how they stood. */
export const pingMsMax = 3_600_000;
/** What a message has room for; of more it says how much more. */
const sectionsMax = 50;

/**
 * What a record means for everybody who is to be told: the state afterwards, in which what is to be sent waits. Pure, so that what a crash
 * takes away is made again just so.
 */
export function takeIn(state: AlertState, record: HistoryRecord, options: TakeInOptions): AlertState {
  const { notice, ends } = newsOf(record);
  let after: AlertState = {
    ...state,
    through: record.number,
    low: lowAfter(state.low, record),
    pings: pingsAfter(state.pings, record, options),
  };
  for (const receiver of options.settings.receivers) {
    const told = { ...after.told[receiver.name] };
    for (const topic of ends) delete told[topic];
    const isWanted = notice !== undefined && wants(receiver, notice);
    // What it does not want to hear of is at least not what it was told of before.
    if (notice !== undefined && !isWanted) delete told[notice.topic];
    const isNews = isWanted && (notice.state === undefined || told[notice.topic] !== notice.state);
    if (isNews && notice.state !== undefined) told[notice.topic] = notice.state;
    after = { ...after, told: { ...after.told, [receiver.name]: told } };
    if (isNews) after = withSection(after, receiver.name, options.section(record, notice, receiver), options.nowMs);
  }
  return after;
}

function wants({ name, about, sets }: AlertReceiver, { kinds, set, except }: Notice): boolean {
  if (except === name) return false;
  if (about !== undefined && !kinds.some((kind) => about.includes(kind))) return false;
  return sets === undefined || set === undefined || sets.includes(set);
}

/** In the message that still gathers, or a new one. */
function withSection(state: AlertState, receiver: string, section: Section, nowMs: number): AlertState {
  const at = state.messages.findIndex((one) => one.receiver === receiver && one.kind === 'alert' && one.id === undefined);
  const before = state.messages[at];
  if (before === undefined) return withMessage(state, { receiver, kind: 'alert', sections: [section], notBeforeMs: nowMs + settleMs });
  const isFull = before.sections.length >= sectionsMax;
  const grown = { ...before, sections: isFull ? before.sections : [...before.sections, section], left: before.left + (isFull ? 1 : 0) };
  return { ...state, messages: state.messages.with(at, grown) };
}

/** With something more to be sent. */
export function withMessage(state: AlertState, { receiver, kind, sections, notBeforeMs }: Omit<WaitingMessage, 'left' | 'id'>): AlertState {
  // Of summaries that nobody could be sent the newest is enough.
  const isOld = (one: WaitingMessage): boolean =>
    kind === 'weekly' && one.kind === kind && one.receiver === receiver && one.id === undefined;
  const others = state.messages.filter((one) => !isOld(one));
  return { ...state, messages: [...others, { receiver, kind, sections, left: 0, notBeforeMs }] };
}

/** Places with too little space, as this record changes them. */
function lowAfter(low: readonly string[], { kind, result, evidence }: HistoryRecord): readonly string[] {
  const location = String(evidence?.['location'] ?? '');
  if (kind !== 'low-space') return low;
  const others = low.filter((one) => one !== location);
  return result === 'success' ? others : [...others, location];
}

/** The newest end of each set is the one that counts. */
function pingsAfter(
  pings: readonly WaitingPing[],
  record: HistoryRecord,
  { settings, nowMs, pingBody }: TakeInOptions,
): readonly WaitingPing[] {
  const { kind, set = '', result } = record;
  const atMs = endMsOf(record);
  if (kind !== 'internal-backup' || result === undefined || nowMs - atMs > pingMsMax) return pings;
  const end = result === 'success' || result === 'success-with-exceptions' ? 'success' : 'fail';
  const wanted = settings.heartbeats.filter((heartbeat) => watches(heartbeat, set));
  const others = pings.filter((ping) => ping.set !== set || !wanted.some(({ name }) => name === ping.heartbeat));
  return [...others, ...wanted.map(({ name }): WaitingPing => ({ heartbeat: name, set, end, body: pingBody(record), atMs }))];
}

export function watches({ sets }: Pick<Heartbeat, 'sets'>, set: string): boolean {
  return sets === undefined || sets.includes(set);
}
