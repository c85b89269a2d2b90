import { createHash } from 'node:crypto';
import { CadanganError, currentLanguage, orAborted, type Clock, type Random } from '../platform/index.ts';
import {
  errorOfData,
  protocol,
  repositoryKey,
  type Audience,
  type Elsewhere,
  type ElsewhereCall,
  type Procedure,
} from '../service/index.ts';
import { HostClient, listener, type ClientRequestOptions } from './client.ts';
import type { Clients } from './clients.ts';
import { HostError } from './host-error.ts';
import { visitHost, type HostPlace } from './visit-host.ts';

export interface RunnersOptions {
  readonly stateFolder: string;
  readonly version: string;
  readonly random: Random;
  readonly clock: Clock;
  /** All who are connected to this host. */
  readonly clients: Clients;
  /** Undefined: none is started here. */
  readonly startRunner?: ((key: string) => Promise<void>) | undefined;
}

/** As long as a repository is kept open. */
const idleMsMax = 10 * 60_000;
/** Stopping takes seconds. Beyond, something does not answer (a dead mount), and the run comes to no end of its own. */
const stopMsMax = 60_000;
/** For what nobody waits for. */
const answerMsMax = 60_000;

/** The way of one client to one runner: so that a question about what it asked comes back to it, in its language. */
interface Link {
  readonly key: string;
  readonly client: HostClient;
  readonly ofClient: Audience | undefined;
  readonly told: Set<Pick<ElsewhereCall, 'onException' | 'onCommandLine'>>;
  pending: number;
  idle: AbortController | undefined;
}

/** The processes that work on repositories for this host, one for each that is in use. */
export class Runners implements Elsewhere {
  readonly #options: RunnersOptions;
  readonly #links = new Map<Audience | undefined, Map<string, Link>>();
  readonly #runs = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();

  constructor(options: RunnersOptions) {
    this.#options = options;
  }

  get forks(): boolean {
    return this.#options.startRunner !== undefined;
  }

  get isBusy(): boolean {
    return this.#runs.size > 0;
  }

  async request<Params, Result>(
    location: string,
    procedure: Procedure<Params, Result>,
    params: NoInfer<Params>,
    call: ElsewhereCall,
  ): Promise<Result> {
    const link = this.#linkOf(keyOf(location), call);
    if (procedure.kind !== 'run') return this.#ask(link, procedure, params, call);
    const asked = this.#run(link, procedure, params, call);
    this.#runs.add(asked);
    try {
      return await asked;
    } finally {
      this.#runs.delete(asked);
    }
  }

