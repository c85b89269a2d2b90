import {
  isOnServer,
  type JobResult,
  openServerAt,
  parseSnapshotPath,
  type PasswordAccess,
  type RecordAbout,
  recordOfBegunRestore,
  recordOfRestore,
  type RestoreAsked,
  type RestoreDetails,
  restoreJob,
  type RestoreJobOptions,
  safeName,
  safeText,
} from '../../jobs/index.ts';
import { CadanganError, l10n, machinePath, textOf } from '../../platform/index.ts';
import type { RestoreItem, RestoreProgress } from '../../restore/index.ts';
import { accessOf, collect, type CliCommand, type CommandContext } from '../command.ts';
import { pad } from '../display-width.ts';
import { driveWorld } from '../drive-place.ts';
import { recordedRun } from './records-keeper.ts';
import { exitCodeOfResult } from '../exit-code.ts';
import { jsonExceptionSink, reportExceptions } from '../exception-report.ts';
import { jsonObject, printJson, printJsonNow } from '../json.ts';
import type { OptionValues } from '../option-values.ts';
import { showProgress } from '../progress-line.ts';
import { addRequestOption, addSetOption, addSnapshotFilter, snapshotFilterOf, snapshotText } from '../snapshot-view.ts';
import { countText, durationText, sizeText } from '../units.ts';

export const restoreCommand: CliCommand = {
  name: 'restore',
  takesBytes: true,
  declare: (command) => {
    command
      .description(l10n.t('Restore a snapshot, or a folder of one, into a folder.'))
      .argument('<snapshot[:subfolder]>', l10n.t('id, beginning of an id, or "latest"; with a subfolder only what is in it'))
      .option('-t, --target <folder>', l10n.t('folder to restore into, or a server: sftp:user@host:/path'))
      .option('-i, --include <pattern>', l10n.t('restore only what matches (may be repeated)'), collect)
      .option('--iinclude <pattern>', l10n.t('as --include, in any case of letters (may be repeated)'), collect)
      .option('-e, --exclude <pattern>', l10n.t('leave out what matches (may be repeated)'), collect)
      .option('--iexclude <pattern>', l10n.t('as --exclude, in any case of letters (may be repeated)'), collect)
      .option('--overwrite <behavior>', l10n.t('what to do with existing files: always, if-changed, if-newer, never (default: always)'))
      .option('--delete', l10n.t('remove from restored folders what the snapshot does not have'))
      .option('--sparse', l10n.t('leave holes where files have only zeros'))
      .option('--verify', l10n.t('read every restored file again and compare'))
      .option('-n, --dry-run', l10n.t('write nothing, show what would be done'));
    addSnapshotFilter(command);
    addSetOption(command);
    addRequestOption(command);
  },
  run: async (context, [snapshot = ''], options) => {
    const given = options.raw('target');
    if (given === undefined || given === '')
      throw new CadanganError('arguments.invalid', { option: '--target', reason: 'name the folder to restore into' });
    const isServer = isOnServer(given);
    const target = isServer ? given : machinePath(given, { workingFolder: context.workingFolder });
    const set = options.text('set');
    if (set !== undefined && isServer)
      throw new CadanganError('arguments.invalid', { option: '--target', value: given, reason: 'of a set, restore into a folder' });
    if (set !== undefined) return (await import('../set-looks.ts')).restoreOfSet(context, set, { snapshot, target }, options);
    const startMs = context.clock.monotonicMs();
    const access = isServer ? await withServers(await accessOf(context), context) : await accessOf(context);
    const { location } = access;
    const asked = { ...askedOf(snapshot, options), location, targets: [target] };
    const work = () => restoreJob(access, jobOptionsOf(context, snapshot, target, options, startMs));
    const result = options.flag('dryRun')
      ? await work()
      : await recordedRun(context, {
          begun: (about) => recordOfBegunRestore('restore', { ...about, ...asked }),
          work,
          record: (done, about) => recordOfRestore([done], { ...about, ...asked }),
        });
    if (!context.globals.json) reportExceptions(context.terminal, result, context.globals.verbosity);
    if (!result.details) throw result.error;
    const elapsedMs = context.clock.monotonicMs() - startMs;
    if (context.globals.json) printSummaryJson(context, result.details, elapsedMs);
    else if (!context.globals.quiet) printSummary(context, result, result.details, elapsedMs, options.flag('dryRun'));
    const { error } = result;
    if (error instanceof Error) throw error;
    return exitCodeOfResult(result);
  },
};

/** What the configuration has of servers counts for one that is restored to as well. */
async function withServers(access: PasswordAccess, context: CommandContext): Promise<PasswordAccess> {
  const { place } = await driveWorld(context);
  return { ...access, world: { ...access.world, openServer: (location) => openServerAt(location, place) } };
}

/** For the record: what was chosen, and on whose request. */
function askedOf(wanted: string, options: OptionValues): Omit<RestoreAsked, 'location'> & Pick<RecordAbout, 'request'> {
  const { snapshot, subfolder } = parseSnapshotPath(wanted);
  return {
    snapshot,
    folder: subfolder,
    chosen: [...options.rawList('include'), ...options.rawList('iinclude')],
    excluded: [...options.rawList('exclude'), ...options.rawList('iexclude')],
    request: options.text('request'),
  };
}

