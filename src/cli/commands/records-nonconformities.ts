import { closeByPerson, decideByPerson, enterFinding, safeText, signerOf, type RecordKeeper } from '../../jobs/index.ts';
import { CadanganError, l10n } from '../../platform/index.ts';
import {
  dayOf,
  listNonconformities,
  nonconformityStateText,
  nonconformityText,
  type Closing,
  type Decision,
  type Nonconformity,
  type Saying,
  type Signer,
} from '../../records/index.ts';
import { trustIn } from '../../schedule/index.ts';
import { lastingParts, reviewRecords } from '../../service/index.ts';
import type { Configuration, Instruction } from '../../settings/index.ts';
import type { CommandContext } from '../command.ts';
import { isConfirmed } from '../confirm.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { printJson } from '../json.ts';
import { invalidOption, type OptionValues } from '../option-values.ts';
import { tableLines } from '../table.ts';
import { required, signerIn } from './records-decisions.ts';
import { keeperOf } from './records-keeper.ts';
import { dayOption } from './records-period.ts';

/** `cadangan records nonconformities`: looks for new ones, and lists all. */
export async function printNonconformities(context: CommandContext): Promise<ExitCode> {
  const { clock, terminal, globals } = context;
  const { keeper, configuration } = await keeperOf(context);
  const nowMs = Number(clock.nowNs() / 1_000_000n);
  await reviewRecords(keeper, configuration, nowMs, { isSettled: trustIn(clock).isSettled });
  const all = await listNonconformities(keeper.history.records());
  if (globals.json) {
    for (const one of all) printJson(terminal, jsonOf(one));
    return exitCode.done;
  }
  const { timeZone } = configuration;
  const open = all.filter(({ isOpen }) => isOpen).length;
  const rows = all.map((one) => [
    one.id,
    one.openedAt.slice(0, 10),
    safeText(nonconformityText(one, timeZone)),
    safeText(nonconformityStateText(one, timeZone, dayOf(nowMs, timeZone))),
  ]);
  const columns = [{ title: l10n.t('No.') }, { title: l10n.t('Opened') }, { title: l10n.t('Nonconformity') }, { title: l10n.t('State') }];
  for (const line of tableLines(columns, rows, l10n.t('{open} open, {all} in all', { open, all: all.length }))) terminal.print(line);
  return exitCode.done;
}

function jsonOf({ id, rule, subject, parts, openedAt, records, isOpen, owner, due, closed, check, withdrawn, reopenedBy }: Nonconformity) {
  const saying = ({ at, name, position }: Saying) => ({ at, name, position });
  return {
    message_type: 'nonconformity',
    id,
    rule: rule ?? null,
    subject,
    parts: [...parts],
    opened_at: openedAt,
    records: [...records],
    open: isOpen,
    opened_again_by: [...reopenedBy],
    owner: owner ? { ...owner } : null,
    due: due ?? null,
    closed: closed ? { ...saying(closed), cause: closed.cause, correction: closed.correction, prevention: closed.prevention } : null,
    check: check ? { ...saying(check), helped: check.helped, remarks: check.why } : null,
    withdrawn: withdrawn ? { ...saying(withdrawn), remarks: withdrawn.why } : null,
  };
}

/** `cadangan records close NC-0001 --cause … --correction …`: shows what will be written, and writes it. */
export async function closeOne(context: CommandContext, item: string | undefined, options: OptionValues): Promise<ExitCode> {
  const { keeper, configuration } = await keeperOf(context);
  const closing: Closing = {
    cause: required(options, 'cause'),
    correction: required(options, 'correction'),
    prevention: options.text('prevention'),
    by: signerIn(configuration.instruction, options),
  };
  const id = idOf(item);
  await showClosing(context, { keeper, configuration, id, closing });
  if (options.flag('dryRun') || !(await isConfirmed(context))) {
    context.terminal.note(l10n.t('nothing was written'));
    return exitCode.done;
  }
  const record = await closeByPerson(keeper, id, closing);
  context.terminal.print(l10n.t('record {number}: {id} is closed', { number: record.number, id: safeText(id) }));
  return exitCode.done;
}

