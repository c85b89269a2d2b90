import { placeOf, recordOfBegun, recordOfRecovery, recoverJob } from '../../jobs/index.ts';
import { l10n } from '../../platform/index.ts';
import { accessOf, type CliCommand } from '../command.ts';
import { tellExceptions } from '../exception-report.ts';
import { exitCodeOfResult } from '../exit-code.ts';
import { jsonObject, printJson } from '../json.ts';
import { shortId } from '../snapshot-view.ts';
import { stepLine } from '../step-line.ts';
import { countText } from '../units.ts';
import { recordedRun } from './records-keeper.ts';

export const recoverCommand: CliCommand = {
  name: 'recover',
  declare: (command) =>
    command.description(
      l10n.t('Make a snapshot of all folders that no snapshot leads to any more: after one was lost, or removed by mistake.'),
    ),
  run: async (context) => {
    const { terminal, globals, programVersion } = context;
    const access = await accessOf(context);
    const { location } = access;
    const { compression, extraVerify } = globals;
    const result = await recordedRun(context, {
      begun: (about) => recordOfBegun('repository-repair', 'recover', about, { destination: placeOf(location, about.settings) }),
      work: () => recoverJob(access, { compression, extraVerify, programVersion, progress: stepLine(context, 'folder') }),
      record: (done, about) => recordOfRecovery(done, { ...about, location }),
    });
    if (!result.details) throw result.error;
    const { roots, snapshotId } = result.details;
    tellExceptions(context, result, 'recover');
    if (globals.json) {
      printJson(terminal, jsonObject({ message_type: 'summary', roots: [...roots], snapshot_id: snapshotId }));
      return exitCodeOfResult(result);
    }
    if (globals.quiet) return exitCodeOfResult(result);
    terminal.print(l10n.t('found {0} that no snapshot leads to', countText(roots.length, 'folder')));
    terminal.print(snapshotId === undefined ? l10n.t('no snapshot to write') : l10n.t('saved new snapshot {0}', shortId(snapshotId)));
    return exitCodeOfResult(result);
  },
};
