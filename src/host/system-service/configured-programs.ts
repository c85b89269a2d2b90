import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { basename, delimiter, isAbsolute, join } from 'node:path';
import type { Environment } from '../../platform/index.ts';
import type { Configuration } from '../../settings/index.ts';

/** Programs that run what stands in a file. */
const interpreter = /^(?:sh|bash|dash|ash|ksh|zsh|fish|env|node|perl|php|ruby|tclsh|python[\d.]*|pwsh)$/;

/** The programs that a configuration has run, each as it would be found, and the scripts that they are given. */
export async function programsOf(configuration: Configuration, environment: Environment): Promise<readonly string[]> {
  const found = await Promise.all(commandsOf(configuration).map(({ command }) => programsOfCommand(command, environment)));
  return [...new Set(found.flat())];
}

/** Every command of a configuration, and whose it is: a set's, a copy's, the mail server's. */
export function commandsOf({
  sets,
  offsiteCopies,
  alerts,
}: Configuration): readonly { readonly name: string; readonly command: readonly string[] }[] {
  const all = [
    ...sets.map(({ name, before, after, repository }) => ({ name, commands: [before, after, repository.passwordCommand] })),
    ...offsiteCopies.map(({ name, before, after, readableCopies }) => ({
      name,
      commands: [before, after, readableCopies?.passwordCommand],
    })),
    ...(alerts?.mail === undefined ? [] : [{ name: alerts.mail.host, commands: [alerts.mail.passwordCommand] }]),
  ];
  return all.flatMap(({ name, commands }) => commands.filter((command) => command !== undefined).map((command) => ({ name, command })));
}

/** The program of one command, and what it is told to run. */
export async function programsOfCommand([name = '', ...args]: readonly string[], environment: Environment): Promise<readonly string[]> {
  const program = isAbsolute(name) ? name : await onPath(name, environment);
  if (program === undefined) return []; // it cannot be run, and whoever runs it says so
  if (!interpreter.test(basename(program))) return [program];
  const line = lineOf([program, ...args]);
  const scripts = line === undefined ? args.filter((arg) => !arg.startsWith('-')).slice(0, 1) : wordsOf(line);
  return [program, ...scripts.filter(isAbsolute)];
}

/** What an interpreter is told to run in place of a file: of `sh -ec LINE` the line. */
export function lineOf([program = '', ...args]: readonly string[]): string | undefined {
  if (!interpreter.test(basename(program)) || !args[0]?.startsWith('-')) return undefined;
  const at = args.findIndex((arg) => /^-\w*c$/.test(arg));
  return at < 0 ? undefined : args[at + 1];
}

/** Of a line for a shell: what may be a path, without the shell's own signs. What it makes of variables is not looked at. */
function wordsOf(code: string): readonly string[] {
  return code.split(/[\s'"`;|&<>()$={}]+/).filter((word) => word !== '');
}

async function onPath(name: string, environment: Environment): Promise<string | undefined> {
  for (const folder of (environment['PATH'] ?? '').split(delimiter).filter(isAbsolute)) {
    const path = join(folder, name);
    if (
      await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  return undefined;
}