/** All that the record will say, and whether that will last. @throws `record.not-found` */
async function showClosing(
  { clock, terminal }: CommandContext,
  about: { readonly keeper: RecordKeeper; readonly configuration: Configuration; readonly id: string; readonly closing: Closing },
): Promise<void> {
  const { keeper, configuration, id, closing } = about;
  const { cause, correction, prevention = '', by } = closing;
  const one = (await listNonconformities(keeper.history.records())).find((candidate) => candidate.id === id);
  if (!one) throw new CadanganError('record.not-found', { record: id });
  const rows = [
    [one.id, nonconformityText(one, configuration.timeZone)],
    [l10n.t('Records'), one.records.join(', ') || '–'],
    [l10n.t('Cause'), cause],
    [l10n.t('Correction'), correction],
    [l10n.t('Prevention'), prevention === '' ? '–' : prevention],
    [l10n.t('Closed by'), `${by.name}, ${by.position}`],
  ];
  for (const [label = '', text = ''] of rows) terminal.note(`${label}: ${safeText(text)}`);
  const lasting = await lastingParts(keeper, configuration, Number(clock.nowNs() / 1_000_000n));
  if (one.parts.some((part) => lasting.has(part)))
    terminal.note(
      l10n.t('What it is about still lasts: it will be opened again. With "records assign" it gets an owner and a day instead.'),
    );
}

/** `cadangan records assign NC-0001 --owner … --due …` */
export async function assignOne(context: CommandContext, item: string | undefined, options: OptionValues): Promise<ExitCode> {
  return decideOne(context, item, options, (instruction) => ({
    kind: 'assign',
    owner: ownerIn(instruction, options) ?? signerIn(instruction, options),
    due: dayOption(options, 'due'),
  }));
}

/** `cadangan records follow-up NC-0001 --helped yes --remarks …` */
export async function followUpOne(context: CommandContext, item: string | undefined, options: OptionValues): Promise<ExitCode> {
  const helped = options.choice('helped', ['yes', 'no']);
  if (helped === undefined) throw invalidOption('helped', '', 'it is needed here');
  return decideOne(context, item, options, () => ({ kind: 'check', helped: helped === 'yes', why: required(options, 'remarks') }));
}

/** `cadangan records withdraw NC-0001 --remarks …` */
export async function withdrawOne(context: CommandContext, item: string | undefined, options: OptionValues): Promise<ExitCode> {
  return decideOne(context, item, options, () => ({ kind: 'withdraw', why: required(options, 'remarks') }));
}

async function decideOne(
  context: CommandContext,
  item: string | undefined,
  options: OptionValues,
  decisionIn: (instruction: Instruction | undefined) => Decision,
): Promise<ExitCode> {
  const { keeper, configuration } = await keeperOf(context);
  const { instruction } = configuration;
  const id = idOf(item);
  const record = await decideByPerson(keeper, id, decisionIn(instruction), signerIn(instruction, options));
  context.terminal.print(l10n.t('record {number}: {id} is noted', { number: record.number, id: safeText(id) }));
  return exitCode.done;
}

/** `cadangan records open --text … [--record N]`: what an auditor has found. */
export async function openOne(context: CommandContext, _item: string | undefined, options: OptionValues): Promise<ExitCode> {
  const { keeper, configuration } = await keeperOf(context);
  const { instruction } = configuration;
  const numbers = options.list('record').map((text) => {
    if (!/^[1-9]\d{0,14}$/.test(text)) throw invalidOption('record', text, 'a whole number from 1 is wanted');
    return Number(text);
  });
  const finding = {
    text: required(options, 'text'),
    records: numbers,
    owner: ownerIn(instruction, options),
    due: dayOption(options, 'due'),
  };
  const record = await enterFinding(keeper, finding, signerIn(instruction, options));
  context.terminal.print(l10n.t('record {number}: {id} is opened', { number: record.number, id: record.nonconformity?.id ?? '' }));
  return exitCode.done;
}

function ownerIn(instruction: Instruction | undefined, options: OptionValues): Signer | undefined {
  const name = options.text('owner')?.trim() ?? '';
  return name === '' ? undefined : signerOf(instruction, { name, position: options.text('ownerPosition') });
}

function idOf(item: string | undefined): string {
  if (item === undefined) throw new CadanganError('arguments.invalid', { argument: 'item', reason: 'name the id of a nonconformity' });
  return item;
}
