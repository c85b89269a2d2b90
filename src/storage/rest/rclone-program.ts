import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Duplex, Readable, Writable } from 'node:stream';
import { ConnectionFault } from '../../http/index.ts';
import { programInPath, system, systemCode, type Clock, type Environment } from '../../platform/index.ts';
import { ProgramPipes } from './program-pipes.ts';

/** What is kept of what rclone says: it says it once more for each try. */
const saidLinesMax = 8;
const saidLettersMax = 300;
/** How long rclone may take to end by itself when its pipes are closed. */
const endMsMax = 5_000;

export interface RcloneOptions {
  /** Default: `rclone`, where the system looks for programs; on Windows not in the current folder. */
  readonly program?: string | undefined;
  /** What rclone gets, without what is ours in it: its own settings may stand in it (`RCLONE_CONFIG`). */
  readonly environment: Environment;
  readonly clock: Clock;
}

type Child = ChildProcessByStdio<Writable | null, Readable | null, Readable>;

/** What a shell ends with when it cannot run a program (POSIX, "Exit Status for Commands"). */
const codesOfShell: ReadonlyMap<number, string> = new Map([
  [126, 'EACCES'],
  [127, 'ENOENT'],
]);

/**
 * `rclone serve restic`, which speaks over its two pipes. It is in a process group of its own: at a Ctrl-C it goes on until our locks are
 * removed. When this process dies its pipes end, and rclone with them.
 */
export class RcloneProgram {
  readonly pipes: Duplex;
  /** Resolves with why it ended: `exit code 1`, `SIGKILL`, a code of the system when it could not be started. */
  readonly ended: Promise<string>;
  readonly #child: Child;
  readonly #clock: Clock;
  readonly #said: string[] = [];

  /**
   * @param remote `remote:path`, as rclone writes it
   * Objects are not cached: a file that somebody else removed would be there for us until the next list, and a question for its size after
   * an upload would be answered out of rclone's own memory. Nobody is asked for a password, since the pipes are not a person.
   */
  constructor(remote: string, { program = 'rclone', environment, clock }: RcloneOptions) {
    const args = ['serve', 'restic', '--stdio', '--b2-hard-delete', '--cache-objects=false', '--ask-password=false', '--', remote];
    this.#clock = clock;
    const env = rclonesEnvironment(environment);
    this.#child = hasSocket(env) ? overSocket(program, args, env) : overPipes(programOf(program, environment), args, env);
    const { promise, resolve } = Promise.withResolvers<string>();
    this.ended = promise;
    this.#child.once('error', (error) => resolve(systemCode(error) ?? 'unknown'));
    this.#child.once('close', (code, signal) => resolve(signal ?? this.#codeOfShell(code) ?? `exit code ${code}`));
    // Where no descriptor is left there is nothing of it but the error that comes.
    if ((this.#child as Partial<Child>).stdio === undefined) throw new ConnectionFault('EMFILE');
    this.pipes = pipesOf(this.#child);
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => this.#hear(text));
    this.pipes.on('error', () => undefined); // whoever asks over them is told
  }

  /** The last line that it said, if any: one line, without what could be a secret. */
  get said(): string | undefined {
    return this.#said.findLast((line) => line !== '');
  }

  /** Closes its pipes, and ends it when it does not end by itself. Resolves when it is gone. */
  async end(): Promise<void> {
    this.pipes.destroy();
    const over = new AbortController();
    const late = this.#clock.sleep(endMsMax, over.signal).then(
      () => this.#kill(),
      () => undefined,
    );
    await this.ended;
    over.abort();
    await late;
  }

  /** With whatever it has started (`--sftp-ssh`), which may hold its outputs open. */
  #kill(): void {
    const { pid } = this.#child;
    try {
      if (pid !== undefined && system.hasProcessGroups) process.kill(-pid, 'SIGKILL');
      else this.#child.kill('SIGKILL');
    } catch {
      // it has just ended
    }
    this.#child.stderr.destroy();
  }

  /** The shell says why it could not run the program; what a program itself ends with is its own. */
  #codeOfShell(code: number | null): string | undefined {
    return /\bexec\b/.test(this.said ?? '') ? codesOfShell.get(code ?? 0) : undefined;
  }

  #hear(text: string): void {
    const [first = '', ...lines] = text.split('\n');
    const begun = this.#said.pop() ?? '';
    this.#said.push(...[begun + first, ...lines].map((line) => safeLine(line)));
    this.#said.splice(0, this.#said.length - saidLinesMax);
  }
}

const shell = '/bin/sh';

/** Shells pass on no variable whose name is none of theirs; rclone has such, for remotes with a dot in their names. */
function hasSocket(env: Readonly<Record<string, string>>): boolean {
  const isPassedOn = (name: string): boolean => !name.startsWith('RCLONE_') || /^\w+$/.test(name);
  return !system.isWindows && existsSync(shell) && Object.keys(env).every(isPassedOn);
}

/**
 * With one socket for both directions, which Node's HTTP/2 reads and writes by itself: two pipes go through streams of JavaScript, and a
 * download takes twice as much of the processor. What Node makes as a third pipe is such a socket; a shell puts it in the place of the
 * first two, and becomes the program.
 */
function overSocket(program: string, args: readonly string[], env: Record<string, string>): Child {
  return spawn(shell, ['-c', 'exec "$0" "$@" <&3 >&3 3>&-', program, ...args], {
    env,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    detached: system.hasProcessGroups,
  }) as Child;
}

function overPipes(program: string, args: readonly string[], env: Record<string, string>): Child {
  return spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true, detached: system.hasProcessGroups });
}

function programOf(program: string, environment: Environment): string {
  return system.isWindows ? programInPath(program, environment) : program;
}

function pipesOf({ stdin, stdout, stdio }: Child): Duplex {
  return stdin === null || stdout === null ? (stdio[3] as Duplex) : new ProgramPipes(stdout, stdin);
}

/** Rclone's errors have addresses in them, and some clouds have a signature in those. */
function safeLine(line: string): string {
  const shown = line
    .replace(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d /, '')
    .replace(/\/\/[^/\s@]*@/g, '//***@')
    .replace(/\?[^\s"']*/g, '?***')
    .replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]+/g, ' ');
  return shown.slice(0, saidLettersMax);
}

/** Our own passwords are none of its business. */
function rclonesEnvironment(environment: Environment): Record<string, string> {
  const ours = /^(?:RESTIC_\w*|CADANGAN_\w*|CREDENTIALS_DIRECTORY|ELECTRON_\w*)$/i;
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined && !ours.test(entry[0])),
  );
}
