import { basename, join } from 'node:path';
import { watch, type FSWatcher } from 'chokidar';
import { systemCode } from '../platform/index.ts';
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
}

/** A poll asks for the state of every folder; files are looked at only where their folder changed. */
const pollingIntervalMsDefault = 60_000;

/**
 * Notices that files of a repository come and go, as well as the system lets it. Only folders are watched, of which there are about 260
 * whatever the size: files of a repository are never changed in place, and what comes or goes is an event of its folder. (chokidar would
 * take a watch of the system for each of a million packs; so files are ignored, and what it hears of the folders is taken raw.) Locks come
 * and go all the time and are not copied. Whoever uses it looks for himself now and then: events get lost.
 */
export class FolderWatch implements AsyncDisposable {
  readonly #watcher: FSWatcher;
  #isReady = false;

  constructor({ folder, polling, onChange, onMode, pollingIntervalMs = pollingIntervalMsDefault }: FolderWatchOptions) {
    const locks = join(folder, 'locks');
    this.#watcher = watch(folder, {
      followSymlinks: false,
      ignorePermissionErrors: true,
      atomic: false,
      depth: 2,
      usePolling: polling,
      interval: pollingIntervalMs,
      binaryInterval: pollingIntervalMs,
      ignored: (path, stats) => path === locks || stats?.isFile() === true,
    });
    onMode({ mode: 'starting' });
    this.#watcher.on('raw', (_event, path) => {
      if (this.#isReady && isOurs(path)) onChange(); // until then it tells what is there
    });
    this.#watcher.on('ready', () => {
      this.#isReady = true;
      onMode({ mode: polling ? 'polling' : 'events' });
    });
    this.#watcher.on('error', (error) => {
      const code = systemCode(error) ?? 'unknown';
      if (code !== 'ENOENT') onMode({ mode: 'lost', reason: code });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#watcher.close();
  }
}

/** Writers write under another name first; nothing is to be done for that. Some systems do not say what changed. */
function isOurs(path: unknown): boolean {
  if (typeof path !== 'string' || path === '') return true;
  const name = basename(path);
  return isStoredName(name) || !/-tmp-|^\./.test(name);
}
