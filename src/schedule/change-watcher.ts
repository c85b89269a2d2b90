import { lstat } from 'node:fs/promises';
import { watch, type FSWatcher } from 'chokidar';
import { folderTest, systemCode } from '../platform/index.ts';
import type { WatchState } from './set-status.ts';

export interface WatchOptions {
  /** Absolute paths, each watched with all below it; links are not followed. */
  readonly sources: readonly string[];
  readonly ignored: readonly string[];
  readonly polling: boolean;
  /** Something below a source was added, changed or removed. Comes for each, so it must be cheap. */
  readonly onChange: () => void;
  /** The state is another one. */
  readonly onState: () => void;
  readonly pollingIntervalMs?: number;
  readonly entriesMax?: number;
}

/** chokidar keeps about 1 KB and a watch of the system (inotify) per entry; beyond, the hourly run has to do. */
const entriesMaxDefault = 200_000;
const pollingIntervalMsDefault = 60_000;

/** What concerns a single entry: it is gone, or closed to us. The rest is watched all the same. */
const harmlessCodes = new Set(['ENOENT', 'EACCES', 'EPERM', 'ENOTDIR', 'ELOOP']);

/**
 * Notices changes below some folders, as well as the system lets it: events get lost, network mounts send none, watches run out. So whoever
 * uses it looks for itself now and then, and whenever `state` turns from anything into `events` or `polling`. Never throws; what goes wrong
 * is in `state`.
 */
export class ChangeWatcher implements AsyncDisposable {
  readonly #options: WatchOptions;
  #state: WatchState = { mode: 'starting' };
  #watcher: FSWatcher | undefined;
  #roots = '';
  #refreshing: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    void this.refresh();
  }

  get state(): WatchState {
    return this.#state;
  }

  /** Watches anew when a source came, went or was replaced (a mount), or when the watch was lost. To be called now and then. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.#stop();
  }

  async #refresh(): Promise<void> {
    const roots = await identify(this.#options.sources); // may hang with its mount; then so does the watch
    if (this.#isClosed || (roots === this.#roots && this.#watcher)) return;
    this.#roots = roots;
    await this.#stop();
    if (this.#isClosed) return;
    this.#setState({ mode: 'starting' });
    this.#watcher = this.#start();
  }

  #start(): FSWatcher {
    const {
      sources,
      ignored,
      polling,
      onChange,
      pollingIntervalMs = pollingIntervalMsDefault,
      entriesMax = entriesMaxDefault,
    } = this.#options;
    const isIgnored = folderTest(ignored);
    const watcher = watch([...sources], {
      followSymlinks: false,
      ignorePermissionErrors: true,
      usePolling: polling,
      interval: pollingIntervalMs,
      binaryInterval: pollingIntervalMs,
      atomic: false,
      ignored: isIgnored,
    });
    let entries = 0;
    watcher.on('all', (event) => {
      if (this.#watcher !== watcher) return;
      entries += event === 'add' || event === 'addDir' ? 1 : event === 'unlink' || event === 'unlinkDir' ? -1 : 0;
      if (entries > entriesMax) return this.#lose(watcher, 'too-many-entries');
      if (this.#state.mode !== 'starting') onChange(); // until then it tells what is there
    });
    watcher.on('ready', () => {
      if (this.#watcher === watcher) this.#setState({ mode: polling ? 'polling' : 'events' });
    });
    watcher.on('error', (error) => {
      const code = systemCode(error) ?? 'unknown';
      if (!harmlessCodes.has(code)) this.#lose(watcher, code);
    });
    return watcher;
  }

  #lose(watcher: FSWatcher, reason: string): void {
    if (this.#watcher !== watcher || this.#state.mode === 'lost') return;
    this.#setState({ mode: 'lost', reason });
    void watcher.close();
  }

  /** A watch that was lost for want of something is not tried again before the sources change: it would cost a walk each time. */
  async #stop(): Promise<void> {
    const watcher = this.#watcher;
    this.#watcher = undefined;
    await watcher?.close();
  }

  #setState(state: WatchState): void {
    this.#state = state;
    this.#options.onState();
  }
}

/** Which folders stand at the paths now. */
async function identify(paths: readonly string[]): Promise<string> {
  const identities = paths.map(async (path) => {
    try {
      const { dev, ino } = await lstat(path, { bigint: true });
      return `${dev}:${ino}`;
    } catch (error) {
      return systemCode(error) ?? 'unknown';
    }
  });
  return (await Promise.all(identities)).join(' ');
}
