import { Argument } from 'commander';
import { unattendedPassword } from '../../service/index.ts';
import {
  CopyJobs,
  describeError,
  type DrivePlace,
  type JobResult,
  originalLooks,
  type ReadableWish,
  readCopyStatus,
  type RecordKeeper,
  safeText,
  type ScrubDetails,
  signInTrouble,
  type SyncDetails,
} from '../../jobs/index.ts';
import type { CopyProgress } from '../../offsite/index.ts';
import { CadanganError, l10n, setTimeZone, type Password } from '../../platform/index.ts';
import { updateConfiguration, type Configuration, type OffsiteCopy } from '../../settings/index.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { copyNamed, driveWorld } from '../drive-place.ts';
import { reportExceptions } from '../exception-report.ts';
import { exitCode, exitCodeOfResult, type ExitCode } from '../exit-code.ts';
import { jsonObject, printJson, printJsonNow } from '../json.ts';
import { doubtText, statusLines, wholeText } from '../offsite-text.ts';
import { watchCopies } from '../offsite-watch.ts';
import type { OptionValues } from '../option-values.ts';
import { readPassword } from '../password-source.ts';
import { showProgress } from '../progress-line.ts';
import { countText, sizeText } from '../units.ts';
import { keeperOf } from './records-keeper.ts';

/** Why this command works on a copy. */
const manual = { trigger: 'manual' } as const;
const actions = ['status', 'sync', 'watch', 'scrub', 'sample', 'readable', 'pause', 'resume'] as const;

export const offsiteCommand: CliCommand = {
  name: 'offsite',
  declare: (command) =>
    command
      .description(l10n.t('Keep up and check the copies of repositories on Google Drive.'))
      .addArgument(
        new Argument(
          '<action>',
          l10n.t(
            'status; sync: copy now; watch: copy on every change until stopped; scrub: compare by checksums and heal; sample: read a part in full; readable: write a snapshot as an archive; pause, resume',
          ),
        ).choices([...actions]),
      )
      .argument('[copy]', l10n.t('name of the copy in the configuration (default: all)'))
      .option('-n, --dry-run', l10n.t('sync: show what would be done'))
      .option('--allow-removal', l10n.t('sync: remove what the repository has no more, although there are doubts about it'))
      .option('--percent <n>', l10n.t('sample: share of the copy to read (default: as configured)'))
      .option('--snapshot <id>', l10n.t('readable: this snapshot (default: the newest of the backup set)'))
      .option('--set <set>', l10n.t('readable: the backup set (default: as configured)'))
      .option('--folder <path>', l10n.t('readable: only this folder of the snapshot'))
      .option('--format <format>', l10n.t('readable: zip or tar (default: as configured, else zip)'))
      .option('--to <place>', l10n.t('readable: a folder on Google Drive (gdrive:Folder/Sub) or on disk')),
  run: async (context, [action = '', name], options) => {
    const world = await driveWorld(context);
    setTimeZone(world.configuration.timeZone);
    const copies = name === undefined ? world.configuration.offsiteCopies : [copyNamed(world, name)];
    const stopped = name === undefined ? world.stoppedCopies.map(({ error }) => error) : [];
    if (copies.length === 0)
      throw stopped[0] ?? new CadanganError('arguments.invalid', { argument: 'copy', reason: 'no off-site copy is configured' });
    // They must not be missed among those that go on.
    for (const error of stopped) context.terminal.note(describeError(error).what);
    if (action === 'status') return showStatus(context, world.place, copies);
    const { keeper: records } = await keeperOf(context);
    await records.noteConfiguration(world.configuration);
    switch (action) {
      case 'watch':
        return watchCopies(context, { place: world.place, records }, copies, (copy, signal) =>
          passwordOf(context, world.configuration, copy, signal),
        );
      case 'pause':
      case 'resume':
        for (const copy of copies) {
          const { configuration } = await updateConfiguration(world.configFile, {
            kind: 'change-copy',
            name: copy.name,
            values: { paused: action === 'pause' ? true : undefined },
          });
          await records.noteConfiguration(configuration);
        }
        return exitCode.done;
      case 'readable':
        return worseOf(
          stopped.length > 0 ? exitCode.failed : exitCode.done,
          await writeReadable(context, { ...world, records }, copies, options),
        );
      default:
        return worseOf(
          stopped.length > 0 ? exitCode.failed : exitCode.done,
          await oneAfterTheOther(copies, async (copy) => {
            await using jobs = new CopyJobs({ copy, place: world.place, records });
            return await work(context, jobs, copy, action, options);
          }),
        );
    }
  },
};

