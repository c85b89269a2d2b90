import { l10n } from '../../platform/index.ts';
import { removeLocks } from '../../repository/index.ts';
import { openedRepository, type CliCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { countText } from '../units.ts';

export const unlockCommand: CliCommand = {
  name: 'unlock',
  declare: (command) =>
    command
      .description(l10n.t('Remove locks that programs left behind: older than 30 minutes, or of a process of this machine that is gone.'))
      .option('--remove-all', l10n.t('remove every lock, also those in use')),
  run: async (context, _args, options) => {
    const removed = await openedRepository(context, 'none', ({ repository, signal }) =>
      removeLocks(repository.lockContext, { all: options.flag('removeAll'), signal }),
    );
    const { globals, terminal } = context;
    if (!globals.quiet && !globals.json) terminal.print(removed === 0 ? l10n.t('there were no locks to remove') : l10n.t('removed {0}', countText(removed, 'lock')));
    return exitCode.done;
  },
};
