import { readFileSync, existsSync } from 'node:fs';
import { posix, win32 } from 'node:path';
import { CadanganError, configurationFile, machineServiceOf, stateFolder, type Environment, system } from '../../platform/index.ts';

/** Who starts the service, and starts it again. */
export const serviceManagers = ['systemd', 'cron', 'launchd', 'task-scheduler'] as const;
export type ServiceManager = (typeof serviceManagers)[number];

/** `system`: of the machine, installed by an administrator. `user`: of whoever installs it. */
export type ServiceScope = 'system' | 'user';

/** Where all that belongs to a service lies. */
export interface ServicePlace {
  readonly scope: ServiceScope;
  readonly manager: ServiceManager;
  /** The account that it runs as. */
  readonly account: string;
  /** The copies of the program, and `current`, the one that counts. */
  readonly programFolder: string;
  readonly configFile: string;
  readonly stateFolder: string;
  /** Where its socket lies; undefined: as for any host of that state folder. */
  readonly runtimeFolder: string | undefined;
  /** What the manager reads; of cron's users it is a part of a file that cron keeps itself. */
  readonly unitFile: string | undefined;
}

export interface PlaceOptions {
  readonly scope: ServiceScope;
  readonly manager: ServiceManager;
  readonly environment: Environment;
  /** Of the user. */
  readonly home: string;
  readonly account?: string | undefined;
  /** Everything of a system service lies below this folder, for an image of a machine, or a test. Default: the machine's own. */
  readonly root?: string | undefined;
}

/** launchd's name of the service. */
export const launchdLabel = 'com.cadangan.service';
export const systemAccount = 'cadangan';

export function servicePlace(options: PlaceOptions): ServicePlace {
  return options.scope === 'system' ? systemPlace(options) : userPlace(options);
}

/** systemd says itself whether it runs the machine: sd_booted(3). @throws `service.unsupported` where we know no manager */
export function managerOfHere(platform: NodeJS.Platform = system.platform, hasSystemd = existsSync('/run/systemd/system')): ServiceManager {
  if (platform === 'win32') return 'task-scheduler';
  if (platform === 'darwin') return 'launchd';
  if (platform === 'linux') return hasSystemd ? 'systemd' : 'cron';
  throw new CadanganError('service.unsupported', { reason: `there is no service manager for ${platform} that Cadangan knows` });
}

/** Whether the manager is one of this system: what is of another one can be shown, and not installed. */
export function isOfHere(manager: ServiceManager, platform: NodeJS.Platform = system.platform): boolean {
  const systems = { systemd: 'linux', cron: 'linux', launchd: 'darwin', 'task-scheduler': 'win32' } as const;
  return systems[manager] === platform;
}

function systemPlace({ manager, account, environment, root = '' }: PlaceOptions): ServicePlace {
  if (manager === 'task-scheduler') {
    const service = machineServiceOf('win32', root, environment);
    return {
      ...service,
      scope: 'system',
      manager,
      account: account ?? 'SYSTEM',
      programFolder: win32.join(root, environment['ProgramFiles'] ?? 'C:\\Program Files', 'Cadangan'),
      unitFile: win32.join(win32.dirname(service.configFile), 'task.xml'),
    };
  }
  const at = (path: string): string => (root === '' ? path : posix.join(root, path));
  const unitFiles = {
    systemd: '/etc/systemd/system/cadangan.service',
    cron: '/etc/cron.d/cadangan',
    launchd: `/Library/LaunchDaemons/${launchdLabel}.plist`,
  } as const;
  return {
    ...machineServiceOf(manager === 'launchd' ? 'darwin' : 'linux', root, environment),
    scope: 'system',
    manager,
    // macOS has no right to read everything that another account than root could be given.
    account: account ?? (manager === 'launchd' ? 'root' : systemAccount),
    programFolder: at('/opt/cadangan'),
    unitFile: at(unitFiles[manager]),
  };
}

/** Configuration and state stay where they are: whoever installs it is who runs it. */
function userPlace({ manager, environment, home, account }: PlaceOptions): ServicePlace {
  const path = manager === 'task-scheduler' ? win32 : posix;
  const data = environment['XDG_DATA_HOME'] || path.join(home, '.local', 'share');
  const settings = environment['XDG_CONFIG_HOME'] || path.join(home, '.config');
  const local = environment['LOCALAPPDATA'] ?? path.join(home, 'AppData', 'Local');
  const folders = {
    systemd: path.join(data, 'cadangan', 'service'),
    cron: path.join(data, 'cadangan', 'service'),
    launchd: path.join(home, 'Library', 'Application Support', 'Cadangan', 'service'),
    'task-scheduler': path.join(local, 'Cadangan', 'service'),
  } as const;
  const unitFiles = {
    systemd: path.join(settings, 'systemd', 'user', 'cadangan.service'),
    cron: undefined,
    launchd: path.join(home, 'Library', 'LaunchAgents', `${launchdLabel}.plist`),
    'task-scheduler': path.join(folders['task-scheduler'], 'task.xml'),
  } as const;
  return {
    scope: 'user',
    manager,
    account: account ?? environment['USER'] ?? environment['USERNAME'] ?? '',
    programFolder: folders[manager],
    configFile: configurationFile(environment),
    stateFolder: stateFolder(environment),
    runtimeFolder: undefined,
    unitFile: unitFiles[manager],
  };
}

export interface Account {
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** passwd(5). Undefined for one that does not stand there: a directory service may know it, or nobody does. */
export function accountNamed(name: string, passwordFile = '/etc/passwd'): Account | undefined {
  try {
    const lines = readFileSync(passwordFile, 'utf8').split('\n');
    const fields = lines.map((line) => line.split(':')).find(([first]) => first === name);
    const [uid, gid] = [Number(fields?.[2]), Number(fields?.[3])];
    return Number.isInteger(uid) && Number.isInteger(gid) ? { uid, gid, home: fields?.[5] ?? '/' } : undefined;
  } catch {
    return undefined; // not on Windows
  }
}
