import { hostname } from 'node:os';
import { compileExcludeRules, type BackupProgress } from '../../backup/index.ts';
import {
  type BackupDetails,
  type CopiedVolume,
  backupJob,
  type BackupJobOptions,
  type JobResult,
  placeOf,
  recordOfBackup,
  recordOfBegun,
  safeText,
  shadowToolsOf,
} from '../../jobs/index.ts';
import { CadanganError, l10n, shownPathOf, stateFolder, system } from '../../platform/index.ts';
import type { BackupSet } from '../../settings/index.ts';
import { formatSummaryFields } from '../backup-json.ts';
import { accessOf, collect, type CliCommand, type CommandContext } from '../command.ts';
import { pad } from '../display-width.ts';
import { exitCodeOfResult } from '../exit-code.ts';
import { jsonExceptionSink, reportExceptions } from '../exception-report.ts';
import { readFilesFrom } from '../files-from.ts';
import { jsonObject, printJson, printJsonNow } from '../json.ts';
import type { OptionValues } from '../option-values.ts';
import { remainingMs, shareDone, showProgress } from '../progress-line.ts';
import { dryRunOfSet, setMeantBy, type BackupFigures, type BackupTold } from '../set-backup.ts';
import { shortId } from '../snapshot-view.ts';
import { parseTimeArgument } from '../time-argument.ts';
import { countText, durationText, sizeText } from '../units.ts';
import { recordedRun } from './records-keeper.ts';

export const backupCommand: CliCommand = {
  name: 'backup',
  takesBytes: true,
  declare: (command) =>
    command
      .description(l10n.t('Make a new snapshot of files and folders.'))
      .argument('[paths...]', l10n.t('files and folders to back up, or the name of a configured backup set'))
      .option('-e, --exclude <pattern>', l10n.t('leave out what matches (may be repeated)'), collect)
      .option('--iexclude <pattern>', l10n.t('as --exclude, in any case of letters (may be repeated)'), collect)
      .option('--exclude-file <file>', l10n.t('read patterns to leave out from a file (may be repeated)'), collect)
      .option('--iexclude-file <file>', l10n.t('as --exclude-file, in any case of letters (may be repeated)'), collect)
      .option('--exclude-caches', l10n.t('leave out the content of folders with a CACHEDIR.TAG'))
      .option(
        '--exclude-if-present <name[:header]>',
        l10n.t('leave out the content of folders with a file of that name (may be repeated)'),
        collect,
      )
      .option('--exclude-larger-than <size>', l10n.t('leave out files larger than this, e.g. 500k, 20M, 1G'))
      .option('-x, --one-file-system', l10n.t('stay on the file systems of the given paths'))
      .option('--use-fs-snapshot', l10n.t('Windows: read from shadow copies of the volumes, also what programs keep open'))
      .option('--files-from <file>', l10n.t('read paths to back up from a file, one pattern a line (may be repeated)'), collect)
      .option('--files-from-verbatim <file>', l10n.t('as --files-from, each line exactly as it stands (may be repeated)'), collect)
      .option('--files-from-raw <file>', l10n.t('as --files-from, names that end with NUL (may be repeated)'), collect)
      .option('--tag <tags>', l10n.t('tags of the snapshot, separated by commas (may be repeated)'), collect)
      .option('-H, --host <host>', l10n.t('host name of the snapshot (default: of this machine)'))
      .option('--time <time>', l10n.t('time of the snapshot, e.g. "2012-11-01 22:08:41" (default: now)'))
      .option('--parent <snapshot>', l10n.t('compare with this snapshot (default: the last of the same host and paths)'))
      .option('-f, --force', l10n.t('read every file again, whatever the parent says'))
      .option('--skip-if-unchanged', l10n.t('make no snapshot when it would be the same as its parent'))
      .option('--with-atime', l10n.t('store access times'))
      .option('--ignore-inode', l10n.t('do not take another inode number for a change'))
      .option('--ignore-ctime', l10n.t('do not take another change time for a change'))
      .option('-n, --dry-run', l10n.t('write nothing, show what would be done')),
  run: async (context, paths, options) => {
    const set = await setMeantBy(paths, context);
    const result = set ? await backupSetNamed(context, set, options) : await backupPaths(context, paths, options);
    if (!context.globals.json) reportExceptions(context.terminal, result, context.globals.verbosity);
    if (!result.details) throw result.error;
    if (context.globals.json) printSummaryJson(context, result.details, options.flag('dryRun'));
    else if (!context.globals.quiet) printSummary(context, result, result.details, options.flag('dryRun'));
    return exitCodeOfResult(result);
  },
};

