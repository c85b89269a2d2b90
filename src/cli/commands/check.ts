import { checkJob, placeOf, recordOfBegun, recordOfCheck, safeName, safeText } from '../../jobs/index.ts';
import { CadanganError, type Clock, l10n } from '../../platform/index.ts';
import { parseTimestamp } from '../../repository/index.ts';
import { fileLabel } from '../../storage/index.ts';
import {
  parseReadSubset,
  repairAdvice,
  type CheckOptions,
  type CheckProgress,
  type CheckResult,
  type Fault,
  type RepairAdvice,
} from '../../upkeep/index.ts';
import { accessOf, type CliCommand, type CommandContext } from '../command.ts';
import { recordedRun } from './records-keeper.ts';
import { exitCodeOfResult } from '../exit-code.ts';
import { noteJson, printJson } from '../json.ts';
import type { OptionValues } from '../option-values.ts';
import { showProgress } from '../progress-line.ts';
import { shortId } from '../snapshot-view.ts';
import { localTimeText } from '../time-argument.ts';
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
    const { location } = access;
    const result = await recordedRun(context, {
      begun: (about) => recordOfBegun('check', 'check', about, { source: placeOf(location, about.settings) }),
      work: () => checkJob(access, { readData, progress }),
      record: (done, about) =>
        recordOfCheck(done, { ...about, location, readData: typeof readData === 'string' ? readData : JSON.stringify(readData) }),
    });
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

function printResult({ terminal, globals, clock }: CommandContext, result: CheckResult): void {
  const { counts, errors, errorCount, hints, durationMs } = result;
  for (const fault of errors) for (const line of faultLines(fault, clock)) terminal.note(line);
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
  if (errorCount === 0) return;
  terminal.note(l10n.t('{0} found: the repository is damaged', countText(errorCount, 'error')));
  const steps = adviceLines(repairAdvice(result));
  if (steps.length === 0) return;
  terminal.note(l10n.t('What helps, in this order:'));
  for (const step of steps) terminal.note(`  ${step}`);
}

function adviceLines({ index, packs, snapshots, recover }: RepairAdvice): string[] {
  return [
    ...(index === 'none' ? [] : [`cadangan repair index${index === 'usual' ? '' : ' --read-all-packs'}`]),
    ...(packs.length === 0 ? [] : [`cadangan repair packs ${packs.join(' ')}`]),
    ...(recover ? ['cadangan recover'] : []),
    ...(snapshots ? [l10n.t('{0} (where the files are still there: what is lost is stored again)', 'cadangan backup')] : []),
    ...(snapshots || recover ? [l10n.t('{0} (makes snapshots without what is lost for good)', 'cadangan repair snapshots')] : []),
  ];
}

function faultLines({ kind, file, blob, reason, affects, affectsCount }: Fault, clock: Clock): string[] {
  const thing = file ? fileLabel(file) : blob ? `${blob.type} blob ${blob.id}` : 'repository';
  const nameOf = ({ snapshotId, time }: Fault['affects'][number]): string =>
    time === undefined
      ? l10n.t('snapshot {0}', shortId(snapshotId))
      : l10n.t('snapshot {0} of {1}', shortId(snapshotId), localTimeText(parseTimestamp(time).ns, clock));
  const places = affects.map((place) => `    ${nameOf(place)}: ${safeName(place.path)}`);
  const more = affectsCount > affects.length ? [`    ${l10n.t('… and {0} more', affectsCount - affects.length)}`] : [];
  return [
    `${l10n.t('error')}: ${kind}: ${thing}: ${safeText(reason)}`,
    ...(affectsCount > 0 ? [`  ${l10n.t('affects {0}', countText(affectsCount, 'path'))}:`] : []),
    ...places,
    ...more,
  ];
}

function printResultJson({ terminal, clock }: CommandContext, { errors, errorCount, hints }: CheckResult): void {
  for (const fault of errors)
    noteJson(terminal, {
      message_type: 'error',
      message: faultLines(fault, clock)
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
