import { CadanganError, isCode, passwordFromBytes, throwIfAborted, wipePassword, type Clock, type Random } from '../platform/index.ts';
import { Repository, requireRepository, type OpenedKey } from '../repository/index.ts';
import type { Storage } from '../storage/index.ts';
import type { Audience } from './audience.ts';
import { OpenedRepository } from './opened-repository.ts';
import type { Passwords, PasswordWish } from './passwords.ts';
import { repositoryKey } from './repository-key.ts';
import { SharedWork } from './shared-work.ts';

const idleMsMax = 10 * 60_000;
const idleCheckMs = 60_000;

interface Opened {
  readonly repository: OpenedRepository;
  /** Keeps its password out of texts. */
  readonly mark: Disposable;
}

interface Entry {
  readonly opening: SharedWork<Opened>;
  readonly mayAsk: boolean;
  /** Who was asked. */
  readonly client: Audience | undefined;
  /** Those who wait for it, too. */
  users: number;
  usedAtMs: number;
  closing?: Promise<void>;
}

/** A repository that stays open until this is disposed of. */
export interface HeldRepository extends AsyncDisposable {
  /** Opens it without a password. */
  readonly key: OpenedKey;
}

/**
 * Repositories that are kept open, since opening one costs a password, a key derivation and an index: by location, closed after ten minutes
 * without use. Whoever wants the same one meanwhile waits for the same opening, so that a password is asked for once. Of the password
 * nothing is kept: the key that it opened is, as long as the repository is open, and opens it for runs.
 */
export class OpenRepositories {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #openStorage: (location: string, wish: PasswordWish) => Promise<Storage>;
  readonly #passwords: Passwords;
  readonly #entries = new Map<string, Entry>();
  readonly #closing = new AbortController();
  readonly #tidying: Promise<void>;

  /** @param world `openStorage` opens what a location names, and may ask whoever wishes for it */
  constructor(
    world: {
      readonly clock: Clock;
      readonly random: Random;
      readonly openStorage: (location: string, wish: PasswordWish) => Promise<Storage>;
    },
    passwords: Passwords,
  ) {
    this.#clock = world.clock;
    this.#random = world.random;
    this.#openStorage = world.openStorage;
    this.#passwords = passwords;
    this.#tidying = this.#tidy();
  }

  /**
   * Does `work` with the repository, its snapshots and index loaded. If the work stumbles over something missing and the repository turns
   * out to have changed since it was loaded, the work is done once more.
   * @throws what `work` throws; `repository.missing`, `repository.wrong-password`, `password.missing`, the storage's errors
   */
  async use<T>(location: string, wish: PasswordWish, work: (opened: OpenedRepository) => Promise<T>): Promise<T> {
    const { entry, opened } = await this.#enter(location, wish);
    try {
      await opened.load(wish.signal);
      try {
        return await work(opened);
      } catch (error) {
        if (!isCode(error, 'repository.damaged', 'snapshot.not-found', 'storage.not-found') || !(await opened.refresh(wish.signal)))
          throw error;
        throwIfAborted(wish.signal);
        return await work(opened);
      }
    } finally {
      await this.#leave(location, entry);
    }
  }

  /** As `use`, with the snapshots as they are now and without any index. @throws as `use` */
  async useSnapshots<T>(location: string, wish: PasswordWish, work: (opened: OpenedRepository) => T): Promise<T> {
    const { entry, opened } = await this.#enter(location, wish);
    try {
      await opened.refreshSnapshots(wish.signal);
      return work(opened);
    } finally {
      await this.#leave(location, entry);
    }
  }

