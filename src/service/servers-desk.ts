import { CadanganError, isAbort, orAborted, type Clock } from '../platform/index.ts';
import { backupHistoriesOf, type SeenRepository } from '../upkeep/index.ts';
import type { ElsewhereCall } from './elsewhere.ts';
import type { OpenRepositories } from './open-repositories.ts';
import type { PasswordWish } from './passwords.ts';
import type { SeenHistories } from './protocol/work.ts';
import { historiesMax } from './protocol/bounds.ts';
import { repositoryKeyIfAny } from './repository-key.ts';
import type { ServersMemory } from './servers-memory.ts';
import { SharedWork } from './shared-work.ts';

/** A repository that does not answer for so long is one that could not be looked at. */
const lookMsMax = 60_000;
/** How a server is, is told as of the look; who looked a day ago does not know it any more. A clock that was put back ages it, too. */
const currentMsMax = 24 * 3_600_000;

export type ServersWish = Pick<ElsewhereCall, 'client' | 'via' | 'user' | 'signal'>;

export interface ServersDeskOptions {
  readonly clock: Clock;
  /** Of the configured sets, at this moment. */
  readonly locations: () => readonly string[];
  /** In the process that works on the repository. */
  readonly look: (location: string, wish: ServersWish) => Promise<SeenHistories>;
  readonly memory: ServersMemory;
  /** What could not be remembered. */
  readonly onError: (error: unknown) => void;
  readonly onChange: () => void;
}

/** What came of the looks at a repository. */
export interface Look extends SeenRepository, Pick<SeenHistories, 'unreadable' | 'notNamed'> {
  readonly isLooking: boolean;
  /** Why the last one came to nothing. */
  readonly error: unknown;
}

/** Empty: nobody has looked. */
interface LookEntry {
  readonly seen?: SeenHistories;
  readonly seenMs?: number | undefined;
  readonly error?: unknown;
  readonly looking?: SharedWork<void> | undefined;
}

/**
 * Who backs up into the known repositories, as of the last look at each; it outlives the process. Repositories are looked at side by side,
 * and one that hangs, or whose password nobody has, holds up no other.
 */
export class ServersDesk {
  readonly #options: ServersDeskOptions;
  readonly #entries = new Map<string, LookEntry>();
  readonly #ending = new AbortController();
  #remembered: Promise<void> | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: ServersDeskOptions) {
    this.#options = options;
  }

  /** Of each known repository, however often sets name it. Reads no repository. */
  async looks(): Promise<readonly Look[]> {
    await this.#remember();
    const nowMs = this.#nowMs();
    return [...this.#places()].map(([key, location]) => {
      const { seen, seenMs, error, looking } = this.#entries.get(key) ?? {};
      const { histories = [], unreadable = 0, notNamed = 0 } = seen ?? {};
      const ageMs = seenMs === undefined ? Infinity : Math.abs(nowMs - seenMs);
      const isCurrent = seen !== undefined && error === undefined && ageMs <= currentMsMax;
      return { location, seenMs, error, isCurrent, histories, unreadable, notNamed, isLooking: looking !== undefined };
    });
  }

  /** Looks at all of them; a look that goes on is waited for, and not made twice. @throws `aborted` */
  async look(wish: ServersWish): Promise<void> {
    await this.#remember();
    await Promise.all([...this.#places()].map(([key, location]) => this.#lookAt(key, location, wish)));
  }

  async close(): Promise<void> {
    this.#ending.abort(new CadanganError('aborted', { reason: 'shutdown' }));
    for (const { looking } of this.#entries.values()) await looking?.ended();
    await this.#writing;
  }

  /** What is no location can be looked at by nobody; its set says so. */
  #places(): ReadonlyMap<string, string> {
    const places = new Map<string, string>();
    for (const location of this.#options.locations()) {
      const key = repositoryKeyIfAny(location);
      if (key !== undefined && !places.has(key)) places.set(key, location);
    }
    return places;
  }

  async #lookAt(key: string, location: string, wish: ServersWish): Promise<void> {
    const known = this.#entries.get(key)?.looking;
    if (known !== undefined && !known.isAbandoned) return known.wait(wish.signal);
    const looking: SharedWork<void> = new SharedWork(async (whileWanted) => {
      const signal = AbortSignal.any([whileWanted, this.#ending.signal]);
      const found = await this.#tried(location, { ...wish, signal });
      const before = this.#entries.get(key);
      if (before?.looking === looking) this.#set(key, { ...before, ...found, looking: undefined });
      if (found.seen !== undefined) this.#keep();
    });
    this.#set(key, { ...this.#entries.get(key), looking });
    await looking.wait(wish.signal);
  }

  /** What was aborted says nothing about the repository. */
  async #tried(location: string, wish: ServersWish): Promise<Pick<LookEntry, 'seen' | 'seenMs' | 'error'>> {
    const { clock, look } = this.#options;
    const over = new AbortController();
    const isLate = clock.sleep(lookMsMax, over.signal).then(
      () => true,
      () => false,
    );
    const late = new CadanganError('storage.unreachable', { location, reason: 'it does not answer' });
    try {
      const limited = AbortSignal.any([wish.signal, over.signal]);
      const looked = orAborted(look(location, { ...wish, signal: limited }), limited);
      const seen = await Promise.race([looked, isLate.then((isOver) => (isOver ? undefined : looked))]);
      if (seen === undefined) return { error: late };
      return { seen, seenMs: this.#nowMs(), error: undefined };
    } catch (error) {
      return isAbort(error) && wish.signal.aborted ? {} : { error };
    } finally {
      over.abort();
    }
  }

  #nowMs(): number {
    return Number(this.#options.clock.nowNs() / 1_000_000n);
  }

  #set(key: string, entry: LookEntry): void {
    this.#entries.set(key, entry);
    this.#options.onChange();
  }

  /** What was looked at since counts more. */
  #remember(): Promise<void> {
    this.#remembered ??= (async () => {
      for (const [key, { seenMs, ...seen }] of await this.#options.memory.read())
        if (!this.#entries.has(key)) this.#entries.set(key, { seen, seenMs });
    })();
    return this.#remembered;
  }

  /** Of the repositories that are known now, one writing after the other. */
  #keep(): void {
    const { memory, onError } = this.#options;
    this.#writing = this.#writing.then(() => {
      const known = [...this.#places().keys()].flatMap((key) => {
        const { seen, seenMs } = this.#entries.get(key) ?? {};
        return seen === undefined || seenMs === undefined ? [] : [[key, { ...seen, seenMs }] as const];
      });
      return memory.write(new Map(known)).catch(onError);
    });
  }
}

/**
 * What the snapshots of a repository tell of who backs up into it; neither index nor trees are read.
 * @throws as `OpenRepositories.use`
 */
export function historiesAt(
  repositories: Pick<OpenRepositories, 'useSnapshots'>,
  location: string,
  wish: PasswordWish,
): Promise<SeenHistories> {
  return repositories.useSnapshots(location, wish, ({ snapshots, unreadableSnapshots }) => {
    const histories = backupHistoriesOf(snapshots);
    const newestFirst = histories.toSorted((a, b) => b.newest.timeMs - a.newest.timeMs);
    const named = newestFirst.slice(0, historiesMax);
    return { histories: named, notNamed: histories.length - named.length, unreadable: unreadableSnapshots.length };
  });
}
