import type { Server } from 'node:net';
import { CadanganError, claimName, makeOwnFolder, type Claim, type Clock } from '../platform/index.ts';
import { procedures, protocol, Service, type ServiceWorld } from '../service/index.ts';
import { engineAddress, hostAddress } from './address.ts';
import { claimForGood, inTime, isTakenAway } from './claim-for-good.ts';
import type { Credentials, Peer } from './handshake.ts';
import { hostKey } from './key.ts';
import { StateLease } from './lease.ts';
import { Reception } from './reception.ts';
import { Runners } from './runners.ts';
import { forgetStarts } from './start-count.ts';
import { compareVersions } from './versions.ts';
import { Clients } from './clients.ts';
import type { HostLog } from './log-file.ts';
import { removeUnusedPrograms } from './program-folder.ts';
import { openProofs, provenUser } from './proven-user.ts';
import { openDoor } from './service-door.ts';
import { removeUnfinishedState } from './unfinished-state.ts';

export interface HostOptions {
  readonly stateFolder: string;
  readonly configFile: string;
  readonly world: ServiceWorld;
  /** Otherwise it only does what it is asked for: the host of a single command. */
  readonly runsSchedule: boolean;
  /** How long it stays when nothing runs and the last client has gone. Undefined: until it is told to end. */
  readonly lingerMs: number | undefined;
  readonly log: HostLog;
  /** Starts the process that works on a repository. Undefined: all is done in this one. */
  readonly startRunner?: ((key: string) => Promise<void>) | undefined;
  /** The system keeps it. `door`: the folder by which others than its administrators may come. */
  readonly service?: { readonly door: string | undefined } | undefined;
  /** Whether something else serves whoever this host serves: then it ends as soon as nothing runs. */
  readonly isSuperseded?: (() => boolean) | undefined;
}

/**
 * `idle`: nobody needs it. `asked`: somebody wants it to end. `newer`: a newer version takes its place. `lost`: its place is gone.
 * `crash`: something happened that nobody had thought of. `service`: one of the machine serves its clients.
 */
export type HostEnd = 'idle' | 'asked' | 'newer' | 'lost' | 'signal' | 'crash' | 'service';

const idleLookMs = 50;
/** A service of the machine may come while a window's host is there. */
const serviceCheckMs = 10_000;
/** For a window of version 0.1.0 to be reloaded. */
const engineCheckMs = 5_000;
/** A host that lived so long has no trouble with its start, and whoever started at the same time has come up or ended. */
const settledMs = 60_000;

/**
 * The one process that serves a state folder: schedule, copies and records are its, windows and commands are its clients. It holds a name
 * that the system frees when it dies.
 */
export class Host {
  readonly #options: HostOptions;
  readonly #clock: Clock;
  readonly #server: Server;
  readonly #lease: StateLease;
  readonly #service: Service;
  readonly #clients: Clients;
  readonly #reception: Reception;
  readonly #ending = new AbortController();
  readonly #watching: Promise<void>[] = [];
  /** Of the engines of version 0.1.0. */
  #engineName: Server | undefined;
  #end: Promise<HostEnd> | undefined;
  readonly #ended = Promise.withResolvers<HostEnd>();

