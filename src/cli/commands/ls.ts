import { listEntries } from '../../browse/index.ts';
import { describeError, openSnapshot, safeName } from '../../jobs/index.ts';
import { byteStringFromRaw, CadanganError, l10n, typedSnapshotPath, type ByteString } from '../../platform/index.ts';
import type { Node, StoredSnapshot } from '../../repository/index.ts';
import { openedRepository, type CliCommand, type CommandContext } from '../command.ts';
import { noteException } from '../exception-report.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { printJson } from '../json.ts';
import { listedNodeJson, longLine } from '../node-view.ts';
import { addSetOption, addSnapshotFilter, snapshotFilterOf, snapshotJson, snapshotText } from '../snapshot-view.ts';

export const lsCommand: CliCommand = {
  name: 'ls',
  takesBytes: true,
  declare: (command) => {
    command
      .description(l10n.t('List what is in a snapshot.'))
      .argument('<snapshot[:subfolder]>', l10n.t('id, beginning of an id, or "latest"'))
      .argument('[folders...]', l10n.t('only what is directly in these folders of the snapshot; they begin with /'))
      .option('-l, --long', l10n.t('show mode, owner, size and time'))
      .option('--recursive', l10n.t('also what is in folders of the named folders'));
    addSnapshotFilter(command);
    addSetOption(command);
  },
  run: async (context, [snapshot = '', ...folders], options) => {
    const wanted = folders.map(absolutePath);
    const recursive = wanted.length === 0 || options.flag('recursive');
    const set = options.text('set');
    if (set !== undefined) return (await import('../set-looks.ts')).lsOfSet(context, set, { snapshot, wanted, recursive }, options);
    let code: ExitCode = exitCode.done;
    const onUnreadable = (path: ByteString, error: CadanganError): void => {
      context.terminal.note(`${l10n.t('cannot list {0}', safeName(path))}: ${describeError(error).what}`);
      code = exitCode.failed;
    };
    return openedRepository(context, 'shared', async ({ repository, signal }) => {
      const { stored, tree } = await openSnapshot(repository, snapshot, snapshotFilterOf(options), signal, noteException(context.terminal));
      printHeader(context, stored);
      for (const path of wanted.length === 0 ? [undefined] : wanted) {
        const entries = listEntries(repository, tree, { path, recursive, onUnreadable, signal });
        for await (const entry of entries) printNode(context, entry.path, entry.node, options.flag('long'));
      }
      return code;
    });
  },
};

function printHeader({ terminal, globals, clock }: CommandContext, stored: StoredSnapshot): void {
  if (globals.json) printJson(terminal, { ...snapshotJson(stored), message_type: 'snapshot', struct_type: 'snapshot' });
  else if (!globals.quiet) terminal.print(`${l10n.t('snapshot {0}', snapshotText(stored, clock))}:`);
}

function printNode({ terminal, globals, clock }: CommandContext, path: ByteString, node: Node, long: boolean): void {
  if (globals.json) printJson(terminal, listedNodeJson(path, node));
  else terminal.print(long ? longLine(path, node, clock) : safeName(path));
}

/** `/` itself is the whole snapshot's first level. */
function absolutePath(given: string): ByteString {
  const text = typedSnapshotPath(given);
  if (!text.startsWith('/')) throw new CadanganError('arguments.invalid', { argument: text, reason: 'a path in a snapshot begins with /' });
  return byteStringFromRaw(text);
}
