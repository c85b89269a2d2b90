import { readFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import {
  administeredService,
  CadanganError,
  machineServiceHere,
  mayRead,
  replaceFile,
  serviceSeatFile,
  type Environment,
  type ExclusiveName,
  type Random,
} from '../platform/index.ts';
import { groupKeyName } from './key.ts';
import { openProofs } from './proven-user.ts';
import type { HostPlace } from './visit-host.ts';

/*
 * The service of the machine is no process of whoever looks for it. Its door is a folder that only root, its account and one group may
 * enter (0750):
 *
 *   host.sock      who is inside may connect
 *   group.key      by which the group is told from administrators, who know the key in the state folder
 *   service.json   where that state folder and the configuration are
 *   proofs/        where the group shows who of it asks (see `proven-user.ts`)
 */

const doorSchema = z.object({ version: z.literal(1), stateFolder: z.string(), configFile: z.string() });
type DoorSign = z.infer<typeof doorSchema>;

/** For the service, with its name held: lets the group in. @returns the key of the group */
export async function openDoor(
  { path }: ExclusiveName,
  folder: string,
  sign: Omit<DoorSign, 'version'>,
  random: Random,
): Promise<Uint8Array> {
  const key = Buffer.from(random.fill(new Uint8Array(32))).toString('hex');
  await openProofs(folder, proofsOfGroupMode);
  // Readable for the group, whatever the mask of the service.
  for (const [name, content] of [
    ['service.json', JSON.stringify({ version: 1, ...sign } satisfies DoorSign)],
    [groupKeyName, key],
  ] as const) {
    await replaceFile(join(folder, name), content, random);
    await chmod(join(folder, name), 0o640);
  }
  await chmod(path, 0o660);
  return Buffer.from(key, 'hex');
}

/** Each of the group may make files there, and neither list nor touch those of others. */
const proofsOfGroupMode = 0o1730;

/** Where windows and commands of this user find their host: the service of the machine before one of their own. Cheap. */
export function findHostPlace(own: HostPlace, environment: Environment): HostPlace {
  const { runtimeFolder: door, stateFolder: state } = machineServiceHere(environment) ?? {};
  if (state === undefined) return own;
  if (door === undefined) return mayRead(serviceSeatFile(state)) ? { ...own, stateFolder: state, isOfMachine: true } : own;
  const stateFolder = signAt(door)?.stateFolder;
  if (stateFolder === undefined) return own;
  return { ...own, stateFolder, isOfMachine: true, ...(!mayRead(join(stateFolder, 'leader.key')) && { door }) };
}

/** A host that a window has started for this place makes room: its windows find the service from now on. */
export function isServedByService(own: HostPlace, environment: Environment): boolean {
  return findHostPlace(own, environment) !== own;
}

/** The configuration of the service whose clients we are; undefined where we are none. */
export function serviceConfigFile(environment: Environment): string | undefined {
  const door = machineServiceHere(environment)?.runtimeFolder;
  return door === undefined ? undefined : signAt(door)?.configFile;
}

/** Undefined: there is no service, or it is not for us. */
function signAt(door: string): DoorSign | undefined {
  try {
    return doorSchema.parse(JSON.parse(readFileSync(join(door, 'service.json'), 'utf8')));
  } catch {
    return undefined;
  }
}

/**
 * A host that is started here would be one beside the service. An administrator starts none where a service is installed, also while that
 * does not run: it would write as root what is the service's.
 * @throws `service.not-running`
 */
export function refuseBesideService(own: HostPlace, environment: Environment, isElevated?: boolean): void {
  if (administeredService(environment, isElevated) || isServedByService(own, environment)) throw new CadanganError('service.not-running');
}
