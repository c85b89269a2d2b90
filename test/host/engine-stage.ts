import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { HostClient, listener, startHost, type HostClientOptions, type HostStart } from '../../src/host/index.ts';
import { protocol, type LogLine, type PasswordParams } from '../../src/service/index.ts';
import { passwordFromText, system, systemRandom } from '../../src/platform/index.ts';
import { Repository } from '../../src/repository/index.ts';
import { openStorage } from '../../src/storage/index.ts';
import { hostPath } from './host-path.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

/** Starting from the sources costs a second, most of it stripping types: the first engine leaves the result to the others. */
export const compileCache = mkdtempSync(join(tmpdir(), 'cadangan-compiled-'));
// A process that is just ending still leaves its part there.
process.on('exit', () => rmSync(compileCache, { recursive: true, force: true, maxRetries: 5 }));

export const password = 'canary-7f3a91-password';

export interface Window {
  readonly client: HostClient;
  /** Everything that the engine said, in logs and on its standard output and error. */
  readonly log: LogLine[];
  /** What it asked for, and how often. */
  readonly asked: PasswordParams[];
  readonly lost: string[];
  setsChanged: number;
  configurationChanged: number;
}

export interface WindowOptions {
  readonly language?: 'en' | 'id';
  /** Of the host, if this window is the one that starts it. */
  readonly maySchedule?: boolean;
  readonly stateFolder?: string;
  readonly configFile?: string;
  /** As `maySchedule`. */
  readonly lingerMs?: number;
  readonly password?: (params: PasswordParams) => string | undefined;
  readonly environment?: Readonly<Record<string, string>>;
  /** What else the window does. */
  readonly client?: Partial<HostClientOptions>;
}

/**
 * A server: a folder with data, a configuration and a state folder; repositories whose keys are cheap to open. Everything is removed after
 * the test.
 */
export class EngineStage {
  readonly folder: string;
  readonly repository: string;
  readonly source: string;
  readonly configFile: string;
  readonly #endings: (() => unknown)[] = [];
  readonly #clients: HostClient[] = [];
  readonly #stateFolders = new Set<string>();

