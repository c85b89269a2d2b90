import { Argument } from 'commander';
import { describeError, type StoragePlace, safeText } from '../../jobs/index.ts';
import { CadanganError, l10n } from '../../platform/index.ts';
import { keepLastGood, type OffsiteCopy, updateConfiguration } from '../../settings/index.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { copyPassword } from '../copy-password.ts';
import { copyNamed, keptCopiesOf, knownDriveWorld, pacedPlace } from '../drive-place.ts';
import { exitCode, worseOf, type ExitCode } from '../exit-code.ts';
import { dryRunOfCopies } from '../offsite-dry-run.ts';
import { writeReadable } from '../offsite-readable.ts';
import type { CopyWork } from '../offsite-report.ts';
import { showStatus } from '../offsite-status.ts';
import { watchCopies } from '../offsite-watch.ts';
import type { OptionValues } from '../option-values.ts';
import { keeperOf } from './records-keeper.ts';

const actions = ['status', 'sync', 'watch', 'scrub', 'sample', 'readable', 'pause', 'resume'] as const;

export const offsiteCommand: CliCommand = {
  name: 'offsite',
  declare: (command) =>
    command
      .description(l10n.t('Keep up and check the off-site copies of repositories.'))
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
      .option('--begin-anew', l10n.t('sync: copy everything again, although the folder of the copy or most of what was in it is gone'))
      .option('--percent <n>', l10n.t('sample: share of the copy to read (default: as configured)'))
      .option('--snapshot <id>', l10n.t('readable: this snapshot (default: the newest of the backup set)'))
      .option('--set <set>', l10n.t('readable: the backup set (default: as configured)'))
      .option('--folder <path>', l10n.t('readable: only this folder of the snapshot'))
      .option('--format <format>', l10n.t('readable: zip or tar (default: as configured, else zip)'))
      .option('--to <place>', l10n.t('readable: a folder on Google Drive (gdrive:Folder/Sub) or on disk')),
  run: async (context, [action = '', name], options) => {
    const world = await knownDriveWorld(context);
    const copies = name === undefined ? world.configuration.offsiteCopies : [copyNamed(world, name)];
    const stopped = name === undefined ? world.stoppedCopies.map(({ error }) => error) : [];
    if (copies.length === 0)
      throw stopped[0] ?? new CadanganError('arguments.invalid', { argument: 'copy', reason: 'no off-site copy is configured' });
    // They must not be missed among those that go on.
    for (const error of stopped) context.terminal.note(describeError(error).what);
    for (const { name: kept = '', error } of keptCopiesOf(world))
      if (copies.some((copy) => copy.name === kept))
        context.terminal.note(
          l10n.t('copy "{copy}" goes on as it was: {problem}', { copy: safeText(kept), problem: describeError(error).what }),
        );
    const { place } = world;
    if (!['status', 'pause', 'resume'].includes(action)) world.refuseSlips(copies);
    const done = stopped.length > 0 ? exitCode.failed : exitCode.done;
    switch (action) {
      case 'status':
        return worseOf(done, await showStatus(context, place, copies));
      case 'sync':
      case 'scrub':
      case 'sample':
        return worseOf(done, await work(context, place, copies, action, options));
    }
    const { keeper: records, noteConfiguration } = await keeperOf(context);
    await noteConfiguration();
    // What both remember of a copy is of whose state it is, who works with it afterwards.
    switch (action) {
      case 'watch':
        return records.history.writing(() =>
          watchCopies(context, { placeOf: (copy) => pacedPlace(world, copy, context.clock), records }, copies, (copy, signal) =>
            copyPassword(context, world.configuration, copy, signal),
          ),
        );
      case 'readable':
        return worseOf(done, await records.history.writing(() => writeReadable(context, { ...world, records }, copies, options)));
      default:
        let { used } = world.inForce;
        for (const copy of copies) {
          const values = { paused: action === 'pause' ? true : undefined };
          const loaded = await updateConfiguration(world.configFile, { kind: 'change-copy', name: copy.name, values }, world.saving);
          used = keepLastGood(loaded, used);
          await noteConfiguration({ loaded, used });
        }
        return exitCode.done;
    }
  },
};

async function work(
  context: CommandContext,
  place: StoragePlace,
  copies: readonly OffsiteCopy[],
  action: CopyWork,
  options: OptionValues,
): Promise<ExitCode> {
  const mayRemoveAll = action === 'sync' && options.flag('allowRemoval');
  const mayBeginAnew = action === 'sync' && options.flag('beginAnew');
  if (action === 'sync' && options.flag('dryRun')) return dryRunOfCopies(context, place, copies, { mayRemoveAll, mayBeginAnew });
  const percent = action === 'sample' ? percentOf(options) : undefined;
  const how = { ...(mayRemoveAll && { mayRemoveAll }), ...(mayBeginAnew && { mayBeginAnew }), ...(percent !== undefined && { percent }) };
  const { workOnCopies } = await import('../hosted-copy.ts'); // the way to a host would cost every command a tenth of its start
  return workOnCopies(context, place, { work: action, copies, how });
}

function percentOf(options: OptionValues): number | undefined {
  const text = options.text('percent');
  if (text === undefined) return undefined;
  const percent = /^\d{1,3}(?:\.\d{1,4})?$/.test(text) ? Number(text) : NaN;
  if (!(percent > 0 && percent <= 100))
    throw new CadanganError('arguments.invalid', { option: `--percent ${text}`, reason: 'a percentage is above 0 and at most 100' });
  return percent;
}
