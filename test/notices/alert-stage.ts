import { CadanganError, type Language } from '../../src/platform/index.ts';
import { formSentences } from '../../src/jobs/index.ts';
import { Alerts, type AlertRules, type AlertState, type AlertStore, type Message, type PingCall } from '../../src/notices/index.ts';
import { RecordHistory, type HistoryRecord, type RecordContent } from '../../src/records/index.ts';
import { parseConfiguration, type AlertSettings } from '../../src/settings/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { VirtualClock } from '../fakes/virtual-clock.ts';

/** As the file has them. Whoever writes something wrong into a test is told. */
export function alertSettings(alerts: Readonly<Record<string, unknown>>): AlertSettings {
  const { configuration, problems } = parseConfiguration(JSON.stringify({ version: 1, alerts }));
  if (configuration.alerts === undefined || problems.length > 0) throw new Error(JSON.stringify(problems));
  return configuration.alerts;
}

/** Receivers without places: where a test is the way itself. */
export const byDesktop = (name: string, more: Readonly<Record<string, unknown>> = {}) => ({ name, by: 'desktop', ...more });

export const sentences = {
  reason: (reason: NonNullable<HistoryRecord['reason']>) => ({ what: formSentences.reason(reason) }),
  exception: formSentences.exception,
  safe: (text: string) => text,
};

/** What a machine's death leaves: the state as it was written last. */
export class MemoryStore implements AlertStore {
  text: string | undefined;
  writes = 0;
  /** Dies at this write: before it takes effect, or after. */
  dies: { readonly at: number; readonly when: 'before' | 'after' } | undefined;
  isDead = false;

  async read(): Promise<AlertState | undefined> {
    return this.text === undefined ? undefined : (JSON.parse(this.text) as AlertState);
  }

  async write(state: AlertState): Promise<void> {
    this.#look('before');
    if (this.isDead) throw new Died();
    this.text = JSON.stringify(state);
    this.#look('after');
    this.writes += 1;
  }

  #look(when: 'before' | 'after'): void {
    if (this.dies?.at === this.writes && this.dies.when === when) this.isDead = true;
    if (this.isDead) throw new Died();
  }
}

export class Died extends Error {}

export interface Sent {
  readonly receiver: string;
  readonly message: Message;
}

/** A machine whose records are read, on a clock that the test moves; and everybody who is told. */
export class AlertStage {
  readonly clock = new VirtualClock({ startNs: BigInt(Date.UTC(2026, 10, 23, 13)) * 1_000_000n }); // Monday, 20:00 in Jakarta
  readonly store = new MemoryStore();
  readonly history: RecordHistory;
  readonly sent: Sent[] = [];
  readonly pings: PingCall[] = [];
  readonly failures: { readonly name: string; readonly code: string }[] = [];
  settings: AlertSettings;
  language: Language = 'en';
  deaths = 0;
  /** Receivers that cannot be reached. */
  down: ReadonlySet<string> = new Set();
  /** What a beginning waits for until it has arrived. */
  starting: Promise<void> | undefined;
  /** Dies between the sending of this message and the note of it. */
  diesAfterSending: number | undefined;
  weekly: (receiver: string, dueMs: number) => Message['sections'] = () => [];
  readonly #stateFolder: string;
  #alerts: Alerts;

  constructor(stateFolder: string, alerts: Readonly<Record<string, unknown>>) {
    this.#stateFolder = stateFolder;
    this.settings = alertSettings(alerts);
    this.history = new RecordHistory(stateFolder, { clock: this.clock, random: new SeededRandom(1), software: 'test', machine: 'srv-01' });
    this.#alerts = this.#begin();
  }

  /** The next process. */
  restart(): void {
    this.deaths += this.store.isDead ? 1 : 0;
    this.store.isDead = false;
    this.store.dies = undefined;
    this.#alerts = this.#begin();
  }

  get alerts(): Alerts {
    return this.#alerts;
  }

  #begin(): Alerts {
    const rules = (): AlertRules => ({
      settings: this.settings,
      language: this.language,
      timeZone: 'Asia/Jakarta',
      titleOf: (set) => set,
      from: 'srv-01',
    });
    return new Alerts({
      clock: this.clock,
      stateFolder: this.#stateFolder,
      store: this.store,
      rules,
      head: () => this.history.head(),
      sentences,
      send: async (message, { name }) => {
        if (this.store.isDead) throw new Died();
        if (this.down.has(name)) throw new CadanganError('alert.unreachable', { receiver: name, reason: 'ENETUNREACH' });
        this.sent.push({ receiver: name, message });
        if (this.diesAfterSending === this.sent.length) this.store.isDead = true;
        return undefined;
      },
      ping: async (ping) => {
        if (ping.what === 'start') await this.starting;
        if (this.down.has(ping.heartbeat))
          throw new CadanganError('alert.unreachable', { receiver: ping.heartbeat, reason: 'ENETUNREACH' });
        this.pings.push(ping);
      },
      weekly: async ({ name }, dueMs) => this.weekly(name, dueMs),
      recordFailure: async (name, error) => {
        if (!(error instanceof CadanganError)) throw error;
        const { code } = error;
        this.failures.push({ name, code });
        await this.append({ kind: 'alert-failed', result: 'failed', reason: { code, facts: {} }, evidence: { receiver: name } });
      },
      signal: new AbortController().signal,
      onChange: () => undefined,
    });
  }

  append(content: Partial<RecordContent> & Pick<RecordContent, 'kind'>): Promise<HistoryRecord> {
    return this.history.append({ host: 'srv-01', operator: { user: 'backup', via: 'schedule' }, software: 'test', ...content });
  }

  /** The backup of a night, ended now. */
  backup(set: string, result: NonNullable<RecordContent['result']>, more: Partial<RecordContent> = {}): Promise<HistoryRecord> {
    const ended = new Date(Number(this.clock.nowNs() / 1_000_000n)).toISOString();
    const reason = result === 'failed' ? { reason: { code: 'storage.unreachable', facts: { location: '/mnt/backup' } } } : {};
    return this.append({ kind: 'internal-backup', set, result, started: ended, ended, trigger: 'schedule', ...reason, ...more });
  }

  /** Time goes on, as the loop of tasks lives it. */
  async live(ms: number, stepMs = 30_000): Promise<void> {
    await this.look();
    for (let lived = 0; lived < ms; lived += stepMs) {
      await this.clock.advance(Math.min(stepMs, ms - lived));
      await this.look();
    }
  }

  async look(): Promise<void> {
    for (let turn = 0; turn < 10; turn += 1) {
      const { atMs, run } = await this.#alerts.look();
      if (run === undefined || atMs > Number(this.clock.nowNs() / 1_000_000n)) return;
      await run();
    }
  }

  /** What a receiver was told, one line for each section. */
  toldTo(receiver: string): string[] {
    return this.sent.filter((one) => one.receiver === receiver).flatMap(({ message }) => message.sections.map(({ title }) => title));
  }
}
