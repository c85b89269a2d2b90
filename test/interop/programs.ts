import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

/** How a program ended and what it said. */
export interface Ran {
  /** `null` when a signal ended it. */
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly cwd?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** `open`: a pipe that nobody has written to. Nothing by default. */
  readonly input?: 'open' | undefined;
}

/** A program that is running. */
export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ran>;
}

const cliPath = join(import.meta.dirname, '..', '..', 'dist', 'cli.js');

/** The command line as users have it: the built one, which `npm test` builds first (and which starts six times as fast as the sources). */
export function startCadangan(args: readonly string[], options: ProgramOptions = {}): Running {
  return start(process.execPath, [cliPath, ...args], options);
}

/** Stock restic. It is kept from a cache on disk: every run sees the repository itself. */
export function startRestic(args: readonly string[], options: ProgramOptions = {}): Running {
  return start('restic', ['--no-cache', ...args], options);
}

export function start(program: string, args: readonly string[], { cwd, env = {}, input }: ProgramOptions): Running {
  // Neither the settings of whoever runs the tests nor the test runner's own may reach the programs.
  const inherited = Object.entries(process.env).filter(([name]) => !/^(RESTIC|CADANGAN|NODE_)/.test(name));
  const child = spawn(program, args, { cwd, env: { ...Object.fromEntries(inherited), ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  if (input === undefined) child.stdin.end();
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  const ended = new Promise<Ran>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() }));
  });
  return { process: child, ended };
}

/** JSON as lines, as both programs write it: one message a line. Lines of anything else are passed over. */
export function jsonLines(text: string): Record<string, unknown>[] {
  const lines = text.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line): Record<string, unknown> => JSON.parse(line));
}

/** The one message of a type. */
export function message(text: string, type: string): Record<string, unknown> {
  const found = jsonLines(text).find((line) => line['message_type'] === type);
  if (!found) throw new Error(`no ${type} in: ${text}`);
  return found;
}
