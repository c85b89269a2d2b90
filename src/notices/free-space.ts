import { statfs } from 'node:fs/promises';
import { orAborted } from '../platform/index.ts';

/** A disk, by what is known of it to people: the location of a repository, or a folder. */
export interface WatchedPlace {
  readonly location: string;
  /** Bytes that may still be written there; undefined where nobody can say. @throws the system's errors */
  readonly freeBytes: (signal: AbortSignal) => Promise<number | undefined>;
}

/** One that went below the limit, or came above it again. */
export interface SpaceChange {
  readonly location: string;
  readonly freeBytes: number;
  readonly isLow: boolean;
}

/** What hangs for so long is a dead mount: it must not end the watch over all others. */
const answerMsMax = 60_000;
/** Above the limit by so much it is enough again: one that wavers about it is told once. */
const enoughShare = 1.1;

/** How much a user without special rights may write into a folder, which may also be a file in it. @throws the system's errors */
export async function freeBytesAt(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

/**
 * What has changed since it was written down. A place that gives no answer says nothing.
 * @param low those that have too little, as far as is known
 * @param lateness says when it has had its time. A mount has nothing to do with the clock on the wall
 */
export async function spaceChanges(
  places: readonly WatchedPlace[],
  limitBytes: number,
  low: readonly string[],
  lateness: () => AbortSignal = () => AbortSignal.timeout(answerMsMax),
): Promise<SpaceChange[]> {
  const looked = await Promise.all(
    places.map(async ({ location, freeBytes }): Promise<SpaceChange[]> => {
      const late = lateness();
      const free = await orAborted(freeBytes(late), late).catch(() => undefined);
      if (free === undefined) return [];
      const wasLow = low.includes(location);
      if (!wasLow && free < limitBytes) return [{ location, freeBytes: free, isLow: true }];
      return wasLow && free >= limitBytes * enoughShare ? [{ location, freeBytes: free, isLow: false }] : [];
    }),
  );
  return looked.flat();
}
