import { initJob } from '../../jobs/index.ts';
import { accessOf, type CliCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { printJson } from '../json.ts';
import { safeText } from '../safe-text.ts';

export const initCommand: CliCommand = {
  name: 'init',
  declare: (command) =>
    command
      .description('Make a new repository.')
      .addOption(command.createOption('--repository-version <version>', 'format to write').choices(['2', 'latest', 'stable'])),
  run: async (context) => {
    const { terminal, globals } = context;
    const result = await initJob(await accessOf(context, { isNew: true }));
    if (!result.details) throw result.error;
    const { id, location } = result.details;
    if (globals.json) {
      printJson(terminal, { message_type: 'initialized', id, repository: location });
      return exitCode.done;
    }
    if (globals.quiet) return exitCode.done;
    terminal.print(`created restic repository ${id.slice(0, 10)} at ${safeText(location)}`);
    terminal.note('\nKeep the password safe, and not only on this machine: without it nobody can read what you back up.');
    return exitCode.done;
  },
};