/** The worst of all. */
async function oneAfterTheOther(copies: readonly OffsiteCopy[], run: (copy: OffsiteCopy) => Promise<ExitCode>): Promise<ExitCode> {
  let worst: ExitCode = exitCode.done;
  for (const copy of copies) {
    const code = await run(copy);
    if (code === exitCode.interrupted) return code;
    worst = worseOf(worst, code);
  }
  return worst;
}

function worseOf(one: ExitCode, other: ExitCode): ExitCode {
  if (other === exitCode.interrupted) return other;
  return one === exitCode.done || (one === exitCode.exceptions && other !== exitCode.done) ? other : one;
}

async function showStatus(
  { terminal, globals, clock }: CommandContext,
  place: DrivePlace,
  copies: readonly OffsiteCopy[],
): Promise<ExitCode> {
  const [looks, signIn] = [originalLooks(clock, () => place), await signInTrouble(place)];
  const all = await Promise.all(copies.map((copy) => readCopyStatus(copy, place, { keeper: undefined, looks, signIn })));
  for (const [at, status] of all.entries()) {
    if (globals.json) {
      const {
        name,
        repository,
        to,
        state,
        asOf,
        unknownBecause,
        trouble,
        original,
        behind,
        total,
        lastWholeAt,
        lastSync,
        lastScrub,
        lastSample,
        heldBack,
        snapshots,
        readable,
      } = status;
      printJson(
        terminal,
        jsonObject({
          message_type: 'copy',
          name,
          repository,
          to,
          state,
          as_of: asOf,
          unknown_because: unknownBecause,
          trouble: trouble?.kind,
          trouble_code: trouble?.code,
          repository_looked_at: original && new Date(original.atMs).toISOString(),
          repository_state: original?.state,
          repository_error: original?.error?.code,
          snapshots_not_copied: original?.state === 'same' || original?.state === 'changed' ? original.newSnapshots : undefined,
          behind: behind && { ...behind },
          total: total && { ...total },
          last_whole_at: lastWholeAt,
          last_sync_at: lastSync?.at,
          last_sync_outcome: lastSync?.outcome,
          last_error: lastSync?.error?.code,
          last_scrub_at: lastScrub?.at,
          last_scrub_found: lastScrub && { ...lastScrub.found },
          last_sample_at: lastSample?.at,
          held_back: heldBack && { files: heldBack.files, doubts: heldBack.doubts },
          snapshots,
          readable: readable.map((each) => jsonObject({ ...each })),
        }),
      );
      continue;
    }
    if (at > 0) terminal.print();
    for (const line of statusLines(status, clock)) terminal.print(line);
  }
  return exitCode.done;
}

async function work(
  context: CommandContext,
  jobs: CopyJobs,
  settings: OffsiteCopy,
  action: string,
  options: OptionValues,
): Promise<ExitCode> {
  const { signal } = context;
  const progress = progressOf(context);
  switch (action) {
    case 'sync': {
      const dryRun = options.flag('dryRun');
      const result = await jobs.sync({ signal, progress, dryRun, mayRemoveAll: options.flag('allowRemoval') }, manual);
      return reportSync(context, settings, result, dryRun);
    }
    case 'scrub':
      return reportScrub(context, settings, await jobs.scrub({ signal, progress }, manual));
    default: {
      const result = await jobs.sample({ signal, progress, percent: percentOf(options) }, manual);
      report(context, result);
      const { details } = result;
      if (details && context.globals.json)
        printJson(context.terminal, {
          message_type: 'sample',
          copy: settings.name,
          read_files: details.readFiles,
          read_bytes: details.readBytes,
          damaged_files: details.damagedFiles,
        });
      else if (details && !context.globals.quiet)
        context.terminal.print(
          l10n.t('{copy}: {files} read in full, {size}, {errors}', {
            copy: settings.name,
            files: countText(details.readFiles, 'file'),
            size: sizeText(details.readBytes),
            errors: countText(details.damagedFiles, 'error'),
          }),
        );
      return exitCodeOfResult(result);
    }
  }
}

