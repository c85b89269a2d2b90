import { repositoryFolderOf } from '../jobs/index.ts';
import { freeBytesAt } from '../notices/index.ts';
import { CadanganError } from '../platform/index.ts';

/** On the disk of a repository, looked at by this process. @throws `storage.invalid-location`, the system's errors */
export async function freeBytesOf(location: string): Promise<number> {
  const folder = repositoryFolderOf(location);
  if (folder === undefined) throw new CadanganError('storage.invalid-location', { location, reason: 'it is no folder' });
  return freeBytesAt(folder);
}
