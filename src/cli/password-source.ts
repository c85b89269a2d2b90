import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { CadanganError, l10n, type Environment } from '../platform/index.ts';
import { splitCommand } from './command-words.ts';
import { readTextFile } from './global-options.ts';
import { promptPassword, readPasswordLine, type PasswordInput } from './password-prompt.ts';

/** Where a password may come from, in the order of restic: command or file, then the environment, then whoever sits at the terminal. */
export interface PasswordSource {
  readonly file: string | undefined;
  readonly command: string | undefined;
  /** The name of the variable that may hold the password itself; undefined where none may. */
  readonly variable: string | undefined;
  /** What is asked for at a terminal. */
  readonly question: string;
  /** Ask twice: it is a new password, and a slip would lock everybody out. */
  readonly twice: boolean;
}

/** What the process offers for it. */
export interface PasswordWorld {
  readonly environment: Environment;
  readonly input: PasswordInput;
  /** For prompts; standard error, so that the result stays clean. */
  readonly write: (text: string) => void;
}

const run = promisify(execFile);
const commandOutputBytesMax = 1 << 20;

/**
 * A password is never an argument: those can be seen by every user of the machine.
 * @throws `password.missing`, `password.empty`, `arguments.invalid`, `aborted`
 */
export async function readPassword(source: PasswordSource, world: PasswordWorld, signal: AbortSignal): Promise<string> {
  const { file, command } = source;
  if (file !== undefined && command !== undefined)
    throw new CadanganError('arguments.invalid', { option: '--password-command', reason: 'it cannot be combined with --password-file' });
  if (command !== undefined) return nonEmpty((await outputOf(command, signal)).trim());
  if (file !== undefined) return nonEmpty((await readTextFile(file)).trim());
  const value = source.variable === undefined ? undefined : world.environment[source.variable];
  if (value !== undefined && value !== '') return value;
  return nonEmpty(await ask(source, world, signal));
}

async function ask({ question, twice }: PasswordSource, world: PasswordWorld, signal: AbortSignal): Promise<string> {
  if (!world.input.isTTY) return readPasswordLine(world.input, signal);
  const password = await promptPassword(`${question}: `, world.input, world.write, signal);
  if (!twice) return password;
  const again = await promptPassword(`${l10n.t('enter password again')}: `, world.input, world.write, signal);
  if (password !== again) throw new CadanganError('arguments.invalid', { reason: 'the two passwords differ' });
  return password;
}

/** What the command prints. What it says on standard error is the user's to read; the password must not get into an error. */
async function outputOf(command: string, signal: AbortSignal): Promise<string> {
  const [program, ...args] = splitCommand(command) ?? [];
  if (program === undefined)
    throw new CadanganError('arguments.invalid', { option: '--password-command', reason: 'it is empty, or a quote is not closed' });
  try {
    const running = run(program, args, { signal, maxBuffer: commandOutputBytesMax, windowsHide: true });
    running.child.stdin?.end();
    running.child.stderr?.pipe(process.stderr);
    return (await running).stdout;
  } catch (error) {
    if (signal.aborted) throw new CadanganError('aborted', {}, { cause: signal.reason });
    const code =
      error instanceof Error && 'code' in error && (typeof error.code === 'string' || typeof error.code === 'number')
        ? error.code
        : 'unknown';
    throw new CadanganError('password.missing', { reason: `the command ${program} failed (${code})` });
  }
}

function nonEmpty(password: string): string {
  if (password === '') throw new CadanganError('password.empty');
  return password;
}