function reportSync(context: CommandContext, { name }: OffsiteCopy, result: JobResult<SyncDetails>, dryRun: boolean): ExitCode {
  const { terminal, globals } = context;
  const details = report(context, result);
  if (globals.json) printJson(terminal, { message_type: 'summary', copy: name, dry_run: dryRun, ...syncJson(details) });
  else if (!globals.quiet) {
    const left = l10n.t('{files} ({size}) not on Google Drive', {
      files: countText(details.lagFiles, 'file'),
      size: sizeText(details.lagBytes),
    });
    if (dryRun) terminal.print(l10n.t('{copy}: {left}; dry run: nothing was done', { copy: name, left }));
    else {
      terminal.print(
        l10n.t('{copy}: {files} uploaded, {size}; {trashed} moved to the trash', {
          copy: name,
          files: countText(details.uploadedFiles, 'file'),
          size: sizeText(details.uploadedBytes),
          trashed: countText(details.trashedFiles, 'file'),
        }),
      );
      terminal.print(details.lagFiles === 0 ? wholeText(details) : left);
    }
    if (details.heldBackFiles > 0)
      for (const doubt of details.doubts)
        terminal.note(
          l10n.t('{files} stay on Google Drive: {why}', { files: countText(details.heldBackFiles, 'file'), why: doubtText(doubt) }),
        );
  }
  return exitCodeOfResult(result);
}

function reportScrub(context: CommandContext, { name }: OffsiteCopy, result: JobResult<ScrubDetails>): ExitCode {
  const { terminal, globals } = context;
  const details = report(context, result);
  const { checkedFiles, checkedBytes, findings } = details;
  if (globals.json)
    printJson(terminal, {
      message_type: 'scrub',
      copy: name,
      checked_files: checkedFiles,
      checked_bytes: checkedBytes,
      findings: findings.map(({ kind, path }) => ({ kind, path })),
      ...syncJson(details),
    });
  else if (!globals.quiet) {
    terminal.print(
      l10n.t('{copy}: {files} compared by checksum, {size}', {
        copy: name,
        files: countText(checkedFiles, 'file'),
        size: sizeText(checkedBytes),
      }),
    );
    if (findings.length === 0) terminal.print(l10n.t('everything is right'));
    else
      terminal.print(
        l10n.t('{files} uploaded again; {trashed} moved to the trash; {left} still missing', {
          files: countText(details.uploadedFiles, 'file'),
          trashed: countText(details.trashedFiles, 'file'),
          left: countText(details.lagFiles, 'file'),
        }),
      );
  }
  return exitCodeOfResult(result);
}

/** Names what went wrong. @throws what ended the job early */
function report<Details>(context: CommandContext, result: JobResult<Details>): Details {
  if (!context.globals.json) reportExceptions(context.terminal, result, context.globals.verbosity);
  if (result.details === undefined) throw result.error;
  return result.details;
}

function syncJson(details: SyncDetails): Readonly<Record<string, number | readonly string[]>> {
  return {
    uploaded_files: details.uploadedFiles,
    uploaded_bytes: details.uploadedBytes,
    trashed_files: details.trashedFiles,
    total_files: details.sourceFiles,
    total_bytes: details.sourceBytes,
    lag_files: details.lagFiles,
    lag_bytes: details.lagBytes,
    held_back_files: details.heldBackFiles,
    doubts: details.doubts,
    unconfirmed_files: details.unconfirmedFiles,
    snapshots: details.snapshots,
  };
}

