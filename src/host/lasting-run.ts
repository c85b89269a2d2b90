import { isBrokenOff } from '../jobs/index.ts';
import { randomId, systemRandom } from '../platform/index.ts';
import { protocol, type Procedure, type RunResult } from '../service/index.ts';
import type { ClientRequestOptions, HostClient } from './client.ts';
import { HostError } from './host-error.ts';

/** Of the last request: the run that it joined, which has an id of its own. */
export interface Joined {
  run: string | undefined;
}

export interface LastingRunOptions extends ClientRequestOptions {
  /** Set by whoever hears that a run was joined. */
  readonly joined: Joined;
}

/** Something that ends the host in each of them must not do so for ever. */
const attemptsMax = 3;

/**
 * Asks for a run that is worth as much when it is made again: a backup, or a copying. When its host dies, the next one goes on with it and
 * is joined, or has found what came of it; otherwise it is made once more.
 * @throws HostError
 */
export async function lastingRun<Params>(
  client: Pick<HostClient, 'request'>,
  procedure: Procedure<Params, RunResult>,
  params: NoInfer<Params>,
  { joined, ...options }: LastingRunOptions,
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
