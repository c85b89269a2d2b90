import { initJob } from '../../jobs/index.ts';
import { l10n } from '../../platform/index.ts';
import { accessOf, type CliCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { printJson } from '../json.ts';
import { safeText } from '../safe-text.ts';

export const initCommand: CliCommand = {
  name: 'init',
  declare: (command) =>
    command
      .description(l10n.t('Make a new repository.'))
      .addOption(command.createOption('--repository-version <version>', l10n.t('format to write')).choices(['2', 'latest', 'stable'])),
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
    terminal.print(l10n.t('created restic repository {id} at {location}', { id: id.slice(0, 10), location: safeText(location) }));
    terminal.note(`\n${l10n.t('Keep the password safe, and not only on this machine: without it nobody can read what you back up.')}`);
    return exitCode.done;
  },
};
