import { constants } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { ProgramVet } from '../../jobs/index.ts';
import { CadanganError, systemCode, type Environment, system } from '../../platform/index.ts';
import { programsOfCommand } from './configured-programs.ts';

/*
 * What a service of the system runs and obeys must be as hard to change as the system: whoever could write it, or a folder above it, would
 * have the rights of the service.
 */

/** Who counts as an administrator: by number. */
export interface Administrators {
  readonly users: ReadonlySet<number>;
  readonly groups: ReadonlySet<number>;
}

/** On macOS the group `admin` (80) may become root anyway, and owns folders of the system. */
export const rootOnly: Administrators = {
  users: new Set([0]),
  groups: new Set(system.administratorGroups),
};

export interface UnsafePath {
  readonly path: string;
  readonly reason: string;
}

const linksMax = 40;

/** @throws `service.unsafe`, with the first that others could change. Windows' lists of rights are not read. */
export async function assertAdministratorsOnly(paths: readonly string[], administrators = rootOnly): Promise<void> {
  const [unsafe] = await changeableByOthers(paths, administrators);
  if (unsafe) throw new CadanganError('service.unsafe', { path: unsafe.path, reason: unsafe.reason });
}

/** Which of these, of the links that lead to them, and of all folders above, others than administrators could change. */
export async function changeableByOthers(paths: readonly string[], administrators = rootOnly): Promise<readonly UnsafePath[]> {
  if (!system.hasModes) return [];
  const seen = new Map<string, string | undefined>();
  for (const path of paths) await look(resolve(path), seen, administrators, linksMax);
  return [...seen].flatMap(([path, reason]) => (reason === undefined ? [] : [{ path, reason }]));
}

/** A whole folder with all that is in it, e.g. that of the program. */
export async function filesWithin(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return [folder, ...entries.map((entry) => join(entry.parentPath, entry.name))];
}

/** Looks at one program as it would be found now, with the script that it is given. Throws as `assertAdministratorsOnly`. */
export function vetOfAdministrators(environment: Environment): ProgramVet {
  return async (command) => assertAdministratorsOnly(await programsOfCommand(command, environment));
}

async function look(path: string, seen: Map<string, string | undefined>, administrators: Administrators, linksLeft: number): Promise<void> {
  if (seen.has(path)) return;
  const above = dirname(path);
  if (above !== path) await look(above, seen, administrators, linksLeft);
  if (seen.has(path)) return;
  try {
    const { uid, gid, mode } = await lstat(path);
    const isLink = (mode & constants.S_IFMT) === constants.S_IFLNK;
    seen.set(path, isLink ? ownerReason(uid, administrators) : reasonOf({ uid, gid, mode }, administrators));
    if (isLink && linksLeft > 0) await look(resolve(above, await readlink(path)), seen, administrators, linksLeft - 1);
  } catch (error) {
    // Where nothing is, nobody but those who may write the folder can put something.
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}

/** In a folder with the sticky bit (/tmp) others can put something of their own, and not touch what is there. */
function reasonOf(
  { uid, gid, mode }: { readonly uid: number; readonly gid: number; readonly mode: number },
  administrators: Administrators,
): string | undefined {
  const isSticky = (mode & constants.S_IFMT) === constants.S_IFDIR && (mode & 0o1000) !== 0;
  if (isSticky) return ownerReason(uid, administrators);
  if ((mode & 0o002) !== 0) return 'everybody may write it';
  if ((mode & 0o020) !== 0 && !administrators.groups.has(gid)) return `the group ${gid} may write it`;
  return ownerReason(uid, administrators);
}

function ownerReason(uid: number, { users }: Administrators): string | undefined {
  return users.has(uid) ? undefined : `it belongs to the user ${uid}`;
}
