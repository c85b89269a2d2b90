import { Argument } from 'commander';
import {
  noteOfChanges,
  placeOf,
  recordOfBegun,
  recordOfIndexRepair,
  recordOfPackRepair,
  recordOfSnapshotRepair,
  repairIndexJob,
  repairPacksJob,
  repairSnapshotsJob,
  type IndexRepairDetails,
} from '../../jobs/index.ts';
import { CadanganError, currentTimeZone, l10n } from '../../platform/index.ts';
import { isId, parsePackId, type PackId } from '../../repository/index.ts';
import type { PackRepair, RepairedPack, RepairedSnapshot, SnapshotRepair } from '../../upkeep/index.ts';
import { accessOf, type CliCommand, type CommandContext } from '../command.ts';
import { tellExceptions } from '../exception-report.ts';
import { exitCodeOfResult, type ExitCode } from '../exit-code.ts';
import { jsonObject, printJson } from '../json.ts';
import type { OptionValues } from '../option-values.ts';
import { addSnapshotFilter, shortId, snapshotFilterOf, snapshotText } from '../snapshot-view.ts';
import { stepLine } from '../step-line.ts';
import { countText } from '../units.ts';
import { recordedRun } from './records-keeper.ts';

export const repairCommand: CliCommand = {
  name: 'repair',
  declare: (command) => {
    command
      .description(l10n.t('Mend a damaged repository as far as that goes, and say what is lost.'))
      .addArgument(
        new Argument(
          '<what>',
          l10n.t(
            'index: make it anew from the packs; packs: save what can be saved of damaged ones; snapshots: make ones that can be restored whole. In this order.',
          ),
        ).choices(['index', 'packs', 'snapshots']),
      )
      .argument('[ids...]', l10n.t('packs: ids of damaged packs, as "check --read-data" names them; snapshots: only these'))
      .option('--read-all-packs', l10n.t('index: ask every pack, also where nothing seems wrong'))
      .option('-n, --dry-run', l10n.t('snapshots: write nothing, show what would be done'))
      .option('--forget', l10n.t('snapshots: remove the broken ones when the new ones are there'));
    addSnapshotFilter(command);
  },
  run: async (context, [what, ...ids], options) => {
    if (what === 'packs') return repairPacksNamed(context, ids);
    if (what === 'snapshots') return repairSnapshotsNamed(context, ids, options);
    if (ids[0] !== undefined) throw new CadanganError('arguments.invalid', { argument: ids[0], reason: 'repair index takes no id' });
    return repairWholeIndex(context, options);
  },
};

async function repairWholeIndex(context: CommandContext, options: OptionValues): Promise<ExitCode> {
  const access = await accessOf(context);
  const { location } = access;
  const result = await recordedRun(context, {
    begun: (about) => recordOfBegun('repository-repair', 'repair-index', about, { destination: placeOf(location, about.settings) }),
    work: () => repairIndexJob(access, { readAllPacks: options.flag('readAllPacks'), progress: stepLine(context, 'pack') }),
    record: (done, about) => recordOfIndexRepair(done, { ...about, location }),
  });
  const { details } = result;
  if (!details) throw result.error;
  tellExceptions(context, result, 'repair');
  if (context.globals.json) printJson(context.terminal, indexJson(details));
  else if (!context.globals.quiet) for (const line of indexLines(details)) context.terminal.print(line);
  return exitCodeOfResult(result);
}

/** What was done to the index, for people. */
function indexLines(details: IndexRepairDetails): string[] {
  const { damaged, packsAdded, packsCorrected, packsMissing, packsUnread, obsolete, indexFilesWritten, losses } = details;
  const counted = (count: number, text: (count: string) => string): string[] => (count === 0 ? [] : [text(countText(count, 'pack'))]);
  const lines = [
    ...damaged.map(({ name }) => l10n.t('the index file {0} could not be read', name)),
    ...counted(packsAdded.length, (packs) => l10n.t('{0} added to the index', packs)),
    ...counted(packsCorrected.length, (packs) => l10n.t('{0} corrected in the index', packs)),
    ...counted(packsMissing.length, (packs) => l10n.t('{0} taken out of the index, since the storage does not have them', packs)),
    obsolete.length + indexFilesWritten === 0
      ? l10n.t('the index is right: nothing was changed')
      : l10n.t('{written} written, {removed} removed', {
          written: countText(indexFilesWritten, 'index file'),
          removed: countText(obsolete.length, 'index file'),
        }),
  ];
  if (packsUnread.length > 0)
    lines.push(
      l10n.t('Save what can be saved of the damaged packs: {0}', `cadangan repair packs ${packsUnread.map(({ id }) => id).join(' ')}`),
    );
  if (losses.count > 0) lines.push(lossAdvice());
  return lines;
}

