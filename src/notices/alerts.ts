import { createHash } from 'node:crypto';
import { CadanganError, inLocale, isAbort, l10n, type Clock, type Language } from '../platform/index.ts';
import { recordsFolder, RecordIndex, type ChainHead, type HistoryRecord } from '../records/index.ts';
import type { Due, Task } from '../schedule/index.ts';
import type { AlertReceiver, AlertSettings } from '../settings/index.ts';
import { freshState, type AlertState, type AlertStore, type Failing, type WaitingMessage, type WaitingPing } from './alert-state.ts';
import type { Message, Section } from './message.ts';
import { alertTopic, type Notice } from './notice.ts';
import { afterQuietMs, nextTimeMs, weeklyTimeOf } from './quiet-times.ts';
import { sectionOf, type SectionContext } from './section-of.ts';
import { pingMsMax, settleMs, takeIn, watches, withMessage } from './take-in.ts';

/** What is configured at this moment. */
export interface AlertRules {
  readonly settings: AlertSettings;
  readonly language: Language;
  readonly timeZone: string;
  /** As people call a set. */
  readonly titleOf: (set: string) => string;
  /** The machine, and the company where it is known. */
  readonly from: string;
}

export interface AlertsOptions {
  readonly clock: Clock;
  readonly stateFolder: string;
  readonly store: AlertStore;
  /** Undefined where nobody is to be told of anything. */
  readonly rules: () => AlertRules | undefined;
  /** The end of the history. */
  readonly head: () => Promise<ChainHead | undefined>;
  readonly sentences: SectionContext['sentences'];
  /** @throws as `sendMessage` */
  readonly send: (message: Message, receiver: AlertReceiver, signal: AbortSignal) => Promise<CadanganError | undefined>;
  readonly ping: (ping: PingCall, signal: AbortSignal) => Promise<void>;
  /** The week as a receiver is told of it. */
  readonly weekly: (receiver: AlertReceiver, dueMs: number, low: readonly string[]) => Promise<readonly Section[]>;
  /** Somebody could not be told. Never rejects. @param name of the receiver or heartbeat */
  readonly recordFailure: (name: string, error: unknown) => Promise<unknown>;
  readonly signal: AbortSignal;
  /** Somebody was told, could not be told, or can be told again. */
  readonly onChange: () => void;
}

export interface PingCall {
  readonly heartbeat: string;
  readonly what: 'start' | 'success' | 'fail';
  readonly body: string;
}

const dayMs = 86_400_000;
const againMsMin = 60_000;
const againMsMax = 3_600_000;
/** Longer than a host waits for a window before it ends: one that nobody sits at is not kept up by asking. */
const nobodyAgainMs = 300_000;

/**
 * Tells people what the records show. It reads what was appended, by whichever process; what is to be sent is written down together with
 * how far it has read, and taken away when it has been sent. So a crash loses nothing, and doubles at most what it cut off between the
 * sending and the note of it, under the same id.
 */
export class Alerts implements Task {
  readonly #options: AlertsOptions;
  readonly #index: RecordIndex;
  #state: AlertState | undefined;
  /** Writes go one after the other. */
  #writing: Promise<void> = Promise.resolve();
  /** By receiver or heartbeat, on the clock that only moves forward: not before then. Whoever begins anew tries at once. */
  readonly #againMs = new Map<string, number>();
  /** Beginnings that are being told. */
  readonly #starts = new Map<string, Promise<void>>();

  constructor(options: AlertsOptions) {
    this.#options = options;
    this.#index = new RecordIndex(recordsFolder(options.stateFolder));
  }

