import { openSnapshot } from '../../jobs/index.ts';
import { byteStringFromText, CadanganError, type ByteString } from '../../platform/index.ts';
import { walkTree, type Node, type Repository, type StoredSnapshot, type TreeId } from '../../repository/index.ts';
import { openedRepository, type CliCommand, type CommandContext } from '../command.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { printJson } from '../json.ts';
import { describeError } from '../messages.ts';
import { listedNodeJson, longLine } from '../node-view.ts';
import { safeName } from '../safe-text.ts';
import { addSnapshotFilter, snapshotFilterOf, snapshotJson, snapshotText } from '../snapshot-view.ts';

export const lsCommand: CliCommand = {
  name: 'ls',
  declare: (command) => {
    command
      .description('List what is in a snapshot.')
      .argument('<snapshot[:subfolder]>', 'id, beginning of an id, or "latest"')
      .argument('[folders...]', 'only what is directly in these folders of the snapshot; they begin with /')
      .option('-l, --long', 'show mode, owner, size and time')
      .option('--recursive', 'also what is in folders of the named folders');
    addSnapshotFilter(command);
  },
  run: async (context, [snapshot = '', ...folders], options) => {
    const wanted = folders.map(absoluteFolder);
    return openedRepository(context, 'shared', async ({ repository, signal }) => {
      const { stored, tree } = await openSnapshot(repository, snapshot, snapshotFilterOf(options), signal);
      printHeader(context, stored);
      const list = new Listing(wanted, options.flag('recursive'));
      return print(context, repository, tree, list, options.flag('long'), signal);
    });
  },
};

/** Which entries are listed, and which folders lead to them. */
class Listing {
  readonly #folders: readonly ByteString[];
  readonly #recursive: boolean;
  readonly #missing: Set<ByteString>;

  constructor(folders: readonly ByteString[], recursive: boolean) {
    this.#folders = folders;
    this.#recursive = recursive;
    this.#missing = new Set(folders.filter((folder) => folder !== ''));
  }

  /** Named folders that the walk did not meet. */
  get missing(): readonly ByteString[] {
    return [...this.#missing];
  }

  includes(path: ByteString): boolean {
    this.#missing.delete(path);
    if (this.#folders.length === 0) return true;
    return this.#folders.some((folder) => path === folder || (path.startsWith(`${folder}/`) && (this.#recursive || path.lastIndexOf('/') === folder.length)));
  }

  descendsInto(path: ByteString): boolean {
    if (this.#folders.length === 0) return true;
    return this.#folders.some((folder) => path === folder || folder.startsWith(`${path}/`) || (this.#recursive && path.startsWith(`${folder}/`)));
  }
}

async function print(context: CommandContext, repository: Repository, tree: TreeId, list: Listing, long: boolean, signal: AbortSignal): Promise<ExitCode> {
  const { terminal } = context;
  let code: ExitCode = exitCode.done;
  for await (const step of walkTree(repository, tree, { signal, descend: (path) => list.descendsInto(path) })) {
    if (step.kind === 'node' && list.includes(step.path)) printNode(context, step.path, step.node, long);
    if (step.kind !== 'unreadable') continue;
    terminal.note(`cannot list ${safeName(step.path)}: ${describeError(step.error).what}`);
    code = exitCode.failed;
  }
  const missing = list.missing[0];
  if (missing !== undefined) throw new CadanganError('path.not-found', { path: safeName(missing) });
  return code;
}

function printHeader({ terminal, globals, clock }: CommandContext, stored: StoredSnapshot): void {
  if (globals.json) printJson(terminal, { ...snapshotJson(stored), message_type: 'snapshot', struct_type: 'snapshot' });
  else if (!globals.quiet) terminal.print(`snapshot ${snapshotText(stored, clock)}:`);
}

function printNode({ terminal, globals, clock }: CommandContext, path: ByteString, node: Node, long: boolean): void {
  if (globals.json) printJson(terminal, listedNodeJson(path, node));
  else terminal.print(long ? longLine(path, node, clock) : safeName(path));
}

/** Without the slash at its end; the root is the empty path. */
function absoluteFolder(text: string): ByteString {
  if (!text.startsWith('/')) throw new CadanganError('arguments.invalid', { argument: text, reason: 'a path in a snapshot begins with /' });
  const names = text.split('/').filter((name) => name !== '' && name !== '.');
  return byteStringFromText(names.map((name) => `/${name}`).join(''));
}
