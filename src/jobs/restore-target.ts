import { byteStringFromText, CadanganError, isRemote, schemeOf } from '../platform/index.ts';
import type { TargetServer } from '../restore/index.ts';
import { storageSettingsOf } from '../settings/index.ts';
import { parseLocation, ServerFiles, type Location } from '../storage/index.ts';
import { sftpAccess } from './open-storage.ts';
import type { StoragePlace } from './storage-place.ts';

/**
 * Whether a target is a folder of a server, and not of this machine.
 * @throws `storage.invalid-location`; `arguments.invalid` for a storage that can hold a repository and no files
 */
export function isOnServer(target: string): boolean {
  if (!isRemote(target)) return false;
  if (schemeOf(target) !== 'sftp')
    throw new CadanganError('arguments.invalid', {
      option: '--target',
      value: target,
      reason: 'files are restored into a folder, or onto a server with sftp:user@host:/path; this keeps repositories only',
    });
  parseLocation(target);
  return true;
}

/** Nothing is asked of the server yet. @throws as `isOnServer` */
export function openServerAt(location: string, place: StoragePlace): ServerFiles {
  const settings = storageSettingsOf(location, place.storages ?? []);
  return new ServerFiles(sftpOf(location), sftpAccess(settings, place));
}

/** What a restore is told of a server. @param repository its location */
export function targetServer(target: string, repository: string, open: (location: string) => ServerFiles): TargetServer {
  const [there, from] = [sftpOf(target), parseLocation(repository)];
  const isSame = from.scheme === 'sftp' && from.host.toLowerCase() === there.host.toLowerCase() && from.port === there.port;
  // A relative path is seen from somebody's home, which another does not know.
  const isKnown = isSame && (from.path.startsWith('/') || from.user === there.user);
  return { files: open(target), ...(isKnown && { repositoryPath: byteStringFromText(from.path) }) };
}

/** Does `work` with what reaches the server that the target names, if it names one. @param repository its location */
export async function withServer<T>(
  target: string,
  repository: string,
  open: (location: string) => ServerFiles,
  work: (server: TargetServer | undefined) => Promise<T>,
): Promise<T> {
  if (!isOnServer(target)) return work(undefined);
  const server = targetServer(target, repository, open);
  try {
    return await work(server);
  } finally {
    await server.files.close();
  }
}

function sftpOf(location: string): Extract<Location, { scheme: 'sftp' }> {
  const parsed = parseLocation(location);
  if (parsed.scheme !== 'sftp') throw new CadanganError('storage.invalid-location', { location, reason: 'it is not on a server' });
  return parsed;
}
