import type { RepositoryAccess } from '../jobs/index.ts';
import type { Clock, Pace, Random } from '../platform/index.ts';
import type { ServerFiles, Storage, UnknownHost } from '../storage/index.ts';
import type { OpenRepositories } from './open-repositories.ts';
import type { PasswordWish } from './passwords.ts';

/** How fast, and with whom to ask, a storage is opened. */
export interface StorageWish {
  readonly pace?: Pace | undefined;
  /** Without it a server that was never met before is refused. */
  readonly confirmHost?: ((host: UnknownHost) => Promise<boolean>) | undefined;
}

/** How this process gets at repositories. */
export interface RepositoryWays {
  readonly clock: Clock;
  readonly random: Random;
  readonly repositories: OpenRepositories;
  /** What a location names, of Google Drive too. */
  readonly openStorage: (location: string, wish?: StorageWish) => Promise<Storage>;
  /** What reaches a server that is restored to. */
  readonly openServer: (location: string, wish: PasswordWish) => ServerFiles;
}

export interface AccessOptions extends Pick<RepositoryAccess, 'noLock' | 'retryLockForMs'> {
  readonly pace?: Pace | undefined;
}

/** Nobody waits at night, so a run can wait for another program's lock. */
const unattendedRetryLockMs = 10 * 60_000;

/** For a job: with the key of the repository that is kept open here, and with a lock that is waited for where nobody else waits. */
export function repositoryAccess(
  { repositories, clock, random, openStorage, openServer }: RepositoryWays,
  location: string,
  wish: PasswordWish,
  { pace, noLock, retryLockForMs }: AccessOptions = {},
): RepositoryAccess {
  return {
    location,
    signal: wish.signal,
    world: { clock, random, openStorage: (where) => openStorage(where, { pace }), openServer: (where) => openServer(where, wish) },
    password: (signal) => repositories.keyOf(location, { ...wish, signal }),
    noLock,
    retryLockForMs: retryLockForMs ?? (wish.mayAsk ? undefined : unattendedRetryLockMs),
  };
}
