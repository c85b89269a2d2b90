import { DriveFolder } from '../google/index.ts';
import { DriveHistory, readAnchors } from '../offsite/index.ts';
import { l10n } from '../platform/index.ts';
import type { Anchor } from '../records/index.ts';
import type { OffsiteCopy } from '../settings/index.ts';
import { openDriveClient } from './drive-account.ts';
import type { StoragePlace } from './storage-place.ts';
import { copyMemoryOf, copyPathOf } from './open-copy.ts';

/** Somebody waits for it, and the heads in snapshots say the same. */
const patience = { transientTries: 3, rateTries: 3 } as const;

/**
 * The heads of records that are kept beside a copy on Google Drive. The copy may be worked on meanwhile.
 * @throws `drive.signed-out`, `drive.not-set-up`, `drive.wrong-account`, `drive.unavailable` ..., `aborted`
 */
export async function readCopyAnchors(copy: OffsiteCopy, place: StoragePlace, signal: AbortSignal): Promise<Anchor[]> {
  const client = await openDriveClient({ ...place, client: { ...place.client, patience } });
  try {
    const { folderIds } = await copyMemoryOf(copy, place).read();
    const folder = new DriveFolder(client, copyPathOf(copy.to), { knownIds: folderIds });
    await folder.account(signal);
    return await readAnchors(new DriveHistory(folder), l10n.t('Google Drive, beside the copy {copy}', { copy: copy.name }), signal);
  } finally {
    client.close();
  }
}
