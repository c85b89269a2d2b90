import { Argument } from 'commander';
import {
  addPassword,
  changePassword,
  describeError,
  type OpenedRepository,
  recordOfKeyChange,
  removePassword,
  safeText,
} from '../../jobs/index.ts';
import { CadanganError, l10n } from '../../platform/index.ts';
import { listKeys, parseTimestamp, type ListedKey } from '../../repository/index.ts';
import { locationOf } from '../global-options.ts';
import { openedRepository, type CliCommand, type CommandContext } from '../command.ts';
import { takeDownRecord } from './records-keeper.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { printJson } from '../json.ts';
import type { OptionValues } from '../option-values.ts';
import { readPassword } from '../password-source.ts';
import { shortId } from '../snapshot-view.ts';
import { tableLines } from '../table.ts';
import { localTimeText } from '../time-argument.ts';

export const keyCommand: CliCommand = {
  name: 'key',
  declare: (command) =>
    command
      .description(l10n.t('List, add, remove or change passwords. Every password opens the whole repository.'))
      .addArgument(new Argument('<action>', l10n.t('what to do')).choices(['list', 'add', 'remove', 'passwd']))
      .argument('[id]', l10n.t('key to remove: its id, or the beginning of it'))
      .option('--new-password-file <file>', l10n.t('file to read the new password from'))
      .option('--user <user>', l10n.t('user name that the new key is listed with'))
      .option('--host <host>', l10n.t('host name that the new key is listed with')),
  run: async (context, [action, id], options) => {
    if (action === 'remove') {
      if (id === undefined) throw new CadanganError('arguments.invalid', { argument: 'id', reason: 'name the key to remove' });
      return removeKey(context, id);
    }
    if (id !== undefined) throw new CadanganError('arguments.invalid', { argument: id, reason: `key ${action} takes no id` });
    return action === 'list' ? printKeys(context) : newPassword(context, options, action === 'passwd');
  },
};

async function printKeys(context: CommandContext): Promise<ExitCode> {
  const { terminal, globals, clock } = context;
  const { keys, damaged, currentId } = await openedRepository(context, 'shared', async ({ repository, signal }) => ({
    ...(await listKeys(repository.keyContext(signal))),
    currentId: repository.keyId,
  }));
  const rows = keys.map((key) => ({ ...viewOf(key, (ns) => localTimeText(ns, clock)), current: key.id === currentId }));
  if (globals.json) {
    printJson(
      terminal,
      rows.map(({ current, id, userName, hostName, created }) => ({ current, id, userName, hostName, created })),
    );
  } else {
    const cells = rows.map(({ current, id, userName, hostName, created }) => [
      `${current ? '*' : ' '}${id}`,
      safeText(userName),
      safeText(hostName),
      created,
    ]);
    for (const line of tableLines(
      [{ title: ' ID' }, { title: l10n.t('User') }, { title: l10n.t('Host') }, { title: l10n.t('Created') }],
      cells,
    ))
      terminal.print(line);
  }
  for (const { id, error } of damaged) terminal.note(`${l10n.t('key {0} cannot be read', shortId(id))}: ${describeError(error).what}`);
  return damaged.length > 0 ? exitCode.exceptions : exitCode.done;
}

function viewOf(
  { id, file }: ListedKey,
  timeText: (ns: bigint) => string,
): { id: string; userName: string; hostName: string; created: string } {
  return { id: shortId(id), userName: file.username, hostName: file.hostname, created: timeText(parseTimestamp(file.created).ns) };
}

async function removeKey(context: CommandContext, wanted: string): Promise<ExitCode> {
  const removed = await openedRepository(context, 'exclusive', ({ repository, signal }) =>
    recorded(context, repository, 'key-removed', () => removePassword(repository, wanted, signal)),
  );
  if (!context.globals.quiet) context.terminal.note(l10n.t('removed key {0}', shortId(removed)));
  return exitCode.done;
}

/** `passwd` replaces the password that opened the repository, so it wants the repository for itself. */
async function newPassword(context: CommandContext, options: OptionValues, replace: boolean): Promise<ExitCode> {
  const source = {
    file: options.text('newPasswordFile'),
    command: undefined,
    variable: undefined,
    question: l10n.t('enter new password'),
    twice: true,
  };
  const owner = { username: options.text('user'), hostname: options.text('host') };
  const id = await openedRepository(context, replace ? 'exclusive' : 'shared', async ({ repository, signal }) => {
    const password = await readPassword(source, context.passwords, signal);
    return recorded(context, repository, replace ? 'password-changed' : 'key-added', () =>
      (replace ? changePassword : addPassword)(repository, password, owner, signal),
    );
  });
  if (!context.globals.quiet) context.terminal.note(l10n.t('saved new key {0}', shortId(id)));
  return exitCode.done;
}

async function recorded(
  context: CommandContext,
  repository: OpenedRepository['repository'],
  change: string,
  work: () => Promise<string>,
): Promise<string> {
  const keyId = await work();
  const location = await locationOf(context.globals);
  await takeDownRecord(context, (about) => recordOfKeyChange(change, keyId, repository.config.id, { ...about, location }));
  return keyId;
}
