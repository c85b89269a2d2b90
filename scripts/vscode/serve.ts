import { execFile, spawn, type ChildProcessByStdio } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';
import { installedServer, type InstalledServer } from './installed-server.ts';
import { addIndonesian, makeServerFolders, writeSettings, type ServerFolders, type Settings } from './server-folders.ts';
import { pinnedVersion, type VersionName } from './versions.ts';

export interface ServeOptions {
  readonly version: VersionName;
  /** Packaged extensions to install, as a user would by *Install from VSIX*. */
  readonly vsix?: readonly string[] | undefined;
  readonly settings?: Settings | undefined;
  /** VS Code's display language; English by default. */
  readonly language?: 'en' | 'id' | undefined;
  /** The editor's own extensions: those that our tests need, by default, or all that work without an account. */
  readonly builtins?: 'few' | 'all' | undefined;
  /** Added to what the extension host and everything below it inherits. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Off by default: folders are trusted, as in a window of the user's own project. */
  readonly workspaceTrust?: boolean | undefined;
  /**
   * Whether windows take `extensionDevelopmentPath` and `extensionTestsPath`. Not for what a person would see: in newer versions
   * such a window shows no notifications.
   */
  readonly testDriver?: boolean | undefined;
  /** How long the server keeps the extension host of a client that is gone; by default 3 hours. */
  readonly reconnectionGraceSeconds?: number | undefined;
}

/** What a window opens with. Paths are absolute. */
export interface WindowOptions {
  readonly folder?: string | undefined;
  readonly extensionDevelopmentPath?: string | undefined;
  readonly extensionTestsPath?: string | undefined;
}

/** A VS Code that is served on the loopback interface. */
export interface VscodeServer extends AsyncDisposable {
  readonly vscodeVersion: string;
  readonly port: number;
  readonly folders: ServerFolders;
  /** The address of a window, with the secret that the server wants to see. */
  url(window?: WindowOptions): string;
  /** What the server has written until now; its last 100,000 characters. */
  log(): string;
  /** Replaces all settings; windows follow when they are reloaded. */
  changeSettings(settings: Settings): void;
  /** Ends the server and what it started, and removes its folders. Again does nothing. */
  stop(): Promise<void>;
}

/** Far above what it takes, also on a busy machine. */
const startTimeoutMs = 180_000;
const logLimit = 100_000;

/** Native modules are not built; what the server says of each, with its search paths, would bury everything else. */
const missingModule = /\n*Error: Could not locate the bindings file[^]*?\n\}|^File not found: .*\n|^Web UI available.*\n/gm;

/**
 * Starts a server on a free port of 127.0.0.1, with folders of its own. It ends with `stop()`, and by itself when this process
 * dies. @throws when the version is not in the cache, the extension cannot be installed, or the server does not come up
 */
export async function serveVscode(options: ServeOptions): Promise<VscodeServer> {
  const server = installedServer(options.version);
  if (server === undefined)
    throw new Error(`VS Code ${pinnedVersion(options.version).vscode} is not there: node scripts/vscode/provide-server.ts`);
  const token = randomBytes(16).toString('hex');
  const folders = makeServerFolders(server, options.settings ?? {}, token, options.builtins ?? 'few');
  try {
    if (options.language === 'id') addIndonesian(folders);
    const environment = { ...cleanEnvironment(folders), ...options.environment };
    for (const vsix of options.vsix ?? []) await installExtension(server, folders, vsix, environment);
    return await start(server, folders, token, options, environment);
  } catch (error) {
    rmSync(folders.root, { recursive: true, force: true });
    throw error;
  }
}

/** Nothing of the developer's own editor, npm, test runner or backups reaches the server. */
function cleanEnvironment(folders: ServerFolders): NodeJS.ProcessEnv {
  const foreign = /^(VSCODE_|NODE_|npm_|ELECTRON_|RESTIC_|CADANGAN_|LC_|LANG$|LANGUAGE$|XDG_RUNTIME_DIR$)/i;
  const inherited = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  const own = {
    LANG: 'C.UTF-8',
    TMPDIR: folders.temporary,
    CADANGAN_CONFIG: folders.configFile,
    CADANGAN_STATE: folders.stateFolder,
    EXTENSIONS_GALLERY: '{}', // offers nothing to install, asks nobody
  };
  return { ...Object.fromEntries(inherited), ...own };
}

