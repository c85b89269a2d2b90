import { describeError, openIndex } from '../../jobs/index.ts';
import { formatAsRestic, l10n } from '../../platform/index.ts';
import { selectSnapshots, type JsonObject } from '../../repository/index.ts';
import { repositoryStats, statsModes, type RepositoryStats } from '../../upkeep/index.ts';
import { openedRepository, type CliCommand } from '../command.ts';
import { noteException } from '../exception-report.ts';
import { exitCode } from '../exit-code.ts';
import { jsonObject, printJson, unlessZero } from '../json.ts';
import { addSnapshotFilter, snapshotFilterOf } from '../snapshot-view.ts';
import { stepLine } from '../step-line.ts';
import { sizeText } from '../units.ts';

export const statsCommand: CliCommand = {
  name: 'stats',
  declare: (command) => {
    command
      .description(l10n.t('Count what snapshots have, and what that takes.'))
      .argument('[ids...]', l10n.t('only these: ids, beginnings of ids, or "latest"'))
      .option(
        '--mode <mode>',
        l10n.t(
          'restore-size: files as they would be restored; files-by-contents: each content once; blobs-per-file: each blob once a file; raw-data: what the repository stores for them (default: restore-size)',
        ),
      );
    addSnapshotFilter(command);
  },
  run: async (context, ids, options) => {
    const { terminal, globals } = context;
    const mode = options.choice('mode', statsModes) ?? 'restore-size';
    let damagedCount = 0;
    const stats = await openedRepository(context, 'shared', async ({ repository, signal }) => {
      const onDamaged = (error: unknown): void => {
        damagedCount += 1;
        terminal.note(describeError(error).what);
      };
      const snapshots = await selectSnapshots(repository, { ids, filter: snapshotFilterOf(options) }, onDamaged, signal);
      await openIndex(repository, snapshots, signal, noteException(terminal));
      return repositoryStats(repository, snapshots, mode, { signal, progress: stepLine(context, 'snapshot') });
    });
    if (globals.json) printJson(terminal, statsJson(stats));
    else for (const line of statsLines(stats)) terminal.print(line);
    return damagedCount > 0 ? exitCode.failed : exitCode.done;
  },
};

interface Compression {
  /** How many times smaller compressed blobs became. */
  readonly ratio: number;
  /** Percent of the data that is in compressed blobs. */
  readonly progress: number;
  /** Percent. */
  readonly saving: number;
}

function compressionOf(stats: RepositoryStats): Compression {
  const { totalBytes, uncompressedBytes, compressedBlobsBytes, compressedBlobsUncompressedBytes } = stats;
  const share = (part: bigint, whole: bigint): number => (whole === 0n ? 0 : Number(part) / Number(whole));
  return {
    ratio: share(compressedBlobsUncompressedBytes, compressedBlobsBytes),
    progress: share(compressedBlobsUncompressedBytes, uncompressedBytes) * 100,
    saving: uncompressedBytes === 0n ? 0 : (1 - share(totalBytes, uncompressedBytes)) * 100,
  };
}

/** In restic's shape. */
function statsJson(stats: RepositoryStats): JsonObject {
  const { ratio, progress, saving } = compressionOf(stats);
  return jsonObject({
    total_size: stats.totalBytes,
    total_uncompressed_size: unlessZero(stats.uncompressedBytes),
    compression_ratio: unlessZero(ratio),
    compression_progress: unlessZero(progress),
    compression_space_saving: unlessZero(saving),
    total_file_count: unlessZero(stats.files),
    total_blob_count: unlessZero(stats.blobs),
    snapshots_count: stats.snapshots,
  });
}

function statsLines(stats: RepositoryStats): string[] {
  const { ratio, progress, saving } = compressionOf(stats);
  const rows: (readonly [title: string, value: string] | undefined)[] = [
    [l10n.t('Snapshots processed'), String(stats.snapshots)],
    stats.blobs > 0 ? [l10n.t('Total Blob Count'), String(stats.blobs)] : undefined,
    stats.files > 0 ? [l10n.t('Total File Count'), String(stats.files)] : undefined,
    stats.uncompressedBytes > 0n ? [l10n.t('Total Uncompressed Size'), sizeText(stats.uncompressedBytes)] : undefined,
    [l10n.t('Total Size'), sizeText(stats.totalBytes)],
    progress > 0 ? [l10n.t('Compression Progress'), `${formatAsRestic(progress, 2)}%`] : undefined,
    ratio > 0 ? [l10n.t('Compression Ratio'), `${formatAsRestic(ratio, 2)}x`] : undefined,
    saving > 0 ? [l10n.t('Compression Space Saving'), `${formatAsRestic(saving, 2)}%`] : undefined,
  ];
  const shown = rows.filter((row) => row !== undefined);
  const width = Math.max(...shown.map(([title]) => title.length));
  return [l10n.t('Stats in {0} mode:', stats.mode), ...shown.map(([title, value]) => `${title.padStart(width)}:  ${value}`)];
}
