import { formatCount, l10n } from '../../platform/index.ts';
import type { HistoryRecord, RecordException, RecordProgram } from '../record.ts';
import { msOf, type Report } from '../report.ts';
import { code, numberColumn, plain, shortened } from './cells.ts';
import { shortDay } from './dates.ts';
import type { Block, Cell } from './form.ts';

/** One thing that was not as it was asked for. */
export interface ExceptionRow {
  readonly run: HistoryRecord;
  /** The file, folder or program. */
  readonly item: string;
  readonly what: string;
  /** It stands for others that the record does not name. */
  readonly isRest?: boolean;
}

/**
 * Of all runs of a report: a number alone says nothing to whoever misses a file.
 * @param sentence for an exception, in the language of the moment
 */
export function exceptionRowsOf({ runs }: Report, sentence: (exception: RecordException) => string): ExceptionRow[] {
  return runs.flatMap((run): ExceptionRow[] => {
    const { exceptions = [], exceptionCount = 0, programs = [] } = run;
    const failed = programs.filter(({ failure }) => failure !== undefined);
    const more = exceptionCount - exceptions.length;
    return [
      ...failed.map((program) => ({ run, item: program.program, what: failureOf(program, sentence) })),
      // Of the program after, the record has the output beside the exception.
      ...exceptions
        .filter(({ kind }) => kind !== 'after-command' || failed.length === 0)
        .map((exception) => ({ run, item: exception.item, what: sentence(exception) })),
      ...(more > 0
        ? [{ run, item: l10n.t('… and {0} more, which the record counts and does not name', formatCount(more)), what: '', isRest: true }]
        : []),
    ];
  });
}

/** With the last line that it said: that is most often why. */
function failureOf({ when, program, failure = '', output = '' }: RecordProgram, sentence: (exception: RecordException) => string): string {
  const what = sentence({ item: program, kind: `${when}-command`, reason: failure });
  const said = output.trimEnd().split('\n').at(-1) ?? '';
  return said === '' ? what : `${what}: ${shortened(said)}`;
}

export function exceptionsTable(rows: readonly ExceptionRow[], timeZone: string | undefined): Block {
  return {
    kind: 'table',
    empty: l10n.t('No run had exceptions.'),
    columns: [
      numberColumn(l10n.t('No.')),
      { title: l10n.t('Date'), width: 'auto' },
      { title: l10n.t('File or folder'), width: 'rest' },
      { title: l10n.t('What happened'), width: 200 },
    ],
    rows: rows.map(({ run, item, what, isRest = false }): Cell[] => [
      plain(String(run.number)),
      plain(shortDay(msOf(run), timeZone ?? run.timeZone)),
      isRest ? { text: item, tone: 'weak' } : code(item),
      plain(what),
    ]),
  };
}
