import { checkJob, recordOfCheck, safeName, safeText } from '../../jobs/index.ts';
import { CadanganError, l10n } from '../../platform/index.ts';
import { fileLabel } from '../../storage/index.ts';
import { parseReadSubset, type CheckOptions, type CheckProgress, type CheckResult, type Fault } from '../../upkeep/index.ts';
import { accessOf, type CliCommand, type CommandContext } from '../command.ts';
import { takeDownRecord } from './records-keeper.ts';
import { exitCodeOfResult } from '../exit-code.ts';
import { noteJson, printJson } from '../json.ts';
import type { OptionValues } from '../option-values.ts';
import { showProgress } from '../progress-line.ts';
import { shortId } from '../snapshot-view.ts';
import { countText, durationText, sizeText } from '../units.ts';

export const checkCommand: CliCommand = {
  name: 'check',
  declare: (command) =>
    command
      .description(l10n.t('Verify the repository: its structure, and on request every byte.'))
      .option('--read-data', l10n.t('read and verify all data'))
      .option('--read-data-subset <subset>', l10n.t('read a part: n/t (part n of t), x% or a size such as 500M (random samples)')),
  run: async (context, _args, options) => {
    const startMs = context.clock.monotonicMs();
    const progress =
      context.globals.quiet || context.globals.json ? undefined : (report: CheckProgress) => showCheckProgress(context, report, startMs);
    const access = await accessOf(context);
    const readData = readDataOf(options);
    const result = await checkJob(access, { readData, progress });
    await takeDownRecord(context, (about) =>
      recordOfCheck(result, {
        ...about,
        location: access.location,
        readData: typeof readData === 'string' ? readData : JSON.stringify(readData),
      }),
    );
    if (!result.details) throw result.error;
    if (context.globals.json) printResultJson(context, result.details);
    else printResult(context, result.details);
    return exitCodeOfResult(result);
  },
};

function readDataOf(options: OptionValues): NonNullable<CheckOptions['readData']> {
  const subset = options.text('readDataSubset');
  if (subset === undefined) return options.flag('readData') ? 'all' : 'none';
  if (options.flag('readData'))
    throw new CadanganError('arguments.invalid', { option: '--read-data-subset', reason: 'it cannot be combined with --read-data' });
  return parseReadSubset(subset);
}

const unitsOfPhases = { files: 'repository file', trees: 'folder', data: 'pack', affected: 'snapshot' } as const;

function showCheckProgress({ terminal, clock }: CommandContext, progress: CheckProgress, startMs: number): void {
  const { phase, done, total, bytesDone, bytesTotal, errorCount } = progress;
  showProgress(terminal, {
    elapsedMs: clock.monotonicMs() - startMs,
    filesDone: done,
    filesTotal: total || undefined,
    bytesDone,
    bytesTotal: bytesTotal || undefined,
    errorCount,
    unit: unitsOfPhases[phase],
  });
}

function printResult({ terminal, globals }: CommandContext, result: CheckResult): void {
  const { counts, errors, errorCount, hints, durationMs } = result;
  for (const fault of errors) for (const line of faultLines(fault)) terminal.note(line);
  if (errors.length < errorCount) terminal.note(l10n.t('… and {0} more', errorCount - errors.length));
  if (!globals.quiet) {
    for (const { kind, count, examples } of hints) {
      terminal.print(
        `${l10n.t('note')}: ${safeText(kind)}: ${count}${globals.verbosity > 0 ? ` (${examples.map(safeText).join(', ')}${count > examples.length ? ', …' : ''})` : ''}`,
      );
    }
    const read =
      counts.packsRead > 0
        ? l10n.t('{packs} read whole, {size}', { packs: countText(counts.packsRead, 'pack'), size: sizeText(counts.bytesRead) })
        : l10n.t('their data was not read');
    const checked = l10n.t('checked {snapshots}, {folders}, {packs} with {blobs} in {duration}', {
      snapshots: countText(counts.snapshots, 'snapshot'),
      folders: countText(counts.trees, 'folder'),
      packs: countText(counts.packs, 'pack'),
      blobs: countText(counts.blobs, 'blob'),
      duration: durationText(durationMs),
    });
    terminal.print(`${checked}; ${read}`);
    if (errorCount === 0) terminal.print(l10n.t('no errors were found'));
  }
  if (errorCount > 0) terminal.note(l10n.t('{0} found: the repository is damaged', countText(errorCount, 'error')));
}

function faultLines({ kind, file, blob, reason, affects, affectsCount }: Fault): string[] {
  const thing = file ? fileLabel(file) : blob ? `${blob.type} blob ${blob.id}` : 'repository';
  const places = affects.map(
    ({ snapshotId, time, path }) =>
      `    ${time === undefined ? l10n.t('snapshot {0}', shortId(snapshotId)) : l10n.t('snapshot {0} of {1}', shortId(snapshotId), time.slice(0, 19).replace('T', ' '))}: ${safeName(path)}`,
  );
  const more = affectsCount > affects.length ? [`    ${l10n.t('… and {0} more', affectsCount - affects.length)}`] : [];
  return [
    `${l10n.t('error')}: ${kind}: ${thing}: ${safeText(reason)}`,
    ...(affectsCount > 0 ? [`  ${l10n.t('affects {0}', countText(affectsCount, 'path'))}:`] : []),
    ...places,
    ...more,
  ];
}

function printResultJson({ terminal }: CommandContext, { errors, errorCount, hints }: CheckResult): void {
  for (const fault of errors)
    noteJson(terminal, {
      message_type: 'error',
      message: faultLines(fault)
        .map((line) => line.trim())
        .join('; '),
    });
  const packs = errors.flatMap(({ file }) => (file?.kind === 'data' ? [file.name] : []));
  printJson(terminal, {
    message_type: 'summary',
    num_errors: errorCount,
    broken_packs: [...new Set(packs)],
    suggest_repair_index: errors.some(({ kind }) => kind.startsWith('index-')),
    suggest_prune: hints.some(({ kind }) => kind === 'pack-orphan' || kind === 'pack-unused'),
  });
}