function jobOptionsOf(
  context: CommandContext,
  snapshot: string,
  target: string,
  options: OptionValues,
  startMs: number,
): RestoreJobOptions {
  const { terminal, globals, clock } = context;
  const talks = !globals.quiet && !globals.json;
  return {
    snapshot,
    target,
    filter: snapshotFilterOf(options),
    includes: options.rawList('include'),
    iincludes: options.rawList('iinclude'),
    excludes: options.rawList('exclude'),
    iexcludes: options.rawList('iexclude'),
    overwrite: options.choice('overwrite', ['always', 'if-changed', 'if-newer', 'never']),
    delete: options.flag('delete'),
    sparse: options.flag('sparse'),
    verify: options.flag('verify'),
    dryRun: options.flag('dryRun'),
    onStart: talks
      ? (stored) => terminal.print(l10n.t('restoring snapshot {0} to {1}', snapshotText(stored, clock), safeText(target)))
      : undefined,
    progress: globals.quiet ? undefined : (progress) => report(context, progress, clock.monotonicMs() - startMs),
    onException: globals.json ? jsonExceptionSink(terminal, 'restore') : undefined,
    onItem: itemSink(context, options.flag('dryRun')),
  };
}

/** A dry run is asked for to see what would happen; otherwise files are named only for `-vv`, as in restic. */
function itemSink({ terminal, globals }: CommandContext, dryRun: boolean): RestoreJobOptions['onItem'] {
  const isWanted = globals.verbosity >= 2 || (dryRun && (globals.verbosity >= 1 || !globals.json));
  if (globals.quiet || !isWanted) return undefined;
  return ({ action, path, sizeBytes }) => {
    if (globals.json) printJson(terminal, { message_type: 'verbose_status', action, item: textOf(path), size: sizeBytes });
    else if (globals.verbosity >= 2 || action !== 'unchanged')
      terminal.print(`${pad(actionText(action), 9)} ${safeName(path)}${sizeBytes > 0 ? `  ${sizeText(sizeBytes)}` : ''}`);
  };
}

function actionText(action: RestoreItem['action']): string {
  switch (action) {
    case 'restored':
      return l10n.t('restored');
    case 'updated':
      return l10n.t('updated');
    case 'unchanged':
      return l10n.t('unchanged');
    case 'skipped':
      return l10n.t('skipped');
    case 'deleted':
      return l10n.t('deleted');
  }
}

function report({ terminal, globals }: CommandContext, progress: RestoreProgress, elapsedMs: number): void {
  const { filesTotal, filesDone, bytesTotal, bytesDone, currentPath } = progress;
  if (!globals.json)
    return showProgress(terminal, { elapsedMs, filesDone, filesTotal, bytesDone, bytesTotal, currentPath: textOf(currentPath) });
  return printJsonNow(
    terminal,
    jsonObject({
      message_type: 'status',
      seconds_elapsed: Math.floor(elapsedMs / 1000) || undefined,
      percent_done: bytesTotal === 0 ? 0 : Math.min(1, bytesDone / bytesTotal),
      total_files: filesTotal,
      files_restored: filesDone,
      total_bytes: bytesTotal,
      bytes_restored: bytesDone,
    }),
  );
}

function printSummary(
  { terminal }: CommandContext,
  result: JobResult<RestoreDetails>,
  { restored }: RestoreDetails,
  elapsedMs: number,
  dryRun: boolean,
): void {
  const { counts, notKept } = restored;
  const also = [
    counts.filesUnchanged > 0
      ? l10n.t('{files} ({size}) already right', { files: countText(counts.filesUnchanged, 'file'), size: sizeText(counts.bytesUnchanged) })
      : '',
    counts.filesSkipped > 0 ? l10n.t('{0} left alone', countText(counts.filesSkipped, 'file')) : '',
    counts.deleted > 0 ? l10n.t('{0} removed', counts.deleted) : '',
    counts.filesVerified > 0 ? l10n.t('{0} verified', countText(counts.filesVerified, 'file')) : '',
    notKept.times > 0 ? l10n.t('{0} with whole seconds in their times', notKept.times) : '',
    notKept.owners > 0 ? l10n.t('{0} owned by whoever logged in', notKept.owners) : '',
  ].filter((part) => part !== '');
  const done = {
    files: countText(counts.filesRestored, 'file'),
    folders: countText(counts.folders, 'folder'),
    links: countText(counts.symlinksRestored, 'link'),
    size: sizeText(counts.bytesRestored),
    duration: durationText(elapsedMs),
  };
  terminal.print(
    dryRun
      ? l10n.t('would restore {files}, {folders}, {links}: {size} in {duration}', done)
      : l10n.t('restored {files}, {folders}, {links}: {size} in {duration}', done),
  );
  if (also.length > 0) terminal.print(`  ${also.join(', ')}`);
  if (result.error !== undefined)
    terminal.note(l10n.t('It ended early; what is there is whole. The next restore goes on with what is missing.'));
  else if (result.outcome === 'failed') terminal.note(l10n.t('Not everything was restored: see above.'));
}

function printSummaryJson({ terminal }: CommandContext, { restored: { counts } }: RestoreDetails, elapsedMs: number): void {
  printJson(
    terminal,
    jsonObject({
      message_type: 'summary',
      seconds_elapsed: Math.floor(elapsedMs / 1000) || undefined,
      total_files: counts.filesRestored + counts.filesUnchanged + counts.filesSkipped,
      files_restored: counts.filesRestored,
      files_skipped: counts.filesSkipped + counts.filesUnchanged || undefined,
      files_deleted: counts.deleted || undefined,
      total_bytes: counts.bytesRestored + counts.bytesUnchanged + counts.bytesSkipped,
      bytes_restored: counts.bytesRestored,
      bytes_skipped: counts.bytesSkipped + counts.bytesUnchanged || undefined,
    }),
  );
}
