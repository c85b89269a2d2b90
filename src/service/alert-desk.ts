import { hostname } from 'node:os';
import {
  describeException,
  placeOf,
  reasonMessage,
  recordOfFailedAlert,
  recordOfSpace,
  safeText,
  type ProgramVet,
  type RecordKeeper,
} from '../jobs/index.ts';
import {
  CadanganError,
  currentLanguage,
  inLocale,
  isRemote,
  l10n,
  parseSizeText,
  randomId,
  systemTimeZone,
  type Clock,
  type Environment,
  type Random,
} from '../platform/index.ts';
import {
  AlertFile,
  Alerts,
  freeBytesAt,
  pingKey,
  sendMessage,
  sendPing,
  spaceChanges,
  weeklySections,
  type AlertRules,
  type AlertState,
  type Message,
  type PingCall,
  type Section,
  type SendWorld,
  type WatchedPlace,
} from '../notices/index.ts';
import { allOf } from '../records/index.ts';
import type { Due, Task, TaskLoop } from '../schedule/index.ts';
import type { AlertReceiver, Configuration } from '../settings/index.ts';
import { errorDataOf } from './error-data.ts';
import { plannedWindowsOf } from './planned-windows.ts';
import type { AlertsInfo, AlertTest } from './protocol.ts';
import { unattendedPassword } from './unattended-password.ts';

export interface AlertDeskOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly environment: Environment;
  readonly vetProgram?: ProgramVet | undefined;
  readonly stateFolder: string;
  readonly keeper: RecordKeeper;
  /** As it is in force at this moment. */
  readonly configuration: () => Configuration;
  /** Shows it to whoever sits at a window. */
  readonly show: SendWorld['desktop'];
  /** Of a repository in a folder. @throws whatever keeps it from being known */
  readonly freeBytes: (location: string, signal: AbortSignal) => Promise<number>;
  readonly scrub: (text: string) => string;
  readonly signal: AbortSignal;
  readonly onChange: () => void;
}

const spaceEveryMs = 30 * 60_000;

/** Who is told of trouble, of this process. */
export class AlertDesk {
  readonly #options: AlertDeskOptions;
  readonly #alerts: Alerts;
  readonly #world: SendWorld;
  #hasBegun = false;

