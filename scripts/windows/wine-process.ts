import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { hostPathOf, prefixFolder, projectFolder, wineUser } from './wine-place.ts';

/** How a program ended and what it said. */
export interface WineRan {
  /** The lowest eight bits of its code; `null` when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface WineOptions {
  /** A folder on `C:`, or `W:\`, which it is when it is left out. */
  readonly cwd?: string | undefined;
  /** Of our own variables a program gets none. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** A program that runs. */
export interface WineRunning {
  /** Its process here: `kill` ends it as Windows' `TerminateProcess` does. What it started goes on, as on Windows. */
  readonly process: ChildProcess;
  readonly ended: Promise<WineRan>;
  /** What it has written to its standard output up to now. */
  readonly stdoutSoFar: () => string;
}

/**
 * Starts a program of Windows, as an ordinary user, with nothing on its standard input.
 * @param command the program, as Windows names it or one of Wine's own (`wineboot`), and its arguments
 */
export function startWine(command: readonly string[], { cwd = 'W:\\', env = {} }: WineOptions = {}): WineRunning {
  keepServer();
  const out = mkdtempSync(join(tmpdir(), 'cadangan-wine-'));
  const [stdout, stderr] = [join(out, 'stdout'), join(out, 'stderr')];
  // Pipes of Linux give EBADF to Windows' Node under Wine; files and the null device do not.
  const handles = [openSync(stdout, 'w'), openSync(stderr, 'w')];
  const [program = '', ...args] = asWineUser(['wine', ...command]);
  const child = spawn(program, args, { cwd: hostPathOf(cwd), env: { ...wineEnvironment(), ...env }, stdio: ['ignore', ...handles] });
  for (const handle of handles) closeSync(handle);
  const ended = new Promise<WineRan>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve({ code, stdout: readFileSync(stdout, 'utf8'), stderr: readFileSync(stderr, 'utf8') }));
  });
  const removed = ended.finally(() => rmSync(out, { recursive: true, force: true }));
  return { process: child, ended: removed, stdoutSoFar: () => readFileSync(stdout, 'utf8') };
}

let isServerKept = false;

/**
 * Debian's `wineserver` ends at once after the last program, and refuses one that comes at that moment ("Connection reset by peer"). This
 * one goes on for a minute; where one runs already it stays as it is.
 */
function keepServer(): void {
  if (isServerKept) return;
  isServerKept = true;
  const [program = '', ...args] = asWineUser(['wineserver', '-p60']);
  spawnSync(program, args, { cwd: prefixFolder, env: wineEnvironment(), stdio: 'ignore', timeout: 10_000 });
}

/** Of Wine itself, for all programs of a prefix: they end a few seconds after the last of those. */
const services = /wineserver|\\windows\\(?:system32\\(?!cmd\.exe)|explorer)/i;

/**
 * Ends each program of Windows that was started with a variable of this value, and what such programs started: they are no children of
 * each other here, but all have the variables of the first. Only where there is `/proc`.
 */
export function endPrograms(name: string, value: string): void {
  const isMeant = (variables: string): boolean => variables.includes(`\0${name}=${value}\0`) && variables.includes('\0WINEPREFIX=');
  for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      if (!isMeant(`\0${readFileSync(`/proc/${pid}/environ`, 'utf8')}`)) continue;
      if (!services.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))) process.kill(Number(pid), 'SIGKILL');
    } catch {
      continue; // it has ended by itself, or is somebody else's
    }
  }
}

let isReadable: boolean | undefined;

/**
 * The command as the user that may write into the prefix alone; as it is, where we are no root. Where that user cannot reach the project
 * (a clone below `/root`), it gets the one right to read and to go through folders.
 */
export function asWineUser(command: readonly string[]): readonly string[] {
  if (process.getuid?.() !== 0) return command;
  isReadable ??= spawnSync('setpriv', [...withRights('-all'), 'test', '-r', projectFolder]).status === 0;
  return ['setpriv', ...withRights(isReadable ? '-all' : '-all,+dac_read_search'), ...command];
}

function withRights(rights: string): readonly string[] {
  const { uid, gid } = wineUser();
  const sets = ['--inh-caps', '--ambient-caps', '--bounding-set'].map((set) => `${set}=${rights}`);
  return [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', ...sets, '--'];
}

/** @param prefix Wine's folder, also one that is still being made */
export function wineEnvironment(prefix: string = prefixFolder): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: prefix, // a program of Windows does not get it; Wine looks for a person's folders there
    LANG: 'C.UTF-8',
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    WINEPREFIX: prefix,
    WINEARCH: 'win64',
    WINEDEBUG: '-all',
    // No .NET, no HTML engine (Wine would ask for both in a window), and no menus written into a person's desktop.
    WINEDLLOVERRIDES: 'mscoree=;mshtml=;winemenubuilder.exe=',
    CADANGAN_TEST_RUN: process.env['CADANGAN_TEST_RUN'], // of the run as a whole, for `endPrograms`
    NODE_OPTIONS: '--import=file:///W:/scripts/windows/wine-sockets.mjs',
    NODE_SKIP_PLATFORM_CHECK: '1', // Wine's Windows 10 has a lower build number than Node wants
  };
}
