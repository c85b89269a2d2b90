import { compileExcludeRules, type BackupProgress, type NotStored } from '../../backup/index.ts';
import { backupJob, type BackupDetails, type BackupJobOptions, type JobResult } from '../../jobs/index.ts';
import { CadanganError, textOf } from '../../platform/index.ts';
import { formatSummaryFields } from '../backup-json.ts';
import { accessOf, collect, type CliCommand, type CommandContext } from '../command.ts';
import { exitCodeOfResult } from '../exit-code.ts';
import { jsonExceptionSink, reportExceptions } from '../exception-report.ts';
import { readFilesFrom } from '../files-from.ts';
import { jsonObject, printJson, printJsonNow } from '../json.ts';
import type { OptionValues } from '../option-values.ts';
import { remainingMs, shareDone, showProgress } from '../progress-line.ts';
import { shortId } from '../snapshot-view.ts';
import { parseTimeArgument } from '../time-argument.ts';
import { safeText } from '../safe-text.ts';
import { countText, durationText, sizeText } from '../units.ts';

export const backupCommand: CliCommand = {
  name: 'backup',
  declare: (command) =>
    command
      .description('Make a new snapshot of files and folders.')
      .argument('[paths...]', 'files and folders to back up')
      .option('-e, --exclude <pattern>', 'leave out what matches (may be repeated)', collect)
      .option('--iexclude <pattern>', 'as --exclude, in any case of letters (may be repeated)', collect)
      .option('--exclude-file <file>', 'read patterns to leave out from a file (may be repeated)', collect)
      .option('--iexclude-file <file>', 'as --exclude-file, in any case of letters (may be repeated)', collect)
      .option('--exclude-caches', 'leave out the content of folders with a CACHEDIR.TAG')
      .option('--exclude-if-present <name[:header]>', 'leave out the content of folders with a file of that name (may be repeated)', collect)
      .option('--exclude-larger-than <size>', 'leave out files larger than this, e.g. 500k, 20M, 1G')
      .option('-x, --one-file-system', 'stay on the file systems of the given paths')
      .option('--files-from <file>', 'read paths to back up from a file, one pattern a line (may be repeated)', collect)
      .option('--files-from-verbatim <file>', 'as --files-from, each line exactly as it stands (may be repeated)', collect)
      .option('--files-from-raw <file>', 'as --files-from, names that end with NUL (may be repeated)', collect)
      .option('--tag <tags>', 'tags of the snapshot, separated by commas (may be repeated)', collect)
      .option('-H, --host <host>', 'host name of the snapshot (default: of this machine)')
      .option('--time <time>', 'time of the snapshot, e.g. "2012-11-01 22:08:41" (default: now)')
      .option('--parent <snapshot>', 'compare with this snapshot (default: the last of the same host and paths)')
      .option('-f, --force', 'read every file again, whatever the parent says')
      .option('--with-atime', 'store access times')
      .option('--ignore-inode', 'do not take another inode number for a change')
      .option('--ignore-ctime', 'do not take another change time for a change')
      .option('-n, --dry-run', 'write nothing, show what would be done'),
  run: async (context, paths, options) => {
    const access = await accessOf(context);
    const result = await backupJob(access, await jobOptionsOf(context, paths, options));
    if (!context.globals.json) reportExceptions(context.terminal, result, context.globals.verbosity);
    if (!result.details) throw result.error;
    if (context.globals.json) printSummaryJson(context, result.details, options.flag('dryRun'));
    else if (!context.globals.quiet) printSummary(context, result, result.details, options.flag('dryRun'));
    return exitCodeOfResult(result);
  },
};

const notStoredWords: Readonly<Record<NotStored, string>> = {
  'extended-attributes': 'extended attributes', 'access-control-lists': 'access control lists', 'alternate-data-streams': 'alternate data streams',
};

