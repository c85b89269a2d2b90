import { nonEmpty, passwordInVariable, readPasswordFile, runPasswordCommand } from '../jobs/index.ts';
import { CadanganError, l10n, type Environment, type Password } from '../platform/index.ts';
import { splitCommand } from './command-words.ts';
import type { PasswordInput } from './input-listener.ts';
import { promptPassword, readPasswordLine } from './password-prompt.ts';

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

/**
 * A password is never an argument: those can be seen by every user of the machine.
 * @throws `password.missing`, `password.empty`, `arguments.invalid`, `aborted`
 */
export async function readPassword(source: PasswordSource, world: PasswordWorld, signal: AbortSignal): Promise<Password> {
  const { file, command, variable } = source;
  if (file !== undefined && command !== undefined)
    throw new CadanganError('arguments.invalid', { option: '--password-command', reason: 'it cannot be combined with --password-file' });
  // What the command says on standard error is the user's to read.
  if (command !== undefined)
    return runPasswordCommand(wordsOf(command), { environment: world.environment, errors: process.stderr, signal });
  if (file !== undefined) return readPasswordFile(file, signal);
  const given = variable === undefined ? undefined : passwordInVariable(variable, world.environment);
  return given ?? nonEmpty(await ask(source, world, signal));
}

function wordsOf(command: string): readonly string[] {
  const words = splitCommand(command) ?? [];
  if (words.length === 0)
    throw new CadanganError('arguments.invalid', { option: '--password-command', reason: 'it is empty, or a quote is not closed' });
  return words;
}

async function ask({ question, twice }: PasswordSource, world: PasswordWorld, signal: AbortSignal): Promise<Password> {
  if (!world.input.isTTY) return readPasswordLine(world.input, signal);
  const password = await promptPassword(`${question}: `, world.input, world.write, signal);
  if (!twice) return password;
  const again = await promptPassword(`${l10n.t('enter password again')}: `, world.input, world.write, signal);
  if (!Buffer.from(password).equals(again)) throw new CadanganError('arguments.invalid', { reason: 'the two passwords differ' });
  return password;
}
