import { CadanganError, type Random } from '../platform/index.ts';
import { FolderStorage } from './folder-storage.ts';
import { locationForms, locationLabel, parseLocation } from './location.ts';
import type { Storage } from './storage.ts';

/**
 * The repository in a folder of this machine. What is reached over a line takes keys, passwords or an account, which whoever opens it has
 * to have found (`openStorageAt` in `jobs/`). Nothing is asked of the storage yet: whether it is there shows at the first call.
 * @throws `storage.invalid-location`, also for a location that is no folder
 */
export function openStorage(location: string, options: { readonly random?: Random } = {}): Storage {
  const parsed = parseLocation(location);
  if (parsed.scheme === 'folder') return new FolderStorage(parsed.path, options);
  throw new CadanganError('storage.invalid-location', {
    location: locationLabel(parsed),
    reason: 'only a folder of this machine can be opened here',
    supported: locationForms.slice(0, 4),
  });
}