async function jobOptionsOf(context: CommandContext, paths: readonly string[], options: OptionValues): Promise<BackupJobOptions> {
  const { globals, terminal, clock, environment } = context;
  const listed = await readFilesFrom({ patterns: options.list('filesFrom'), verbatim: options.list('filesFromVerbatim'), raw: options.list('filesFromRaw') });
  const sources = [...paths, ...listed];
  if (sources.length === 0) throw new CadanganError('arguments.invalid', { argument: 'paths', reason: 'nothing to back up is named' });
  const excludes = options.list('exclude');
  const iexcludes = options.list('iexclude');
  const windows = process.platform === 'win32';
  const rules = await compileExcludeRules(
    {
      excludes, iexcludes, excludeFiles: options.list('excludeFile'), iexcludeFiles: options.list('iexcludeFile'), excludeCaches: options.flag('excludeCaches'),
      excludeIfPresent: options.list('excludeIfPresent'), excludeLargerThan: options.text('excludeLargerThan'),
    },
    { environment, windows },
  );
  const time = options.text('time');
  return {
    sources, workingFolder: context.workingFolder, rules,
    tags: options.tagLists('tag').flat().filter((tag) => tag !== ''), host: options.text('host'), parent: options.text('parent'), force: options.flag('force'),
    timeNs: time === undefined ? undefined : parseTimeArgument(time, 'time', clock),
    changes: { ignoreCtime: options.flag('ignoreCtime'), ignoreInode: options.flag('ignoreInode') },
    withAtime: options.flag('withAtime'), oneFileSystem: options.flag('oneFileSystem'), dryRun: options.flag('dryRun'),
    compression: globals.compression, extraVerify: globals.extraVerify, programVersion: context.programVersion,
    progress: globals.quiet ? undefined : (progress) => (globals.json ? printStatusJson(context, progress) : showProgress(terminal, progress)),
    onFile: globals.verbosity >= 2 && !globals.json ? (path, fate) => terminal.note(`${fate.padEnd(10)} ${safeText(textOf(path))}`) : undefined,
    onException: globals.json ? jsonExceptionSink(terminal, 'archival') : undefined,
  };
}

function printSummary({ terminal, globals }: CommandContext, result: JobResult<BackupDetails>, details: BackupDetails, dryRun: boolean): void {
  const { summary, snapshotId, parentId, durationMs } = details;
  const counts = (made: number, changed: number, unmodified: number) => [made, changed, unmodified].map((count, at) => `${String(count).padStart(5)} ${['new', 'changed', 'unmodified'][at]}`).join(', ');
  terminal.print(parentId === undefined ? 'no parent snapshot: every file was read' : `compared with snapshot ${shortId(parentId)}`);
  if (details.parentTreesDamaged > 0) terminal.note(`${countText(details.parentTreesDamaged, 'folder')} of that snapshot cannot be read; the files were stored again. Run "cadangan check".`);
  if (details.socketsSkipped > 0 && globals.verbosity > 0) terminal.note(`${countText(details.socketsSkipped, 'socket')} left out`);
  terminal.print();
  terminal.print(`Files:       ${counts(summary.filesNew, summary.filesChanged, summary.filesUnmodified)}`);
  terminal.print(`Dirs:        ${counts(summary.dirsNew, summary.dirsChanged, summary.dirsUnmodified)}`);
  terminal.print(`${dryRun ? 'Would add' : 'Added'} to the repository: ${sizeText(summary.dataAdded)} (${sizeText(summary.dataAddedPacked)} stored)`);
  terminal.print(`Not stored:  ${details.notStored.map((what) => notStoredWords[what]).join(', ')} (Node.js cannot read them)`);
  terminal.print();
  terminal.print(`processed ${countText(summary.totalFilesProcessed, 'file')}, ${sizeText(summary.totalBytesProcessed)} in ${durationText(durationMs)}`);
  if (snapshotId === undefined) terminal.print('dry run: nothing was written');
  else terminal.print(`snapshot ${shortId(snapshotId)} saved${result.exceptionCount > 0 ? ', without what is named above' : ''}`);
}

function printSummaryJson({ terminal }: CommandContext, { summary, snapshotId, durationMs, notStored }: BackupDetails, dryRun: boolean): void {
  printJson(terminal, jsonObject({
    message_type: 'summary', dry_run: dryRun || undefined, ...formatSummaryFields(summary), total_duration: durationMs / 1000, snapshot_id: snapshotId, not_stored: notStored,
  }));
}

function printStatusJson({ terminal }: CommandContext, progress: BackupProgress): void {
  const { elapsedMs, filesDone, bytesDone, filesTotal, bytesTotal, errorCount, currentPath } = progress;
  const left = remainingMs(progress);
  printJsonNow(terminal, jsonObject({
    message_type: 'status', seconds_elapsed: Math.floor(elapsedMs / 1000) || undefined, seconds_remaining: left === undefined ? undefined : Math.round(left / 1000),
    percent_done: shareDone(progress) ?? 0, total_files: filesTotal, files_done: filesDone, total_bytes: bytesTotal, bytes_done: bytesDone,
    error_count: errorCount || undefined, current_files: currentPath === '' ? undefined : [currentPath],
  }));
}
