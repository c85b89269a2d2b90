import { Command, CommanderError } from 'commander';
import { describeCauses, describeError } from '../jobs/index.ts';
import { CadanganError, l10n, placeOfWork, stateErrorIn, systemCode, type Clock, type Environment } from '../platform/index.ts';
import type { CliCommand, CommandContext } from './command.ts';
import { commands } from './commands/index.ts';
import { exitCode, exitCodeOfError, type ExitCode } from './exit-code.ts';
import { addGlobalOptions, readGlobalOptions, type GlobalOptions } from './global-options.ts';
import { noteJson } from './json.ts';
import { believedClock, chooseLanguage, chooseTimeZone } from './language.ts';
import { endOfHistory, keepHistoryAfter } from './keep-history.ts';
import { OptionValues, plainText } from './option-values.ts';
import type { PasswordInput } from './input-listener.ts';
import type { Terminal } from './terminal.ts';
import { programVersion } from './version.ts';

/** What the process gives to the program. */
export interface ProgramWorld {
  readonly terminal: Terminal;
  readonly input: PasswordInput;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly workingFolder: string;
  readonly signal: AbortSignal;
}

/** Runs one command line. Never rejects; errors are written. @param args without the names of node and the script */
export async function runProgram(args: readonly string[], world: ProgramWorld): Promise<ExitCode> {
  let result: ExitCode = exitCode.done;
  let globals: GlobalOptions | undefined;
  let isUnrecorded = false;
  await chooseLanguage(args, world.environment);
  const program = makeProgram(world);
  for (const command of await neededCommands(args)) {
    const parser = program.command(command.name);
    command.declare(parser);
    addGlobalOptions(parser);
    parser.action(async () => {
      globals = readGlobalOptions(program, parser, world.environment);
      if (command.name !== 'version') await chooseTimeZone(world.environment, globals.json);
      const clock = await believedClock(world.clock, world.environment);
      const context = { ...contextOf(globals, { ...world, clock }), noteUnrecorded: () => (isUnrecorded = true) };
      const given = command.takesBytes ? parser.args : parser.args.map((arg) => plainText(arg, command.name));
      const before = await endOfHistory(world.environment);
      try {
        result = await command.run(context, given, new OptionValues(parser.opts()));
      } finally {
        await keepHistoryAfter(context, before);
      }
    });
  }
  try {
    await program.parseAsync(expandVerbose(args), { from: 'user' });
    return result === exitCode.done && isUnrecorded ? exitCode.exceptions : result;
  } catch (error) {
    // The parser has said what it had to say; help and version also end this way.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.done : exitCode.failed;
    return reportError(ofOurState(error, world.environment), world.terminal, {
      json: globals?.json ?? args.includes('--json'),
      verbosity: globals?.verbosity ?? 0,
    });
  }
}

/** A file that Cadangan keeps for itself cannot be used: no mistake of ours, and no trouble of a repository. */
function ofOurState(error: unknown, environment: Environment): unknown {
  if (systemCode(error) === undefined) return error;
  try {
    return stateErrorIn(error, placeOfWork(environment).stateFolder);
  } catch {
    return error; // the place itself is not known
  }
}

/** Writes what stopped a command and gives the exit code for it. */
export function reportError(
  error: unknown,
  terminal: Terminal,
  { json, verbosity }: { readonly json: boolean; readonly verbosity: number },
): ExitCode {
  const code = exitCodeOfError(error);
  const { what, next } = describeError(error);
  if (json) noteJson(terminal, { message_type: 'exit_error', code, message: next === undefined ? what : `${what} ${next}` });
  else terminal.note(next === undefined ? what : `${what}\n${next}`);
  if (verbosity > 0 && !json) {
    for (const line of describeCauses(error)) terminal.note(line);
    if (!(error instanceof CadanganError) && error instanceof Error) terminal.note(error.stack);
  }
  return code;
}

/** The command that is named, where one is; all of them for the help, and to say what somebody may have meant. */
async function neededCommands(args: readonly string[]): Promise<readonly CliCommand[]> {
  const parser = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  addGlobalOptions(parser);
  let named: string | undefined;
  try {
    named = parser.parseOptions(expandVerbose(args)).operands[0];
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error; // said when it is parsed in earnest
  }
  const load = named !== undefined && Object.hasOwn(commands, named) ? commands[named] : undefined;
  return load === undefined ? Promise.all(Object.values(commands).map(async (each) => each())) : [await load()];
}

function makeProgram({ terminal }: ProgramWorld): Command {
  const program = new Command('cadangan')
    .description(l10n.t('Backs up into restic repositories, restores any date, and checks.'))
    .version(programVersion(), '--version', l10n.t('show the version'))
    .helpCommand('help [command]', l10n.t('show help for a command'))
    .helpOption('-h, --help', l10n.t('show help'))
    .showSuggestionAfterError(true)
    .enablePositionalOptions()
    .exitOverride()
    .configureHelp({
      helpWidth: helpColumns,
      subcommandTerm: (command) => command.name(),
      styleTitle,
      styleOptionDescription: inWords,
      styleArgumentDescription: inWords,
    })
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.note(text.trimEnd()),
    })
    .addHelpText(
      'after',
      `\n${l10n.t('Exit codes: 0 done, 1 failed, 3 done with exceptions (each is named), 10 no repository, 11 locked, 12 wrong password, 130 interrupted.')}`,
    );
  addGlobalOptions(program);
  return program;
}

/** The parser's own headings. */
function styleTitle(title: string): string {
  switch (title) {
    case 'Usage:':
      return l10n.t('Usage:');
    case 'Arguments:':
      return l10n.t('Arguments:');
    case 'Options:':
      return l10n.t('Options:');
    case 'Commands:':
      return l10n.t('Commands:');
    default:
      return title;
  }
}

/** The parser's own words behind a description: `(choices: "pdf", "html")`. */
function inWords(description: string): string {
  return description.replace(/\((choices|default): (?=[^()]*\)$)/, (_, word: string) =>
    word === 'choices' ? `(${l10n.t('choices')}: ` : `(${l10n.t('default')}: `,
  );
}

function contextOf(globals: GlobalOptions, world: ProgramWorld): Omit<CommandContext, 'noteUnrecorded'> {
  const { terminal, environment, clock, workingFolder, signal, input } = world;
  const passwords = { environment, input, write: (text: string) => terminal.prompt(text) };
  return { terminal, globals, environment, passwords, clock, workingFolder, programVersion: programVersion(), signal };
}

/** `--verbose=2` is twice `--verbose`, as in restic. */
function expandVerbose(args: readonly string[]): string[] {
  const end = args.indexOf('--');
  return args.flatMap((arg, at) => {
    const level = end >= 0 && at > end ? undefined : /^(?:--verbose|-v)=([0-3])$/.exec(arg)?.[1];
    return level === undefined ? [arg] : Array.from({ length: Number(level) }, () => '--verbose');
  });
}

const helpColumns = 100;
