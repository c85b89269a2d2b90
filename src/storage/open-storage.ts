import type { Random } from '../platform/index.ts';
import { CadanganError } from '../platform/index.ts';
import { FolderStorage } from './folder-storage.ts';
import { locationForms, locationLabel, parseLocation } from './location.ts';
import type { Storage } from './storage.ts';

/**
 * The storage at `location`, written as restic writes it. Nothing is asked of the storage yet: whether it is there shows
 * at the first call. @throws `storage.invalid-location`
 */
export function openStorage(location: string, options: { readonly random?: Random } = {}): Storage {
  const parsed = parseLocation(location);
  if (parsed.scheme === 'folder') return new FolderStorage(parsed.path, options);
  throw new CadanganError('storage.invalid-location', {
    location: locationLabel(parsed),
    reason: `${parsed.scheme}: is a known scheme that this version cannot open yet`,
    supported: locationForms.slice(0, 4),
  });
}