  constructor(options: AlertDeskOptions) {
    this.#options = options;
    const { clock, stateFolder, random, keeper, environment, vetProgram, show, signal, onChange } = options;
    this.#world = { clock, secret: (way, ending) => unattendedPassword(way, environment, ending, vetProgram), desktop: show };
    this.#alerts = new Alerts({
      clock,
      stateFolder,
      store: new AlertFile(stateFolder, random),
      rules: () => this.#rules,
      head: () => keeper.history.head(),
      sentences: {
        reason: reasonMessage,
        exception: ({ kind, reason }) => describeException(kind, reason),
        safe: safeText,
      },
      send: (message, receiver, ending) => this.#send(message, receiver, ending),
      ping: (ping, ending) => this.#ping(ping, ending),
      weekly: (receiver, dueMs, low) => this.#weekly(receiver, dueMs, low),
      recordFailure: (name, error) => keeper.write((about) => recordOfFailedAlert(name, error, { ...about, via: 'schedule' })),
      signal,
      onChange,
    });
  }

  /** What a host does by itself: it tells, and it looks at the disks. */
  begin(tasks: TaskLoop): void {
    this.#hasBegun = true;
    tasks.add(this.#alerts);
    tasks.add(new SpaceWatch(this.#options, () => this.#alerts.state?.low));
  }

  /** A record was written here: it need not wait until somebody looks. */
  recorded(tasks: TaskLoop): void {
    tasks.wake(this.#alerts);
  }

  /** Something is about to be sent. Whoever is there for one command sends nothing. */
  get isPending(): boolean {
    return this.#hasBegun && this.#alerts.isPending;
  }

  /** The configuration is another one. */
  configurationChanged(): void {
    this.#alerts.configurationChanged();
  }

  /** Never rejects. Whoever is there for one command tells no end, so no beginning either: that would read as a run that hangs. */
  async runBegins(set: string): Promise<void> {
    if (this.#hasBegun) await this.#alerts.runBegins(set, `${hostname()}\n${set}`);
  }

  /** Names of those who cannot be told. */
  get failing(): readonly string[] {
    return Object.keys(this.#alerts.state?.failing ?? {});
  }

  async info(): Promise<AlertsInfo> {
    return alertsInfoOf(this.#options.configuration(), await this.#alerts.load());
  }

  /** Sends each of them a test, at once and also in a quiet time. @throws `alert.unknown` */
  async test(to: string | undefined, signal: AbortSignal): Promise<readonly AlertTest[]> {
    const { receivers = [] } = this.#options.configuration().alerts ?? {};
    const wanted = receivers.filter(({ name }) => to === undefined || name === to);
    if (to !== undefined && wanted.length === 0) throw new CadanganError('alert.unknown', { receiver: to });
    const results = await Promise.all(wanted.map((receiver) => this.#testOne(receiver, signal)));
    // Who can be reached now gets what waits, without waiting for its time.
    if (results.some(({ error }) => error === undefined)) this.#alerts.configurationChanged();
    return results;
  }

  async #testOne(receiver: AlertReceiver, signal: AbortSignal): Promise<AlertTest> {
    const { random, scrub } = this.#options;
    const { name, by } = receiver;
    try {
      const refused = await inLocale(this.#localeOf(receiver), () =>
        this.#send({ id: randomId(random), kind: 'test', from: hostname(), sections: [testSection()], left: 0 }, receiver, signal),
      );
      return { name, by, ...(refused && { error: errorDataOf(refused, scrub) }) };
    } catch (error) {
      return { name, by, error: errorDataOf(error, scrub) };
    }
  }

  get #rules(): AlertRules | undefined {
    const { alerts, sets, language, timeZone } = this.#options.configuration();
    if (alerts === undefined) return undefined;
    const titles = new Map(sets.map(({ name, title = name }) => [name, title]));
    return {
      settings: alerts,
      language: language === 'auto' ? currentLanguage() : language,
      timeZone: timeZone ?? systemTimeZone(),
      titleOf: (set) => titles.get(set) ?? set,
      from: hostname(),
    };
  }

  #localeOf({ language }: AlertReceiver): { readonly language: AlertRules['language']; readonly timeZone: string | undefined } {
    const rules = this.#rules;
    return { language: language ?? rules?.language ?? currentLanguage(), timeZone: rules?.timeZone };
  }

  async #send(message: Message, receiver: AlertReceiver, signal: AbortSignal): Promise<CadanganError | undefined> {
    const { alerts } = this.#options.configuration();
    if (alerts === undefined) throw new CadanganError('alert.unknown', { receiver: receiver.name });
    return sendMessage(message, receiver, alerts, this.#world, signal);
  }

  async #ping({ heartbeat: name, what, body }: PingCall, signal: AbortSignal): Promise<void> {
    const { alerts } = this.#options.configuration();
    const heartbeat = alerts?.heartbeats.find((one) => one.name === name);
    if (alerts === undefined || heartbeat === undefined) throw new CadanganError('alert.unknown', { receiver: name });
    await sendPing(heartbeat, { what, body }, alerts, this.#world, signal);
  }

  async #weekly({ sets: wanted }: AlertReceiver, dueMs: number, low: readonly string[]): Promise<readonly Section[]> {
    const { keeper, configuration, signal } = this.#options;
    const records = await allOf(keeper.history.records(signal));
    const settings = configuration();
    const watched = new Set(watchedPlaces(this.#options).map(({ location }) => location));
    const isWanted = (set: string): boolean => wanted === undefined || wanted.includes(set);
    return weeklySections({
      records,
      dueMs,
      timeZone: settings.timeZone ?? systemTimeZone(),
      sets: settings.sets.filter(({ name }) => isWanted(name)).map(({ name, title = name }) => ({ name, title })),
      planned: plannedWindowsOf(settings, records, dueMs).filter(({ set }) => isWanted(set)),
      instruction: settings.instruction,
      low: low.filter((location) => watched.has(location)),
    });
  }
}

/** Who is told, what waits, and who cannot be told. Pure. @param state undefined before anything was told */
export function alertsInfoOf({ alerts }: Pick<Configuration, 'alerts'>, state: AlertState | undefined): AlertsInfo {
  const { receivers = [], heartbeats = [] } = alerts ?? {};
  const told = (name: string, key: string, waiting: number): AlertsInfo['heartbeats'][number] => {
    const [sentMs, failing] = [state?.sentMs[key], state?.failing[key]];
    return {
      name,
      waiting,
      ...(sentMs !== undefined && { sentAt: new Date(sentMs).toISOString() }),
      ...(failing && {
        failing: {
          since: new Date(failing.sinceMs).toISOString(),
          tries: failing.tries,
          error: { code: failing.code, facts: failing.facts, message: failing.code },
        },
      }),
    };
  };
  const { messages = [], pings = [] } = state ?? {};
  return {
    receivers: receivers.map(({ name, by }) => ({ ...told(name, name, messages.filter(({ receiver }) => receiver === name).length), by })),
    heartbeats: heartbeats.map(({ name }) => told(name, pingKey(name), pings.filter(({ heartbeat }) => heartbeat === name).length)),
  };
}

function testSection(): Section {
  return {
    title: l10n.t('This is a test'),
    tone: 'good',
    about: '',
    lines: [l10n.t('Cadangan on {machine} can reach you in this way.', { machine: hostname() })],
  };
}

/** Looks at the disks now and then, and records what went below the limit, or came above it. */
class SpaceWatch implements Task {
  readonly #options: AlertDeskOptions;
  readonly #recorded: () => readonly string[] | undefined;
  /** Places that have too little: as the records have it at first, from then on as they are recorded here. */
  #low: readonly string[] | undefined;
  #lookedMs = -Infinity;

  /** @param recorded places that have too little as the records have it; undefined before that is known */
  constructor(options: AlertDeskOptions, recorded: () => readonly string[] | undefined) {
    this.#options = options;
    this.#recorded = recorded;
  }

  async look(): Promise<Due> {
    const { clock, configuration } = this.#options;
    if (configuration().alerts === undefined || (this.#low ??= this.#recorded()) === undefined) return { atMs: Infinity };
    const waitMs = Math.max(0, this.#lookedMs + spaceEveryMs - clock.monotonicMs());
    return { atMs: Number(clock.nowNs() / 1_000_000n) + waitMs, run: () => this.#run() };
  }

  async #run(): Promise<void> {
    const { clock, configuration, keeper } = this.#options;
    const { alerts } = configuration();
    this.#lookedMs = clock.monotonicMs();
    if (alerts === undefined) return;
    const limitBytes = parseSizeText(alerts.freeSpaceMin) ?? 0;
    for (const change of await spaceChanges(watchedPlaces(this.#options), limitBytes, this.#low ?? [])) {
      const written = await keeper.write((about) => recordOfSpace(change, limitBytes, { ...about, via: 'schedule' }));
      if (written === undefined) continue; // nobody was told: at the next look it is still news
      const others = (this.#low ?? []).filter((location) => location !== change.location);
      this.#low = change.isLow ? [...others, change.location] : others;
    }
  }
}

/** The disks of what is configured at this moment. */
function watchedPlaces({ configuration, stateFolder, freeBytes, signal }: AlertDeskOptions): WatchedPlace[] {
  const locations = configuration().sets.map(({ repository }) => repository.location);
  // By what records call them; only of a folder one learns how full its disk is.
  const repositories = new Map(
    locations.flatMap((location) => (isRemote(location) ? [] : [[placeOf(location).location ?? location, location]])),
  );
  return [
    { location: stateFolder, freeBytes: () => freeBytesAt(stateFolder) },
    ...[...repositories].map(([label, location]) => ({
      location: label,
      freeBytes: (late: AbortSignal) => freeBytes(location, AbortSignal.any([signal, late])),
    })),
  ];
}
