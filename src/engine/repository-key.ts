import { locationLabel, parseLocation } from '../storage/index.ts';

/** One spelling for one location: `/mnt/repo/` and `/mnt/./repo` are the same repository. @throws `storage.invalid-location` */
export function repositoryKey(location: string): string {
  return locationLabel(parseLocation(location));
}
