import { describeError, recordOfUnlock } from '../../jobs/index.ts';
import { l10n } from '../../platform/index.ts';
import { lockedError, removeLocks } from '../../repository/index.ts';
import { openedRepository, type CliCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { locationOf } from '../global-options.ts';
import { countText } from '../units.ts';
import { takeDownRecord } from './records-keeper.ts';

export const unlockCommand: CliCommand = {
  name: 'unlock',
  declare: (command) =>
    command
      .description(l10n.t('Remove locks that programs left behind: older than 30 minutes, or of a process of this machine that is gone.'))
      .option('--remove-all', l10n.t('remove every lock, also those in use')),
  run: async (context, _args, options) => {
    const all = options.flag('removeAll');
    const { removed, left, repositoryId } = await openedRepository(context, 'none', async ({ repository, signal }) => {
      const { removed, left } = await removeLocks(repository.lockContext, { all, signal });
      return { removed, left: left.map((lock) => lockedError(repository.lockContext, lock)), repositoryId: repository.config.id };
    });
    const location = await locationOf(context.globals);
    if (removed > 0) await takeDownRecord(context, (about) => recordOfUnlock(removed, repositoryId, { ...about, location, all }));
    const { globals, terminal } = context;
    if (globals.quiet || globals.json) return exitCode.done;
    if (removed > 0 || left.length === 0)
      terminal.print(removed === 0 ? l10n.t('there were no locks to remove') : l10n.t('removed {0}', countText(removed, 'lock')));
    // To have done nothing is no help for whoever they are in the way of.
    for (const { what, next = '' } of left.map((error) => describeError(error))) terminal.print(`${what} ${next}`.trimEnd());
    return exitCode.done;
  },
};
