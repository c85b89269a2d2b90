import type { DriveClient } from '../google/index.ts';
import type { Random } from '../platform/index.ts';
import { CadanganError } from '../platform/index.ts';
import { DriveStorage } from './drive-storage.ts';
import { FolderStorage } from './folder-storage.ts';
import { locationForms, locationLabel, parseLocation } from './location.ts';
import type { Storage } from './storage.ts';

export interface OpenStorageOptions {
  readonly random?: Random | undefined;
  /**
   * The account that `gdrive:` locations lie in. Called for such a location only; the client is shared and not closed with the storage.
   * @throws `drive.not-set-up`
   */
  readonly drive?: (() => DriveClient) | undefined;
}

/**
 * The storage at `location`, written as restic writes it. Nothing is asked of the storage yet: whether it is there shows
 * at the first call. @throws `storage.invalid-location`; `drive.not-set-up` for `gdrive:` without an account
 */
export function openStorage(location: string, options: OpenStorageOptions = {}): Storage {
  const parsed = parseLocation(location);
  if (parsed.scheme === 'folder') return new FolderStorage(parsed.path, options.random ? { random: options.random } : {});
  if (parsed.scheme === 'gdrive') {
    if (!options.drive)
      throw new CadanganError('drive.not-set-up', {
        location: locationLabel(parsed),
        reason: 'the configuration names no account ("googleDrive")',
      });
    return new DriveStorage(options.drive(), parsed.path);
  }
  throw new CadanganError('storage.invalid-location', {
    location: locationLabel(parsed),
    reason: `${parsed.scheme}: is a known scheme that this version cannot open yet`,
    supported: locationForms,
  });
}
