import { openedKeyAt, openStorageAt, type StoragePlace } from '../jobs/index.ts';
import { CadanganError, type Password } from '../platform/index.ts';
import type { OpenedKey } from '../repository/index.ts';
import { unattendedPassword } from '../service/index.ts';
import type { Configuration } from '../settings/index.ts';
import type { CommandContext } from './command.ts';

/**
 * The key of a repository of the configuration, by the way to its password that the configuration knows.
 * @throws `password.missing` where it knows none; as `withRepository`
 */
export async function openedKeyOf(
  { environment, clock }: CommandContext,
  { configuration, place, location }: { readonly configuration: Configuration; readonly place: StoragePlace; readonly location: string },
  signal: AbortSignal,
): Promise<OpenedKey> {
  // A copy has the password of its original.
  const original = configuration.offsiteCopies.find(({ to }) => to === location)?.repository ?? location;
  const way = configuration.sets.find(({ repository }) => repository.location === original)?.repository;
  const password = async (passwordSignal: AbortSignal): Promise<Password> => {
    const found = way && (await unattendedPassword(way, environment, passwordSignal));
    if (found === undefined) throw new CadanganError('password.missing', { location });
    return found;
  };
  const world = { clock, openStorage: (wanted: string) => openStorageAt(wanted, place) };
  return openedKeyAt({ location, password, world, signal });
}
