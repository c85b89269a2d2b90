import type { CadanganError } from '../../platform/index.ts';
import { listReadableSnapshots, matchesFilter, resolveSnapshot, type StoredSnapshot } from '../../repository/index.ts';
import { openedRepository, type CliCommand, type CommandContext } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { jsonObject, printJson } from '../json.ts';
import { groupSnapshots, latestOfEach, parseGroupBy, type GroupBy, type SnapshotGroup } from '../snapshot-groups.ts';
import { describeError } from '../messages.ts';
import type { OptionValues } from '../option-values.ts';
import { safeText } from '../safe-text.ts';
import { addSnapshotFilter, shortId, snapshotFilterOf, snapshotJson } from '../snapshot-view.ts';
import { tableLines } from '../table.ts';
import { localTimeText } from '../time-argument.ts';
import { countText, sizeText } from '../units.ts';

export const snapshotsCommand: CliCommand = {
  name: 'snapshots',
  declare: (command) => {
    command
      .description('List snapshots, oldest first.')
      .argument('[ids...]', 'only these: ids, beginnings of ids, or "latest"')
      .option('-c, --compact', 'leave out paths and sizes')
      .option('-g, --group-by <group>', 'group by host, paths, tags (separated by commas)')
      .option('--latest <n>', 'only the last n of each host and set of paths');
    addSnapshotFilter(command);
  },
  run: async (context, ids, options) => {
    const groupBy = parseGroupBy(options.text('groupBy'));
    const latest = options.count('latest', 1);
    let damagedCount = 0;
    const onDamaged = (error: CadanganError) => {
      damagedCount += 1;
      context.terminal.note(describeError(error).what);
    };
    const found = await openedRepository(context, 'shared', async ({ repository, signal }) => {
      const filter = snapshotFilterOf(options);
      if (ids.length > 0) return Promise.all(ids.map((id) => resolveSnapshot(repository, id, filter, signal)));
      return (await listReadableSnapshots(repository, onDamaged, signal)).filter((snapshot) => matchesFilter(snapshot, filter));
    });
    const wanted = latest === undefined ? found : latestOfEach(found, latest);
    if (context.globals.json) printSnapshotsJson(context, wanted, groupBy);
    else printTables(context, groupSnapshots(wanted, groupBy), groupBy, options);
    return damagedCount > 0 ? exitCode.failed : exitCode.done;
  },
};

function printSnapshotsJson({ terminal }: CommandContext, snapshots: readonly StoredSnapshot[], groupBy: GroupBy): void {
  if (groupBy.isEmpty) return printJson(terminal, snapshots.map(snapshotJson));
  const groups = groupSnapshots(snapshots, groupBy).map(({ key, snapshots: members }) =>
    jsonObject({ group_key: { hostname: key.host ?? '', paths: key.paths ?? null, tags: key.tags ?? null }, snapshots: members.map(snapshotJson) }),
  );
  return printJson(terminal, groups);
}

function printTables(context: CommandContext, groups: readonly SnapshotGroup[], groupBy: GroupBy, options: OptionValues): void {
  if (groups.length === 0) context.terminal.print(countText(0, 'snapshot'));
  for (const [at, { key, snapshots }] of groups.entries()) {
    if (at > 0) context.terminal.print();
    const parts = [
      key.host === undefined ? [] : [`host ${safeText(key.host)}`],
      key.tags === undefined ? [] : [`tags [${key.tags.map(safeText).join(', ')}]`],
      key.paths === undefined ? [] : [`paths [${key.paths.map(safeText).join(', ')}]`],
    ].flat();
    if (!groupBy.isEmpty) context.terminal.print(`snapshots for (${parts.join(', ')}):`);
    printTable(context, snapshots, options.flag('compact'));
  }
}

function printTable({ terminal, clock }: CommandContext, snapshots: readonly StoredSnapshot[], compact: boolean): void {
  const columns = [{ title: 'ID' }, { title: 'Time' }, { title: 'Host' }, { title: 'Tags' }];
  const rows = snapshots.map(({ id, snapshot, timeNs }) => {
    const basic = [shortId(id), localTimeText(timeNs, clock), safeText(snapshot.hostname)];
    if (compact) return [...basic, snapshot.tags.map(safeText).join(',')];
    const size = snapshot.summary === undefined ? '' : sizeText(snapshot.summary.totalBytesProcessed);
    return [...basic, snapshot.tags.map(safeText), snapshot.paths.map(safeText), size];
  });
  const all = compact ? columns : [...columns, { title: 'Paths' }, { title: 'Size', align: 'right' as const }];
  for (const line of tableLines(all, rows, countText(snapshots.length, 'snapshot'))) terminal.print(line);
}
