import { recordedTagging, type TaggingDetails } from '../../jobs/index.ts';
import { CadanganError, l10n } from '../../platform/index.ts';
import type { TagChange } from '../../upkeep/index.ts';
import { accessOf, collect, type CliCommand, type CommandContext } from '../command.ts';
import { reportExceptions } from '../exception-report.ts';
import { exitCodeOfResult } from '../exit-code.ts';
import { printJson } from '../json.ts';
import type { OptionValues } from '../option-values.ts';
import { addSnapshotFilter, snapshotFilterOf } from '../snapshot-view.ts';
import { countText } from '../units.ts';
import { keeperOf } from './records-keeper.ts';

export const tagCommand: CliCommand = {
  name: 'tag',
  declare: (command) => {
    command
      .description(
        l10n.t(
          'Change the tags of snapshots. One with the tag "keep", or "hold:2027-01-31" until that day, is removed by no rule and by nobody.',
        ),
      )
      .argument('[ids...]', l10n.t('only these: ids, beginnings of ids, or "latest"'))
      .option('--set <tags>', l10n.t('these tags instead of all others, separated by commas (may be repeated)'), collect)
      .option('--add <tags>', l10n.t('these tags beside the others (may be repeated)'), collect)
      .option('--remove <tags>', l10n.t('without these tags (may be repeated)'), collect);
    addSnapshotFilter(command);
  },
  run: async (context, ids, options) => {
    const change = changeOf(options);
    const { keeper } = await keeperOf(context);
    const result = await recordedTagging(
      keeper,
      await accessOf(context),
      { ids, filter: snapshotFilterOf(options), change },
      { about: { trigger: 'manual' } },
    );
    if (!result.details) throw result.error;
    tell(context, result.details);
    reportExceptions(context.terminal, result, context.globals.verbosity);
    return exitCodeOfResult(result);
  },
};

/** @throws `arguments.invalid` */
function changeOf(options: OptionValues): TagChange {
  const [set, add, remove] = (['set', 'add', 'remove'] as const).map((name) => options.tagLists(name).flat());
  if (set === undefined || add === undefined || remove === undefined || set.length + add.length + remove.length === 0)
    throw new CadanganError('arguments.invalid', { option: '--set, --add, --remove', reason: 'one of them is wanted' });
  if (set.length > 0 && add.length + remove.length > 0)
    throw new CadanganError('arguments.invalid', { option: '--set', reason: 'it cannot be combined with --add and --remove' });
  const isNamed = (tag: string): boolean => tag !== '';
  return set.length > 0 ? { set: set.filter(isNamed) } : { add: add.filter(isNamed), remove: remove.filter(isNamed) };
}

function tell({ terminal, globals }: CommandContext, { changed }: TaggingDetails): void {
  if (globals.json) {
    for (const { before, id } of changed) printJson(terminal, { message_type: 'changed', old_snapshot_id: before.id, new_snapshot_id: id });
    return printJson(terminal, { message_type: 'summary', changed_snapshots: changed.length });
  }
  if (globals.quiet) return;
  if (globals.verbosity > 0)
    for (const { before, id } of changed)
      terminal.print(l10n.t('old snapshot ID: {before} -> new snapshot ID: {after}', { before: before.id, after: id }));
  terminal.print(
    changed.length === 0 ? l10n.t('no snapshots were modified') : l10n.t('modified {0}', countText(changed.length, 'snapshot')),
  );
}
