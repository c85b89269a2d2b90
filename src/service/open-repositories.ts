import { CadanganError, isCode, throwIfAborted, type Clock, type Password, type Random } from '../platform/index.ts';
import { Repository } from '../repository/index.ts';
import type { Storage } from '../storage/index.ts';
import type { Audience } from './audience.ts';
import { OpenedRepository } from './opened-repository.ts';
import type { Passwords, PasswordWish } from './passwords.ts';
import { repositoryKey } from './repository-key.ts';

const idleMsMax = 10 * 60_000;
const idleCheckMs = 60_000;

interface Entry {
  readonly opening: Promise<OpenedRepository>;
  readonly mayAsk: boolean;
  /** Who was asked. */
  readonly client: Audience | undefined;
  users: number;
  usedAtMs: number;
}

/**
 * Repositories that are kept open, since opening one costs a key derivation and an index: by location, closed after ten minutes without
 * use. Whoever wants the same one meanwhile waits for the same opening, so that a password is asked for once.
 */
export class OpenRepositories {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #openStorage: (location: string) => Promise<Storage>;
  readonly #passwords: Passwords;
  readonly #entries = new Map<string, Entry>();
  readonly #closing = new AbortController();
  readonly #tidying: Promise<void>;

  /** @param world `openStorage` opens what a location names, of Google Drive too */
  constructor(
    world: { readonly clock: Clock; readonly random: Random; readonly openStorage: (location: string) => Promise<Storage> },
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
    const entry = await this.#entry(location, wish);
    entry.users += 1;
    try {
      const opened = await entry.opening;
      await opened.load();
      try {
        return await work(opened);
      } catch (error) {
        if (!isCode(error, 'repository.damaged', 'snapshot.not-found', 'storage.not-found') || !(await opened.refresh())) throw error;
        throwIfAborted(wish.signal);
        return await work(opened);
      }
    } finally {
      entry.users -= 1;
      entry.usedAtMs = this.#clock.monotonicMs();
    }
  }

  /** Does `work` with those that are open now, and opens none. @throws what `work` throws */
  async withOpen<T>(work: (opened: readonly OpenedRepository[]) => Promise<T>): Promise<T> {
    const entries = [...this.#entries.values()];
    for (const entry of entries) entry.users += 1;
    try {
      const found = await Promise.allSettled(entries.map(({ opening }) => opening));
      return await work(found.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])));
    } finally {
      for (const entry of entries) entry.users -= 1;
    }
  }

  /** The password of a repository, proven by opening it. @throws as `use` */
  async passwordOf(location: string, wish: PasswordWish): Promise<Password> {
    if (wish.asksFirst) await this.forget(location); // opened by another password, it would prove nothing about this one
    await (
      await this.#entry(location, wish)
    ).opening;
    const password = this.#passwords.proven(location);
    if (password === undefined) throw new CadanganError('password.missing', { location });
    return password;
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

  async #entry(location: string, wish: PasswordWish): Promise<Entry> {
    const key = repositoryKey(location);
    for (;;) {
      throwIfAborted(this.#closing.signal);
      const known = this.#entries.get(key);
      const entry = known ?? this.#begin(key, location, wish);
      try {
        await orAborted(entry.opening, wish.signal);
        return entry;
      } catch (error) {
        // Somebody who could not be asked, or did not know, came first; now somebody else can.
        const isForLackOfAPerson = isCode(error, 'password.missing', 'repository.wrong-password') && wish.mayAsk;
        if (!isForLackOfAPerson || (entry.mayAsk && entry.client === wish.client)) throw error;
      }
    }
  }

  #begin(key: string, location: string, { mayAsk, client, asksFirst }: PasswordWish): Entry {
    const opening = this.#open(location, { mayAsk, client, asksFirst });
    const entry: Entry = { opening, mayAsk, client, users: 0, usedAtMs: this.#clock.monotonicMs() };
    this.#entries.set(key, entry);
    opening.catch(() => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
    });
    return entry;
  }

  async #open(location: string, wish: Omit<PasswordWish, 'signal'>): Promise<OpenedRepository> {
    const signal = this.#closing.signal;
    const storage = await this.#openStorage(location);
    const open = (password: Password): Promise<Repository> =>
      Repository.open({ storage, clock: this.#clock, random: this.#random }, password, signal);
    try {
      // Before anybody is asked for a password. A folder that does not exist holds no repository.
      if ((await configSizeOf(storage)) === undefined) throw new CadanganError('repository.missing', { location: storage.location });
      const repository = await this.#passwords.open(location, { ...wish, signal }, open);
      return new OpenedRepository(location, repository, () => this.#passwords.open(location, { mayAsk: false, signal }, open));
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

async function configSizeOf(storage: Storage): Promise<number | undefined> {
  try {
    return await storage.sizeOf({ kind: 'config', name: '' });
  } catch (error) {
    if (isCode(error, 'storage.unreachable') && error.facts['reason'] === 'ENOENT') return undefined;
    throw error;
  }
}

/** One that could not be opened has nothing to close. */
async function closeEntry(entry: Entry | undefined): Promise<void> {
  const opened = await entry?.opening.catch(() => undefined);
  await opened?.storage.close().catch(() => undefined);
}

async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  throwIfAborted(signal);
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(new CadanganError('aborted', {}, { cause: signal.reason }));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
