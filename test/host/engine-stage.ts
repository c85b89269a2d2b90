import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { EngineClient, listener, type EngineClientOptions } from '../../src/host/index.ts';
import { protocol, type InitializeParams, type LogLine, type PasswordParams } from '../../src/service/index.ts';
import { passwordFromText } from '../../src/platform/index.ts';
import { Repository } from '../../src/repository/index.ts';
import { openStorage } from '../../src/storage/index.ts';

/** Starting from the sources costs a second, most of it stripping types: the first engine leaves the result to the others. */
export const compileCache = mkdtempSync(join(tmpdir(), 'cadangan-compiled-'));
process.on('exit', () => rmSync(compileCache, { recursive: true, force: true }));

const enginePath = fileURLToPath(new URL('../../src/host/engine-main.ts', import.meta.url));

export const password = 'canary-7f3a91-password';

export interface Window {
  readonly client: EngineClient;
  /** Everything that the engine said, in logs and on its standard output and error. */
  readonly log: LogLine[];
  /** What it asked for, and how often. */
  readonly asked: PasswordParams[];
  readonly lost: string[];
  setsChanged: number;
  configurationChanged: number;
}

export interface WindowOptions extends Partial<InitializeParams> {
  readonly password?: (params: PasswordParams) => string | undefined;
  readonly environment?: Readonly<Record<string, string>>;
  /** What else the window does. */
  readonly client?: Partial<EngineClientOptions>;
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
  readonly #t: TestContext;

  constructor(t: TestContext) {
    this.#t = t;
    this.folder = mkdtempSync(join(tmpdir(), 'cadangan-engine-'));
    t.after(() => rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 }));
    this.repository = this.path('repository');
    this.source = this.path('data');
    this.configFile = this.path('cadangan.jsonc');
    mkdirSync(this.source);
  }

  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  async initRepository(location = this.repository): Promise<void> {
    await Repository.init({ storage: openStorage(location) }, passwordFromText(password), { kdfCost: { N: 1024, r: 8, p: 1 } });
  }

  write(name: string, content: string | Uint8Array): string {
    const path = join(this.source, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  configure(...sets: readonly Readonly<Record<string, unknown>>[]): void {
    const usual = { name: 'data', sources: [this.source], repository: { location: this.repository } };
    writeFileSync(
      this.configFile,
      JSON.stringify({ version: 1, timeZone: 'UTC', sets: sets.length > 0 ? sets.map((set) => ({ ...usual, ...set })) : [usual] }),
    );
  }

  /** A window with an engine of its own, which ends with the test. */
  window(options: WindowOptions = {}): Window {
    const { password: answer = () => password, environment, client: more, ...rest } = options;
    const log: LogLine[] = [];
    const asked: PasswordParams[] = [];
    const lost: string[] = [];
    const client = new EngineClient({
      enginePath,
      environment: {
        PATH: process.env['PATH'],
        HOME: this.folder,
        TZ: 'UTC',
        NODE_COMPILE_CACHE: compileCache,
        VSCODE_IPC_HOOK: 'not for the engine',
        ...environment,
      },
      initialize: () => ({ configFile: this.configFile, stateFolder: this.path('state'), language: 'en', maySchedule: true, ...rest }),
      password: async (params) => {
        asked.push(params);
        return answer(params);
      },
      onLog: (line) => log.push(line),
      onLost: ({ reason }) => lost.push(reason),
      ...more,
      listeners: [
        listener(protocol.setsChanged, () => (window.setsChanged += 1)),
        listener(protocol.configurationChanged, () => (window.configurationChanged += 1)),
        ...(more?.listeners ?? []),
      ],
    });
    const window: Window = { client, log, asked, lost, setsChanged: 0, configurationChanged: 0 };
    this.#t.after(() => client.stop());
    return window;
  }
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