function lossAdvice(): string {
  return l10n.t(
    'What is named above cannot be restored. Where the files are still there, run "cadangan backup": it stores them again, and older snapshots are whole again. Otherwise "cadangan repair snapshots" makes snapshots without them.',
  );
}

/** restic has no JSON for it. */
function indexJson(details: IndexRepairDetails): ReturnType<typeof jsonObject> {
  return jsonObject({
    message_type: 'summary',
    index_files_written: details.indexFilesWritten,
    index_files_removed: details.obsolete.length,
    damaged_index_files: details.damaged.map(({ name }) => name),
    packs_added: details.packsAdded.length,
    packs_corrected: details.packsCorrected.length,
    packs_missing: details.packsMissing,
    packs_unread: details.packsUnread.map(({ id }) => id),
    num_lost: details.losses.count,
  });
}

async function repairPacksNamed(context: CommandContext, ids: readonly string[]): Promise<ExitCode> {
  const packs = ids.map(packNamed);
  if (packs.length === 0) throw new CadanganError('arguments.invalid', { argument: 'ids', reason: 'name the packs to repair' });
  const { terminal, globals, workingFolder } = context;
  const access = await accessOf(context);
  const { location } = access;
  const { compression, extraVerify } = globals;
  const result = await recordedRun(context, {
    begun: (about) => recordOfBegun('repository-repair', 'repair-packs', about, { destination: placeOf(location, about.settings) }),
    work: () =>
      repairPacksJob(access, { ids: packs, keepIn: workingFolder, compression, extraVerify, progress: stepLine(context, 'pack') }),
    record: (done, about) => recordOfPackRepair(done, { ...about, location, keptIn: workingFolder }),
  });
  if (!result.details) throw result.error;
  const { packs: repaired, losses } = result.details;
  tellExceptions(context, result, 'repair');
  if (globals.json) printJson(terminal, packsJson(result.details));
  else if (!globals.quiet)
    for (const line of [...repaired.map(packLine), ...(losses.count > 0 ? [lossAdvice()] : [])]) terminal.print(line);
  return exitCodeOfResult(result);
}

function packNamed(text: string): PackId {
  const id = text.toLowerCase();
  if (!isId(id)) throw new CadanganError('arguments.invalid', { argument: text, reason: 'the whole id of a pack is wanted, 64 digits' });
  return parsePackId(id);
}

function packLine({ id, fate, blobsSaved, blobsLost }: RepairedPack): string {
  const counts = { pack: shortId(id), saved: countText(blobsSaved, 'blob'), lost: countText(blobsLost, 'blob') };
  switch (fate) {
    case 'sound':
      return l10n.t('pack {0} is sound: nothing was changed', counts.pack);
    case 'gone':
      return l10n.t('pack {pack} is gone: {lost} lost', counts);
    case 'salvaged':
      return l10n.t('pack {pack}: {saved} saved, {lost} lost; a copy of it lies in this folder', counts);
    case 'unreadable':
      return l10n.t(
        'pack {pack}: {saved} saved, {lost} cannot be read; it stays, also in the index, since it may be read another time. To give it up, remove its file and repair it again',
        counts,
      );
  }
}

function packsJson({ packs, losses }: PackRepair): ReturnType<typeof jsonObject> {
  return jsonObject({
    message_type: 'summary',
    packs: packs.map(({ id, fate, blobsSaved, blobsLost }) => ({ id, result: fate, blobs_saved: blobsSaved, blobs_lost: blobsLost })),
    num_lost: losses.count,
  });
}

