import type { StoragePlace } from '../jobs/index.ts';
import type { Clock, Random } from '../platform/index.ts';
import type { Configuration } from '../settings/index.ts';
import type { Storage } from '../storage/index.ts';
import type { Call } from './call.ts';
import type { Elsewhere } from './elsewhere.ts';
import { errorOfData } from './error-data.ts';
import type { OpenRepositories } from './open-repositories.ts';
import type { Passwords } from './passwords.ts';
import { workWitness } from './protocol/work.ts';
import { askRepositoryAt, type RepositoryWitness } from './seen-repository.ts';
import { repositoriesOf, type WitnessOptions } from './verify-records.ts';

export type Asker = Required<Pick<Call, 'client' | 'signal'>>;

/** Of the service, what it takes to ask. */
export interface WitnessPlace {
  readonly configuration: Configuration;
  readonly storagePlace: StoragePlace;
  readonly passwords: Pick<Passwords, 'scrub'>;
  readonly world: { readonly clock: Clock; readonly random: Random };
  readonly elsewhere: Elsewhere | undefined;
  readonly repositories: Pick<OpenRepositories, 'keyOf'>;
  readonly openStorage: (location: string) => Promise<Storage>;
}

/**
 * Everybody who can be asked without a question; repositories that would need one are named as not compared.
 * @param asker for whom it is done, and whose stored passwords may open repositories
 */
export function witnessesOf(service: WitnessPlace, asker: Asker): WitnessOptions {
  const { configuration, storagePlace, passwords, world } = service;
  return {
    clock: world.clock,
    locations: repositoriesOf(configuration),
    ask: (location, signal) => ask(service, location, { client: asker.client, signal }),
    copies: configuration.offsiteCopies,
    place: storagePlace,
    scrub: passwords.scrub,
    signal: asker.signal,
  };
}

async function ask(
  { elsewhere, repositories, openStorage, world }: WitnessPlace,
  location: string,
  { client, signal }: Asker,
): Promise<RepositoryWitness> {
  if (elsewhere?.forks) {
    const { anchors, errors, ...seen } = await elsewhere.request(location, workWitness, { location }, { mayAsk: false, client, signal });
    return {
      anchors,
      errors: errors.map(errorOfData),
      seen: { id: seen.id, location, snapshots: seen.snapshots.map(({ tree, ...snapshot }) => ({ ...snapshot, tree })) },
    };
  }
  return askRepositoryAt({
    location,
    signal,
    world: { clock: world.clock, random: world.random, openStorage },
    password: (passwordSignal) => repositories.keyOf(location, { mayAsk: false, client, signal: passwordSignal }),
  });
}
