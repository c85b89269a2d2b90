import { openSnapshot } from '../../jobs/index.ts';
import { CadanganError, l10n } from '../../platform/index.ts';
import { findNode } from '../../repository/index.ts';
import { dumpFile } from '../../restore/index.ts';
import { openedRepository, type CliCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { addSnapshotFilter, snapshotFilterOf } from '../snapshot-view.ts';

export const dumpCommand: CliCommand = {
  name: 'dump',
  declare: (command) => {
    command
      .description(l10n.t('Write one file of a snapshot to standard output.'))
      .argument('<snapshot[:subfolder]>', l10n.t('id, beginning of an id, or "latest"'))
      .argument('<file>', l10n.t('path of the file in the snapshot'));
    addSnapshotFilter(command);
  },
  run: async (context, [snapshot = '', file = ''], options) => {
    await openedRepository(context, 'shared', async ({ repository, signal }) => {
      const { tree } = await openSnapshot(repository, snapshot, snapshotFilterOf(options), signal);
      if (file.replaceAll('/', '') === '') throw notFile(file, 'it is the whole snapshot');
      const node = await findNode(repository, tree, file, signal);
      if (node.type !== 'file')
        throw notFile(file, node.type === 'dir' ? 'it is a folder; "cadangan restore" brings folders' : `it is a ${node.type}`);
      for await (const bytes of dumpFile(repository, tree, file, signal)) await context.terminal.writeBytes(bytes);
    });
    return exitCode.done;
  },
};

function notFile(file: string, reason: string): CadanganError {
  return new CadanganError('arguments.invalid', { argument: file, reason });
}