/** VS Code's own installer, as `code --install-extension` in a terminal of the server. */
async function installExtension(server: InstalledServer, folders: ServerFolders, vsix: string, env: NodeJS.ProcessEnv): Promise<void> {
  const { stdout } = await promisify(execFile)(server.node, [...commonArguments(server, folders), '--install-extension', vsix], { env });
  if (!stdout.includes('successfully installed')) throw new Error(`${vsix} was not installed: ${stdout}`);
}

function commonArguments(server: InstalledServer, folders: ServerFolders): string[] {
  return [
    join(server.folder, 'out', 'server-main.js'),
    '--accept-server-license-terms',
    '--telemetry-level',
    'off',
    '--server-data-dir',
    folders.data,
    '--extensions-dir',
    folders.extensions,
    '--builtin-extensions-dir',
    folders.builtins,
  ];
}

async function start(
  server: InstalledServer,
  folders: ServerFolders,
  token: string,
  options: ServeOptions,
  env: NodeJS.ProcessEnv,
): Promise<VscodeServer> {
  const args = [...commonArguments(server, folders), '--host', '127.0.0.1', '--port', '0', '--connection-token-file', folders.tokenFile];
  if (options.testDriver === true) args.push('--enable-smoke-test-driver');
  if (options.workspaceTrust !== true) args.push('--disable-workspace-trust');
  if (options.language !== undefined) args.push('--locale', options.language);
  if (options.reconnectionGraceSeconds !== undefined) args.push('--reconnection-grace-time', String(options.reconnectionGraceSeconds));
  const guard = spawn(process.execPath, [join(import.meta.dirname, 'server-guard.mjs'), folders.root, server.node, ...args], {
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const output = new TailLog(guard);
  const ended = new Promise<void>((resolve) => guard.once('close', () => resolve()));
  const stop = async (): Promise<void> => {
    guard.stdin.end();
    await ended;
  };
  try {
    const port = await portOf(guard, output);
    return {
      vscodeVersion: server.vscodeVersion,
      port,
      folders,
      stop,
      [Symbol.asyncDispose]: stop,
      url: (window = {}) => windowUrl(port, token, window),
      log: () => output.text.replaceAll(missingModule, ''),
      changeSettings: (settings) => writeSettings(folders, settings),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Guard = ChildProcessByStdio<Writable, Readable, Readable>;

/** Keeps the end of what a process writes. */
class TailLog {
  text = '';

  constructor(child: Guard) {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => (this.text = (this.text + chunk).slice(-logLimit)));
    }
  }
}

async function portOf(guard: Guard, output: TailLog): Promise<number> {
  const deadline = AbortSignal.timeout(startTimeoutMs);
  return await new Promise<number>((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`The VS Code server ${why}.\n${output.text.slice(-2_000)}`));
    deadline.addEventListener('abort', () => fail('did not come up'));
    guard.once('error', reject).once('exit', () => fail('ended at its start'));
    const look = (): void => {
      // Written before the web part is there; asking earlier would only be refused.
      const port = /Web UI available at http:\/\/[^:]+:(\d+)/.exec(output.text)?.[1];
      if (port !== undefined) resolve(Number(port));
    };
    guard.stdout.on('data', look);
  });
}

function windowUrl(port: number, token: string, { folder, extensionDevelopmentPath, extensionTestsPath }: WindowOptions): string {
  const url = new URL(`http://127.0.0.1:${port}/`);
  url.searchParams.set('tkn', token);
  if (folder === undefined) url.searchParams.set('ew', 'true');
  else url.searchParams.set('folder', folder);
  const payload = Object.entries({ extensionDevelopmentPath, extensionTestsPath }).flatMap(([name, path]) =>
    path === undefined ? [] : [[name, `vscode-remote://127.0.0.1:${port}${path}`]],
  );
  if (payload.length > 0) url.searchParams.set('payload', JSON.stringify(payload));
  return url.href;
}
