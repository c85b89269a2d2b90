import path from 'node:path';
import * as vscode from 'vscode';
import {
  findHostPlace,
  HostClient,
  HostError,
  lastingRun,
  listener,
  refuseBesideService,
  startHost,
  type ClientRequestOptions,
  type Joined,
  type OlderService,
} from '../host/index.ts';
import {
  cadanganVersion,
  configurationFile,
  currentLanguage,
  setTimeZone,
  stateFolder,
  systemRandom,
  type Environment,
} from '../platform/index.ts';
import {
  protocol,
  type ConfigurationInfo,
  type DeviceCodeInfo,
  type ErrorData,
  type InitializeResult,
  type LogLine,
  type PasswordParams,
  type Procedure,
  type RunResult,
  type UnknownHostParams,
} from '../service/index.ts';
import { setting } from './editor/settings.ts';

export interface EngineOptions {
  readonly extensionPath: string;
  readonly environment: Environment;
  readonly password: (params: PasswordParams, hostId: string, mayAsk: boolean, signal: AbortSignal) => Promise<string | undefined>;
  /** Whether a server that was never met before is the right one. */
  readonly confirmHost: (params: UnknownHostParams, signal: AbortSignal) => Promise<boolean>;
  readonly onLog: (line: LogLine) => void;
  readonly openExternal: (url: string) => Promise<boolean>;
  readonly showAlert: (alert: { readonly title: string }) => boolean;
  readonly onDeviceCode: (code: DeviceCodeInfo) => void;
}

export interface AskOptions extends ClientRequestOptions {
  /** Nobody waits in front of a dialog: a password that is not stored is an error, not a question. */
  readonly isQuiet?: boolean;
}

/** How the engine ended that nobody had asked to. */
export interface EngineLost {
  readonly error: ErrorData;
  readonly willRestart: boolean;
  /** A run of this window ended with it; whoever started that tells of it. */
  readonly endedRun: boolean;
}

