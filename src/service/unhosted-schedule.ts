import type { Clock, Random } from '../platform/index.ts';
import { absenceUntilNow, describeUnhosted, readHistories, type SetStatus } from '../schedule/index.ts';
import { loadConfiguration } from '../settings/index.ts';
import { LastGoodFile, usedFromStart } from './last-good-file.ts';
import { scheduledSetsOf } from './scheduled-sets.ts';

export interface UnhostedOptions {
  readonly configFile: string;
  readonly stateFolder: string;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Every set as it stands written down, in the order of the configuration: for when no host runs that could be asked.
 * @throws `storage.denied`, `storage.unreachable` when that cannot be read
 */
export async function unhostedSchedule({ configFile, stateFolder, clock, random }: UnhostedOptions): Promise<readonly SetStatus[]> {
  const histories = await readHistories(stateFolder);
  const { configuration } = await usedFromStart(await loadConfiguration(configFile), new LastGoodFile(stateFolder, random));
  const sets = await scheduledSetsOf(configuration, { stateFolder, onProblem: () => undefined });
  const nowMs = Number(clock.nowNs() / 1_000_000n);
  const whyMissed = await absenceUntilNow({ stateFolder, clock });
  return sets.map((set) => describeUnhosted(set, histories.get(set.id), nowMs, whyMissed));
}
