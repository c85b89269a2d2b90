import { listener, type Listener } from '../host/index.ts';
import { describeError, type JobResult } from '../jobs/index.ts';
import { l10n } from '../platform/index.ts';
import { errorOfData, protocol, type RunResult } from '../service/index.ts';
import type { CommandContext } from './command.ts';

/** What is told of any run. */
export type RunTold = Pick<JobResult<unknown>, 'outcome' | 'exceptions' | 'exceptionCount' | 'error'>;

export function toldOf({ outcome, exceptions, exceptionCount, error }: RunResult): RunTold {
  return {
    outcome: outcome === 'missed' ? 'failed' : outcome,
    exceptions: exceptions.map(({ weight = 'lost', ...exception }) => ({ ...exception, weight })),
    exceptionCount,
    ...(error && { error: errorOfData(error) }),
  };
}

/** What could not be written into the records: the command does not end as a success. */
export function unrecordedListener({ terminal, noteUnrecorded }: CommandContext): Listener {
  return listener(protocol.notRecorded, (data) => {
    terminal.note(l10n.t('this was not recorded: {0}', describeError(errorOfData(data)).what));
    noteUnrecorded();
  });
}
