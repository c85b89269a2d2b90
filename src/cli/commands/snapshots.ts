import { describeError, safeText } from '../../jobs/index.ts';
import { isAnchorTag } from '../../records/index.ts';
import { l10n, type CadanganError } from '../../platform/index.ts';
import { listReadableSnapshots, matchesFilter, resolveSnapshot, type StoredSnapshot } from '../../repository/index.ts';
import { openedRepository, type CliCommand, type CommandContext } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { jsonObject, printJson } from '../json.ts';
import { groupSnapshots, latestOfEach, parseGroupBy, type GroupBy, type SnapshotGroup } from '../snapshot-groups.ts';
import type { OptionValues } from '../option-values.ts';
import { addSnapshotFilter, shortId, snapshotFilterOf, snapshotJson } from '../snapshot-view.ts';
import { tableLines } from '../table.ts';
import { localTimeText } from '../time-argument.ts';
import { countText, sizeText } from '../units.ts';

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
    const parts = [
      key.host === undefined ? [] : [l10n.t('host {0}', safeText(key.host))],
      key.tags === undefined ? [] : [l10n.t('tags [{0}]', key.tags.map(safeText).join(', '))],
      key.paths === undefined ? [] : [l10n.t('paths [{0}]', key.paths.map(safeText).join(', '))],
    ].flat();
    if (!groupBy.isEmpty) context.terminal.print(`${l10n.t('snapshots for ({0})', parts.join(', '))}:`);
    printTable(context, snapshots, options.flag('compact'));
  }
}

function printTable({ terminal, clock }: CommandContext, snapshots: readonly StoredSnapshot[], compact: boolean): void {
  const columns = [{ title: 'ID' }, { title: l10n.t('Time') }, { title: l10n.t('Host') }, { title: l10n.t('Tags') }];
  const rows = snapshots.map(({ id, snapshot, timeNs }) => {
    const tags = snapshot.tags.filter((tag) => !isAnchorTag(tag)).map(safeText);
    const basic = [shortId(id), localTimeText(timeNs, clock), safeText(snapshot.hostname)];
    if (compact) return [...basic, tags.join(',')];
    const size = snapshot.summary === undefined ? '' : sizeText(snapshot.summary.totalBytesProcessed);
    return [...basic, tags, snapshot.paths.map(safeText), size];
  });
  const all = compact ? columns : [...columns, { title: l10n.t('Paths') }, { title: l10n.t('Size'), align: 'right' as const }];
  for (const line of tableLines(all, rows, countText(snapshots.length, 'snapshot'))) terminal.print(line);
}
