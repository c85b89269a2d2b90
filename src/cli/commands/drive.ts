import { Argument } from 'commander';
import {
  credentialStoreOf,
  type StoragePlace,
  openDriveClient,
  type RecordKeeper,
  safeText,
  signInToDrive,
  signOutOfDrive,
  type SignInWay,
} from '../../jobs/index.ts';
import { formatDate, l10n } from '../../platform/index.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { knownDriveWorld } from '../drive-place.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { jsonObject, printJson, printJsonNow } from '../json.ts';
import type { OptionValues } from '../option-values.ts';
import { sizeText } from '../units.ts';
import { keeperOf } from './records-keeper.ts';

export const driveCommand: CliCommand = {
  name: 'drive',
  declare: (command) =>
    command
      .description(l10n.t('Sign in to the designated Google account, sign out, and show it.'))
      .addArgument(new Argument('<action>', l10n.t('what to do')).choices(['sign-in', 'sign-out', 'status']))
      .option('--device-code', l10n.t('sign in with a code that is typed on another machine'))
      .option('--revoke', l10n.t('when signing out, also end the permission at Google; other machines lose theirs, too')),
  run: async (context, [action], options) => {
    const { place } = await knownDriveWorld(context);
    if (action === 'status') return showStatus(context, place);
    const { keeper, noteConfiguration } = await keeperOf(context);
    await noteConfiguration();
    return action === 'sign-in' ? signIn(context, place, keeper, options) : signOut(context, place, keeper, options);
  },
};

async function signIn(context: CommandContext, place: StoragePlace, keeper: RecordKeeper, options: OptionValues): Promise<ExitCode> {
  const { terminal, globals, signal } = context;
  const account = await signInToDrive(place, keeper, options.flag('deviceCode') ? byCode(context) : byBrowser(context), signal);
  if (globals.json) printJson(terminal, { message_type: 'signed_in', account });
  else if (!globals.quiet) terminal.print(l10n.t('signed in as {account}', { account: safeText(account) }));
  return exitCode.done;
}

function byCode({ terminal, globals }: CommandContext): SignInWay {
  return {
    kind: 'device-code',
    show: ({ userCode, verificationUrl }) =>
      globals.json
        ? printJsonNow(terminal, { message_type: 'device_code', user_code: userCode, verification_url: verificationUrl })
        : terminal.note(
            l10n.t('Open {url} on any machine and type the code {code}.', { url: safeText(verificationUrl), code: safeText(userCode) }),
          ),
  };
}

function byBrowser({ terminal, globals }: CommandContext): SignInWay {
  return {
    kind: 'browser',
    open: (url) =>
      globals.json
        ? printJsonNow(terminal, { message_type: 'consent', url })
        : terminal.note(`${l10n.t('Open this address in a browser on this machine (or forward its port) and agree:')}\n${safeText(url)}`),
  };
}

async function signOut(context: CommandContext, place: StoragePlace, keeper: RecordKeeper, options: OptionValues): Promise<ExitCode> {
  const { terminal, globals, signal } = context;
  const isRevoked = await signOutOfDrive(place, keeper, { revoke: options.flag('revoke') }, signal);
  if (!globals.quiet && !globals.json)
    terminal.note(isRevoked ? l10n.t('signed out, and the permission at Google ended') : l10n.t('signed out on this machine'));
  return exitCode.done;
}

/** Who is signed in, proved by Google, and how full the drive is. */
async function showStatus(context: CommandContext, place: StoragePlace): Promise<ExitCode> {
  const { terminal, globals, signal } = context;
  const client = await openDriveClient(place);
  try {
    const { account, quota } = await client.about(signal);
    const signedInAt =
      place.settings?.serviceAccountKeyFile === undefined ? (await credentialStoreOf(place).load())?.signedInAt : undefined;
    const { limitBytes, usedBytes, usedInTrashBytes } = quota;
    if (globals.json) {
      printJson(
        terminal,
        jsonObject({
          message_type: 'drive',
          account: account.emailAddress,
          signed_in_at: signedInAt,
          limit_bytes: limitBytes,
          used_bytes: usedBytes,
          used_in_trash_bytes: usedInTrashBytes,
        }),
      );
      return exitCode.done;
    }
    terminal.print(l10n.t('Account: {account}', { account: safeText(account.emailAddress) }));
    if (signedInAt !== undefined && !Number.isNaN(Date.parse(signedInAt)))
      terminal.print(l10n.t('Signed in since: {date}', { date: formatDate(BigInt(Date.parse(signedInAt)) * 1_000_000n) }));
    const used = sizeText(usedBytes);
    terminal.print(
      limitBytes === undefined
        ? l10n.t('Storage: {used} used, no limit', { used })
        : l10n.t('Storage: {used} of {limit} used', { used, limit: sizeText(limitBytes) }),
    );
    if (usedInTrashBytes > 0)
      terminal.print(l10n.t('In the trash: {size} (Google empties it after 30 days)', { size: sizeText(usedInTrashBytes) }));
    return exitCode.done;
  } finally {
    client.close();
  }
}
