import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { canonicalPath, exclusiveName, readFile, serviceSeatFile, systemCode, type ExclusiveName } from '../platform/index.ts';

/** What the state folder of a system service says of it, since its host is not one of whoever looks for it. */
const seatSchema = z.object({
  version: z.literal(1),
  /** The folder of its socket: who may enter it may knock. */
  runtimeFolder: z.string().optional(),
});
export type ServiceSeat = z.infer<typeof seatSchema>;

/**
 * Where the one host of a state folder listens. That of a system service: in the folder that was made for it, for every user the same.
 * Any other: under a name of the folder and its owner, which is who runs it. The machine is not in the name: all three kinds of socket are
 * the machine's own, also in a folder that several machines share, and a machine's name can change while we run.
 * @param stateFolder must exist
 */
export async function hostAddress(stateFolder: string, kind?: ExclusiveName['kind']): Promise<ExclusiveName> {
  const seat = await seatOf(stateFolder);
  if (seat?.runtimeFolder !== undefined) return doorAddress(seat.runtimeFolder);
  const parts = ['host', await canonicalPath(stateFolder)];
  return exclusiveName(parts, join(stateFolder, 'host.sock'), kind, seat === undefined ? await ownerOf(stateFolder) : 'service');
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

/** An administrator looks for the host of somebody else; everybody else can only read what is their own. Windows says no owner. */
async function ownerOf(stateFolder: string): Promise<number | undefined> {
  const own = process.getuid?.();
  if (own !== 0) return own;
  return stat(stateFolder).then(
    ({ uid }) => uid,
    () => own,
  );
}

/** Of the folder that whoever knocks has to be able to enter. */
export function doorAddress(runtimeFolder: string): ExclusiveName {
  return { kind: 'file', path: join(runtimeFolder, 'host.sock') };
}

/** Undefined: the state folder is no system service's. */
export async function seatOf(stateFolder: string): Promise<ServiceSeat | undefined> {
  try {
    return seatSchema.parse(JSON.parse(await readFile(serviceSeatFile(stateFolder), 'utf8')));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
