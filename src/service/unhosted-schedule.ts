import type { Clock, Random } from '../platform/index.ts';
import { inZoneInForce } from '../records/index.ts';
import { absenceUntilNow, describeUnhosted, readHistories, type SetStatus, type TaskStatus, trustIn } from '../schedule/index.ts';
import { unhostedVerification } from './chain-verification.ts';
import { configurationInForce, LastGoodFile } from './last-good-file.ts';
import { unhostedPrunes } from './prune-turns.ts';
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
  const { used } = await configurationInForce(configFile, new LastGoodFile(stateFolder, random));
  const sets = await scheduledSetsOf(await inZoneInForce(used.configuration, stateFolder), { stateFolder, onProblem: () => undefined });
  const nowMs = Number(clock.nowNs() / 1_000_000n);
  const whyMissed = await absenceUntilNow({ stateFolder, clock });
  return sets.map((set) => describeUnhosted(set, histories.get(set.id), nowMs, whyMissed, trustIn(clock)));
}

/** When what is planned beside the sets was last done. @throws as `unhostedSchedule` */
export async function unhostedTasks({ configFile, stateFolder, random }: Omit<UnhostedOptions, 'clock'>): Promise<readonly TaskStatus[]> {
  const { used } = await configurationInForce(configFile, new LastGoodFile(stateFolder, random));
  const place = { stateFolder, random };
  return [...(await unhostedVerification(place)), ...(await unhostedPrunes(place, used.configuration.sets))];
}
