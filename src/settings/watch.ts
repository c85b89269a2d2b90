import { isAbort, systemClock, type Clock } from '../platform/index.ts';
import { loadConfiguration, type LoadedConfiguration } from './load.ts';

export interface WatchOptions {
  readonly clock?: Clock | undefined;
  /** How often to look; default 1000. */
  readonly intervalMs?: number | undefined;
}

/**
 * Calls `onChange` with the configuration as it is, and again whenever the file's content has changed, appeared or gone. Resolves when
 * `signal` aborts. Looks itself: the events of file systems miss files that editors replace, links, network homes and folders that do not
 * exist yet.
 */
export async function watchConfiguration(
  path: string,
  onChange: (loaded: LoadedConfiguration) => void,
  signal: AbortSignal,
  { clock = systemClock, intervalMs = 1000 }: WatchOptions = {},
): Promise<void> {
  let known: string | undefined;
  while (!signal.aborted) {
    const loaded = await loadConfiguration(path);
    const state =
      loaded.text === undefined
        ? `none ${loaded.problems.map(({ code, facts }) => `${code} ${String(facts['reason'])}`).join()}`
        : `text ${loaded.text}`;
    if (state !== known && !signal.aborted) onChange(loaded);
    known = state;
    try {
      await clock.sleep(intervalMs, signal);
    } catch (error) {
      if (!signal.aborted && !isAbort(error)) throw error;
      return;
    }
  }
}