  /** Does `work` with those that are open now, and opens none. @throws what `work` throws */
  async withOpen<T>(work: (opened: readonly OpenedRepository[]) => Promise<T>): Promise<T> {
    const entries = [...this.#entries.values()].filter(({ opening }) => opening.value !== undefined);
    for (const entry of entries) entry.users += 1;
    try {
      return await work(entries.flatMap(({ opening }) => opening.value?.repository ?? []));
    } finally {
      const known = new Set(this.#entries.values());
      for (const entry of entries) {
        entry.users -= 1;
        if (entry.users === 0 && !known.has(entry)) await closeEntry(entry);
      }
    }
  }

  /**
   * Opens a repository, or finds it open, and keeps it so until what is returned is disposed of. A key that was removed from the repository
   * since opens nothing any more: then the password is found anew.
   * @throws as `use`
   */
  async hold(location: string, wish: PasswordWish): Promise<HeldRepository> {
    if (wish.asksFirst) await this.forget(location); // opened by another password, it would prove nothing about this one
    for (;;) {
      const { entry, opened } = await this.#enter(location, wish);
      const leave = (): Promise<void> => this.#leave(location, entry);
      try {
        if (await hasItsKey(opened.repository, wish.signal)) {
          const { keyId: id, masterKey } = opened.repository;
          return { key: { id, masterKey }, [Symbol.asyncDispose]: leave };
        }
        await requireRepository(opened.storage, wish.signal); // a disk that is away comes back with its keys
      } catch (error) {
        await leave();
        throw error;
      }
      if (this.#entries.get(repositoryKey(location)) === entry) await this.forget(location);
      await leave();
    }
  }

  /** What opens a repository without its password, for work that has it open itself. @throws as `hold` */
  async keyOf(location: string, wish: PasswordWish): Promise<OpenedKey> {
    await using held = await this.hold(location, wish);
    return held.key;
  }

  /** Something about it is known to be another: the next use opens it anew. Whoever uses it now is not disturbed. */
  async forget(location: string): Promise<void> {
    const key = repositoryKey(location);
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    if (entry?.users === 0) await closeEntry(entry);
  }

  async close(): Promise<void> {
    this.#closing.abort(new CadanganError('aborted', { reason: 'shutdown' }));
    await this.#tidying;
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    await Promise.all(entries.map(closeEntry));
  }

  /** To be left again. */
  async #enter(location: string, wish: PasswordWish): Promise<{ readonly entry: Entry; readonly opened: OpenedRepository }> {
    const key = repositoryKey(location);
    for (;;) {
      throwIfAborted(this.#closing.signal);
      throwIfAborted(wish.signal);
      const known = this.#entries.get(key);
      const entry = known === undefined || known.opening.isAbandoned ? this.#begin(key, location, wish) : known;
      entry.users += 1;
      try {
        return { entry, opened: (await entry.opening.wait(wish.signal)).repository };
      } catch (error) {
        entry.users -= 1;
        // Somebody who could not be asked, or did not know, came first; now somebody else can.
        const isForLackOfAPerson = isCode(error, 'password.missing', 'repository.wrong-password', 'storage.unknown-host');
        if (!isForLackOfAPerson || (entry.client === wish.client && (entry.mayAsk || !wish.mayAsk))) throw error;
      }
    }
  }

  /** One that is known no more is closed by whoever leaves it last. */
  async #leave(location: string, entry: Entry): Promise<void> {
    entry.users -= 1;
    entry.usedAtMs = this.#clock.monotonicMs();
    if (entry.users === 0 && this.#entries.get(repositoryKey(location)) !== entry) await closeEntry(entry);
  }

  #begin(key: string, location: string, { mayAsk, client, asksFirst, given }: PasswordWish): Entry {
    const ours = given && passwordFromBytes(new Uint8Array(given)); // others may still wait when who gave it has gone
    const opening: SharedWork<Opened> = new SharedWork(async (whileWanted) => {
      try {
        return await this.#open(location, {
          mayAsk,
          client,
          asksFirst,
          given: ours,
          signal: AbortSignal.any([whileWanted, this.#closing.signal]),
        });
      } catch (error) {
        if (this.#entries.get(key)?.opening === opening) this.#entries.delete(key);
        throw error;
      } finally {
        if (ours) wipePassword(ours);
      }
    });
    const entry: Entry = { opening, mayAsk, client, users: 0, usedAtMs: this.#clock.monotonicMs() };
    this.#entries.set(key, entry);
    return entry;
  }

  async #open(location: string, wish: PasswordWish): Promise<Opened> {
    const { signal } = wish;
    const storage = await this.#openStorage(location, wish);
    const world = { storage, clock: this.#clock, random: this.#random };
    try {
      // Before anybody is asked for a password. A folder that does not exist holds no repository.
      await requireRepository(storage, signal);
      return await this.#passwords.open(location, wish, async (password) => {
        const repository = await Repository.open(world, password, signal);
        throwIfAborted(signal);
        const key = { id: repository.keyId, masterKey: repository.masterKey };
        const reopen = (whileReading: AbortSignal): Promise<Repository> => Repository.open(world, key, whileReading);
        return { repository: new OpenedRepository(location, repository, reopen), mark: this.#passwords.mark(password) };
      });
    } catch (error) {
      await storage.close();
      throw error;
    }
  }

  async #tidy(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await this.#clock.sleep(idleCheckMs, signal).catch(() => undefined);
      if (!signal.aborted) await this.#closeIdle();
    }
  }

  async #closeIdle(): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    for (const [key, entry] of this.#entries) {
      if (entry.users > 0 || nowMs - entry.usedAtMs < idleMsMax) continue;
      this.#entries.delete(key);
      await closeEntry(entry);
    }
  }
}

/** The folder of the keys may be away with the whole repository. */
async function hasItsKey({ storage, keyId }: Repository, signal: AbortSignal): Promise<boolean> {
  try {
    return (await storage.sizeOf({ kind: 'keys', name: keyId }, signal)) !== undefined;
  } catch (error) {
    if (isCode(error, 'storage.no-repository')) return false;
    throw error;
  }
}

/** One that could not be opened has nothing to close. */
function closeEntry(entry: Entry): Promise<void> {
  return (entry.closing ??= (async () => {
    await entry.opening.ended();
    const opened = entry.opening.value;
    opened?.mark[Symbol.dispose]();
    await opened?.repository.storage.close().catch(() => undefined);
  })());
}
