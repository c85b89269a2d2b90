import { initJob, recordOfInit, safeText } from '../../jobs/index.ts';
import { l10n } from '../../platform/index.ts';
import { accessOf, type CliCommand } from '../command.ts';
import { takeDownRecord } from './records-keeper.ts';
import { exitCode } from '../exit-code.ts';
import { addFromRepository, fromAccess } from '../from-repository.ts';
import { printJson } from '../json.ts';

export const initCommand: CliCommand = {
  name: 'init',
  declare: (command) => {
    command
      .description(l10n.t('Make a new repository.'))
      .addOption(command.createOption('--repository-version <version>', l10n.t('format to write')).choices(['2', 'latest', 'stable']))
      .option(
        '--copy-chunker-params',
        l10n.t('cut files as the repository of --from-repo does, so that "copy" between the two shares data'),
      );
    addFromRepository(command);
  },
  run: async (context, _args, options) => {
    const { terminal, globals } = context;
    const cutAs = options.flag('copyChunkerParams') ? await fromAccess(context, options) : undefined;
    const access = await accessOf(context, { isNew: true });
    const result = await initJob(access, { cutAs });
    await takeDownRecord(context, (about) => recordOfInit(result, { ...about, location: access.location }));
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
