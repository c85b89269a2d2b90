import type { Command } from 'commander';
import { openStorageAt, withRepository, type LockMode, type OpenedRepository, type PasswordAccess, type World } from '../jobs/index.ts';
import { isRemote, l10n, type Clock, type Environment } from '../platform/index.ts';
import { driveWorld } from './drive-place.ts';
import type { ExitCode } from './exit-code.ts';
import { locationOf, type GlobalOptions } from './global-options.ts';
import type { OptionValues } from './option-values.ts';
import { readPassword, type PasswordSource, type PasswordWorld } from './password-source.ts';
import type { Terminal } from './terminal.ts';

/** One command of the program: how it is written, and what it does. */
export interface CliCommand {
  readonly name: string;
  /** Adds description, arguments and options to the parser's command. */
  readonly declare: (command: Command) => void;
  /** Its arguments may name something whose name is no UTF-8 (see `rawTextOf`). */
  readonly takesBytes?: true;
  /** @throws whatever went wrong; the program turns it into a message and an exit code */
  readonly run: (context: CommandContext, args: readonly string[], options: OptionValues) => Promise<ExitCode>;
}

/** What a command works with. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly globals: GlobalOptions;
  readonly environment: Environment;
  readonly passwords: PasswordWorld;
  readonly clock: Clock;
  readonly workingFolder: string;
  readonly programVersion: string;
  readonly signal: AbortSignal;
  /** A record of what the command did could not be written: it does not end as a success. */
  readonly noteUnrecorded: () => void;
}

interface AccessOptions {
  readonly isNew?: boolean;
  /** The variable that may hold the password; default restic's. */
  readonly variable?: string;
  /** What is asked for at a terminal. */
  readonly question?: string;
}

/** The repository that the options and the environment name. @throws `arguments.invalid` */
export async function accessOf(context: CommandContext, options: AccessOptions = {}): Promise<PasswordAccess> {
  const { globals, signal } = context;
  const source: PasswordSource = {
    file: globals.passwordFile,
    command: globals.passwordCommand,
    variable: options.variable ?? 'RESTIC_PASSWORD',
    question: options.isNew ? l10n.t('enter password for new repository') : (options.question ?? l10n.t('enter password for repository')),
    twice: options.isNew ?? false,
  };
  const location = await locationOf(globals);
  return {
    location,
    password: (passwordSignal) => readPassword(source, context.passwords, passwordSignal),
    noLock: globals.noLock,
    retryLockForMs: globals.retryLockForMs,
    world: await worldFor(location, context),
    signal,
  };
}

/** What is reached over a line needs what the configuration says of it: an account, keys, passwords. */
export async function worldFor(location: string, context: CommandContext): Promise<World> {
  const { clock } = context;
  if (!isRemote(location)) return { clock };
  const { place } = await driveWorld(context);
  return { clock, openStorage: (wanted) => openStorageAt(wanted, place) };
}

/** Opens the named repository for looking, or for small changes. */
export async function openedRepository<T>(
  context: CommandContext,
  mode: LockMode,
  work: (opened: OpenedRepository) => Promise<T>,
): Promise<T> {
  return withRepository(await accessOf(context), mode, work);
}

/** For `command.option(..., collect, [])`-like options that may be repeated. */
export function collect(value: string, previous: unknown): string[] {
  return [...(Array.isArray(previous) ? previous.map(String) : []), value];
}
