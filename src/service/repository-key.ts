import { isCode, placeKeyOf } from '../platform/index.ts';
import { locationLabel, parseLocation } from '../storage/index.ts';

/**
 * One key for one location: `/mnt/repo/` and `/mnt/./repo` are the same repository, on Windows `D:\Repo` and `d:/repo`.
 * @throws `storage.invalid-location`
 */
export function repositoryKey(location: string): string {
  return placeKeyOf(locationLabel(parseLocation(location)));
}

/** As `repositoryKey`; undefined for what is no location, as a configuration may have it. */
export function repositoryKeyIfAny(location: string): string | undefined {
  try {
    return repositoryKey(location);
  } catch (error) {
    if (isCode(error, 'storage.invalid-location')) return undefined;
    throw error;
  }
}
