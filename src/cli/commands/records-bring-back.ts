import { bringBackHistory, openStorageAt, safeText, withRepository, type BroughtBack } from '../../jobs/index.ts';
import { CadanganError, isRemote, l10n } from '../../platform/index.ts';
import { chainStateText } from '../../records/index.ts';
import type { OpenedKey } from '../../repository/index.ts';
import type { CommandContext } from '../command.ts';
import { copyNamed, driveWorld, type DriveWorld } from '../drive-place.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { jsonObject, printJson } from '../json.ts';
import type { OptionValues } from '../option-values.ts';
import { readPassword } from '../password-source.ts';
import { keeperOf } from './records-keeper.ts';

/**
 * `cadangan records bring-back COPY|LOCATION`: the history that lies beside a copy, onto a machine that has lost it or never had it.
 * Verified first; the chain goes on with a record that says so.
 */
export async function bringBackRecords(context: CommandContext, item: string | undefined, options: OptionValues): Promise<ExitCode> {
  const { signal } = context;
  const world = await driveWorld(context);
  const location = locationOf(world, item);
  const { keeper: records } = await keeperOf(context);
  const brought = await bringBackHistory({
    location,
    place: world.place,
    records,
    chain: options.text('chain'),
    reason: options.text('reason'),
    dryRun: options.flag('dryRun'),
    keyOf: (keySignal) => keyOfCopy(context, world, location, keySignal),
    signal,
  });
  if (context.globals.json) printJson(context.terminal, viewOf(location, brought));
  else print(context, location, brought, options.flag('dryRun'));
  return exitCode.done;
}

/** The name of a copy, its folder, or the only copy that is configured. @throws `arguments.invalid`, `offsite.unknown` */
function locationOf(world: DriveWorld, item: string | undefined): string {
  if (item !== undefined) return isRemote(item) || /[\\/]/.test(item) ? item : copyNamed(world, item).to;
  const [only, ...more] = world.configuration.offsiteCopies;
  if (only === undefined || more.length > 0)
    throw new CadanganError('arguments.invalid', {
      argument: 'item',
      reason: 'name a copy, or where one lies, such as gdrive:Folder/Sub or s3:https://host/bucket',
    });
  return only.to;
}

async function keyOfCopy(context: CommandContext, { place }: DriveWorld, location: string, keySignal: AbortSignal): Promise<OpenedKey> {
  const { globals, passwords, clock } = context;
  const source = {
    file: globals.passwordFile,
    command: globals.passwordCommand,
    variable: 'RESTIC_PASSWORD',
    question: l10n.t('enter password for repository'),
    twice: false,
  };
  const access = {
    location,
    password: (passwordSignal: AbortSignal) => readPassword(source, passwords, passwordSignal),
    world: { clock, openStorage: (wanted: string) => openStorageAt(wanted, place) },
    signal: keySignal,
  };
  return withRepository(access, 'none', async ({ repository: { keyId: id, masterKey } }) => ({ id, masterKey }));
}

function viewOf(location: string, { head, verification, isHere, setAside, lost, record }: BroughtBack) {
  return jsonObject({
    message_type: 'records_brought_back',
    location,
    chain: head.chain,
    number: head.number,
    hash: head.hash,
    records: verification.recordCount,
    heads_compared: verification.anchorsCompared,
    was_here: isHere,
    set_aside: setAside?.chain,
    lost_through: lost?.number,
    record: record?.number,
  });
}

function print(
  { terminal, globals }: CommandContext,
  location: string,
  { head, verification, isHere, setAside, lost, record }: BroughtBack,
  isTrial: boolean,
): void {
  if (globals.quiet) return;
  const { recordCount: records, anchorsCompared: anchors } = verification;
  terminal.print(l10n.t('{0}: history {1}', safeText(location), head.chain));
  terminal.print(l10n.t('{records} records read, {anchors} heads compared', { records, anchors }));
  terminal.print(l10n.t('last record: {number}:{hash}', { number: head.number, hash: head.hash }));
  terminal.print(chainStateText({ verification, witnesses: [], losses: [], unknown: [] }));
  if (lost !== undefined)
    terminal.print(
      l10n.t('records {first} to {last} are lost: {witness} knows them, and they had not been taken along yet', {
        first: head.number + 1,
        last: lost.number,
        witness: safeText(lost.keptIn),
      }),
    );
  if (setAside !== undefined)
    terminal.print(
      isTrial
        ? l10n.t('the history {chain} that was begun here, {number} records, would be set aside', {
            chain: setAside.chain,
            number: setAside.number,
          })
        : l10n.t('the history {chain} that was begun here, {number} records, is in the folder set-aside', {
            chain: setAside.chain,
            number: setAside.number,
          }),
    );
  if (isHere) terminal.print(l10n.t('it is here already; nothing was changed'));
  if (record !== undefined)
    terminal.print(
      l10n.t('brought back; record {number} says so, and from there on the key of this machine signs', { number: record.number }),
    );
}
