import { declareKeyLost, declareMoved, disposeOfRecords, replaceSigningKey, safeText, type ChainWords } from '../../jobs/index.ts';
import { CadanganError, l10n } from '../../platform/index.ts';
import { planDisposal, type DisposalPlan } from '../../records/index.ts';
import type { Configuration } from '../../settings/index.ts';
import type { CommandContext } from '../command.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import type { OptionValues } from '../option-values.ts';
import { required, signerIn } from './records-decisions.ts';
import { keeperOf } from './records-keeper.ts';

/** `cadangan records replace-key`: a new signing key follows the one in use. */
export async function replaceKey(context: CommandContext, _item: string | undefined, options: OptionValues): Promise<ExitCode> {
  const { keeper, configuration } = await keeperOf(context);
  const { number, publicKey = '' } = await replaceSigningKey(keeper, wordsOf(configuration, options), context);
  context.terminal.print(l10n.t('record {number}: from the next one on Ed25519 {key} signs; print a form', { number, key: publicKey }));
  return exitCode.done;
}

/** `cadangan records declare-key-lost`: why another key has signed. */
export async function declareLost(context: CommandContext, _item: string | undefined, options: OptionValues): Promise<ExitCode> {
  const { keeper, configuration } = await keeperOf(context);
  const { number, succession } = await declareKeyLost(keeper, wordsOf(configuration, options), context);
  context.terminal.print(
    l10n.t('record {number}: the key {key}, which signed the records up to No. {through}, was declared lost', {
      number,
      key: succession?.from ?? '',
      through: succession?.throughNumber ?? 0,
    }),
  );
  return exitCode.done;
}

/** `cadangan records declare-moved`: why the records name another machine. */
export async function declareMove(context: CommandContext, _item: string | undefined, options: OptionValues): Promise<ExitCode> {
  const { keeper, configuration } = await keeperOf(context);
  const { number, move } = await declareMoved(keeper, wordsOf(configuration, options), context);
  const about = { number, from: safeText(move?.from ?? ''), to: safeText(move?.to ?? '') };
  context.terminal.print(l10n.t('record {number}: the records were moved from {from} to {to}', about));
  return exitCode.done;
}

/** `cadangan records dispose`: months that are older than the instruction keeps records go. */
export async function disposeOld(context: CommandContext, _item: string | undefined, options: OptionValues): Promise<ExitCode> {
  const { clock, terminal } = context;
  const { keeper, configuration } = await keeperOf(context);
  const keptYears = configuration.instruction?.recordsKeptYears;
  if (keptYears === undefined)
    throw new CadanganError('arguments.invalid', { argument: 'dispose', reason: 'the configuration has no "recordsKeptYears"' });
  const plan = await planDisposal(keeper.history, keptYears, Number(clock.nowNs() / 1_000_000n));
  const isTrial = options.flag('dryRun');
  const isEmpty = plan.months.length === 0 && plan.left.length === 0;
  printPlan(context, plan, isTrial);
  if (isTrial || isEmpty) return exitCode.done;
  const record = await disposeOfRecords(keeper, plan, wordsOf(configuration, options), context);
  if (record) terminal.print(l10n.t('record {0} tells of it; the rest of the chain is proven as before', record.number));
  return exitCode.done;
}

function printPlan({ terminal }: CommandContext, { keptYears, months, left, held }: DisposalPlan, isTrial: boolean): void {
  if (months.length === 0 && left.length === 0) terminal.print(l10n.t('no month is older than {0} years', keptYears));
  for (const { file, lastNumber } of months) {
    const about = { file, number: lastNumber };
    terminal.print(
      isTrial ? l10n.t('would dispose of {file}, up to No. {number}', about) : l10n.t('disposing of {file}, up to No. {number}', about),
    );
  }
  for (const file of left) terminal.print(l10n.t('{0} is left of an earlier disposal, and goes', file));
  if (held) {
    const about = { file: held.file, id: safeText(held.nonconformity) };
    terminal.note(`${l10n.t('note')}: ${l10n.t('{file} and what follows stay: {id} was opened in it and is still open', about)}`);
  }
}

function wordsOf({ instruction }: Configuration, options: OptionValues): ChainWords {
  return { why: required(options, 'reason'), by: signerIn(instruction, options) };
}
