import { planDrill, runDrill } from '../../service/index.ts';
import { recordOfDrill, safeText, type DrillDetails, type DrillProgress, type JobResult, recordOfBegun } from '../../jobs/index.ts';
import { CadanganError, l10n, parseSizeText, systemRandom } from '../../platform/index.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { jsonExceptionSink, reportExceptions } from '../exception-report.ts';
import { exitCodeOfResult } from '../exit-code.ts';
import { jsonObject, printJson, printJsonNow } from '../json.ts';
import { invalidOption, type OptionValues } from '../option-values.ts';
import { shareDone, showProgress } from '../progress-line.ts';
import { accessOfSet } from '../set-backup.ts';
import { shortId } from '../snapshot-view.ts';
import { localTimeText } from '../time-argument.ts';
import { countText, durationText, sizeText } from '../units.ts';
import { keeperOf } from './records-keeper.ts';

export const drillCommand: CliCommand = {
  name: 'drill',
  declare: (command) =>
    command
      .description(
        l10n.t('Prove that backups can be restored: a sample into a scratch folder, verified byte by byte, with evidence and a record.'),
      )
      .argument('[sets...]', l10n.t('names of configured backup sets (default: all)'))
      .option('--from <place>', l10n.t('restore from the backup-server (default) or from the copy on drive'))
      .option('--copy <name>', l10n.t('restore from this one of several copies'))
      .option('--date <day>', l10n.t('the newest snapshot until the end of this day, "newest", or "random" (default)'))
      .option('--files <n>', l10n.t('number of files, over all sets, at least one of each (default: 20)'))
      .option('--max-bytes <size>', l10n.t('restore at most so much, e.g. 500M, 10G (default: 1G)'))
      .option('--folder <path>', l10n.t('restore this folder whole instead of files at random')),
  run: async (context, sets, options) => {
    const { keeper, configuration, noteConfiguration } = await keeperOf(context);
    await noteConfiguration();
    const plan = planDrill({ ...wishOf(options), sets }, configuration);
    const startMs = context.clock.monotonicMs();
    const make = () =>
      runDrill(plan, {
        configuration,
        accessOf: ({ set, location }) => accessOfSet(set, context, location),
        recordsFolder: keeper.history.folder,
        writing: (work) => keeper.history.writing(work),
        software: context.programVersion,
        clock: context.clock,
        random: systemRandom,
        signal: context.signal,
        progress: context.globals.quiet ? undefined : (progress) => report(context, progress, context.clock.monotonicMs() - startMs),
        onException: context.globals.json ? jsonExceptionSink(context.terminal, 'drill') : undefined,
      });
    const { result, record } = await keeper.during(
      (about) => recordOfBegun('drill', 'drill', { ...about, trigger: 'manual' }, {}),
      async (run) => {
        const done = await make();
        return {
          result: done,
          record: await keeper.write((about) => recordOfDrill(done, { ...about, ...plan.drilled, trigger: 'manual', run })),
        };
      },
    );
    if (!context.globals.json) reportExceptions(context.terminal, result, context.globals.verbosity);
    if (!result.details) throw result.error;
    if (context.globals.json) printSummaryJson(context, result, result.details, record?.number);
    else if (!context.globals.quiet) printSummary(context, result, result.details, configuration.instruction?.rtoMinutes);
    if (result.error instanceof Error) throw result.error;
    return exitCodeOfResult(result);
  },
};

function wishOf(options: OptionValues): Pick<Parameters<typeof planDrill>[0], 'from' | 'copy' | 'date' | 'sample'> {
  const [from, copy, date, files, maxBytes, folder] = [
    options.choice('from', ['backup-server', 'drive']),
    options.text('copy'),
    options.text('date'),
    options.count('files', 1),
    maxBytesOf(options),
    options.text('folder'),
  ];
  return {
    ...(from !== undefined && { from }),
    ...(copy !== undefined && { copy }),
    ...(date !== undefined && { date }),
    sample: {
      ...(files !== undefined && { files }),
      ...(maxBytes !== undefined && { maxBytes }),
      ...(folder !== undefined && { folder: absolute(folder) }),
    },
  };
}

