import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../../src/platform/index.ts';
import { SeededRandom } from '../fakes/seeded-random.ts';
import { Access } from './access.ts';
import { Accounts } from './accounts.ts';
import { Allowance } from './allowance.ts';
import { makeContents } from './contents.ts';
import { Digests } from './digests.ts';
import { Faults } from './faults.ts';
import { Grants } from './grants.ts';
import { Ids } from './ids.ts';
import { Ledger } from './ledger.ts';
import { Listing } from './listing.ts';
import { RequestLog } from './log.ts';
import { folderType } from './model.ts';
import {
  defaultLags,
  defaultLatency,
  defaultLimits,
  otherAccount,
  sampleAccount,
  sampleClient,
  sampleDeviceClient,
  type EmulatorOptions,
  type Lags,
  type Latency,
  type Limits,
} from './options.ts';
import type { Person } from './person.ts';
import { makeRoutes } from './routes.ts';
import { serve } from './serve.ts';
import type { Services } from './services.ts';
import { sessionsOf } from './session-table.ts';
import { Store } from './store.ts';
import { Turns } from './turns.ts';

const defaultLimitBytes = 2e12;

/** Google's addresses, all at one host. */
export interface Endpoints {
  readonly api: string;
  readonly upload: string;
  readonly auth: string;
  readonly token: string;
  readonly revoke: string;
  readonly device: string;
}

type Changeable<T> = { -readonly [K in keyof T]: T[K] };

export interface DriveEmulator extends AsyncDisposable {
  /** `http://127.0.0.1:port`, without a slash at the end. */
  readonly url: string;
  readonly endpoints: Endpoints;
  readonly accounts: Accounts;
  readonly faults: Faults;
  readonly log: RequestLog;
  /** These may be changed at any time. */
  readonly limits: Changeable<Limits>;
  readonly lags: Changeable<Lags>;
  readonly latency: Changeable<Latency>;
  person(email: string): Person;
  /** The service is away: connections break, none are taken. */
  stop(): Promise<void>;
  /** Back at the same address, with its store; page tokens are gone, sessions perhaps. */
  start(options?: { readonly sessions?: 'kept' | 'lost' }): Promise<void>;
  close(): Promise<void>;
}

/** Starts on a free port of the loopback address. @throws when the port is taken */
export async function startDriveEmulator(options: EmulatorOptions = {}): Promise<DriveEmulator> {
  const emulator = new Emulator(options);
  await emulator.start();
  return emulator;
}

class Emulator implements DriveEmulator {
  readonly accounts: Accounts;
  readonly faults: Faults;
  readonly log: RequestLog;
  readonly limits: Changeable<Limits>;
  readonly lags: Changeable<Lags>;
  readonly latency: Changeable<Latency>;
  readonly #services: Services;
  #port: number;
  #server: Server | undefined;

  constructor(options: EmulatorOptions) {
    this.limits = { ...defaultLimits, ...options.limits };
    this.lags = { ...defaultLags, ...options.lags };
    this.latency = { ...defaultLatency, ...options.latency };
    const random = new SeededRandom(options.seed ?? 1);
    this.#services = makeServices(options, random, this);
    this.#port = options.port ?? 0;
    this.faults = new Faults(random.fork(), () => this.#services.store.nowMs());
    this.log = new RequestLog(options.logLength ?? Infinity);
    this.accounts = new Accounts(this.#services, [...this.#services.clients.values()][0] ?? sampleClient);
    addSharedDrives(this.#services);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get endpoints(): Endpoints {
    const { url } = this;
    return {
      api: `${url}/drive/v3`,
      upload: `${url}/upload/drive/v3`,
      auth: `${url}/o/oauth2/v2/auth`,
      token: `${url}/token`,
      revoke: `${url}/revoke`,
      device: `${url}/device/code`,
    };
  }

  person(email: string): Person {
    return this.accounts.person(email);
  }

  async start({ sessions = 'kept' }: { readonly sessions?: 'kept' | 'lost' } = {}): Promise<void> {
    if (sessions === 'lost') for (const [id] of sessionsOf(this.#services).entries()) sessionsOf(this.#services).delete(id);
    const findRoute = makeRoutes(new Listing());
    const desk = { services: this.#services, faults: this.faults, log: this.log, findRoute };
    const server = createServer({ requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 60_000 }, (request, response) => {
      serve(desk, request, response).catch((error: unknown) => {
        console.error('drive emulator:', error);
        response.destroy();
      });
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  async close(): Promise<void> {
    await this.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function makeServices(
  options: EmulatorOptions,
  random: SeededRandom,
  { limits, lags, latency }: Pick<DriveEmulator, 'limits' | 'lags' | 'latency'>,
): Services {
  const clock = options.clock ?? systemClock;
  const nowMs = (): number => Number(clock.nowNs() / 1_000_000n);
  const ledger = new Ledger(options.folder);
  const contents = makeContents(options.folder);
  // A restarted emulator must not give out the ids of its former life.
  const ids = new Ids(options.folder === undefined ? random.fork() : new SeededRandom(seedAfter(ledger, options.seed ?? 1)));
  const store = new Store({ ledger, contents, ids, clock });
  const sharedDrives = options.sharedDrives ?? [];
  const accessTokenSeconds = options.accessTokenSeconds ?? 3_599;
  const accounts = (
    options.accounts ?? [
      { email: sampleAccount, displayName: 'Backup' },
      { email: otherAccount, displayName: 'Someone' },
    ]
  ).map((account) => ({ limitBytes: defaultLimitBytes, ...account }));
  return {
    clock,
    random: random.fork(),
    ids,
    ledger,
    contents,
    digests: new Digests(contents),
    turns: new Turns(),
    store,
    sharedDrives,
    limits,
    lags,
    latency,
    accessTokenSeconds,
    access: new Access(store, sharedDrives, options.projectSharesFiles ?? false),
    grants: new Grants({ ids, limits, nowMs, lifetimeSeconds: () => accessTokenSeconds, ledger }),
    allowance: new Allowance(limits, nowMs, ledger),
    accounts: new Map(accounts.map((account) => [account.email, account])),
    clients: new Map((options.clients ?? [sampleClient, sampleDeviceClient]).map((client) => [client.id, client])),
    serviceAccounts: new Map((options.serviceAccounts ?? []).map((account) => [account.email, account])),
    conflictAt: options.conflictAt ?? 'opening',
  };
}

function seedAfter(ledger: Ledger, seed: number): number {
  const lives = ledger.table<number>('lives');
  const life = (lives.get('count') ?? 0) + 1;
  lives.set('count', life);
  return seed + life * 7_919;
}

function addSharedDrives({ store, sharedDrives }: Services): void {
  for (const { id, name } of sharedDrives) {
    if (store.get(id) === undefined)
      store.add({
        id,
        name,
        mimeType: folderType,
        parent: undefined,
        owner: undefined,
        driveId: id,
        client: undefined,
        project: undefined,
      });
  }
}
