import { reviewRecords } from '../../service/index.ts';
import { approvePeriod, closeByPerson, safeText } from '../../jobs/index.ts';
import { CadanganError, l10n } from '../../platform/index.ts';
import { listNonconformities, nonconformityText } from '../../records/index.ts';
import type { CommandContext } from '../command.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { printJson } from '../json.ts';
import { invalidOption, type OptionValues } from '../option-values.ts';
import { tableLines } from '../table.ts';
import { keeperOf } from './records-keeper.ts';
import { currentMonth, periodOf } from './records-period.ts';

/** `cadangan records approve`: a person says that the records of a period were prepared, checked or approved. */
export async function approveRecords(context: CommandContext, _item: string | undefined, options: OptionValues): Promise<ExitCode> {
  const { clock, terminal } = context;
  const { keeper, configuration } = await keeperOf(context);
  const act = options.choice('act', ['prepared', 'checked', 'approved']) ?? 'approved';
  const period = periodOf(options, clock, configuration.timeZone) ?? currentMonth(clock, configuration.timeZone);
  const { name, position } = personOf(options);
  const record = await approvePeriod(keeper, { act, period, by: { name, position } });
  terminal.print(
    l10n.t('record {number}: {act} by {name} for {from} to {to}', {
      number: record.number,
      act,
      name: safeText(name),
      from: period.from,
      to: period.to,
    }),
  );
  return exitCode.done;
}

/** `cadangan records nonconformities`: looks for new ones, and lists all. */
export async function printNonconformities(context: CommandContext): Promise<ExitCode> {
  const { clock, terminal, globals } = context;
  const { keeper, configuration } = await keeperOf(context);
  await reviewRecords(keeper, configuration, Number(clock.nowNs() / 1_000_000n));
  const all = await listNonconformities(keeper.history.records());
  if (globals.json) {
    for (const { id, rule, subject, openedAt, closed, records } of all) {
      printJson(terminal, {
        message_type: 'nonconformity',
        id,
        rule: rule ?? null,
        subject,
        opened_at: openedAt,
        records: [...records],
        closed:
          closed === undefined
            ? null
            : {
                at: closed.at,
                cause: closed.cause,
                correction: closed.correction,
                prevention: closed.prevention,
                name: closed.name,
                position: closed.position,
              },
      });
    }
    return exitCode.done;
  }
  const open = all.filter(({ closed }) => !closed).length;
  const rows = all.map((one) => [
    one.id,
    one.openedAt.slice(0, 10),
    safeText(nonconformityText(one, configuration.timeZone)),
    one.closed ? l10n.t('closed {0}', one.closed.at.slice(0, 10)) : l10n.t('Still open'),
  ]);
  const columns = [{ title: l10n.t('No.') }, { title: l10n.t('Opened') }, { title: l10n.t('Nonconformity') }, { title: l10n.t('State') }];
  for (const line of tableLines(columns, rows, l10n.t('{open} open, {all} in all', { open, all: all.length }))) terminal.print(line);
  return exitCode.done;
}

/** `cadangan records close NC-0001 --cause … --correction …` */
export async function closeOne(context: CommandContext, item: string | undefined, options: OptionValues): Promise<ExitCode> {
  if (item === undefined) throw new CadanganError('arguments.invalid', { argument: 'item', reason: 'name the id of a nonconformity' });
  const { keeper } = await keeperOf(context);
  const by = personOf(options);
  const record = await closeByPerson(keeper, item, {
    cause: required(options, 'cause'),
    correction: required(options, 'correction'),
    prevention: options.text('prevention'),
    by,
  });
  context.terminal.print(l10n.t('record {number}: {id} is closed', { number: record.number, id: safeText(item) }));
  return exitCode.done;
}

function personOf(options: OptionValues): { readonly name: string; readonly position: string } {
  return { name: required(options, 'name'), position: required(options, 'position') };
}

function required(options: OptionValues, name: string): string {
  const text = options.text(name)?.trim() ?? '';
  if (text === '') throw invalidOption(name, '', 'it is needed here');
  return text;
}
