import { dumpJob, parseSnapshotPath, recordOfBegunRestore, recordOfDump } from '../../jobs/index.ts';
import { l10n, typedSnapshotPath } from '../../platform/index.ts';
import { accessOf, type CliCommand } from '../command.ts';
import { reportExceptions } from '../exception-report.ts';
import { exitCodeOfResult } from '../exit-code.ts';
import { addRequestOption, addSetOption, addSnapshotFilter, snapshotFilterOf } from '../snapshot-view.ts';
import { recordedRun } from './records-keeper.ts';

export const dumpCommand: CliCommand = {
  name: 'dump',
  takesBytes: true,
  declare: (command) => {
    command
      .description(l10n.t('Write one file of a snapshot to standard output.'))
      .argument('<snapshot[:subfolder]>', l10n.t('id, beginning of an id, or "latest"'))
      .argument('<file>', l10n.t('path of the file in the snapshot'));
    addSnapshotFilter(command);
    addSetOption(command);
    addRequestOption(command);
  },
  run: async (context, [snapshot = '', given = ''], options) => {
    const file = typedSnapshotPath(given);
    const set = options.text('set');
    if (set !== undefined) return (await import('../set-looks.ts')).dumpOfSet(context, set, { snapshot, file }, options);
    const access = await accessOf(context);
    const write = (bytes: Uint8Array): Promise<void> => context.terminal.writeBytes(bytes);
    const { snapshot: named, subfolder: folder } = parseSnapshotPath(snapshot);
    const asked = { snapshot: named, folder, chosen: [file], request: options.text('request'), location: access.location };
    const result = await recordedRun(context, {
      begun: (about) => recordOfBegunRestore('dump', { ...about, ...asked, targets: [] }),
      work: () => dumpJob(access, { snapshot, filter: snapshotFilterOf(options), file, write }),
      record: (done, about) => recordOfDump(done, { ...about, ...asked }),
    });
    reportExceptions(context.terminal, result, context.globals.verbosity);
    if (!result.details) throw result.error;
    return exitCodeOfResult(result);
  },
};
