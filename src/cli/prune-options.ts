import type { Command } from 'commander';
import type { PruneJobOptions } from '../jobs/index.ts';
import { CadanganError, l10n, parseSizeText } from '../platform/index.ts';
import { defaultMaxUnused, parseMaxUnused, type PrunePolicy } from '../upkeep/index.ts';
import type { CommandContext } from './command.ts';
import { invalidOption, type OptionValues } from './option-values.ts';
import { printPrunePlan, showPruneProgress } from './prune-text.ts';

/** What every command takes that prunes, by restic's names. */
export function declarePruneOptions(command: Command): Command {
  return command
    .option(
      '--max-unused <limit>',
      l10n.t('leave so much unused data: a size such as 500M, a percentage or unlimited (default: {0})', defaultMaxUnused),
    )
    .option('--max-repack-size <size>', l10n.t('rewrite at most so much, such as 2G'))
    .option('--repack-cacheable-only', l10n.t('rewrite packs of folders only, none of file contents'))
    .option('--repack-small', l10n.t('rewrite packs below 80% of the usual size'))
    .option('--repack-uncompressed', l10n.t('rewrite data that is not compressed'))
    .option('--instant-delete', l10n.t('remove packs at once, not a day later: only if no other machine may be writing here'));
}

/** What a command that prunes wants of it: the plan and how far it is are shown to whoever reads. @throws `arguments.invalid` */
export function pruneJobOptions(context: CommandContext, options: OptionValues): PruneJobOptions {
  const { globals, clock } = context;
  return {
    policy: prunePolicyOf(context, options),
    release: options.flag('release'),
    sealing: { compression: globals.compression, extraVerify: globals.extraVerify },
    ...(!globals.quiet &&
      !globals.json && {
        onPlan: ({ sums }) => printPrunePlan(context, sums),
        progress: showPruneProgress(context, clock.monotonicMs()),
      }),
  };
}

/** @throws `arguments.invalid` */
function prunePolicyOf({ globals }: Pick<CommandContext, 'globals'>, options: OptionValues): PrunePolicy {
  const repackUncompressed = options.flag('repackUncompressed');
  if (repackUncompressed && globals.compression === 'off')
    throw new CadanganError('arguments.invalid', {
      option: '--repack-uncompressed',
      reason: 'it cannot be combined with --compression off',
    });
  const maxRepack = options.text('maxRepackSize');
  const repackBytesMax = maxRepack === undefined ? Infinity : parseSizeText(maxRepack);
  if (repackBytesMax === undefined) throw invalidOption('maxRepackSize', maxRepack ?? '', 'a size such as 500M or 2G is wanted');
  return {
    unusedBytesMax: parseMaxUnused(options.text('maxUnused') ?? defaultMaxUnused),
    repackBytesMax,
    repackCacheableOnly: options.flag('repackCacheableOnly'),
    repackSmall: options.flag('repackSmall'),
    repackUncompressed,
    removeAtOnce: options.flag('instantDelete'),
  };
}
