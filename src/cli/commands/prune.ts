import { recordedPrune } from '../../jobs/index.ts';
import { l10n } from '../../platform/index.ts';
import { accessOf, type CliCommand } from '../command.ts';
import { exitCodeOfResult } from '../exit-code.ts';
import { declarePruneOptions, pruneJobOptions } from '../prune-options.ts';
import { printPruned } from '../prune-text.ts';
import { keeperOf } from './records-keeper.ts';

export const pruneCommand: CliCommand = {
  name: 'prune',
  declare: (command) =>
    declarePruneOptions(
      command
        .description(l10n.t('Remove data that no snapshot needs any more. What other machines may still need waits for a day.'))
        .option('-n, --dry-run', l10n.t('change nothing, show what would be done'))
        .option('--release', l10n.t('prune although snapshots are gone that should be there, or all of them; restic does not ask')),
    ),
  run: async (context, _args, options) => {
    const { keeper } = await keeperOf(context);
    const result = await recordedPrune(keeper, await accessOf(context), {
      ...pruneJobOptions(context, options),
      dryRun: options.flag('dryRun'),
      about: { trigger: 'manual' },
    });
    if (!result.details) throw result.error;
    printPruned(context, result.details);
    return exitCodeOfResult(result);
  },
};