function maxBytesOf(options: OptionValues): number | undefined {
  const text = options.text('maxBytes');
  if (text === undefined) return undefined;
  const bytes = parseSizeText(text);
  if (bytes === undefined || bytes === 0) throw invalidOption('maxBytes', text, 'not a size such as 500k, 20M or 1G');
  return bytes;
}

/** As the set has it, and as it stands in its snapshots. */
function absolute(folder: string): string {
  if (!/^(?:\/|[A-Za-z]:[\\/]|\\\\)/.test(folder))
    throw new CadanganError('arguments.invalid', { option: `--folder ${folder}`, reason: 'an absolute path is wanted' });
  return folder;
}

function report({ terminal, globals }: CommandContext, progress: DrillProgress, elapsedMs: number): void {
  const { filesDone, filesTotal, bytesDone, bytesTotal, set, currentPath } = progress;
  if (!globals.json)
    return showProgress(terminal, {
      elapsedMs,
      filesDone,
      filesTotal: filesTotal || undefined,
      bytesDone,
      bytesTotal: bytesTotal || undefined,
      currentPath: currentPath || set,
    });
  return printJsonNow(
    terminal,
    jsonObject({
      message_type: 'status',
      seconds_elapsed: Math.floor(elapsedMs / 1000) || undefined,
      percent_done: shareDone({ elapsedMs, filesDone, filesTotal, bytesDone, bytesTotal }) ?? 0,
      total_files: filesTotal,
      files_restored: filesDone,
      total_bytes: bytesTotal,
      bytes_restored: bytesDone,
    }),
  );
}

function printSummary(
  { terminal, clock }: CommandContext,
  result: JobResult<DrillDetails>,
  details: DrillDetails,
  rtoMinutes: number | undefined,
): void {
  for (const { set, snapshot, files } of details.sets) {
    const time = localTimeText(snapshot.timeNs, clock);
    terminal.print(
      l10n.t('{set}: {files} of snapshot {id} of {time}', {
        set: safeText(set),
        files: countText(files.length, 'file'),
        id: shortId(snapshot.id),
        time,
      }),
    );
  }
  const facts = {
    files: countText(details.filesVerified, 'file'),
    size: sizeText(details.bytesVerified),
    duration: durationText(details.recoveryMs),
  };
  terminal.print(l10n.t('restored and verified {files}, {size} in {duration}', facts));
  if (rtoMinutes !== undefined) terminal.print(`  ${l10n.t('recovery time objective: {0}', durationText(rtoMinutes * 60_000))}`);
  terminal.print(
    `  ${l10n.t('{same} compared with the untouched source and found the same, {changed} changed there since', { same: details.filesSameAtSource, changed: details.filesChangedAtSource })}`,
  );
  terminal.print(l10n.t('evidence: {0}', safeText(details.evidence.path)));
  terminal.print(l10n.t('SHA-256 {0}', details.evidence.sha256));
  if (result.outcome === 'failed') terminal.note(l10n.t('The drill failed: see above.'));
  else terminal.print(l10n.t('the drill has passed'));
}

function printSummaryJson(
  { terminal }: CommandContext,
  { outcome }: JobResult<DrillDetails>,
  details: DrillDetails,
  record: number | undefined,
): void {
  const { sets, filesChosen, filesVerified, bytesVerified, filesSameAtSource, filesChangedAtSource, recoveryMs, evidence } = details;
  printJson(
    terminal,
    jsonObject({
      message_type: 'summary',
      outcome,
      files_chosen: filesChosen,
      files_verified: filesVerified,
      bytes_verified: bytesVerified,
      files_same_at_source: filesSameAtSource,
      files_changed_at_source: filesChangedAtSource,
      recovery_seconds: Math.round(recoveryMs) / 1000,
      evidence: evidence.path,
      evidence_sha256: evidence.sha256,
      record,
      sets: sets.map(({ set, snapshot, files }) => ({
        name: set,
        snapshot: snapshot.id,
        time: snapshot.snapshot.time,
        files: files.length,
      })),
    }),
  );
}
