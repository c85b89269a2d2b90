import type { Server } from 'node:net';
import { makeOwnFolder, type Clock } from '../platform/index.ts';
import { procedures, Service, workProcedures, type ServiceWorld } from '../service/index.ts';
import { runnerAddress } from './address.ts';
import { claimForGood, inTime, isTakenAway } from './claim-for-good.ts';
import { Clients } from './clients.ts';
import { hostKey } from './key.ts';
import type { HostLog } from './log-file.ts';
import { Reception } from './reception.ts';
import { compareVersions } from './versions.ts';

export interface RunnerOptions {
  readonly stateFolder: string;
  readonly configFile: string;
  /** Names the repository. */
  readonly key: string;
  readonly world: ServiceWorld;
  readonly log: HostLog;
}

/** A host that was restarted comes back within seconds. */
const lingerMs = 5_000;

/**
 * A process that works on one repository for the host, under a name that only one process has: it makes the runs, reads the snapshots, and
 * keeps the key. Should the host die, its runs go on, and the next host takes them over.
 */
export class Runner {
  readonly #server: Server;
  readonly #service: Service;
  readonly #clock: Clock;
  readonly #reception: Reception;
  readonly #watching = new AbortController();
  #ending: Promise<void> | undefined;
  readonly #ended = Promise.withResolvers<void>();

  private constructor(
    server: Server,
    service: Service,
    clients: Clients,
    { world, ...options }: RunnerOptions & { readonly secret: Uint8Array },
  ) {
    this.#server = server;
    this.#service = service;
    const { version, random, clock } = world;
    this.#clock = clock;
    this.#reception = new Reception({
      service,
      clients,
      clock,
      credentials: { key: options.secret, version, random },
      procedures: [...procedures, ...workProcedures],
      userOf: async (_, said) => said,
      believesReasons: true,
      leaveFor: (peer) => {
        const isOlder = compareVersions(peer.version, version) < 0;
        if (!isOlder) void this.end();
        return !isOlder;
      },
      lingerMs,
      onIdle: () => void this.end(),
    });
    service.onChange = () => this.#reception.considerLeaving();
    this.#reception.considerLeaving();
  }

  /**
   * @throws `host.taken` when another process works on this repository, `host.unreachable` when nobody can have its name; what opening the
   * service throws
   */
  static async start(options: RunnerOptions): Promise<Runner> {
    const { stateFolder, configFile, world, key } = options;
    await makeOwnFolder(stateFolder);
    const secret = await hostKey(stateFolder, world.random);
    const started = Promise.withResolvers<Runner>();
    started.promise.catch(() => undefined); // told by what is thrown here
    const claim = await claimForGood(await runnerAddress(stateFolder, key), { ...world, stateFolder }, (socket) => {
      started.promise.then((runner) => runner.#reception.accept(socket)).catch(() => socket.destroy());
    });
    try {
      const clients = new Clients(options.log, world.clock);
      const service = await Service.open({ stateFolder, configFile }, { ...world, isRunner: true }, clients);
      const runner = new Runner(claim.server, service, clients, { ...options, secret });
      void isTakenAway(claim, world.clock, runner.#watching.signal).then(async (isTaken) => {
        if (isTaken) await runner.end();
      });
      started.resolve(runner);
      return runner;
    } catch (error) {
      started.reject(error);
      claim.server.close();
      throw error;
    }
  }

  /** Resolves when all has ended and is written down. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Ends at the next safe point. Safe to repeat. */
  end(): Promise<void> {
    return (this.#ending ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#reception.beginNothing();
    await inTime(this.#service.close(), this.#clock);
    this.#watching.abort();
    this.#reception.close();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#ended.resolve();
  }
}