/** The engine of this window. Its process starts with the first request; changed settings start another one. */
export class Engine implements vscode.Disposable {
  readonly #options: EngineOptions;
  readonly #setsChanged = new vscode.EventEmitter<void>();
  readonly #configurationChanged = new vscode.EventEmitter<ConfigurationInfo>();
  readonly #driveChanged = new vscode.EventEmitter<void>();
  readonly #recordsChanged = new vscode.EventEmitter<void>();
  readonly #serversChanged = new vscode.EventEmitter<void>();
  readonly #notRecorded = new vscode.EventEmitter<ErrorData>();
  readonly #timeZoneChanged = new vscode.EventEmitter<void>();
  readonly #olderService = new vscode.EventEmitter<OlderService>();
  readonly #lost = new vscode.EventEmitter<EngineLost>();
  readonly onDidChangeSets = this.#setsChanged.event;
  readonly onDidChangeConfiguration = this.#configurationChanged.event;
  readonly onDidChangeDrive = this.#driveChanged.event;
  readonly onDidChangeRecords = this.#recordsChanged.event;
  readonly onDidChangeServers = this.#serversChanged.event;
  readonly onDidNotRecord = this.#notRecorded.event;
  /** Times are to be written anew, wherever they stand. */
  readonly onDidChangeTimeZone = this.#timeZoneChanged.event;
  readonly onDidMeetOlderService = this.#olderService.event;
  readonly onDidGetLost = this.#lost.event;
  #client: HostClient | undefined;
  /** The end of the one before; two at once would compete for locks. */
  #stopping: Promise<void> = Promise.resolve();
  #questionsAllowed = 0;
  #runs = 0;
  /** By what runs, a set or a copy: the run of somebody else that a request of this window waits for. */
  readonly #joined = new Map<string, Set<Joined>>();

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  async start(): Promise<InitializeResult> {
    return (await this.#connected()).start();
  }

  /** @throws HostError */
  request<Params, Result>(procedure: Procedure<Params, Result>, params: NoInfer<Params>, options: AskOptions = {}): Promise<Result> {
    const { kind } = procedure;
    const work = async (): Promise<Result> => (await this.#connected()).request(procedure, params, options);
    return this.#allowing(options, () => (kind === 'read' ? retried(work) : kind === 'run' ? this.#counted(work) : work()));
  }

  /** As `request`, of a backup or a copying: they go on with the next host when theirs is lost. @throws HostError */
  async lasting<Params extends { readonly set: string } | { readonly copy: string }>(
    procedure: Procedure<Params, RunResult>,
    params: NoInfer<Params>,
    options: AskOptions = {},
  ): Promise<RunResult> {
    const joined: Joined = { run: undefined };
    const running = runningOf(params);
    const all = this.#joined.get(running) ?? new Set();
    this.#joined.set(running, all.add(joined));
    try {
      return await lastingRun({ request: (...asked) => this.request(...asked) }, procedure, params, { ...options, joined });
    } finally {
      all.delete(joined);
    }
  }

  /** Has the host end at its next safe point; the next request starts another. */
  async restart(): Promise<void> {
    await (await this.#connected()).leave().catch(() => undefined);
    await this.reconnect();
  }

  /** To the host of the settings as they are now. */
  async reconnect(): Promise<void> {
    await this.stop();
    this.#setsChanged.fire();
    this.#driveChanged.fire();
    this.#recordsChanged.fire();
    this.#serversChanged.fire();
  }

  /** Lets go of the host, which goes on. */
  async stop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    if (client !== undefined) this.#stopping = client.close().catch(() => undefined);
    await this.#stopping;
  }

  dispose(): void {
    for (const emitter of [
      this.#setsChanged,
      this.#configurationChanged,
      this.#driveChanged,
      this.#recordsChanged,
      this.#serversChanged,
      this.#notRecorded,
      this.#timeZoneChanged,
      this.#olderService,
      this.#lost,
    ])
      emitter.dispose();
  }

  async #connected(): Promise<HostClient> {
    await this.#stopping;
    this.#client ??= this.#makeClient();
    return this.#client;
  }

  #makeClient(): HostClient {
    const { environment, extensionPath } = this.#options;
    const named = setting('configFile');
    const configFile = configurationFile(environment, named);
    const own = { stateFolder: stateFolder(environment, configFile), version: cadanganVersion(), random: systemRandom };
    // Whoever names a configuration means that one, also beside a service of the machine.
    const world: Environment = named === undefined || named === '' ? environment : { ...environment, CADANGAN_SERVICE: '' };
    const client: HostClient = new HostClient({
      place: () => findHostPlace(own, world),
      startHost: async () => {
        refuseBesideService(own, world);
        await startHost({
          stateFolder: own.stateFolder,
          configFile,
          environment: world,
          hostPath: path.join(extensionPath, 'dist', 'host.js'),
          lingerMs: lingerMs(),
        });
      },
      language: () => currentLanguage(),
      password: async (params, signal) => {
        const { hostId } = await client.start();
        return this.#options.password(params, hostId, params.mayAsk && this.#questionsAllowed > 0, signal);
      },
      confirmHost: async (params, signal) => this.#questionsAllowed > 0 && this.#options.confirmHost(params, signal),
      openExternal: this.#options.openExternal,
      showAlert: this.#options.showAlert,
      onReady: ({ timeZone }) => this.#takeTimeZone(timeZone),
      onLog: this.#options.onLog,
      onOlderService: (service) => this.#olderService.fire(service),
      listeners: [
        listener(protocol.setsChanged, () => this.#setsChanged.fire()),
        listener(protocol.driveChanged, () => this.#driveChanged.fire()),
        listener(protocol.recordsChanged, () => this.#recordsChanged.fire()),
        listener(protocol.serversChanged, () => this.#serversChanged.fire()),
        listener(protocol.notRecorded, (why) => this.#notRecorded.fire(why)),
        listener(protocol.joinedRun, (told) => this.#noteJoined(told)),
        listener(protocol.copyWaits, (told) => this.#noteJoined(told)),
        listener(protocol.deviceCode, this.#options.onDeviceCode),
        listener(protocol.configurationChanged, (info) => {
          this.#takeTimeZone(info.timeZone);
          this.#configurationChanged.fire(info);
        }),
      ],
      onLost: ({ error, restartMs }) => this.#lost.fire({ error, willRestart: restartMs !== undefined, endedRun: this.#runs > 0 }),
    });
    return client;
  }

  #noteJoined(told: ({ readonly set: string } | { readonly copy: string }) & { readonly run?: string | undefined }): void {
    for (const joined of this.#joined.get(runningOf(told)) ?? []) joined.run = told.run;
  }

  #takeTimeZone(name: string | undefined): void {
    if (setTimeZone(name)) this.#timeZoneChanged.fire();
  }

  async #counted<Result>(run: () => Promise<Result>): Promise<Result> {
    this.#runs += 1;
    try {
      return await run();
    } finally {
      this.#runs -= 1;
    }
  }

  async #allowing<Result>({ isQuiet = false }: AskOptions, work: () => Promise<Result>): Promise<Result> {
    if (isQuiet) return work();
    this.#questionsAllowed += 1;
    try {
      return await work();
    } finally {
      this.#questionsAllowed -= 1;
    }
  }
}

function runningOf(what: { readonly set: string } | { readonly copy: string }): string {
  return 'set' in what ? `set ${what.set}` : `copy ${what.copy}`;
}

/** An engine that dies under a request that only reads is no trouble of whoever asked: the next one answers. */
async function retried<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof HostError && error.code === 'host.lost') return work();
    throw error;
  }
}

/** Under desktop VS Code an update waits for whoever runs from its program. Undefined: as the host sees fit. */
function lingerMs(): number | undefined {
  return process.versions['electron'] === undefined ? undefined : 5_000;
}
