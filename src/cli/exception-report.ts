import type { ExceptionSink, JobException, JobResult } from '../jobs/index.ts';
import { describeException, safeText } from '../jobs/index.ts';
import { alarmSentences, isAlarm, l10n } from '../platform/index.ts';
import type { CommandContext } from './command.ts';
import { noteJson } from './json.ts';
import type { Terminal } from './terminal.ts';
import { countText } from './units.ts';

/** For `--json`: each exception at once, in restic's shape. */
export function jsonExceptionSink(terminal: Terminal, during: string): ExceptionSink {
  return ({ item, kind, reason }) =>
    noteJson(terminal, { message_type: 'error', error: { message: describeException(kind, reason) }, during, item });
}

/** At the end of a command: for people, or with `--json` each as `jsonExceptionSink` has it. */
export function tellExceptions(
  { terminal, globals }: Pick<CommandContext, 'terminal' | 'globals'>,
  result: Pick<JobResult<unknown>, 'exceptions' | 'exceptionCount'>,
  during: string,
): void {
  if (globals.json) for (const exception of result.exceptions) jsonExceptionSink(terminal, during)(exception);
  else reportExceptions(terminal, result, globals.verbosity);
}

/** For a command that shows something all the same: a line for people at once. */
export function noteException(terminal: Terminal): ExceptionSink {
  return ({ item, kind, reason }) => terminal.note(`${safeText(item)}: ${describeException(kind, reason)}`);
}

/** Notes of one kind that are named; with more of them the count says what matters. */
const notesShownPerKind = 10;

/**
 * For people: at the end, first what concerns a whole source, then everything else that is lost by name, then notes, of each kind the first
 * few (all with `--verbose`).
 */
export function reportExceptions(
  terminal: Terminal,
  result: Pick<JobResult<unknown>, 'exceptions' | 'exceptionCount'>,
  verbosity: number,
): void {
  const { exceptions, exceptionCount } = result;
  if (exceptionCount === 0) return;
  const sentences = alarmSentences(exceptions, safeText);
  for (const sentence of sentences) terminal.note(sentence);
  reportOthers(
    terminal,
    exceptions.filter((exception) => !isAlarm(exception)),
    exceptionCount - sentences.length,
    verbosity,
  );
  terminal.note();
}

function reportOthers(terminal: Terminal, exceptions: readonly JobException[], exceptionCount: number, verbosity: number): void {
  if (exceptionCount === 0) return;
  terminal.note(`${countText(exceptionCount, 'exception')}:`);
  const lost = exceptions.filter(({ weight }) => weight === 'lost');
  const notes = [
    ...Map.groupBy(
      exceptions.filter(({ weight }) => weight === 'note'),
      ({ kind }) => kind,
    ).values(),
  ];
  const shown = [...lost, ...notes.flatMap((ofKind) => (verbosity > 0 ? ofKind : ofKind.slice(0, notesShownPerKind)))];
  for (const { item, kind, reason } of shown) terminal.note(`  ${safeText(item)}: ${describeException(kind, reason)}`);
  if (shown.length < exceptionCount) terminal.note(`  ${l10n.t('… and {0} more', exceptionCount - shown.length)}`);
}