async function backupSetNamed(context: CommandContext, set: BackupSet, options: OptionValues): Promise<BackupTold> {
  if (options.flag('dryRun')) return dryRunOfSet(set, context, options, progressOf(context));
  const { backupByHost } = await import('../hosted-backup.ts'); // the way to a host would cost every command a tenth of its start
  return backupByHost(set, context, options, progressOf(context));
}

async function backupPaths(context: CommandContext, paths: readonly string[], options: OptionValues): Promise<JobResult<BackupDetails>> {
  const access = await accessOf(context);
  const jobOptions = await jobOptionsOf(context, paths, options);
  if (jobOptions.dryRun) return backupJob(access, jobOptions);
  const { location } = access;
  const { sources } = jobOptions;
  return recordedRun(context, {
    begun: (about) =>
      recordOfBegun('internal-backup', 'backup', about, {
        source: { host: hostname(), paths: [...sources] },
        destination: placeOf(location, about.settings),
      }),
    work: async (keeper) => backupJob(access, { ...jobOptions, ownTags: await keeper.anchorTags() }),
    record: (done, about) => recordOfBackup(done, { ...about, sources, location }),
  });
}

function noteShadowCopies({ terminal }: CommandContext, volumes: readonly CopiedVolume[]): void {
  const named = (hasWriters: boolean): string =>
    volumes.flatMap((copied) => (copied.hasWriters === hasWriters ? copied.volume : [])).join(', ');
  const [withWriters, without] = [named(true), named(false)];
  if (withWriters !== '')
    terminal.note(l10n.t('Read from shadow copies: {volumes} (applications put their files in order first)', { volumes: withWriters }));
  if (without !== '')
    terminal.note(l10n.t('Read from shadow copies: {volumes} (as after a power cut: no application was asked)', { volumes: without }));
}

function notStoredText(what: string): string {
  switch (what) {
    case 'extended-attributes':
      return l10n.t('extended attributes');
    case 'access-control-lists':
      return l10n.t('access control lists');
    case 'windows-attributes':
      return l10n.t('Windows attributes and creation times');
    case 'alternate-data-streams':
      return l10n.t('alternate data streams');
    default:
      return what;
  }
}

async function jobOptionsOf(context: CommandContext, paths: readonly string[], options: OptionValues): Promise<BackupJobOptions> {
  const { globals, terminal, clock, environment } = context;
  const listed = await readFilesFrom({
    patterns: options.rawList('filesFrom'),
    verbatim: options.rawList('filesFromVerbatim'),
    raw: options.rawList('filesFromRaw'),
  });
  const sources = [...paths, ...listed];
  if (sources.length === 0) throw new CadanganError('arguments.invalid', { argument: 'paths', reason: 'nothing to back up is named' });
  const excludes = options.rawList('exclude');
  const iexcludes = options.rawList('iexclude');
  const windows = system.isWindows;
  const rules = await compileExcludeRules(
    {
      excludes,
      iexcludes,
      excludeFiles: options.rawList('excludeFile'),
      iexcludeFiles: options.rawList('iexcludeFile'),
      excludeCaches: options.flag('excludeCaches'),
      excludeIfPresent: options.rawList('excludeIfPresent'),
      excludeLargerThan: options.text('excludeLargerThan'),
    },
    { environment, windows, ignoresCase: windows },
  );
  const time = options.text('time');
  return {
    sources,
    workingFolder: context.workingFolder,
    rules,
    tags: options
      .tagLists('tag')
      .flat()
      .filter((tag) => tag !== ''),
    host: options.text('host'),
    parent: options.text('parent'),
    force: options.flag('force'),
    timeNs: time === undefined ? undefined : parseTimeArgument(time, 'time', clock),
    changes: { ignoreCtime: options.flag('ignoreCtime'), ignoreInode: options.flag('ignoreInode') },
    skipIfUnchanged: options.flag('skipIfUnchanged') ? 'same-tree' : undefined,
    withAtime: options.flag('withAtime'),
    oneFileSystem: options.flag('oneFileSystem'),
    shadowCopies:
      options.flag('useFsSnapshot') && !options.flag('dryRun')
        ? { stateFolder: stateFolder(environment), tools: shadowToolsOf(environment) }
        : undefined,
    dryRun: options.flag('dryRun'),
    compression: globals.compression,
    extraVerify: globals.extraVerify,
    programVersion: context.programVersion,
    progress: progressOf(context),
    onFile:
      globals.verbosity >= 2 && !globals.json
        ? (path, fate) => terminal.note(`${fate.padEnd(10)} ${safeText(shownPathOf(path))}`)
        : undefined,
    onException: globals.json ? jsonExceptionSink(terminal, 'archival') : undefined,
  };
}

