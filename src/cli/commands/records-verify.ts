import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  askRepositoryAt,
  repositoriesOf,
  unattendedPassword,
  verifyWithAnchors,
  type ComparedRecords,
  type WitnessOptions,
} from '../../service/index.ts';
import { safeText, type RepositoryAccess } from '../../jobs/index.ts';
import { CadanganError, l10n, type Password } from '../../platform/index.ts';
import { faultSentence, knowledgeView, verificationView, verifyAuditPack, type Anchor, type PackFault } from '../../records/index.ts';
import type { Configuration } from '../../settings/index.ts';
import { accessOf, worldFor, type CommandContext } from '../command.ts';
import { driveWorld } from '../drive-place.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { invalidOption, type OptionValues } from '../option-values.ts';
import { readPassword } from '../password-source.ts';
import { keeperOf } from './records-keeper.ts';

/**
 * `cadangan records verify [PACK]`: the chain, line by line; against heads that were kept elsewhere: in every repository of the
 * configuration that opens without a question, in the one that is named, beside copies on Google Drive, on paper; and the snapshots of
 * those repositories against the records.
 */
export async function verifyRecords(context: CommandContext, item: string | undefined, options: OptionValues): Promise<ExitCode> {
  if (item !== undefined) return verifyPack(context, resolve(context.workingFolder, item));
  const { terminal, globals } = context;
  const { keeper, configuration } = await keeperOf(context);
  const kept = keptHeads(options, (await keeper.history.head())?.chain ?? '', keeper.owner);
  const witnesses = await witnessesOf(context, configuration);
  const compared = await verifyWithAnchors(keeper, { ...witnesses, kept, timeZone: configuration.timeZone });
  if (globals.json) terminal.print(JSON.stringify(viewOf(compared)));
  else printVerification(context, compared);
  return compared.isIntact ? exitCode.done : exitCode.failed;
}

/** Everybody who can be asked without a question, and the repository that is named. */
export async function witnessesOf(context: CommandContext, configuration: Configuration): Promise<WitnessOptions> {
  const { signal, clock } = context;
  const { place } = await driveWorld(context);
  const named = isRepositoryNamed(context) ? await accessOf(context) : undefined;
  return {
    clock,
    place,
    signal,
    copies: configuration.offsiteCopies,
    locations: repositoriesOf(configuration, named?.location),
    ask: async (location) =>
      askRepositoryAt(named?.location === location ? named : await accessWithoutQuestion(context, configuration, location)),
  };
}

function viewOf({ knowledge, compared, notCompared }: ComparedRecords): Record<string, unknown> {
  return {
    message_type: 'verification',
    ...knowledgeView(knowledge),
    compared,
    not_compared: notCompared.map(({ location, error }) => ({ location, code: error.code })),
  };
}

/** As its set has it; a password that stands on the command line or in the environment is for those that have no way of their own. */
async function accessWithoutQuestion(context: CommandContext, { sets }: Configuration, location: string): Promise<RepositoryAccess> {
  const { globals, environment, passwords, signal } = context;
  const own = sets.find(
    ({ repository }) => repository.location === location && (repository.passwordFile ?? repository.passwordCommand) !== undefined,
  )?.repository;
  const given = { file: globals.passwordFile, command: globals.passwordCommand, variable: 'RESTIC_PASSWORD', question: '', twice: false };
  const isGiven =
    !isRepositoryNamed(context) &&
    (given.file !== undefined || given.command !== undefined || (environment['RESTIC_PASSWORD'] ?? '') !== '');
  const password = async (passwordSignal: AbortSignal): Promise<Password> => {
    const found = own
      ? await unattendedPassword(own, environment, passwordSignal)
      : isGiven
        ? await readPassword(given, passwords, passwordSignal)
        : undefined;
    if (found === undefined) throw new CadanganError('password.missing', { location });
    return found;
  };
  return { location, password, world: await worldFor(location, context), signal };
}

function isRepositoryNamed({ globals }: CommandContext): boolean {
  return globals.repo !== undefined || globals.repositoryFile !== undefined;
}

/** `--head 120:<hash>` @throws `arguments.invalid` */
function keptHeads(options: OptionValues, chain: string, owner: string): Anchor[] {
  return options.list('head').map((text) => {
    const [, number, hash] = /^([1-9]\d{0,14}):([0-9a-f]{64})$/.exec(text) ?? [];
    if (number === undefined || hash === undefined) throw invalidOption('head', text, 'a number, a colon and 64 hex digits are wanted');
    return { chain, number: Number(number), hash, keptIn: `--head ${number}`, owner };
  });
}

function printVerification({ terminal, globals }: CommandContext, compared: ComparedRecords): void {
  const { isIntact, faults, notes, witnesses, stateText, knowledge } = compared;
  const { recordCount, head, lastKey, faultCount, anchorsCompared, faults: named } = knowledge.verification;
  for (const fault of faults) terminal.note(safeText(fault));
  if (faultCount > named.length) terminal.note(l10n.t('… and {0} more', faultCount - named.length));
  if (globals.quiet) return;
  for (const note of notes) terminal.print(`${l10n.t('note')}: ${safeText(note)}`);
  terminal.print(l10n.t('{records} records read, {anchors} heads compared', { records: recordCount, anchors: anchorsCompared }));
  for (const witness of witnesses) terminal.print(safeText(witness));
  if (witnesses.length === 0) terminal.print(l10n.t('compared with nothing outside this history'));
  if (head) terminal.print(l10n.t('last record: {number}:{hash}', { number: head.number, hash: head.hash }));
  if (lastKey) terminal.print(l10n.t('public key: Ed25519 {0}', lastKey.base64));
  if (isIntact) terminal.print(stateText);
  else terminal.note(faults.length > 0 ? l10n.t('the chain is not intact; the first fault is named first') : stateText);
}

async function verifyPack({ terminal, globals }: CommandContext, path: string): Promise<ExitCode> {
  if (!existsSync(path)) throw invalidOption('item', path, 'there is no such file');
  const { isIntact, faults, fileCount, publicKey, records } = await verifyAuditPack(path);
  if (globals.json) {
    terminal.print(
      JSON.stringify({
        message_type: 'pack_verification',
        intact: isIntact,
        files: fileCount,
        faults,
        public_key: publicKey?.base64,
        records: records && verificationView(records),
      }),
    );
    return isIntact ? exitCode.done : exitCode.failed;
  }
  for (const fault of faults) terminal.note(safeText(packFaultText(fault)));
  for (const fault of records?.faults ?? []) terminal.note(safeText(faultSentence(fault)));
  if (publicKey) terminal.print(l10n.t('signed with Ed25519 {0}; compare it with a printed form', publicKey.base64));
  if (records)
    terminal.print(
      l10n.t('{records} records read, {anchors} heads compared', { records: records.recordCount, anchors: records.anchorsCompared }),
    );
  if (isIntact) terminal.print(l10n.t('{0} files, nothing was changed since it was signed', fileCount));
  else terminal.note(l10n.t('the pack is not as it was signed'));
  return isIntact ? exitCode.done : exitCode.failed;
}

function packFaultText({ kind, name }: PackFault): string {
  switch (kind) {
    case 'changed':
      return l10n.t('{0}: was changed', name);
    case 'added':
      return l10n.t('{0}: was added', name);
    case 'missing':
      return l10n.t('{0}: is missing', name);
    case 'signature':
      return l10n.t('{0}: the signature is wrong', name);
    case 'sums':
      return l10n.t('{0}: cannot be understood', name);
  }
}
