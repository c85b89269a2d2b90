import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestContext } from 'node:test';
import { passwordFromText } from '../../src/platform/index.ts';
import { Repository } from '../../src/repository/index.ts';
import { openStorage } from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';

/** What Node has compiled of the program: the first run leaves it to the others. */
const compileCache = mkdtempSync(join(tmpdir(), 'cadangan-compiled-'));
// A process that is just ending still leaves its part there.
process.on('exit', () => rmSync(compileCache, { recursive: true, force: true, maxRetries: 5 }));

/** The program as it is built: it starts five times as fast as from the sources, whose types have to be stripped. */
export const main = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

export const password = 'correct horse';

/** One JSON message; tests look into it by name. */
export type Message = Readonly<Record<string, unknown>>;

export interface CliRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly cwd?: string;
  /** Told of everything written, as it is written. */
  readonly onOutput?: (text: string, child: ChildProcess) => void;
}

let firstRun: Promise<CliRun> | undefined;

/** Runs the real program in a process of its own; of our environment it gets only what it needs. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  if (firstRun) await firstRun;
  const run = startCli(args, options).ended;
  firstRun ??= run;
  return run;
}

/** Of ours the program gets only what it needs. */
export function cliEnvironment(): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    TZ: 'UTC',
    LANG: 'C.UTF-8',
    CADANGAN_CONFIG: join(compileCache, 'none.jsonc'),
    CADANGAN_STATE: join(compileCache, 'state'),
    NODE_COMPILE_CACHE: compileCache,
  };
}

/** A command of one line that prints a text: for `--password-command`, without a shell and whatever programs a system has. */
export function commandThatPrints(text: string, exitCode = 0): string {
  return `"${process.execPath}" -e "process.stdout.write('${text}'); process.exitCode = ${exitCode}"`;
}

/** As `runCli`, for a test that does something to the process meanwhile. */
export function startCli(args: readonly string[], options: CliOptions): { readonly child: ChildProcess; readonly ended: Promise<CliRun> } {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: options.cwd,
    env: { ...cliEnvironment(), ...options.environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    options.onOutput?.(text, child);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    options.onOutput?.(text, child);
  });
  child.stdin.on('error', () => undefined); // a program that does not read its input may be gone before we wrote it
  child.stdin.end(options.input ?? '');
  const ended = new Promise<CliRun>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, ended };
}

/** A folder with a small repository whose key is cheap to open, and a runner that knows both. Everything is removed after the test. */
export async function makeStage(t: TestContext): Promise<Stage> {
  const folder = makeFolder(t);
  const repository = join(folder, 'repository');
  await Repository.init({ storage: openStorage(repository) }, passwordFromText(password), {
    signal: neverAborted,
    kdfCost: { N: 1024, r: 8, p: 1 },
  });
  return new Stage(folder, repository);
}

/** For an expression that is to find this text: a path of Windows has `\`. */
export function literally(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

export function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'cadangan-cli-'));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 })); // the files of a repository are read-only: `rmSync` may keep those
  return folder;
}

export class Stage {
  readonly folder: string;
  readonly repository: string;

  constructor(folder: string, repository: string) {
    this.folder = folder;
    this.repository = repository;
  }

  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  run(args: readonly string[], options: CliOptions = {}): Promise<CliRun> {
    const environment = { RESTIC_REPOSITORY: this.repository, RESTIC_PASSWORD: password, ...options.environment };
    return runCli(args, { cwd: this.folder, ...options, environment });
  }

  /** Runs with `--json` and gives every line of the result. */
  async json(args: readonly string[], options: CliOptions = {}): Promise<{ code: number | null; messages: Message[]; errors: Message[] }> {
    const { code, stdout, stderr } = await this.run([...args, '--json'], options);
    return { code, messages: parseLines(stdout), errors: parseLines(stderr) };
  }
}

function parseLines(text: string): Message[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Message => JSON.parse(line));
}