function progressOf(context: CommandContext): ((progress: BackupProgress) => void) | undefined {
  const { globals, terminal } = context;
  return globals.quiet ? undefined : (progress) => (globals.json ? printStatusJson(context, progress) : showProgress(terminal, progress));
}

function printSummary(context: CommandContext, result: BackupTold, details: BackupFigures, dryRun: boolean): void {
  const { terminal, globals } = context;
  const { summary, snapshotId, parentId, durationMs } = details;
  const number = (count: number) => String(count).padStart(5);
  const counts = (made: number, changed: number, unmodified: number) =>
    l10n.t('{new} new, {changed} changed, {unmodified} unmodified', {
      new: number(made),
      changed: number(changed),
      unmodified: number(unmodified),
    });
  terminal.print(
    parentId === undefined ? l10n.t('no parent snapshot: every file was read') : l10n.t('compared with snapshot {0}', shortId(parentId)),
  );
  if (details.parentTreesDamaged > 0)
    terminal.note(
      l10n.t(
        '{0} of that snapshot cannot be read; the files were stored again. Run "cadangan check".',
        countText(details.parentTreesDamaged, 'folder'),
      ),
    );
  noteShadowCopies(context, details.shadowCopies ?? []);
  for (const path of details.emptySources)
    terminal.note(l10n.t('source "{0}" is empty, and no snapshot has ever had a file of it', safeText(path)));
  if (details.socketsSkipped > 0 && globals.verbosity > 0)
    terminal.note(l10n.t('{0} left out', countText(details.socketsSkipped, 'socket')));
  terminal.print();
  terminal.print(`${pad(`${l10n.t('Files')}:`, 12)} ${counts(summary.filesNew, summary.filesChanged, summary.filesUnmodified)}`);
  terminal.print(`${pad(`${l10n.t('Dirs')}:`, 12)} ${counts(summary.dirsNew, summary.dirsChanged, summary.dirsUnmodified)}`);
  const added = { size: sizeText(summary.dataAdded), stored: sizeText(summary.dataAddedPacked) };
  terminal.print(
    dryRun
      ? l10n.t('Would add to the repository: {size} ({stored} stored)', added)
      : l10n.t('Added to the repository: {size} ({stored} stored)', added),
  );
  terminal.print(
    `${pad(`${l10n.t('Not stored')}:`, 12)} ${l10n.t('{0} (Node.js cannot read them)', details.notStored.map(notStoredText).join(', '))}`,
  );
  terminal.print();
  terminal.print(
    l10n.t('processed {files}, {size} in {duration}', {
      files: countText(summary.totalFilesProcessed, 'file'),
      size: sizeText(summary.totalBytesProcessed),
      duration: durationText(durationMs),
    }),
  );
  if (dryRun) terminal.print(l10n.t('dry run: nothing was written'));
  else if (snapshotId === undefined) terminal.print(l10n.t('nothing has changed: no snapshot was made'));
  else
    terminal.print(
      result.exceptionCount > 0
        ? l10n.t('snapshot {0} saved, without what is named above', shortId(snapshotId))
        : l10n.t('snapshot {0} saved', shortId(snapshotId)),
    );
}

function printSummaryJson(
  { terminal }: CommandContext,
  { summary, snapshotId, durationMs, notStored, emptySources }: BackupFigures,
  dryRun: boolean,
): void {
  printJson(
    terminal,
    jsonObject({
      message_type: 'summary',
      dry_run: dryRun || undefined,
      ...formatSummaryFields(summary),
      total_duration: durationMs / 1000,
      snapshot_id: snapshotId,
      not_stored: notStored,
      empty_sources: emptySources.length > 0 ? emptySources : undefined,
    }),
  );
}

function printStatusJson({ terminal }: CommandContext, progress: BackupProgress): void {
  const { elapsedMs, filesDone, bytesDone, filesTotal, bytesTotal, errorCount, currentPath } = progress;
  const left = remainingMs(progress);
  printJsonNow(
    terminal,
    jsonObject({
      message_type: 'status',
      seconds_elapsed: Math.floor(elapsedMs / 1000) || undefined,
      seconds_remaining: left === undefined ? undefined : Math.round(left / 1000),
      percent_done: shareDone(progress) ?? 0,
      total_files: filesTotal,
      files_done: filesDone,
      total_bytes: bytesTotal,
      bytes_done: bytesDone,
      error_count: errorCount || undefined,
      current_files: currentPath === '' ? undefined : [currentPath],
    }),
  );
}
