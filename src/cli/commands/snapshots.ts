import { describeError } from '../../jobs/index.ts';
import { l10n, type CadanganError } from '../../platform/index.ts';
import { selectSnapshots, type StoredSnapshot } from '../../repository/index.ts';
import { type GroupBy, groupSnapshots, latestOfEach, parseGroupBy, type SnapshotGroup } from '../../upkeep/index.ts';
import { openedRepository, type CliCommand, type CommandContext } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { jsonObject, printJson } from '../json.ts';
import type { OptionValues } from '../option-values.ts';
import { groupTitle, printSnapshotTable } from '../snapshot-table.ts';
import { addSetOption, addSnapshotFilter, snapshotFilterOf, snapshotJson } from '../snapshot-view.ts';
import { countText } from '../units.ts';

export const snapshotsCommand: CliCommand = {
  name: 'snapshots',
  declare: (command) => {
    command
      .description(l10n.t('List snapshots, oldest first.'))
      .argument('[ids...]', l10n.t('only these: ids, beginnings of ids, or "latest"'))
      .option('-c, --compact', l10n.t('leave out paths and sizes'))
      .option('-g, --group-by <group>', l10n.t('group by host, paths, tags (separated by commas)'))
      .option('--latest <n>', l10n.t('only the last n of each host and set of paths'));
    addSnapshotFilter(command);
    addSetOption(command);
  },
  run: async (context, ids, options) => {
    const set = options.text('set');
    if (set !== undefined) return (await import('../set-looks.ts')).snapshotsOfSet(context, set, ids, options);
    const groupBy = parseGroupBy(options.text('groupBy'));
    const latest = options.count('latest', 1);
    let damagedCount = 0;
    const onDamaged = (error: CadanganError) => {
      damagedCount += 1;
      context.terminal.note(describeError(error).what);
    };
    const found = await openedRepository(context, 'shared', ({ repository, signal }) =>
      selectSnapshots(repository, { ids, filter: snapshotFilterOf(options) }, onDamaged, signal),
    );
    const wanted = latest === undefined ? found : latestOfEach(found, latest);
    if (context.globals.json) printSnapshotsJson(context, wanted, groupBy);
    else printTables(context, groupSnapshots(wanted, groupBy), groupBy, options);
    return damagedCount > 0 ? exitCode.failed : exitCode.done;
  },
};

function printSnapshotsJson({ terminal }: CommandContext, snapshots: readonly StoredSnapshot[], groupBy: GroupBy): void {
  if (groupBy.isEmpty) return printJson(terminal, snapshots.map(snapshotJson));
  const groups = groupSnapshots(snapshots, groupBy).map(({ key, snapshots: members }) =>
    jsonObject({
      group_key: { hostname: key.host ?? '', paths: key.paths ?? null, tags: key.tags ?? null },
      snapshots: members.map(snapshotJson),
    }),
  );
  return printJson(terminal, groups);
}

function printTables(context: CommandContext, groups: readonly SnapshotGroup[], groupBy: GroupBy, options: OptionValues): void {
  if (groups.length === 0) context.terminal.print(countText(0, 'snapshot'));
  for (const [at, { key, snapshots }] of groups.entries()) {
    if (at > 0) context.terminal.print();
    if (!groupBy.isEmpty) context.terminal.print(groupTitle(key));
    printSnapshotTable(context, snapshots, { compact: options.flag('compact') });
  }
}