async function writeReadable(
  context: CommandContext,
  { configuration, place, records }: { readonly configuration: Configuration; readonly place: DrivePlace; readonly records: RecordKeeper },
  copies: readonly OffsiteCopy[],
  options: OptionValues,
): Promise<ExitCode> {
  const { terminal, globals, signal, clock } = context;
  return oneAfterTheOther(copies, async (copy) => {
    const rule = copy.readableCopies;
    const set = options.text('set') ?? rule?.set ?? options.text('snapshot')?.slice(0, 8);
    if (set === undefined)
      throw new CadanganError('arguments.invalid', { option: '--set', reason: 'name the backup set, or the snapshot' });
    let elapsedFromMs: number | undefined;
    const progress: ReadableWish['progress'] = ({ files, bytes, path }) => {
      elapsedFromMs ??= clock.monotonicMs();
      const elapsedMs = clock.monotonicMs() - elapsedFromMs;
      showProgress(terminal, { elapsedMs, filesDone: files, bytesDone: bytes, currentPath: path });
    };
    await using jobs = new CopyJobs({ copy, place, records });
    const result = await jobs.readable(
      {
        password: (passwordSignal) => passwordOf(context, configuration, copy, passwordSignal),
        noLock: globals.noLock,
        retryLockForMs: globals.retryLockForMs,
        signal,
      },
      {
        set,
        snapshot: options.text('snapshot'),
        folder: options.text('folder') ?? rule?.folder,
        format: options.choice('format', ['zip', 'tar']),
        to: options.text('to'),
        keep: options.text('to') === undefined ? rule?.keep : undefined,
        progress: globals.quiet || globals.json ? undefined : progress,
      },
      manual,
    );
    const details = report(context, result);
    if (globals.json)
      printJson(
        terminal,
        jsonObject({
          message_type: 'readable_copy',
          copy: copy.name,
          name: details.name,
          place: details.place,
          snapshot_id: details.snapshotId,
          files: details.files,
          bytes: details.bytes,
          archive_bytes: details.archiveBytes,
          id: details.id,
        }),
      );
    else if (!globals.quiet)
      terminal.print(
        l10n.t('{name} in {place}: {files}, {size}', {
          name: safeText(details.name),
          place: safeText(details.place),
          files: countText(details.files, 'file'),
          size: sizeText(details.archiveBytes),
        }),
      );
    return exitCodeOfResult(result);
  });
}

/** As the rule has it, else as its set has it, else as for every command. */
async function passwordOf(
  { globals, environment, passwords }: CommandContext,
  { sets }: Configuration,
  { readableCopies, repository }: OffsiteCopy,
  signal: AbortSignal,
): Promise<Password> {
  const set =
    sets.find(({ name }) => name === readableCopies?.set) ?? sets.find((candidate) => candidate.repository.location === repository);
  const ways = [readableCopies, set?.repository].filter((way) => way !== undefined);
  const isGiven =
    globals.passwordFile !== undefined || globals.passwordCommand !== undefined || (environment['RESTIC_PASSWORD'] ?? '') !== '';
  for (const way of isGiven ? [] : ways) {
    const password = await unattendedPassword(
      { location: repository, passwordFile: way.passwordFile, passwordCommand: way.passwordCommand },
      environment,
      signal,
    );
    if (password !== undefined) return password;
  }
  return readPassword(
    {
      file: globals.passwordFile,
      command: globals.passwordCommand,
      variable: 'RESTIC_PASSWORD',
      question: l10n.t('enter password for repository'),
      twice: false,
    },
    passwords,
    signal,
  );
}

function percentOf(options: OptionValues): number | undefined {
  const text = options.text('percent');
  if (text === undefined) return undefined;
  const percent = /^\d{1,3}(?:\.\d{1,4})?$/.test(text) ? Number(text) : NaN;
  if (!(percent > 0 && percent <= 100))
    throw new CadanganError('arguments.invalid', { option: `--percent ${text}`, reason: 'a percentage is above 0 and at most 100' });
  return percent;
}

function progressOf(context: CommandContext): ((progress: CopyProgress) => void) | undefined {
  const { globals, terminal } = context;
  if (globals.quiet) return undefined;
  return ({ phase, elapsedMs, filesDone, filesTotal, bytesDone, bytesTotal, currentPath }) => {
    if (!globals.json)
      return showProgress(terminal, {
        elapsedMs,
        filesDone,
        filesTotal: filesTotal || undefined,
        bytesDone,
        bytesTotal: bytesTotal || undefined,
        currentPath,
      });
    return printJsonNow(
      terminal,
      jsonObject({
        message_type: 'status',
        phase,
        seconds_elapsed: Math.floor(elapsedMs / 1000),
        total_files: filesTotal,
        files_done: filesDone,
        total_bytes: bytesTotal,
        bytes_done: bytesDone,
        current_files: currentPath === '' ? undefined : [currentPath],
      }),
    );
  };
}
