import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Environment } from '../../platform/index.ts';
import type { Configuration } from '../../settings/index.ts';
import { commandsOf, lineOf, programsOfCommand } from './configured-programs.ts';
import type { ServicePlace } from './place.ts';

/*
 * Under the service of a machine no program gains rights: systemd's NoNewPrivileges (systemd.exec(5)), and setpriv's --no-new-privs under
 * cron. A program like sudo fails there, at nine in the evening. What a script calls is not read.
 */

/** A program of a set or copy that needs rights which it will not have. */
export interface ProgramWithoutRights {
  readonly name: string;
  readonly program: string;
}

/** As a word of a line for a shell; on the disk they are known by their mode. */
const gaining = /(?:^|[\s;&|(/])(sudo|doas|pkexec|su|runuser)(?:\s|$)/;
const setIds = 0o6000;

/** Those that a configuration has run under a service of the machine at this place. */
export async function programsWithoutRights(
  { scope, manager }: ServicePlace,
  configuration: Configuration,
  environment: Environment,
): Promise<readonly ProgramWithoutRights[]> {
  if (scope !== 'system' || (manager !== 'systemd' && manager !== 'cron')) return [];
  const found: ProgramWithoutRights[] = [];
  for (const { name, command } of commandsOf(configuration)) {
    const program = await gainingProgram(command, environment);
    if (program !== undefined) found.push({ name, program });
  }
  return found;
}

async function gainingProgram(command: readonly string[], environment: Environment): Promise<string | undefined> {
  for (const path of await programsOfCommand(command, environment)) {
    const mode = await stat(path).then(
      (stats) => stats.mode,
      () => 0, // whoever runs it says that it is not there
    );
    if ((mode & setIds) !== 0) return basename(path);
  }
  const [program = '', ...args] = command;
  // env(1) runs what follows its options and variables.
  const run = basename(program) === 'env' ? args.find((arg) => !arg.startsWith('-') && !arg.includes('=')) : program;
  return gaining.exec(lineOf(command) ?? run ?? '')?.[1];
}
