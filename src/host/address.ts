import { join } from 'node:path';
import { canonicalPath, exclusiveName, type ExclusiveName } from '../platform/index.ts';

/**
 * Where the one host of this user and state folder listens. The machine is not in the name: all three kinds of socket are the machine's
 * own, also in a folder that several machines share, and a machine's name can change while we run.
 * @param stateFolder must exist
 */
export async function hostAddress(stateFolder: string, kind?: ExclusiveName['kind']): Promise<ExclusiveName> {
  return exclusiveName(['host', await canonicalPath(stateFolder)], join(stateFolder, 'host.sock'), kind);
}

/** Where the process listens that works on one repository for the host. @param key names the repository: hex digits */
export async function runnerAddress(stateFolder: string, key: string, kind?: ExclusiveName['kind']): Promise<ExclusiveName> {
  return exclusiveName(['runner', await canonicalPath(stateFolder), key], join(stateFolder, `runner-${key.slice(0, 8)}.sock`), kind);
}

/** Where engines of version 0.1.0 listen, of which each window had one. */
export async function engineAddress(
  { configFile, stateFolder }: { readonly configFile: string; readonly stateFolder: string },
  kind?: ExclusiveName['kind'],
): Promise<ExclusiveName> {
  return exclusiveName([await canonicalPath(configFile), await canonicalPath(stateFolder)], join(stateFolder, 'leader.sock'), kind);
}