  async requestLiving<Params, Result>(
    location: string,
    procedure: Procedure<Params, Result>,
    params: NoInfer<Params>,
    call: ElsewhereCall,
  ): Promise<Result | undefined> {
    const visit = await visitHost(this.#placeOf(keyOf(location)));
    if (visit === undefined) return undefined;
    try {
      return await this.request(location, procedure, params, call);
    } finally {
      visit.close();
    }
  }

  async askAll(procedure: Procedure<void, void>, signal: AbortSignal): Promise<void> {
    const connected = [...this.#links.values()].flatMap((links) => [...links.values()]).filter(({ client }) => client.pid !== undefined);
    const each = new Map(connected.map(({ key, client }) => [key, client]));
    const over = new AbortController();
    const whole = AbortSignal.any([signal, this.#closing.signal, over.signal]);
    const late = this.#options.clock.sleep(answerMsMax, whole).then(
      () => over.abort(new CadanganError('host.unreachable', { reason: 'it does not answer' })),
      () => undefined,
    );
    const asked = [...each.values()].map((client) => orAborted(client.request(procedure, undefined, { signal: whole }), whole));
    await Promise.allSettled(asked);
    over.abort();
    await late;
  }

  async close(): Promise<void> {
    this.#closing.abort(new CadanganError('aborted', { reason: 'shutdown' }));
    await Promise.allSettled(this.#runs);
    const links = [...this.#links.values()].flatMap((of) => [...of.values()]);
    this.#links.clear();
    await Promise.all(links.map(({ client }) => client.close())); // a runner that nobody needs ends by itself soon
  }

  /** Whoever reads waits for no answer that does not come. */
  async #ask<Params, Result>(
    link: Link,
    procedure: Procedure<Params, Result>,
    params: NoInfer<Params>,
    { signal, onProgress }: ElsewhereCall,
  ): Promise<Result> {
    const whole = AbortSignal.any([signal, this.#closing.signal]);
    return this.#during(link, () => orAborted(requested(link, procedure, params, { signal: whole, onProgress }), whole));
  }

  /** A run that is stopped tells what came of it. When it cannot any more, its process is ended. */
  async #run<Params, Result>(
    link: Link,
    procedure: Procedure<Params, Result>,
    params: NoInfer<Params>,
    { signal, onProgress, ...told }: ElsewhereCall,
  ): Promise<Result> {
    const whole = AbortSignal.any([signal, this.#closing.signal]);
    const over = new AbortController();
    const end = (): void => void this.#endHung(link, over.signal);
    whole.addEventListener('abort', end, { once: true });
    link.told.add(told);
    try {
      const run = typeof params === 'object' && params !== null && 'run' in params ? String(params.run) : undefined;
      return await this.#during(link, () => requested(link, procedure, params, { run, signal: whole, onProgress }));
    } finally {
      link.told.delete(told);
      whole.removeEventListener('abort', end);
      over.abort();
    }
  }

  async #endHung({ client }: Link, over: AbortSignal): Promise<void> {
    const { pid } = client;
    await this.#options.clock.sleep(stopMsMax, over).catch(() => undefined);
    if (over.aborted || pid === undefined || client.pid !== pid) return;
    this.#options.clients.log('warning', `the process ${pid} does not come to an end, and is ended`);
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has just ended.
    }
  }

  /** @throws the answer's error as the service threw it */
  async #during<T>(link: Link, work: () => Promise<T>): Promise<T> {
    link.pending += 1;
    link.idle?.abort();
    try {
      return await work();
    } catch (error) {
      throw error instanceof HostError ? errorOfData(error.data) : error;
    } finally {
      link.pending -= 1;
      if (link.pending === 0) this.#rest(link);
    }
  }

  #rest(link: Link): void {
    const idle = new AbortController();
    link.idle = idle;
    const gone = AbortSignal.any([idle.signal, this.#closing.signal]);
    this.#options.clock.sleep(idleMsMax, gone).then(
      () => this.#drop(link),
      () => undefined,
    );
  }

  #drop(link: Link): void {
    if (link.pending > 0) return;
    const links = this.#links.get(link.ofClient);
    links?.delete(link.key);
    if (links?.size === 0) this.#links.delete(link.ofClient);
    link.client.close().catch(() => undefined);
  }

  #linkOf(key: string, { client, via, user }: ElsewhereCall): Link {
    const links = this.#links.get(client) ?? new Map<string, Link>();
    this.#links.set(client, links);
    const known = links.get(key);
    if (known !== undefined) return known;
    const { clock, random, clients, startRunner } = this.#options;
    const audience: Audience = client ?? clients;
    const told: Link['told'] = new Set();
    const link: Link = {
      key,
      ofClient: client,
      told,
      pending: 0,
      idle: undefined,
      client: new HostClient({
        place: () => this.#placeOf(key),
        startHost: async () => {
          if (startRunner === undefined) throw new CadanganError('host.lost', { reason: 'it has ended' });
          await startRunner(key);
        },
        language: currentLanguage,
        ...(via !== undefined && { via }),
        user,
        reconnects: false,
        password: (params, signal) => audience.ask(protocol.password, params, signal),
        confirmHost: async (params, signal) => (await audience.ask(protocol.confirmHost, params, signal)) ?? false,
        onLog: ({ level, message }) => clients.log(level, message),
        listeners: [
          listener(protocol.notRecorded, (data) => clients.tell(protocol.notRecorded, data)),
          listener(protocol.exceptionFound, ({ item, kind, reason, weight = 'lost' }) => {
            for (const { onException } of told) onException?.({ item, kind, reason, weight });
          }),
          listener(protocol.commandLine, ({ line }) => {
            for (const { onCommandLine } of told) onCommandLine?.(line);
          }),
        ],
        clock,
        random,
      }),
    };
    links.set(key, link);
    return link;
  }

  #placeOf(runner: string): HostPlace {
    const { stateFolder, version, random } = this.#options;
    return { stateFolder, version, random, runner };
  }
}

/** A runner can be just ending when it is found: then the next one is started. What has not been asked yet is not lost. */
async function requested<Params, Result>(
  { client }: Link,
  procedure: Procedure<Params, Result>,
  params: NoInfer<Params>,
  options: ClientRequestOptions,
): Promise<Result> {
  await client.start().catch((error: unknown) => {
    if (!(error instanceof HostError) || error.code !== 'host.lost') throw error;
    return client.start();
  });
  return client.request(procedure, params, options);
}

/** One for each repository, however it is spelt. @throws `storage.invalid-location` */
function keyOf(location: string): string {
  return createHash('sha256').update(repositoryKey(location)).digest('hex').slice(0, 32);
}
