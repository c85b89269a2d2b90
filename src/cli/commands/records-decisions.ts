import { approvePeriod, safeText, signerOf } from '../../jobs/index.ts';
import { l10n } from '../../platform/index.ts';
import { actText, type Period, type Signer } from '../../records/index.ts';
import type { Instruction } from '../../settings/index.ts';
import type { CommandContext } from '../command.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { invalidOption, type OptionValues } from '../option-values.ts';
import { keeperOf } from './records-keeper.ts';
import { lastMonth, periodOf } from './records-period.ts';

/** `cadangan records approve`: a person says that the records of a period were prepared, checked or approved. */
export function approveRecords(context: CommandContext, _item: string | undefined, options: OptionValues): Promise<ExitCode> {
  return judge(context, options, undefined);
}

/** `cadangan records reject --remarks …`: they are not accepted. */
export function rejectRecords(context: CommandContext, _item: string | undefined, options: OptionValues): Promise<ExitCode> {
  return judge(context, options, required(options, 'remarks'));
}

async function judge(context: CommandContext, options: OptionValues, rejectedFor: string | undefined): Promise<ExitCode> {
  const { clock, terminal } = context;
  const { keeper, configuration } = await keeperOf(context);
  const act = options.choice('act', ['prepared', 'checked', 'approved']) ?? 'approved';
  const period: Period = periodOf(options, clock, configuration.timeZone) ?? lastMonth(clock, configuration.timeZone);
  const by = signerIn(configuration.instruction, options);
  const record = await approvePeriod(keeper, { act, period, by, rejectedFor });
  const facts = {
    number: record.number,
    act: actText(act),
    name: safeText(by.name),
    through: record.approval?.throughNumber ?? 0,
    ...period,
  };
  terminal.print(
    rejectedFor === undefined
      ? l10n.t('record {number}: {act} by {name} for {from} to {to}, through record {through}', facts)
      : l10n.t('record {number}: rejected ({act}) by {name} for {from} to {to}, through record {through}', facts),
  );
  return exitCode.done;
}

/** Who decides. @throws `arguments.invalid` */
export function signerIn(instruction: Instruction | undefined, options: OptionValues): Signer {
  return signerOf(instruction, { name: required(options, 'name'), position: options.text('position') });
}

/** @throws `arguments.invalid` when it is not there or blank */
export function required(options: OptionValues, name: string): string {
  const text = options.text(name)?.trim() ?? '';
  if (text === '') throw invalidOption(name, '', 'it is needed here');
  return text;
}