  async look(): Promise<Due> {
    const rules = this.#options.rules();
    if (rules === undefined) return { atMs: Infinity };
    const [state, head] = [await this.#read(), await this.#options.head()];
    if (head === undefined) return { atMs: Infinity };
    const run = (): Promise<void> => this.#run();
    const nowMs = this.#nowMs;
    if (state === undefined || state.chain !== head.chain || state.through !== head.number) return { atMs: nowMs, run };
    const times = [
      ...state.messages.map((message) => this.#readyMs(message, rules)),
      ...state.pings.map(({ heartbeat }) => nowMs + this.#waitMs(pingKey(heartbeat))),
      ...rules.settings.receivers.map((receiver) => weeklyDueMs(state, receiver, rules.timeZone, nowMs)),
    ];
    return { atMs: Math.min(...times), run };
  }

  /** As `state`, read where nothing was yet. @throws the system's errors */
  load(): Promise<AlertState | undefined> {
    return this.#read();
  }

  /** What waits, and who cannot be told. Undefined before anything was read. */
  get state(): AlertState | undefined {
    return this.#state;
  }

  /** Something is about to be sent: who ends now leaves it to whoever begins next. */
  get isPending(): boolean {
    const [rules, state] = [this.#options.rules(), this.#state];
    if (rules === undefined || state === undefined) return false;
    const soonMs = this.#nowMs + settleMs;
    return state.messages.some((message) => this.#readyMs(message, rules) <= soonMs && this.#waitMs(message.receiver) === 0);
  }

  /** The configuration is another one: whoever could not be told may be reached now. */
  configurationChanged(): void {
    this.#againMs.clear();
  }

  /** A run begins: said at once or never, since later it would be wrong. Never rejects. */
  async runBegins(set: string, body: string): Promise<void> {
    const rules = this.#options.rules();
    const heartbeats = rules?.settings.heartbeats.filter((heartbeat) => watches(heartbeat, set)) ?? [];
    await Promise.all(heartbeats.map(({ name }) => this.#pingStart(name, set, body)));
  }

  async #pingStart(heartbeat: string, set: string, body: string): Promise<void> {
    const key = startKey({ heartbeat, set });
    const sent = this.#options.ping({ heartbeat, what: 'start', body }, this.#options.signal).catch(() => undefined);
    this.#starts.set(key, sent);
    await sent;
    if (this.#starts.get(key) === sent) this.#starts.delete(key);
  }

  async #run(): Promise<void> {
    const rules = this.#options.rules();
    if (rules === undefined) return;
    // What waits is sent, whatever becomes of the rest: a month of records that cannot be read must silence nobody.
    const taken = await settled(this.#takeIn(rules));
    await this.#addSummaries(rules);
    await this.#send(rules);
    if ('error' in taken) throw taken.error;
  }

  async #takeIn(rules: AlertRules): Promise<void> {
    const { head: headOf, signal } = this.#options;
    const [head, before] = [await headOf(), await this.#read()];
    if (head === undefined) return;
    // What was there before anybody wanted to be told, or of another history, is none of ours.
    if (before === undefined || before.chain !== head.chain)
      return this.#write({ ...(before ?? freshState(head.chain, head.number)), chain: head.chain, through: head.number });
    if (before.through === head.number) return;
    await this.#index.refresh(signal, () => this.#index.entries.some(({ number }) => number <= before.through));
    const fresh = this.#index.entries.filter(({ number }) => number > before.through && number <= head.number);
    const read = await this.#index.read(
      fresh.toSorted((a, b) => a.number - b.number),
      signal,
    );
    let state = before;
    for (const { record } of read) state = takeIn(state, record, this.#takeInOptions(rules));
    const kept = ofConfigured(state, rules.settings);
    await this.#recordDropped(state.messages.filter((message) => !kept.messages.includes(message)));
    // A line that is not sound says nothing, and is not waited for.
    await this.#write({ ...kept, through: head.number });
  }

  /** What nobody gets any more, since its receiver is gone or has another name. */
  async #recordDropped(messages: readonly WaitingMessage[]): Promise<void> {
    for (const receiver of new Set(messages.map((message) => message.receiver)))
      await this.#options.recordFailure(receiver, new CadanganError('alert.unknown', { receiver }));
  }

  #takeInOptions(rules: AlertRules): Parameters<typeof takeIn>[2] {
    const { settings, timeZone, titleOf } = rules;
    const { sentences } = this.#options;
    const section = (record: HistoryRecord, notice: Notice, receiver: AlertReceiver): Section =>
      inLocale(localeOf(receiver, rules), () => sectionOf(record, notice, { sentences, timeZone, titleOf }));
    const pingBody = ({ result, reason, number }: HistoryRecord): string =>
      [result, reason?.code, `record ${number}`].filter((part) => part !== undefined).join('\n');
    return { settings, nowMs: this.#nowMs, section, pingBody };
  }

  async #addSummaries(rules: AlertRules): Promise<void> {
    for (const receiver of rules.settings.receivers) {
      const state = this.#state;
      if (state === undefined) return;
      const { name } = receiver;
      const nowMs = this.#nowMs;
      const dueMs = weeklyDueMs(state, receiver, rules.timeZone, nowMs);
      // Who is new gets the first one when its time comes.
      if (dueMs > nowMs || dueMs === -Infinity) {
        if (dueMs === -Infinity) await this.#write({ ...state, weeklyMs: { ...state.weeklyMs, [name]: nowMs } });
        continue;
      }
      const sections = await inLocale(localeOf(receiver, rules), () => this.#weekly(receiver, dueMs));
      if (sections === undefined) return;
      const after = withMessage(this.#state ?? state, { receiver: name, kind: 'weekly', sections, notBeforeMs: dueMs });
      await this.#write({ ...after, weeklyMs: { ...after.weeklyMs, [name]: nowMs } });
    }
  }

  /** Where it cannot be made it says so: that it does not come would be noticed by nobody. Undefined where all ends. */
  async #weekly(receiver: AlertReceiver, dueMs: number): Promise<readonly Section[] | undefined> {
    const { weekly, recordFailure, sentences } = this.#options;
    const made = await settled(weekly(receiver, dueMs, this.#known.low));
    if (!('error' in made)) return made.value;
    const { error } = made;
    if (isAbort(error)) return undefined;
    await recordFailure(receiver.name, error);
    const why = error instanceof CadanganError ? sentences.reason({ code: error.code, facts: plainFacts(error) }) : undefined;
    const lines = [why?.what ?? messageOf(error)].map(sentences.safe);
    return [
      { title: l10n.t('The summary of the week cannot be made'), tone: 'bad', about: '', lines, ...(why?.next && { next: why.next }) },
    ];
  }

  /** To everybody at once, to each in order. */
  async #send(rules: AlertRules): Promise<void> {
    const { receivers, heartbeats } = rules.settings;
    await Promise.all([...receivers.map((receiver) => this.#sendTo(receiver, rules)), ...heartbeats.map(({ name }) => this.#pingTo(name))]);
  }

  async #sendTo(receiver: AlertReceiver, rules: AlertRules): Promise<void> {
    const { signal, send, recordFailure } = this.#options;
    const { name } = receiver;
    for (;;) {
      const waiting = this.#state?.messages.find((one) => one.receiver === name && this.#readyMs(one, rules) <= this.#nowMs);
      if (waiting === undefined || signal.aborted) return;
      const message = await this.#seal(waiting, rules);
      const sent = await settled(inLocale(localeOf(receiver, rules), () => send(message, receiver, signal)));
      if ('error' in sent) return this.#failed(name, name, sent.error, { isToldOf: receiver.by !== 'desktop' });
      await this.#succeeded(name, name, (state) => ({ ...state, messages: state.messages.filter(({ id }) => id !== message.id) }));
      if (sent.value !== undefined) await recordFailure(name, sent.value);
    }
  }

  /** From now on it may have arrived: it stays as it is, and keeps its id. */
  async #seal(waiting: WaitingMessage, { from }: AlertRules): Promise<Message> {
    const state = this.#known;
    const { kind, sections, left } = waiting;
    const id = waiting.id ?? idOf(state, waiting);
    if (waiting.id === undefined)
      await this.#write({ ...state, messages: state.messages.map((one) => (one === waiting ? { ...one, id } : one)) });
    return { id, kind, from, sections, left };
  }

  async #pingTo(heartbeat: string): Promise<void> {
    const { signal, ping } = this.#options;
    const key = pingKey(heartbeat);
    for (const waiting of this.#state?.pings.filter((one) => one.heartbeat === heartbeat) ?? []) {
      const without = (state: AlertState): AlertState => ({ ...state, pings: state.pings.filter((one) => !isSamePing(one, waiting)) });
      if (this.#nowMs - waiting.atMs > pingMsMax) await this.#write(without(this.#known));
      else if (this.#waitMs(key) > 0 || signal.aborted) return;
      else {
        // One that arrives after its end would say that the run hangs.
        await this.#starts.get(startKey(waiting));
        const sent = await settled(ping({ heartbeat, what: waiting.end, body: waiting.body }, signal));
        if ('error' in sent) return this.#failed(key, heartbeat, sent.error);
        await this.#succeeded(key, heartbeat, without);
      }
    }
  }

  async #succeeded(key: string, name: string, change: (state: AlertState) => AlertState): Promise<void> {
    this.#againMs.delete(key);
    const before = change(this.#known);
    const { [key]: over, ...others } = before.failing;
    // The next outage is news again. Where only a part was refused it is not over: two such receivers would tell each other without end.
    const state = over === undefined ? before : withEnd(before, alertTopic(name));
    await this.#write({ ...state, failing: others, sentMs: { ...state.sentMs, [key]: this.#nowMs } });
    this.#options.onChange();
  }

  /** A row of failures is one record; what is tried again is tried later and later. Where nobody sits, that is no failure. */
  async #failed(key: string, name: string, error: unknown, { isToldOf = true } = {}): Promise<void> {
    if (isAbort(error)) return;
    const why =
      error instanceof CadanganError ? error : new CadanganError('alert.unreachable', { receiver: name, reason: messageOf(error) });
    const before = this.#known.failing[key];
    const tries = (before?.tries ?? 0) + 1;
    const waitMs = isToldOf ? Math.min(againMsMax, againMsMin * 2 ** Math.min(tries - 1, 10)) : nobodyAgainMs;
    this.#againMs.set(key, this.#options.clock.monotonicMs() + waitMs);
    if (!isToldOf) return;
    // First the record: a crash in between makes it twice, and not never.
    if (before === undefined) await this.#options.recordFailure(name, why);
    const failing: Failing = { sinceMs: before?.sinceMs ?? this.#nowMs, tries, code: why.code, facts: plainFacts(why) };
    const state = this.#known;
    await this.#write({ ...state, failing: { ...state.failing, [key]: failing } });
    this.#options.onChange();
  }

  #readyMs({ receiver, notBeforeMs }: WaitingMessage, { settings, timeZone }: AlertRules): number {
    const known = settings.receivers.find(({ name }) => name === receiver);
    if (known === undefined) return Infinity;
    // Who waits for a time that is far away waits by a clock that was put back.
    const nowMs = this.#nowMs;
    const settledMs = notBeforeMs > nowMs + settleMs ? nowMs : notBeforeMs;
    const ms = Math.max(settledMs, nowMs + this.#waitMs(receiver));
    return afterQuietMs(known, ms, timeZone);
  }

  #waitMs(key: string): number {
    return Math.max(0, (this.#againMs.get(key) ?? -Infinity) - this.#options.clock.monotonicMs());
  }

  async #read(): Promise<AlertState | undefined> {
    return (this.#state ??= await this.#options.store.read());
  }

  get #known(): AlertState {
    if (this.#state === undefined) throw new Error('nothing was read yet');
    return this.#state;
  }

  /** What follows from it is done when it is on the disk. Where it cannot be written, what is there counts. */
  async #write(state: AlertState): Promise<void> {
    this.#state = state;
    const written = this.#writing.then(() => this.#options.store.write(state));
    this.#writing = written.catch(() => (this.#state = undefined)).then(() => undefined);
    await written;
  }

  get #nowMs(): number {
    return Number(this.#options.clock.nowNs() / 1_000_000n);
  }
}

/** Under which a heartbeat stands beside the receivers. */
export function pingKey(heartbeat: string): string {
  return `heartbeat ${heartbeat}`; // no name has a blank
}

/** Nobody was told of it, from now on. */
function withEnd(state: AlertState, topic: string): AlertState {
  const without = ({ [topic]: _over, ...others }: AlertState['told'][string]): AlertState['told'][string] => others;
  return { ...state, told: Object.fromEntries(Object.entries(state.told).map(([receiver, told]) => [receiver, without(told)])) };
}

function startKey({ heartbeat, set }: Pick<WaitingPing, 'heartbeat' | 'set'>): string {
  return `${heartbeat} ${set}`; // no name has a blank
}

function isSamePing(one: WaitingPing, other: WaitingPing): boolean {
  return one.heartbeat === other.heartbeat && one.set === other.set && one.atMs === other.atMs;
}

/**
 * The last time that has come since the summary before, else the next to come. -Infinity for who is new, or had one by a clock that was put
 * back since: the next one comes when its time does.
 */
function weeklyDueMs({ weeklyMs }: AlertState, receiver: AlertReceiver, timeZone: string, nowMs: number): number {
  const time = weeklyTimeOf(receiver);
  const lastMs = weeklyMs[receiver.name];
  if (time === undefined) return Infinity;
  // A clock that is put right by some hours must not make the same summary a second time.
  if (lastMs === undefined || lastMs > nowMs + dayMs) return -Infinity;
  let dueMs = nextTimeMs(time, Math.max(lastMs, nowMs - 8 * dayMs), timeZone);
  for (let ms = dueMs; ms <= nowMs; ms = nextTimeMs(time, ms, timeZone)) dueMs = ms;
  return dueMs;
}

/** Of who is configured no more nothing is kept. */
function ofConfigured(state: AlertState, { receivers, heartbeats }: AlertSettings): AlertState {
  const names = new Set([...receivers.map(({ name }) => name), ...heartbeats.map(({ name }) => pingKey(name))]);
  const known = <Value>(values: Readonly<Record<string, Value>>): Record<string, Value> =>
    Object.fromEntries(Object.entries(values).filter(([name]) => names.has(name)));
  return {
    ...state,
    told: known(state.told),
    failing: known(state.failing),
    sentMs: known(state.sentMs),
    weeklyMs: known(state.weeklyMs),
    messages: state.messages.filter(({ receiver }) => names.has(receiver)),
    pings: state.pings.filter(({ heartbeat }) => names.has(pingKey(heartbeat))),
  };
}

/** The same for what tells the same, also when it is made again after a crash. */
function idOf({ chain }: AlertState, { receiver, kind, sections, notBeforeMs }: WaitingMessage): string {
  const about = kind === 'alert' ? sections.map(({ record }) => record) : notBeforeMs;
  return createHash('sha256')
    .update(JSON.stringify([chain, receiver, kind, about]))
    .digest('hex')
    .slice(0, 32);
}

function localeOf({ language }: AlertReceiver, rules: AlertRules): { readonly language: Language; readonly timeZone: string } {
  return { language: language ?? rules.language, timeZone: rules.timeZone };
}

async function settled<T>(work: Promise<T>): Promise<{ readonly value: T } | { readonly error: unknown }> {
  try {
    return { value: await work };
  } catch (error) {
    return { error };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function plainFacts({ facts }: CadanganError): Failing['facts'] {
  return Object.fromEntries(
    Object.entries(facts).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, typeof value === 'bigint' ? String(value) : typeof value === 'object' ? [...value] : value]],
    ),
  );
}
