import { HostError, listener, type ClientRequestOptions, type HostClient, type Listener } from '../host/index.ts';
import { describeError, isBrokenOff, type JobResult } from '../jobs/index.ts';
import { l10n, randomId, systemRandom } from '../platform/index.ts';
import { errorOfData, protocol, type Procedure, type RunResult } from '../service/index.ts';
import type { CommandContext } from './command.ts';

/** What is told of any run. */
export type RunTold = Pick<JobResult<unknown>, 'outcome' | 'exceptions' | 'exceptionCount' | 'error'>;

/** Of the last request: the run that it joined, which has an id of its own. */
export interface Joined {
  run: string | undefined;
}

export interface RunOptions extends ClientRequestOptions {
  readonly joined: Joined;
}

/** Something that ends the host in each of them must not do so for ever. */
const attemptsMax = 3;

/** A host that ends in mid-run has perhaps written down what came of it; otherwise it is run again, as the next host would. */
export async function resultOf<Params>(
  client: HostClient,
  procedure: Procedure<Params, RunResult>,
  params: NoInfer<Params>,
  { joined, ...options }: RunOptions,
): Promise<RunResult> {
  for (let attempt = 1; ; attempt++) {
    const run = randomId(systemRandom); // each is a run of its own, with a record of its own
    joined.run = undefined;
    try {
      const made = await client.request(procedure, params, { ...options, run });
      if (!isBrokenOff(made) || options.signal?.aborted || attempt === attemptsMax) return made;
      continue;
    } catch (error) {
      if (!(error instanceof HostError) || error.code !== 'host.lost' || attempt === attemptsMax) throw error;
    }
    const { result } = await client.request(protocol.runOfId, { run: joined.run ?? run }, { signal: options.signal });
    if (result !== undefined && !isBrokenOff(result)) return result;
  }
}

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