async function repairSnapshotsNamed(context: CommandContext, ids: readonly string[], options: OptionValues): Promise<ExitCode> {
  const { terminal, globals } = context;
  const access = await accessOf(context);
  const { location } = access;
  const { compression, extraVerify } = globals;
  const [dryRun, forget] = [options.flag('dryRun'), options.flag('forget')];
  const filter = snapshotFilterOf(options);
  const progress = stepLine(context, 'snapshot');
  const timeZone = currentTimeZone();
  const jobOptions = { ids, filter, dryRun, forget, timeZone, compression, extraVerify, progress };
  const result = dryRun
    ? await repairSnapshotsJob(access, jobOptions)
    : await recordedRun(context, {
        begun: (about) => recordOfBegun('repository-repair', 'repair-snapshots', about, { destination: placeOf(location, about.settings) }),
        work: (_keeper, note) => repairSnapshotsJob(access, { ...jobOptions, onChange: (changes) => note(noteOfChanges(changes)) }),
        record: (done, about) => recordOfSnapshotRepair(done, { ...about, location }),
      });
  if (!result.details) throw result.error;
  tellExceptions(context, result, 'repair');
  if (globals.json) printJson(terminal, snapshotsJson(result.details, dryRun));
  else if (!globals.quiet) printSnapshots(context, result.details, { dryRun, forget });
  return exitCodeOfResult(result);
}

/** How it was asked for. */
interface Asked {
  readonly dryRun: boolean;
  readonly forget: boolean;
}

function printSnapshots({ terminal, clock }: CommandContext, { snapshots }: SnapshotRepair, asked: Asked): void {
  for (const repaired of snapshots) {
    const { id, stored } = repaired;
    terminal.print(`${l10n.t('snapshot {0}', stored ? snapshotText(stored, clock) : shortId(id))}:`);
    for (const line of fateLines(repaired, asked)) terminal.print(`  ${line}`);
  }
  const changed = snapshots.filter(({ fate }) => fate === 'replaced' || fate === 'removed' || fate === 'healed').length;
  terminal.print(modifiedText(changed, asked.dryRun));
}

/** restic's last line. */
export function modifiedText(count: number, dryRun: boolean): string {
  if (count === 0) return dryRun ? l10n.t('no snapshots would be modified') : l10n.t('no snapshots were modified');
  const snapshots = countText(count, 'snapshot');
  return dryRun ? l10n.t('would modify {0}', snapshots) : l10n.t('modified {0}', snapshots);
}

/** @param forget the old one was to go: where it stays, it is protected */
export function replacedLines({ newId, isRemoved }: Pick<RepairedSnapshot, 'newId' | 'isRemoved'>, forget: boolean): string[] {
  const stays = forget && !isRemoved ? [l10n.t('the old snapshot stays: it is protected')] : [];
  // A dry run makes none.
  if (newId === undefined)
    return [l10n.t('would save new snapshot'), ...(isRemoved ? [l10n.t('would remove old snapshot')] : []), ...stays];
  return [l10n.t('saved new snapshot {0}', shortId(newId)), ...(isRemoved ? [l10n.t('removed old snapshot')] : []), ...stays];
}

function fateLines({ id, fate, ...replacement }: RepairedSnapshot, { dryRun, forget }: Asked): string[] {
  switch (fate) {
    case 'replaced':
      return replacedLines(replacement, forget);
    case 'healed':
      return [l10n.t('what was missing could be made again')];
    case 'removed':
      return [dryRun ? l10n.t('would remove the snapshot: nothing is left of it') : l10n.t('removed: nothing was left of it')];
    case 'root-lost':
    case 'unreadable':
      return [
        l10n.t('nothing is left of it. What it had may still be found: {recover}. To remove it: {remove}', {
          recover: 'cadangan recover',
          remove: `cadangan repair snapshots --forget ${shortId(id)}`,
        }),
      ];
  }
}

function snapshotsJson({ snapshots, soundCount }: SnapshotRepair, dryRun: boolean): ReturnType<typeof jsonObject> {
  return jsonObject({
    message_type: 'summary',
    dry_run: dryRun || undefined,
    snapshots: snapshots.map(({ id, fate, newId }) => jsonObject({ id, result: fate, new_id: newId })),
    num_sound: soundCount,
  });
}
