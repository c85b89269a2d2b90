import { checkJob } from '../../jobs/index.ts';
import { CadanganError } from '../../platform/index.ts';
import { fileLabel } from '../../storage/index.ts';
import { parseReadSubset, type CheckOptions, type CheckProgress, type CheckResult, type Fault } from '../../upkeep/index.ts';
import { accessOf, type CliCommand, type CommandContext } from '../command.ts';
import { exitCodeOfResult } from '../exit-code.ts';
import { noteJson, printJson } from '../json.ts';
import type { OptionValues } from '../option-values.ts';
import { showProgress } from '../progress-line.ts';
import { safeName, safeText } from '../safe-text.ts';
import { shortId } from '../snapshot-view.ts';
import { countText, durationText, sizeText } from '../units.ts';

export const checkCommand: CliCommand = {
  name: 'check',
  declare: (command) =>
    command
      .description('Verify the repository: its structure, and on request every byte.')
      .option('--read-data', 'read and verify all data')
      .option('--read-data-subset <subset>', 'read a part: n/t (part n of t), x% or a size such as 500M (random samples)'),
  run: async (context, _args, options) => {
    const startMs = context.clock.monotonicMs();
    const progress = context.globals.quiet || context.globals.json ? undefined : (report: CheckProgress) => showCheckProgress(context, report, startMs);
    const result = await checkJob(await accessOf(context), { readData: readDataOf(options), progress });
    if (!result.details) throw result.error;
    if (context.globals.json) printResultJson(context, result.details);
    else printResult(context, result.details);
    return exitCodeOfResult(result);
  },
};

function readDataOf(options: OptionValues): NonNullable<CheckOptions['readData']> {
  const subset = options.text('readDataSubset');
  if (subset === undefined) return options.flag('readData') ? 'all' : 'none';
  if (options.flag('readData')) throw new CadanganError('arguments.invalid', { option: '--read-data-subset', reason: 'it cannot be combined with --read-data' });
  return parseReadSubset(subset);
}

const unitsOfPhases = { files: 'repository file', trees: 'folder', data: 'pack', affected: 'snapshot' } as const;

function showCheckProgress({ terminal, clock }: CommandContext, progress: CheckProgress, startMs: number): void {
  const { phase, done, total, bytesDone, bytesTotal, errorCount } = progress;
  showProgress(terminal, {
    elapsedMs: clock.monotonicMs() - startMs, filesDone: done, filesTotal: total || undefined, bytesDone, bytesTotal: bytesTotal || undefined,
    errorCount, unit: unitsOfPhases[phase],
  });
}

function printResult({ terminal, globals }: CommandContext, result: CheckResult): void {
  const { counts, errors, errorCount, hints, durationMs } = result;
  for (const fault of errors) for (const line of faultLines(fault)) terminal.note(line);
  if (errors.length < errorCount) terminal.note(`… and ${errorCount - errors.length} more`);
  if (!globals.quiet) {
    for (const { kind, count, examples } of hints) {
      terminal.print(`note: ${safeText(kind)}: ${count}${globals.verbosity > 0 ? ` (${examples.map(safeText).join(', ')}${count > examples.length ? ', …' : ''})` : ''}`);
    }
    const read = counts.packsRead > 0 ? `; ${countText(counts.packsRead, 'pack')} read whole, ${sizeText(counts.bytesRead)}` : '; their data was not read';
    terminal.print(`checked ${countText(counts.snapshots, 'snapshot')}, ${countText(counts.trees, 'folder')}, ${countText(counts.packs, 'pack')} with ${countText(counts.blobs, 'blob')} in ${durationText(durationMs)}${read}`);
    if (errorCount === 0) terminal.print('no errors were found');
  }
  if (errorCount > 0) terminal.note(`${countText(errorCount, 'error')} found: the repository is damaged`);
}

function faultLines({ kind, file, blob, reason, affects, affectsCount }: Fault): string[] {
  const thing = file ? fileLabel(file) : blob ? `${blob.type} blob ${blob.id}` : 'repository';
  const places = affects.map(({ snapshotId, time, path }) => `    snapshot ${shortId(snapshotId)}${time === undefined ? '' : ` of ${time.slice(0, 19).replace('T', ' ')}`}: ${safeName(path)}`);
  const more = affectsCount > affects.length ? [`    … and ${affectsCount - affects.length} more`] : [];
  return [`error: ${kind}: ${thing}: ${safeText(reason)}`, ...(affectsCount > 0 ? [`  affects ${countText(affectsCount, 'path')}:`] : []), ...places, ...more];
}

function printResultJson({ terminal }: CommandContext, { errors, errorCount, hints }: CheckResult): void {
  for (const fault of errors) noteJson(terminal, { message_type: 'error', message: faultLines(fault).map((line) => line.trim()).join('; ') });
  const packs = errors.flatMap(({ file }) => (file?.kind === 'data' ? [file.name] : []));
  printJson(terminal, {
    message_type: 'summary', num_errors: errorCount, broken_packs: [...new Set(packs)],
    suggest_repair_index: errors.some(({ kind }) => kind.startsWith('index-')), suggest_prune: hints.some(({ kind }) => kind === 'pack-orphan' || kind === 'pack-unused'),
  });
}
