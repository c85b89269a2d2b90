import { stat } from 'node:fs/promises';
import { basename, join, normalize } from 'node:path';
import { watch, type FSWatcher } from 'chokidar';
import { CadanganError, systemCode, type Clock } from '../platform/index.ts';
import { isStoredName } from '../storage/index.ts';

/** How well changes are noticed. `lost`: not at all; what looks by itself now and then has to do. */
export type WatchMode = { readonly mode: 'starting' | 'events' | 'polling' } | { readonly mode: 'lost'; readonly reason: string };

/** What whoever watches an original is told. */
export interface WatchEvents {
  /** A file that belongs to the copy came or went. Comes for each, so it must be cheap. */
  readonly onChange: () => void;
  readonly onMode: (mode: WatchMode) => void;
}

export interface FolderWatchOptions extends WatchEvents {
  /** The repository's folder, absolute. */
  readonly folder: string;
  /** Look instead of waiting for events, which network mounts do not send. */
  readonly polling: boolean;
  readonly pollingIntervalMs?: number | undefined;
  readonly clock: Clock;
  /** Between two looks whether the folders are still those that are watched; default 15 s. */
  readonly identityIntervalMs?: number | undefined;
}

/** A poll asks for the state of every folder; files are looked at only where their folder changed. */
const pollingIntervalMsDefault = 60_000;
/** 261 folders, whose entries the system has in memory. */
const identityIntervalMsDefault = 15_000;

/**
 * Notices that files of a repository come and go, as well as the system lets it. Only folders are watched, of which there are about 260
 * whatever the size: files of a repository are never changed in place, and what comes or goes is an event of its folder. (chokidar would
 * take a watch of the system for each of a million packs; so files are ignored, and what it hears of the folders is taken raw.) Locks come
 * and go all the time and are not copied. Whoever uses it looks for himself now and then: events get lost.
 *
 * A watch of the system is one of a folder, not of a name (inotify(7)): where another folder takes the place of the one that is watched, by
 * a rename or a mount, nothing of it is heard. So it is asked now and then whether the folders are the same ones; if not, that is a change,
 * and they are watched anew. Where the system is polled it looks by name.
 */
export class FolderWatch implements AsyncDisposable {
  readonly #options: FolderWatchOptions;
  readonly #ending = new AbortController();
  readonly #checking: Promise<void>;
  #watcher: FSWatcher;

  constructor(options: FolderWatchOptions) {
    this.#options = options;
    this.#watcher = this.#begin();
    this.#checking = options.polling ? Promise.resolve() : this.#check();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort(new CadanganError('aborted'));
    await this.#checking;
    await this.#watcher.close();
  }

  #begin(isAnew = false): FSWatcher {
    const { folder, polling, onChange, onMode, pollingIntervalMs = pollingIntervalMsDefault } = this.#options;
    const locks = join(folder, 'locks');
    let isReady = false;
    const watcher = watch(folder, {
      followSymlinks: false,
      ignorePermissionErrors: true,
      atomic: false,
      depth: 2,
      usePolling: polling,
      interval: pollingIntervalMs,
      binaryInterval: pollingIntervalMs,
      // It asks with `/`, on Windows too.
      ignored: (path, stats) => normalize(path) === locks || stats?.isFile() === true,
    });
    onMode({ mode: 'starting' });
    watcher.on('raw', (_event, path) => {
      if (isReady && isOurs(path)) onChange(); // until then it tells what is there
    });
    watcher.on('ready', () => {
      isReady = true;
      if (watcher !== this.#watcher) return;
      onMode({ mode: polling ? 'polling' : 'events' });
      if (isAnew) onChange(); // what came before this one listened
    });
    watcher.on('error', (error) => {
      const code = systemCode(error) ?? 'unknown';
      if (code !== 'ENOENT' && watcher === this.#watcher) onMode({ mode: 'lost', reason: code });
    });
    return watcher;
  }

  async #check(): Promise<void> {
    const { folder, clock, onChange, identityIntervalMs = identityIntervalMsDefault } = this.#options;
    const { signal } = this.#ending;
    for (let known = await identitiesBelow(folder); !signal.aborted;) {
      await clock.sleep(identityIntervalMs, signal).catch(() => undefined);
      const now = signal.aborted ? known : await identitiesBelow(folder);
      const isReplaced = now.some((id, at) => id !== known[at] && (at === 0 || known[at] !== undefined));
      known = now;
      if (!isReplaced || signal.aborted) continue;
      const before = this.#watcher;
      this.#watcher = this.#begin(true);
      await before.close();
      onChange();
    }
  }
}

const kinds = ['keys', 'index', 'snapshots', 'data'] as const;
const packFolders = Array.from({ length: 256 }, (_, at) => join('data', at.toString(16).padStart(2, '0')));

/** Which folders lie there, the repository's own first; undefined: none, as far as can be seen. */
function identitiesBelow(folder: string): Promise<readonly (string | undefined)[]> {
  return Promise.all(['', ...kinds, ...packFolders].map((below) => identityOf(join(folder, below))));
}

async function identityOf(folder: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(folder, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

/** Writers write under another name first; nothing is to be done for that. Some systems do not say what changed. */
function isOurs(path: unknown): boolean {
  if (typeof path !== 'string' || path === '') return true;
  const name = basename(path);
  return isStoredName(name) || !/-tmp-|^\./.test(name);
}
