import { dirname } from 'node:path';
import { isCode } from '../../platform/index.ts';
import { credentialName } from '../../service/index.ts';
import type { Configuration } from '../../settings/index.ts';
import { parseLocation } from '../../storage/index.ts';

/** A password that the service manager hands over, as root: the account of the service need not be able to read its file. */
export interface Credential {
  readonly name: string;
  readonly path: string;
}

/** What of the machine the service needs beyond its own folders, as the configuration has it now. */
export interface ServiceRights {
  /** Folders that it writes to. */
  readonly writable: readonly string[];
  readonly credentials: readonly Credential[];
}

/** What of the rights of an installed service does not reach for a set or a copy any more. */
export interface Uncovered {
  /** Of a set, or of a copy. */
  readonly name: string;
  readonly what: 'repository' | 'password' | 'copy' | 'readable-copies' | 'credentials';
  readonly path: string;
}

/** Repositories and copies that are folders, the place of drills, of readable copies, and of a sign-in that is renewed. */
export function rightsOf(configuration: Configuration): ServiceRights {
  const needs = needsOf(configuration);
  const credentials = needs.filter(({ what }) => what === 'password').map(({ path }) => ({ name: credentialName(path), path }));
  const folders = needs.filter(({ what }) => what !== 'password').map(({ path }) => path);
  const { drill } = configuration;
  if (drill?.scratchFolder !== undefined) folders.push(drill.scratchFolder);
  return { writable: withoutInner(folders), credentials: uniqueBy(credentials, ({ name }) => name) };
}

/** Which sets and copies need something that `rights` lack: they were changed after the service was installed. */
export function uncoveredBy(rights: ServiceRights, configuration: Configuration): readonly Uncovered[] {
  const names = new Set(rights.credentials.map(({ name }) => name));
  return needsOf(configuration).filter(({ what, path }) =>
    what === 'password' ? !names.has(credentialName(path)) : !rights.writable.some((folder) => isWithin(path, folder)),
  );
}

function needsOf({ sets, offsiteCopies, googleDrive, alerts }: Configuration): readonly Uncovered[] {
  const needs: Uncovered[] = [];
  for (const { name, repository } of sets) {
    needs.push(...folderOf(repository.location).map((path) => ({ name, what: 'repository' as const, path })));
    if (repository.passwordFile !== undefined) needs.push({ name, what: 'password', path: repository.passwordFile });
  }
  for (const { name, repository, to, readableCopies } of offsiteCopies) {
    // It is locked while it is copied.
    needs.push(...folderOf(repository).map((path) => ({ name, what: 'repository' as const, path })));
    needs.push(...folderOf(to).map((path) => ({ name, what: 'copy' as const, path })));
    needs.push(...folderOf(readableCopies?.to).map((path) => ({ name, what: 'readable-copies' as const, path })));
    if (readableCopies?.passwordFile !== undefined) needs.push({ name, what: 'password', path: readableCopies.passwordFile });
  }
  // Whoever tells people of trouble has secrets, too; the authority of a mail server is none, and anybody may read it.
  const { mail, receivers = [], heartbeats = [] } = alerts ?? {};
  for (const { name, files } of [
    ...(mail === undefined ? [] : [{ name: mail.host, files: [mail.passwordFile] }]),
    ...receivers.map((receiver) => ({ name: receiver.name, files: [receiver.addressFile, receiver.secretFile, receiver.tokenFile] })),
    ...heartbeats.map((heartbeat) => ({ name: heartbeat.name, files: [heartbeat.addressFile] })),
  ])
    for (const path of files) if (path !== undefined) needs.push({ name, what: 'password', path });
  const signIn = googleDrive?.credentialsFile;
  if (signIn !== undefined) needs.push({ name: googleDrive?.account ?? '', what: 'credentials', path: dirname(signIn) });
  return needs;
}

/** None of a server, and of what is no location: whoever uses it says so. */
function folderOf(location: string | undefined): string[] {
  if (location === undefined) return [];
  try {
    const place = parseLocation(location);
    return place.scheme === 'folder' ? [place.path] : [];
  } catch (error) {
    if (isCode(error, 'storage.invalid-location')) return [];
    throw error;
  }
}

export function isWithin(path: string, folder: string): boolean {
  const end = folder.endsWith('/') ? folder : `${folder}/`;
  return path === folder || path.startsWith(end);
}

function withoutInner(paths: readonly string[]): readonly string[] {
  const unique = [...new Set(paths)].toSorted();
  return unique.filter((path) => !unique.some((other) => other !== path && isWithin(path, other)));
}

function uniqueBy<T>(items: readonly T[], keyOf: (item: T) => string): readonly T[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()];
}
