import { accessSync, constants, existsSync } from 'node:fs';
import { join, posix, resolve, win32 } from 'node:path';
import { configurationFile, stateFolder } from './paths.ts';
import type { Environment } from './environment.ts';
import { system } from './system.ts';

/** Where the service of a machine has what it works with, on every machine the same. */
export interface MachineService {
  readonly configFile: string;
  readonly stateFolder: string;
  /** Who may enter it may knock. Undefined: a pipe has no folder, and only administrators are let in. */
  readonly runtimeFolder: string | undefined;
}

/** @param root below which all of it lies: the machine's own, or that of an image. Empty: the machine's own */
export function machineServiceOf(system: 'linux' | 'darwin' | 'win32', root: string, environment: Environment): MachineService {
  if (system === 'win32') {
    const data = win32.join(root, environment['ProgramData'] ?? 'C:\\ProgramData', 'Cadangan');
    return { configFile: win32.join(data, 'cadangan.jsonc'), stateFolder: win32.join(data, 'state'), runtimeFolder: undefined };
  }
  const at = (path: string): string => (root === '' ? path : posix.join(root, path));
  return {
    configFile: at('/etc/cadangan/cadangan.jsonc'),
    stateFolder: at('/var/lib/cadangan'),
    runtimeFolder: at(system === 'darwin' ? '/var/run/cadangan' : '/run/cadangan'),
  };
}

/**
 * The service of this machine, whether or not there is one. `CADANGAN_SERVICE` names the root folder of another one. Undefined where none
 * is meant: it is empty, or somebody names a state or a configuration.
 */
export function machineServiceHere(environment: Environment): MachineService | undefined {
  const root = environment['CADANGAN_SERVICE'];
  if (root === '' || (root === undefined && (environment['CADANGAN_STATE'] || environment['CADANGAN_CONFIG']))) return undefined;
  return machineServiceOf(
    system.isWindows ? 'win32' : system.platform === 'darwin' ? 'darwin' : 'linux',
    root === undefined ? '' : resolve(root),
    environment,
  );
}

/** In the state folder of a service: says that it is one, and where its host listens. */
export function serviceSeatFile(stateFolderOfService: string): string {
  return join(stateFolderOfService, 'service.json');
}

/**
 * The installed service of which we are an administrator: who may read all and write all of it. Windows says no user: there it is who may
 * read its state folder, which is closed to others.
 */
export function administeredService(
  environment: Environment,
  isElevated = process.getuid === undefined ? undefined : process.getuid() === 0,
): MachineService | undefined {
  const service = machineServiceHere(environment);
  if (service === undefined || isElevated === false) return undefined;
  const seat = serviceSeatFile(service.stateFolder);
  return (isElevated === undefined ? mayRead(seat) : existsSync(seat)) ? service : undefined;
}

/** What a command works with: the service's configuration and history where an administrator calls it, else those of this user. */
export function placeOfWork(environment: Environment): {
  readonly configFile: string;
  readonly stateFolder: string;
  readonly isOfService: boolean;
} {
  const service = administeredService(environment);
  if (service) return { ...service, isOfService: true };
  const configFile = configurationFile(environment);
  return { configFile, stateFolder: stateFolder(environment, configFile), isOfService: false };
}

export function mayRead(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