  private constructor(
    options: HostOptions,
    parts: {
      readonly server: Server;
      readonly credentials: Credentials;
      readonly lease: StateLease;
      readonly service: Service;
      readonly clients: Clients;
    },
  ) {
    this.#options = options;
    this.#clock = options.world.clock;
    this.#server = parts.server;
    this.#lease = parts.lease;
    this.#service = parts.service;
    this.#clients = parts.clients;
    const { stateFolder, world, lingerMs } = options;
    this.#reception = new Reception({
      ...parts,
      clock: this.#clock,
      procedures,
      userOf: (channel, _, { isMember }) => provenUser(channel, (isMember && options.service?.door) || stateFolder, world.random),
      leaveFor: (peer) => this.#leaveFor(peer),
      lingerMs,
      onIdle: () => void this.end('idle'),
    });
  }

  /**
   * @throws `host.taken` when another host is there, or another process holds its name; `state.in-use` when one of another machine is;
   * `storage.denied` when the state folder cannot be used; what opening the service throws
   */
  static async start(options: HostOptions): Promise<Host> {
    const { stateFolder, world } = options;
    const { clock, random, version } = world;
    await makeOwnFolder(stateFolder);
    const key = await hostKey(stateFolder, random);
    const started = Promise.withResolvers<Host>();
    started.promise.catch(() => undefined); // told by what is thrown here
    const claim = await claimForGood(
      await hostAddress(stateFolder),
      { ...world, stateFolder },
      (socket) => void started.promise.then(async (host) => host.#reception.accept(socket)).catch(() => socket.destroy()),
    );
    try {
      const onLost = (): void => void started.promise.then(async (host) => host.end('lost'));
      const lease = await StateLease.take({ stateFolder, version, clock, random }, new AbortController().signal, onLost);
      await openProofs(stateFolder);
      const credentials = { key, groupKey: await groupKeyOf(options), version, random, isService: options.service !== undefined };
      const clients = new Clients(options.log, clock);
      const elsewhere = new Runners({ ...options, ...world, clients });
      const service = await Service.open({ stateFolder, configFile: options.configFile }, { ...world, elsewhere }, clients);
      const host = new Host(options, { server: claim.server, credentials, lease, service, clients });
      await host.#begin(claim);
      started.resolve(host);
      return host;
    } catch (error) {
      started.reject(error);
      claim.server.close();
      throw error;
    }
  }

  /** The service itself, for the command whose process this is. */
  get service(): Service {
    return this.#service;
  }

  /** Resolves when all has ended and is written down. */
  get ended(): Promise<HostEnd> {
    return this.#ended.promise;
  }

  /** Ends at the next safe point. A scheduled run that is stopped by it goes on with the next host. Safe to repeat. */
  end(reason: HostEnd): Promise<HostEnd> {
    this.#end ??= this.#close(reason);
    return this.#end;
  }

  /** As `end`, once nothing runs any more: others may have asked for runs of their own meanwhile. */
  async endWhenIdle(): Promise<HostEnd> {
    while (this.#end === undefined && this.#service.isBusy) await this.#clock.sleep(idleLookMs);
    return this.end('asked');
  }

  get isRunning(): boolean {
    return this.#service.isRunning;
  }

  async #begin(claim: Extract<Claim, { kind: 'ours' }>): Promise<void> {
    this.#service.onChange = () => this.#reception.considerLeaving();
    this.#watching.push(this.#watchName(claim), this.#settle(), this.#watchService());
    if (await this.#holdEngineName()) await this.#beginRuns();
    else this.#watching.push(this.#beginRunsWhenFree());
    this.#reception.considerLeaving();
  }

  /** A state folder that cannot be used stops the schedule, and nothing else. */
  async #beginRuns(): Promise<void> {
    try {
      await this.#service.begin({ isPassive: !this.#options.runsSchedule });
    } catch (error) {
      if (!(error instanceof CadanganError)) throw error;
      this.#clients.log('warning', `there is no schedule: ${String(error)}`);
      this.#service.schedule.holdBack(error);
    }
  }

  /** Engines of version 0.1.0 lead the schedule under a name of their own: with it held, none of them does. */
  async #holdEngineName(): Promise<boolean> {
    const { configFile, stateFolder, world } = this.#options;
    const claim = await claimName(await engineAddress({ configFile, stateFolder }), world.random, (socket) => socket.destroy());
    if (claim.kind === 'connected') claim.socket.destroy();
    if (claim.kind !== 'ours') return false;
    this.#engineName = claim.server;
    return true;
  }

  /** Such an engine cannot be asked to leave: its window has to be reloaded. */
  async #beginRunsWhenFree(): Promise<void> {
    this.#clients.log('warning', 'a window of an older version runs the schedule: reload it');
    this.#service.schedule.holdBack(new CadanganError('host.older', { path: this.#options.stateFolder }));
    while (!this.#ending.signal.aborted) {
      await this.#clock.sleep(engineCheckMs, this.#ending.signal).catch(() => undefined);
      if (!this.#ending.signal.aborted && (await this.#holdEngineName())) return this.#beginRuns();
    }
  }

  /** @returns whether it leaves: an older one is not obeyed */
  #leaveFor({ version }: Peer): boolean {
    const isOlder = compareVersions(version, this.#options.world.version) < 0;
    if (!isOlder) void this.end(version === this.#options.world.version ? 'asked' : 'newer');
    return !isOlder;
  }

  async #settle(): Promise<void> {
    await this.#clock.sleep(settledMs, this.#ending.signal).catch(() => undefined);
    if (this.#ending.signal.aborted) return;
    await forgetStarts(this.#options.stateFolder).catch(() => undefined);
    await removeUnusedPrograms(this.#options.stateFolder);
    await removeUnfinishedState(this.#options.stateFolder, Number(this.#clock.nowNs() / 1_000_000n)).catch(() => undefined);
  }

  async #watchName(claim: Extract<Claim, { kind: 'ours' }>): Promise<void> {
    if (await isTakenAway(claim, this.#clock, this.#ending.signal)) void this.end('lost');
  }

  /** Its clients find another one from now on. What runs here comes to its end. */
  async #watchService(): Promise<void> {
    const { isSuperseded } = this.#options;
    while (isSuperseded !== undefined && !this.#ending.signal.aborted) {
      await this.#clock.sleep(serviceCheckMs, this.#ending.signal).catch(() => undefined);
      if (!this.#ending.signal.aborted && isSuperseded() && !this.#service.isBusy) return void this.end('service');
    }
  }

  /** The name is given back last: whoever comes next must not meet what still ends here. */
  async #close(reason: HostEnd): Promise<HostEnd> {
    this.#clients.log('info', `the host ends (${reason})`);
    this.#reception.beginNothing();
    await inTime(this.#service.close(), this.#clock);
    if (reason !== 'crash' && reason !== 'lost') this.#clients.tell(protocol.leaving, undefined);
    this.#ending.abort();
    this.#reception.close();
    await Promise.all(this.#watching);
    if (reason !== 'crash' && reason !== 'lost') await forgetStarts(this.#options.stateFolder).catch(() => undefined);
    await this.#lease[Symbol.asyncDispose]();
    this.#engineName?.close();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#ended.resolve(reason);
    return reason;
  }
}

/** Opens the door of a service, once its name is held. */
async function groupKeyOf({ service, stateFolder, configFile, world: { random } }: HostOptions): Promise<Uint8Array | undefined> {
  if (service?.door === undefined) return undefined;
  return openDoor(await hostAddress(stateFolder), service.door, { stateFolder, configFile }, random);
}
