import { CadanganError, isAbort, systemClock, systemRandom, type Clock, type Password, type Random } from '../platform/index.ts';
import { Repository, requireRepository, type OpenedKey, type RepositoryLock } from '../repository/index.ts';
import { openStorage, parseLocation, type ServerFiles, type Storage } from '../storage/index.ts';

/** What jobs are told about the world. Each part has the system's own as default; tests put theirs in place. */
export interface World {
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  /** Instead of the storage that the location names. */
  readonly openStorage?: ((location: string) => Storage | Promise<Storage>) | undefined;
  /** What reaches a server that is restored to. Default: none can be. */
  readonly openServer?: ((location: string) => ServerFiles) | undefined;
}

/** Which repository, and how to get in. */
export interface RepositoryAccess {
  /** As restic writes it, see `parseLocation`. */
  readonly location: string;
  /** The password, or the key that it opened. Asked once, and only when there is a repository. @throws `password.missing`, `aborted` */
  readonly password: (signal: AbortSignal) => Promise<Password | OpenedKey>;
  /** Work without a lock, e.g. on a read-only copy. Nobody may be removing data meanwhile. */
  readonly noLock?: boolean | undefined;
  /** How long to wait for another program's lock; default 0. */
  readonly retryLockForMs?: number | undefined;
  readonly world?: World | undefined;
  readonly signal: AbortSignal;
}

/** Where it must be the password itself. */
export interface PasswordAccess extends RepositoryAccess {
  readonly password: (signal: AbortSignal) => Promise<Password>;
}

export type LockMode = 'shared' | 'exclusive' | 'none';

/** An open repository and the signal that work on it must obey: the caller's, and the loss of the lock. */
export interface OpenedRepository {
  readonly repository: Repository;
  readonly signal: AbortSignal;
}

/**
 * Opens and locks a repository, does `work`, and unlocks and closes it again, whatever happens.
 * @throws what `work` throws; `repository.missing`, `repository.wrong-password`, `repository.locked`, `repository.lock-lost` and the
 * storage's errors
 */
export async function withRepository<T>(
  access: RepositoryAccess,
  mode: LockMode,
  work: (opened: OpenedRepository) => Promise<T>,
): Promise<T> {
  const world = worldOf(access);
  const storage = await world.openStorage(access.location);
  try {
    await requireRepository(storage, access.signal); // before anybody types a password
    const secret = await access.password(access.signal);
    const repository = await Repository.open({ storage, clock: world.clock, random: world.random }, secret, access.signal);
    if (mode === 'none' || (access.noLock && mode === 'shared')) return await work({ repository, signal: access.signal });
    return await underLock(repository, access, mode, work);
  } finally {
    await storage.close();
  }
}

/** What opens the repository without its password. @throws as `withRepository` */
export function openedKeyAt(access: RepositoryAccess): Promise<OpenedKey> {
  return withRepository(access, 'none', async ({ repository: { keyId: id, masterKey } }) => ({ id, masterKey }));
}

/** For several jobs one after the other: the password is asked for once. */
export function askedOnce(access: RepositoryAccess): RepositoryAccess {
  let key: Promise<OpenedKey> | undefined;
  return { ...access, password: (signal) => (key ??= openedKeyAt({ ...access, signal })) };
}

export function worldOf(access: RepositoryAccess): Required<{ [Key in keyof World]: NonNullable<World[Key]> }> {
  const random = access.world?.random ?? systemRandom;
  return {
    clock: access.world?.clock ?? systemClock,
    random,
    openStorage: access.world?.openStorage ?? ((location) => openStorage(location, { random })),
    openServer: access.world?.openServer ?? noServer,
  };
}

function noServer(location: string): never {
  throw new CadanganError('storage.invalid-location', { location, reason: 'no server can be reached from here' });
}

/** The folder that a repository lies in, when it is one: a backup must not swallow it, a restore must not write into it. */
export function repositoryFolderOf(location: string): string | undefined {
  const parsed = parseLocation(location);
  return parsed.scheme === 'folder' ? parsed.path : undefined;
}

/**
 * What killed runs have left goes, as far as it can: no work that is done fails for it.
 * @param options as `Storage.removeLeftovers` takes them
 */
export async function clearLeftovers(
  { repository, signal }: OpenedRepository,
  options: { readonly besideOthers?: boolean } = {},
): Promise<void> {
  try {
    await repository.mayWrite;
    await repository.storage.removeLeftovers?.(signal, options);
  } catch {
    // The next run tries it again.
  }
}

async function underLock<T>(
  repository: Repository,
  access: RepositoryAccess,
  mode: 'shared' | 'exclusive',
  work: (opened: OpenedRepository) => Promise<T>,
): Promise<T> {
  const { signal } = access;
  const retryForMs = access.retryLockForMs ?? 0;
  // Somebody who would wait for a lock wants a conflict told before the work begins; others can begin to read meanwhile.
  const lock = await repository.lock({
    exclusive: mode === 'exclusive',
    retryForMs,
    confirmInBackground: mode === 'shared' && retryForMs === 0,
    signal,
  });
  let failure: { readonly error: unknown } | undefined;
  try {
    return await work({ repository, signal: AbortSignal.any([signal, lock.signal]) });
  } catch (error) {
    failure = { error: lock.signal.aborted && isAbort(error) && !signal.aborted ? lock.signal.reason : error };
    throw failure.error;
  } finally {
    await release(lock, failure !== undefined);
  }
}

/** A lock that cannot be removed goes stale by itself after 30 minutes; it must not hide why the work failed. */
async function release(lock: RepositoryLock, workFailed: boolean): Promise<void> {
  try {
    await lock[Symbol.asyncDispose]();
  } catch (error) {
    if (!workFailed) throw error;
  }
}
