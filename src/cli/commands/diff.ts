import { compareTrees, type Change, type CompareStatistics, type EntryCounts } from '../../browse/index.ts';
import { openIndex, parseSnapshotPath, resolveTree, safeName } from '../../jobs/index.ts';
import { l10n, textOf } from '../../platform/index.ts';
import { resolveSnapshot, type JsonObject } from '../../repository/index.ts';
import { openedRepository, type CliCommand, type CommandContext } from '../command.ts';
import { pad } from '../display-width.ts';
import { noteException } from '../exception-report.ts';
import { exitCode } from '../exit-code.ts';
import { printJson } from '../json.ts';
import { shortId } from '../snapshot-view.ts';
import { sizeText } from '../units.ts';

export const diffCommand: CliCommand = {
  name: 'diff',
  takesBytes: true,
  declare: (command) =>
    command
      .description(l10n.t('Show what changed between two snapshots: + added, - removed, M modified, T other type, U metadata.'))
      .argument('<snapshot[:subfolder]>', l10n.t('the earlier one: id, beginning of an id, or "latest"'))
      .argument('<snapshot[:subfolder]>', l10n.t('the later one'))
      .option('--metadata', l10n.t('also show entries of which only metadata changed')),
  run: async (context, names, options) => {
    const { terminal, globals } = context;
    const [before, after] = [parseSnapshotPath(names[0] ?? ''), parseSnapshotPath(names[1] ?? '')];
    await openedRepository(context, 'shared', async ({ repository, signal }) => {
      const first = await resolveSnapshot(repository, before.snapshot, {}, signal);
      const second = await resolveSnapshot(repository, after.snapshot, {}, signal);
      await openIndex(repository, [first, second], signal, noteException(terminal));
      if (!globals.json && !globals.quiet)
        terminal.print(`${l10n.t('comparing snapshot {0} to {1}', shortId(first.id), shortId(second.id))}:\n`);
      const statistics = await compareTrees(
        repository,
        await resolveTree(repository, first, before.subfolder, signal),
        await resolveTree(repository, second, after.subfolder, signal),
        { metadata: options.flag('metadata'), onChange: (change) => printChange(context, change), signal },
      );
      if (globals.json) printJson(terminal, statisticsJson(first.id, second.id, statistics));
      else if (!globals.quiet) printStatistics(context, statistics);
    });
    return exitCode.done;
  },
};

function printChange({ terminal, globals }: CommandContext, { path, modifier }: Change): void {
  if (globals.json) printJson(terminal, { message_type: 'change', path: textOf(path), modifier });
  else terminal.print(`${modifier.padEnd(4)} ${safeName(path)}`);
}

function printStatistics({ terminal }: CommandContext, { changedFiles, added, removed }: CompareStatistics): void {
  const number = (value: number) => String(value).padStart(5);
  const line = (title: string, fresh: number, gone: number, more = '') =>
    terminal.print(
      `${pad(`${title}:`, 12)} ${l10n.t('{new} new, {removed} removed', { new: number(fresh), removed: number(gone) })}${more}`,
    );
  terminal.print();
  line(l10n.t('Files'), added.files, removed.files, `, ${l10n.t('{0} changed', number(changedFiles))}`);
  line(l10n.t('Dirs'), added.dirs, removed.dirs);
  line(l10n.t('Others'), added.others, removed.others);
  line(l10n.t('Data Blobs'), added.dataBlobs, removed.dataBlobs);
  line(l10n.t('Tree Blobs'), added.treeBlobs, removed.treeBlobs);
  terminal.print(`  ${pad(`${l10n.t('Added')}:`, 8)} ${sizeText(added.bytes)}`);
  terminal.print(`  ${pad(`${l10n.t('Removed')}:`, 8)} ${sizeText(removed.bytes)}`);
}

function statisticsJson(before: string, after: string, { changedFiles, added, removed }: CompareStatistics): JsonObject {
  const counts = ({ files, dirs, others, dataBlobs, treeBlobs, bytes }: EntryCounts): JsonObject => ({
    files,
    dirs,
    others,
    data_blobs: dataBlobs,
    tree_blobs: treeBlobs,
    bytes,
  });
  return {
    message_type: 'statistics',
    source_snapshot: shortId(before),
    target_snapshot: shortId(after),
    changed_files: changedFiles,
    added: counts(added),
    removed: counts(removed),
  };
}
