import { describeException, recordFacts, safeText } from '../../jobs/index.ts';
import { CadanganError, l10n, type Clock } from '../../platform/index.ts';
import {
  bytesStoredOf,
  dayOf,
  eventText,
  kindText,
  msOf,
  piecesOf,
  recordKinds,
  recordResults,
  resultText,
  type HistoryRecord,
} from '../../records/index.ts';
import type { CommandContext } from '../command.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { invalidOption, type OptionValues } from '../option-values.ts';
import { type Cell, tableLines } from '../table.ts';
import { localTimeText } from '../time-argument.ts';
import { sizeText } from '../units.ts';
import { keeperOf } from './records-keeper.ts';
import { periodOf } from './records-period.ts';

/** `cadangan records list`: one line a record, oldest first. */
export async function listRecords(context: CommandContext, _item: string | undefined, options: OptionValues): Promise<ExitCode> {
  const { terminal, globals, clock, signal } = context;
  const { keeper, configuration } = await keeperOf(context);
  const { timeZone } = configuration;
  const period = periodOf(options, clock, timeZone);
  const kinds = words(options, 'kind', recordKinds);
  const results = words(options, 'result', recordResults);
  const set = options.text('set');
  const rows: Cell[][] = [];
  let [count, read] = [0, 0];
  for await (const record of keeper.history.records(signal)) {
    read += 1;
    const day = dayOf(msOf(record), timeZone);
    if (period && (day < period.from || day > period.to)) continue;
    if (
      (kinds.length > 0 && !kinds.includes(record.kind)) ||
      (results.length > 0 && (!record.result || !results.includes(record.result))) ||
      (set !== undefined && record.set !== set)
    )
      continue;
    count += 1;
    if (globals.json) terminal.print(JSON.stringify(record));
    else rows.push(rowOf(record, clock));
  }
  if (read === 0) tellNoHistory(context, keeper.history.folder);
  if (globals.json) return exitCode.done;
  const columns = [
    { title: l10n.t('No.'), align: 'right' },
    { title: l10n.t('Time') },
    { title: l10n.t('Kind') },
    { title: l10n.t('Set') },
    { title: l10n.t('Data'), align: 'right' },
    { title: l10n.t('Result') },
  ] as const;
  for (const line of tableLines(columns, rows, count === 1 ? l10n.t('1 record') : l10n.t('{0} records', count))) terminal.print(line);
  return exitCode.done;
}

/** "0 records" alone could mean that nothing was done. */
function tellNoHistory({ terminal }: CommandContext, folder: string): void {
  terminal.note(
    l10n.t('No history lies in "{0}": nothing was ever recorded there. If it lies elsewhere, name its folder with CADANGAN_STATE.', folder),
  );
}

const columnCharsMax = 80;

function rowOf(record: HistoryRecord, clock: Clock): Cell[] {
  const { number, kind, set, result, exceptionCount = 0 } = record;
  const bytes = bytesStoredOf(record);
  const isOfAccount = kind === 'sign-in' || kind === 'sign-out';
  const came = exceptionCount > 0 ? `${resultText(record)} (${exceptionCount})` : resultText(record);
  const what = [came, result === undefined || isOfAccount ? eventText(record) : ''].filter((part) => part !== '').join(': ');
  return [
    String(number),
    localTimeText(BigInt(msOf(record)) * 1_000_000n, clock),
    kindText(kind),
    safeText(set ?? ''),
    bytes === undefined ? '' : sizeText(bytes),
    piecesOf(safeText(what), columnCharsMax),
  ];
}

/** `cadangan records show NUMBER`: everything that a record says. */
export async function showRecord(context: CommandContext, item: string | undefined): Promise<ExitCode> {
  const { terminal, globals, signal } = context;
  const number = /^\d{1,15}$/.test(item ?? '') ? Number(item) : 0;
  if (number < 1) throw new CadanganError('arguments.invalid', { argument: item ?? 'item', reason: 'name the number of a record' });
  const { keeper, configuration } = await keeperOf(context);
  for await (const record of keeper.history.records(signal)) {
    if (record.number !== number) continue;
    if (globals.json) terminal.print(JSON.stringify(record));
    else for (const line of linesOf(record, configuration.timeZone)) terminal.print(line);
    return exitCode.done;
  }
  throw new CadanganError('record.not-found', { record: String(number) });
}

function linesOf(record: HistoryRecord, timeZone: string | undefined): string[] {
  const { exceptions = [], exceptionCount = 0 } = record;
  const facts = recordFacts(record, timeZone);
  const width = Math.max(...facts.map(({ label }) => label.length));
  return [
    ...facts.map(({ label, value }) => `${label.padEnd(width)}  ${value.replaceAll('\n', `\n${' '.repeat(width + 2)}`)}`),
    ...exceptions.map(({ item, kind: what, reason: why }) => `  ${safeText(item)}: ${describeException(what, why)}`),
    ...(exceptionCount > exceptions.length && exceptions.length > 0
      ? [`  ${l10n.t('… and {0} more', exceptionCount - exceptions.length)}`]
      : []),
  ];
}

function words<Word extends string>(options: OptionValues, name: string, known: readonly Word[]): Word[] {
  return options.list(name).map((text) => {
    const word = known.find((candidate) => candidate === text);
    if (word === undefined) throw invalidOption(name, text, `one of ${known.join(', ')} is wanted`);
    return word;
  });
}
