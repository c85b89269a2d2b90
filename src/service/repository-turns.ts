import { CadanganError } from '../platform/index.ts';
import { repositoryKey } from './repository-key.ts';

interface Alone {
  readonly stopping: AbortController;
  readonly ended: Promise<unknown>;
}

/**
 * Who works on a repository when, as far as this host knows. What has to have it for itself (a prune, a removal by a rule) takes a moment
 * at which nobody needs it, and gives way to whoever comes meanwhile. Others share it; another program's locks are another matter.
 */
export class RepositoryTurns {
  /** How many need it now, by its key. */
  readonly #users = new Map<string, number>();
  readonly #alone = new Map<string, Alone>();

  /**
   * Does `work`, which needs the repository: what has it for itself is stopped first, and has ended then; nothing of the kind begins before
   * `work` has ended. @throws what `work` throws, `storage.invalid-location`
   */
  async use<T>(location: string, work: () => Promise<T>): Promise<T> {
    const key = repositoryKey(location);
    this.#users.set(key, this.#usersOf(key) + 1);
    try {
      await this.stop(location);
      return await work();
    } finally {
      this.#users.set(key, this.#usersOf(key) - 1);
    }
  }

  /** Nobody needs it now, and nothing has it for itself. */
  isFree(location: string): boolean {
    const key = repositoryKey(location);
    return this.#usersOf(key) === 0 && !this.#alone.has(key);
  }

  /**
   * Does `work` with the repository for itself, if it is free, until it has to give way. @returns undefined when it is not free, or had to
   * give way. @throws what `work` throws, unless it had to give way
   */
  async alone<T>(location: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    if (!this.isFree(location)) return undefined;
    const key = repositoryKey(location);
    const stopping = new AbortController();
    const going = work(AbortSignal.any([signal, stopping.signal]));
    this.#alone.set(key, { stopping, ended: going.catch(() => undefined) });
    try {
      const made = await going;
      return stopping.signal.aborted ? undefined : made;
    } catch (error) {
      if (stopping.signal.aborted) return undefined;
      throw error;
    } finally {
      this.#alone.delete(key);
    }
  }

  /** What has it for itself ends at its next safe point; resolves when it has. */
  async stop(location: string): Promise<void> {
    const alone = this.#alone.get(repositoryKey(location));
    alone?.stopping.abort(new CadanganError('aborted', { reason: 'gives-way' }));
    await alone?.ended;
  }

  #usersOf(key: string): number {
    return this.#users.get(key) ?? 0;
  }
}