  constructor(t: TestContext) {
    this.folder = mkdtempSync(join(tmpdir(), 'cadangan-engine-'));
    t.after(async () => {
      for (const end of this.#endings.toReversed()) await end();
      // Before any host ends: a window that loses its host starts another one.
      await Promise.all(this.#clients.map((client) => client.close()));
      for (const stateFolder of this.#stateFolders) await endHost(stateFolder);
      // A host that a client has just started is not there yet, and would make the folders anew.
      for (const stateFolder of new Set([...this.#stateFolders, this.path('state')]))
        if (process.platform === 'linux') for (const pid of pidsOf('--state', stateFolder)) signalIfThere(pid, 'SIGKILL');
      // Not synchronously: that refuses read-only files on Windows. There a runner also holds its folder until it ends, five seconds after
      // its host: the next test does not wait for that, the process does.
      const removed = rm(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
      if (!system.isWindows) await removed;
    });
    this.repository = this.path('repository');
    this.source = this.path('data');
    this.configFile = this.path('cadangan.jsonc');
    mkdirSync(this.source);
  }

  /** To be done after the test, the last first, while the folders are still there: a host that lives on would make them anew. */
  atEnd(end: () => unknown): void {
    this.#endings.push(end);
  }

  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  async initRepository(location = this.repository): Promise<void> {
    await Repository.init({ storage: openStorage(location) }, passwordFromText(password), {
      signal: neverAborted,
      kdfCost: { N: 1024, r: 8, p: 1 },
    });
  }

  write(name: string, content: string | Uint8Array): string {
    const path = join(this.source, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  configure(...sets: readonly Readonly<Record<string, unknown>>[]): void {
    const usual = { name: 'data', sources: [this.source], repository: { location: this.repository } };
    const whole = sets.length > 0 ? sets.map((set) => ({ ...usual, ...set })) : [usual];
    replaceText(this.configFile, JSON.stringify({ version: 1, timeZone: 'UTC', sets: whole }));
  }

  /** A window, with the host of its state folder, which it starts where there is none. Both end with the test. */
  window(options: WindowOptions = {}): Window {
    const { password: answer = () => password, client: more, language = 'en' } = options;
    const { stateFolder = this.path('state') } = options;
    const log: LogLine[] = [];
    const asked: PasswordParams[] = [];
    const lost: string[] = [];
    const client = new HostClient({
      place: () => ({ stateFolder, version: '0.0.0', random: systemRandom }),
      startHost: () => startHost(this.hostStart(options)),
      language: () => language,
      password: async (params) => {
        asked.push(params);
        return answer(params);
      },
      onLog: (line) => log.push(line),
      onLost: ({ error }) => lost.push(error.message),
      ...more,
      listeners: [
        listener(protocol.setsChanged, () => (window.setsChanged += 1)),
        listener(protocol.configurationChanged, () => (window.configurationChanged += 1)),
        ...(more?.listeners ?? []),
      ],
    });
    const window: Window = { client, log, asked, lost, setsChanged: 0, configurationChanged: 0 };
    this.#clients.push(client);
    this.#stateFolders.add(stateFolder);
    return window;
  }

  /** How a host of this stage is started. */
  hostStart(options: WindowOptions = {}): HostStart {
    const { environment, maySchedule = true, stateFolder = this.path('state'), configFile = this.configFile, lingerMs } = options;
    return {
      stateFolder,
      configFile,
      runsSchedule: maySchedule,
      lingerMs,
      hostPath,
      environment: {
        PATH: process.env['PATH'],
        HOME: this.folder,
        NODE_COMPILE_CACHE: compileCache,
        CADANGAN_TEST_FILE: process.env['CADANGAN_TEST_FILE'], // by which the lane of Windows ends what a test left behind
        CADANGAN_SERVICE: '', // not that of this machine, if it has one: a host makes room for it
        ...environment,
      },
    };
  }
}

/** Ends the host of a state folder, if there is one, and waits until its process is gone. */
export async function endHost(stateFolder: string): Promise<void> {
  const pid = hostPid(stateFolder);
  if (pid === undefined || !signalIfThere(pid, 'SIGTERM')) return;
  await until(() => !isAlive(pid), `the host ${pid} has ended`);
}

/** The processes that work on repositories for the host of a state folder; on Linux. */
export function runnerPids(stateFolder: string): number[] {
  return pidsOf('--runner', stateFolder);
}

/** Of the processes with these words in their command line; on Linux. */
function pidsOf(...wanted: readonly string[]): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
        return wanted.every((word) => words.includes(word));
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** As the system does it when memory is short. @returns which process it was; never the group of ours, which `kill` takes 0 for */
export function killHost({ client }: Pick<Window, 'client'>): number {
  const { pid } = client;
  if (pid === undefined) throw new Error('the window has no host');
  process.kill(pid, 'SIGKILL');
  return pid;
}

/** What the hosts of a state folder wrote about themselves. */
export function hostLog(stateFolder: string): string {
  return existsSync(join(stateFolder, 'host.log')) ? readFileSync(join(stateFolder, 'host.log'), 'utf8') : '';
}

/** Of whoever wrote the lease last. */
export function hostPid(stateFolder: string): number | undefined {
  try {
    const { pid } = JSON.parse(readFileSync(join(stateFolder, 'host.json'), 'utf8')) as { readonly pid: number };
    return pid;
  } catch {
    return undefined;
  }
}

export function isAlive(pid: number): boolean {
  return signalIfThere(pid, 0);
}

/** To a process that may end by itself meanwhile. @returns false when it has ended */
export function signalIfThere(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** At once: a host may be reading the file, and one that is empty for a moment is another configuration. */
export function replaceText(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

/** A program that says that it runs, and ends when its mark is taken away. */
export function gate(stage: EngineStage): {
  readonly command: readonly string[];
  readonly isRunning: () => boolean;
  readonly open: () => void;
} {
  const mark = stage.path('mark');
  const script = `const fs = require('node:fs'); const mark = process.argv[1]; fs.writeFileSync(mark, ''); setInterval(() => fs.existsSync(mark) || process.exit(), 20)`;
  return { command: [process.execPath, '-e', script, mark], isRunning: () => existsSync(mark), open: () => rmSync(mark, { force: true }) };
}

/** A window that is open now, and for hours. */
export function openWindow(): Readonly<Record<string, unknown>> {
  const clock = (hours: number): string => `${String((hours + 24) % 24).padStart(2, '0')}:00`;
  const hour = new Date().getUTCHours();
  return { window: `${clock(hour - 1)}-${clock(hour + 3)}`, timeZone: 'UTC' };
}

/** Of the first set. */
export async function stateOf({ client }: Window): Promise<string | undefined> {
  return (await client.request(protocol.listSets, undefined))[0]?.state;
}

/** Waits until `isTrue`, with a bound far above any healthy time. */
export async function until(isTrue: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let look = 0; look < 2400; look++) {
    if (await isTrue()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited in vain: ${what}`);
}
