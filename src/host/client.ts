import { ErrorCodes, ResponseError } from 'vscode-jsonrpc';
import { CadanganError, isCode, orAborted, randomId, systemClock, systemRandom, type Clock, type Random } from '../platform/index.ts';
import { errorDataOf, protocol, type ErrorData, type Notification, type Procedure } from '../service/index.ts';
import { Channel, type RequestOptions } from './channel.ts';
import { HostError } from './host-error.ts';
import { olderService, type OlderService } from './older-service.ts';
import { proveUser } from './proven-user.ts';
import { forgetStarts } from './start-count.ts';
import { compareVersions } from './versions.ts';
import { lookForHost, type HostPlace, type Visit } from './visit-host.ts';

export interface HostClientOptions {
  /** Asked at each connecting. */
  readonly place: () => HostPlace;
  /** Starts a host where there is none, or is it. Of several that are started at once, one stays. */
  readonly startHost: () => Promise<void>;
  readonly language: () => 'en' | 'id';
  /** What this client is, for the records. Default: the editor. */
  readonly via?: protocol.InitializeParams['via'];
  /** The host needs a password for what this client asked; undefined: nobody can say. */
  readonly password: (params: protocol.PasswordParams, signal: AbortSignal) => Promise<protocol.PasswordAnswer>;
  /** It met a server that it does not know. Without it such a one is refused. */
  readonly confirmHost?: ((params: protocol.UnknownHostParams, signal: AbortSignal) => Promise<boolean>) | undefined;
  /** Shows a page to a person. @returns false when no browser could be opened */
  readonly openExternal?: (url: string) => Promise<boolean>;
  /** Shows an alert to whoever sits here, and says whether it does. */
  readonly showAlert?: ((alert: { readonly title: string; readonly text: string }) => boolean) | undefined;
  /** Connected; after a loss anew: whatever was shown is to be read again. */
  readonly onReady?: (result: protocol.InitializeResult) => void;
  readonly onLog?: (line: protocol.LogLine) => void;
  /** The service that serves us is of an older version. Said once. */
  readonly onOlderService?: (service: OlderService) => void;
  /** What else it tells unasked. */
  readonly listeners?: readonly Listener[];
  /**
   * It went and nobody had asked it to, or may not be started for now. It is tried again after `restartMs`; after many losses (undefined)
   * no more.
   */
  readonly onLost?: (lost: { readonly error: ErrorData; readonly restartMs: number | undefined }) => void;
  /** For whom it asks, where that is somebody else: a host does. */
  readonly user?: string | undefined;
  /** Whether it connects again by itself when the host went. Default: yes. */
  readonly reconnects?: boolean;
  readonly clock?: Clock;
  readonly random?: Random;
}

export interface ClientRequestOptions extends RequestOptions {
  /** Of a run: its id, for who wants to ask for it later (`runOfId`). Default: one that nobody knows. */
  readonly run?: string | undefined;
}

/** Listens to one kind of notification. */
export type Listener = (channel: Channel) => void;

export function listener<Params>(notification: Notification<Params>, hear: (params: Params) => void): Listener {
  return (channel) => channel.hear(notification, hear);
}

interface Connected {
  readonly channel: Channel;
  readonly visit: Visit;
  readonly introduction: protocol.InitializeResult;
  /** Aborted as soon as the host is gone; the reason says it. */
  readonly lost: AbortSignal;
}

const restartDelaysMs = [500, 2_000, 5_000, 15_000, 60_000] as const;
/** A host that lived so long had no trouble with its start. */
const healthyMs = 60_000;
/** A host needs a tenth of a second to start; a machine that has much to do needs longer. */
const startMsMax = 30_000;
const lookMs = 50;
/** A program of the older version may start one of its own meanwhile; what comes back after that is what is started here. */
const replacementsMax = 3;

/** A client of the host of its state folder. It connects with the first request, and again when the host went away. */
export class HostClient {
  readonly #options: HostClientOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #ending = new AbortController();
  #connecting: Promise<Connected> | undefined;
  #pid: number | undefined;
  #hasToldOfOlder = false;
  #lossesInARow = 0;
  #pause: Promise<void> = Promise.resolve();
  /** Until a host that crashed again and again may be started. */
  #isWaiting = false;

  constructor(options: HostClientOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
  }

  /** The process id of the host that it is connected to, for logs. */
  get pid(): number | undefined {
    return this.#pid;
  }

  /** Connects, if need be to a host that it starts. @throws HostError */
  async start(): Promise<protocol.InitializeResult> {
    return (await this.#connected()).introduction;
  }

  /** @throws HostError with the host's code and facts, `host.lost` when it went away, `aborted` when the signal did it */
  async request<Params, Result>(
    procedure: Procedure<Params, Result>,
    params: NoInfer<Params>,
    { run, ...options }: ClientRequestOptions = {},
  ): Promise<Result> {
    if (options.signal?.aborted) throw abortedError();
    const sent = procedure.kind === 'run' ? { ...params, run: run ?? randomId(this.#random) } : params;
    const { channel, lost } = await this.#connected();
    try {
      // No race against a promise that lasts as long as the connection: that would hold whatever was ever answered.
      return await orAborted(channel.request(procedure, sent, options), lost);
    } catch (error) {
      throw hostErrorOf(error);
    }
  }

  /** Lets go of the host, which goes on. Requests that wait fail. */
  async close(): Promise<void> {
    this.#ending.abort(new CadanganError('aborted'));
    const connected = await this.#connecting?.catch(() => undefined);
    connected?.visit.close();
  }

  /** Asks the host to end at its next safe point, and waits until it has gone. One that crashed again and again may be tried anew. */
  async leave(): Promise<void> {
    const { stateFolder, door } = this.#options.place();
    if (door === undefined) await forgetStarts(stateFolder);
    const { channel, visit } = await this.#connected();
    const leaves = await channel.request(protocol.leave, undefined).catch((error: unknown) => {
      if (!isOfTransport(error)) throw hostErrorOf(error);
      return true; // it may go before its answer arrives
    });
    if (!leaves) throw lostError('it is of a newer version and does not leave');
    await visit.closed;
  }

  async #connected(): Promise<Connected> {
    await this.#pause;
    if (this.#ending.signal.aborted) throw lostError('this client was closed');
    this.#connecting ??= this.#connect();
    return this.#connecting;
  }

  async #connect(): Promise<Connected> {
    const { language, via = 'editor', user } = this.#options;
    const startedMs = this.#clock.monotonicMs();
    let visit: Visit | undefined;
    let isOver = false;
    let isLeaving = false;
    const end = (reason: string, livedMs: number): void => {
      if (!isOver) this.#noteLoss(isLeaving ? undefined : reason, livedMs);
      isOver = true;
    };
    try {
      visit = await this.#findHost();
      const channel = new Channel(visit.connection);
      this.#listen(channel);
      channel.hear(protocol.leaving, () => (isLeaving = true));
      visit.connection.onError(([error]) => this.#options.onLog?.({ level: 'error', message: error.message }));
      const lost = new AbortController();
      const { connection } = visit;
      void visit.closed.then(() => {
        end('the connection closed', this.#clock.monotonicMs() - startedMs);
        lost.abort(lostError());
        connection.dispose(); // after those who wait for something were told why
      });
      visit.connection.listen();
      const introduction = await orAborted(
        channel.request(protocol.initialize, { language: language(), via, ...(user !== undefined && { user }) }),
        lost.signal,
      );
      this.#pid = introduction.pid;
      this.#tellOfOlder(visit.host);
      this.#options.onReady?.(introduction);
      return { channel, visit, introduction, lost: lost.signal };
    } catch (error) {
      if (isCode(error, 'host.crash-loop')) this.#waitOut(error);
      else end(String(error), 0);
      visit?.close(); // a host that does not speak with us would wait for us
      throw hostErrorOf(error);
    }
  }

  /**
   * Where there is none, one is started; of several that are started at once, one stays.
   * @throws `host.outdated` when it is an older one again and again
   */
  async #findHost(): Promise<Visit> {
    const { place, startHost } = this.#options;
    let startMs = this.#clock.monotonicMs();
    let replacements = 0;
    for (let hasStarted = false; ;) {
      const found = await lookForHost(place());
      if (found === undefined) {
        if (!hasStarted) await startHost();
        hasStarted = true;
      } else if (found !== 'ending') {
        if (found.host.isService || compareVersions(found.host.version, place().version) >= 0) return found;
        if (++replacements > replacementsMax) throw outdated(found, place().version);
        await replaced(found, this.#ending.signal);
        startMs = this.#clock.monotonicMs();
        hasStarted = false;
      }
      if (this.#clock.monotonicMs() - startMs > startMsMax)
        throw lostError('it does not start; host.log and host.out in the state folder say why');
      await this.#clock.sleep(lookMs, this.#ending.signal);
    }
  }

  #tellOfOlder(host: Visit['host']): void {
    const older = olderService(host, this.#options.place());
    if (older === undefined || this.#hasToldOfOlder) return;
    this.#hasToldOfOlder = true;
    this.#options.onOlderService?.(older);
  }

  #listen(channel: Channel): void {
    const { place, password, confirmHost, openExternal, showAlert, onLog, listeners = [] } = this.#options;
    channel.answer(protocol.proveUser, (params) => proveUser(place().door ?? place().stateFolder, params));
    channel.answer(protocol.password, (params, { signal }) => password(params, signal));
    channel.answer(protocol.confirmHost, async (params, { signal }) => (await confirmHost?.(params, signal)) ?? false);
    channel.answer(protocol.openExternal, async ({ url }) => (await openExternal?.(url)) ?? false);
    channel.answer(protocol.showAlert, async (alert) => showAlert?.(alert) ?? false);
    channel.hear(protocol.log, (line) => onLog?.(line));
    for (const listen of listeners) listen(channel);
  }

  /** @param reason undefined: it has said that it leaves */
  #noteLoss(reason: string | undefined, livedMs: number): void {
    this.#connecting = undefined;
    this.#pid = undefined;
    if (this.#ending.signal.aborted) return;
    this.#lossesInARow = livedMs > healthyMs || reason === undefined ? 0 : this.#lossesInARow + 1;
    if (this.#options.reconnects === false) return this.#options.onLost?.({ error: lostError(reason).data, restartMs: undefined });
    const restartMs = restartDelaysMs[Math.max(0, this.#lossesInARow - 1)];
    // One that never comes up is tried again when somebody asks for something.
    this.#pause = this.#clock.sleep(restartMs ?? restartDelaysMs[0], this.#ending.signal).catch(() => undefined);
    if (restartMs !== undefined) this.#pause.then(() => this.start()).catch(() => undefined);
    if (reason !== undefined) this.#options.onLost?.({ error: { code: 'host.lost', facts: {}, message: reason }, restartMs });
  }

  /** Whoever asks for something meanwhile is told at once. */
  #waitOut(loop: CadanganError): void {
    this.#connecting = undefined;
    if (this.#ending.signal.aborted || this.#isWaiting) return;
    this.#isWaiting = true;
    const restartMs = Number(loop.facts['waitMs']);
    this.#clock
      .sleep(restartMs, this.#ending.signal)
      .finally(() => (this.#isWaiting = false))
      .then(() => this.start())
      .catch(() => undefined); // told by `onLost`
    this.#options.onLost?.({ error: errorDataOf(loop, (text) => text), restartMs });
  }
}

function outdated({ connection, close, host: { version } }: Visit, wanted: string): CadanganError {
  close();
  connection.dispose();
  return new CadanganError('host.outdated', { version, wanted });
}

/**
 * Waits until a host of an older version has ended what it does, and left. @throws `host.unreachable` when it stays, `aborted` when nobody
 * waits any more
 */
async function replaced({ connection, closed, close }: Visit, signal: AbortSignal): Promise<void> {
  connection.listen();
  try {
    const asked = new Channel(connection).request(protocol.leave, undefined).catch(isOfTransport);
    const leaves = await orAborted(Promise.race([asked, closed.then(() => true)]), signal); // it may go before its answer
    if (!leaves) throw new CadanganError('host.unreachable', { reason: 'it is of an older version and does not leave' });
    await orAborted(closed, signal);
  } finally {
    close();
    connection.dispose();
  }
}

/**
 * What the library says when the channel breaks: messages that cannot be written or read, answers that will not come, a connection that is
 * closed.
 */
const transportErrors: ReadonlySet<number> = new Set([
  ErrorCodes.MessageWriteError,
  ErrorCodes.MessageReadError,
  ErrorCodes.PendingResponseRejected,
  ErrorCodes.ConnectionInactive,
]);

/** The connection broke, or was closed. Otherwise a host answered. */
function isOfTransport(error: unknown): boolean {
  return !(error instanceof ResponseError) || transportErrors.has(error.code);
}

/** Whatever came of a request, as the error that clients know. */
export function hostErrorOf(error: unknown): unknown {
  if (error instanceof HostError) return error;
  if (isCode(error, 'aborted') && error.cause instanceof HostError) return error.cause; // it was lost meanwhile
  if (error instanceof CadanganError && !isCode(error, 'aborted'))
    return new HostError(
      errorDataOf(error, (text) => text),
      { cause: error },
    );
  if (!(error instanceof ResponseError)) return lostError(error instanceof Error ? error.message : String(error));
  if (transportErrors.has(error.code)) return lostError(error.message);
  const data = protocol.errorData.safeParse(error.data).data ?? { code: 'internal', facts: {}, message: error.message };
  return new HostError(data, { cause: error });
}

/** @param reason where it is more than that it went */
function lostError(reason?: string): HostError {
  const facts = reason === undefined ? {} : { reason };
  return new HostError({ code: 'host.lost', facts, message: `the host ended${reason === undefined ? '' : `: ${reason}`}` });
}

function abortedError(): HostError {
  return new HostError({ code: 'aborted', facts: {}, message: 'aborted' });
}
