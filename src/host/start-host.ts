import { spawn } from 'node:child_process';
import { closeSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  assetPath,
  makeOwnFolderNow,
  openNow,
  system,
  systemClock,
  systemRandom,
  workerPath,
  type Clock,
  type Environment,
} from '../platform/index.ts';
import { placeProgram } from './program-folder.ts';
import { noteStart } from './start-count.ts';

export interface HostStart {
  readonly stateFolder: string;
  readonly configFile: string;
  readonly environment: Environment;
  /** Default: yes. */
  readonly runsSchedule?: boolean | undefined;
  /** How long it stays after its last client. Default: `lingerMsDefault` of the host. */
  readonly lingerMs?: number | undefined;
  /** Default: its source. A bundle says where its `dist/host.js` lies. */
  readonly hostPath?: string | undefined;
  readonly clock?: Clock | undefined;
}

/**
 * Starts a host that outlives us: in a session of its own, so that no terminal and no window takes it along; without any descriptor of
 * ours, so that `ssh server cadangan ...` ends when the command does; in the state folder, so that no disk is kept from being unmounted.
 * It runs from a copy of the program, which an update of the extension does not remove. Whether it came up is seen by connecting to it.
 * @throws `host.crash-loop` when it ended again and again soon after its start, and may not be started for now
 */
export async function startHost(start: HostStart): Promise<void> {
  const { stateFolder, configFile, environment, runsSchedule = true, lingerMs, clock = systemClock } = start;
  const { hostPath = workerPath('host', 'host-main') } = start;
  makeOwnFolderNow(stateFolder);
  await noteStart(stateFolder, clock);
  // A disk without room for the copy is no reason to go without a host.
  const program = await placeProgram(hostPath, stateFolder, systemRandom).catch(() => hostPath);
  const args = [program, '--state', stateFolder, '--config', configFile];
  if (!runsSchedule) args.push('--passive');
  if (lingerMs !== undefined) args.push('--linger', String(lingerMs));
  // A call on a dead mount holds a thread of the pool for ever; other work needs the rest. A service's unit says the same.
  spawnDetached([...nodeFlags, ...args], stateFolder, 'host.out', { ...hostEnvironment(environment), UV_THREADPOOL_SIZE: '16' });
}

/** Starts the process that works on one repository for the host that this process is: by the same program, flags and rights. */
export async function startRunner(
  {
    stateFolder,
    configFile,
    environment,
    isVetting = false,
  }: Pick<HostStart, 'stateFolder' | 'configFile' | 'environment'> & { readonly isVetting?: boolean },
  key: string,
): Promise<void> {
  const args = [ownHostProgram(), '--state', stateFolder, '--config', configFile, '--runner', key, ...(isVetting ? ['--vet'] : [])];
  spawnDetached([...process.execArgv, ...args], stateFolder, `runner-${key.slice(0, 8)}.out`, hostEnvironment(environment));
}

/** Of this very copy of the program: beside whatever bundle this is, or its source. */
function ownHostProgram(): string {
  const source = workerPath('host', 'host-main');
  return source.endsWith('.ts') ? source : assetPath('host.js');
}

/** @param output what nobody meant to be seen goes there: a crash */
function spawnDetached(args: readonly string[], stateFolder: string, output: string, environment: Record<string, string>): void {
  const log = openNow(join(stateFolder, output), 'w', 0o600);
  try {
    const child = spawn(...commandOf([process.execPath, ...args]), {
      detached: true,
      cwd: stateFolder,
      stdio: ['ignore', log, log],
      env: environment,
      windowsHide: true,
    });
    child.on('error', () => undefined); // that nobody answers tells of it
    child.unref();
  } finally {
    closeSync(log);
  }
}

/** Node opens its inspector at SIGUSR1, unless somebody listens: its first moments are open. A flag that it does not know would end it. */
export const nodeFlags: readonly string[] = ['--disable-sigusr1'].filter((flag) => process.allowedNodeEnvironmentFlags.has(flag));

const shell = '/bin/sh';

/**
 * Passwords and keys lie in a host's memory, which belongs in no core. Node cannot set a limit of itself; a shell can, and then becomes it.
 * The soft limit only: the programs that a set runs may raise it again.
 */
function commandOf(command: readonly [string, ...string[]]): [string, readonly string[]] {
  if (system.isWindows || !existsSync(shell)) return [command[0], command.slice(1)];
  return [shell, ['-c', 'ulimit -S -c 0; exec "$0" "$@"', ...command]];
}

/**
 * What a host needs of an environment; a language, a proxy or an agent's socket are those of whoever happened to start it. `TZ` is the
 * machine's zone in a container, and counts only where the configuration names none. The folder of credentials is a service's, whose
 * runners open the repositories.
 */
const kept =
  /^(?:PATH|TZ|HOME|USER|LOGNAME|SHELL|TMPDIR|XDG_.*|CADANGAN_.*|CREDENTIALS_DIRECTORY|NODE_EXTRA_CA_CERTS|NODE_COMPILE_CACHE|SSL_CERT_(?:FILE|DIR))$/;
const keptOnWindows = new RegExp(
  `^(?:${[
    'PATH|TZ|PATHEXT|COMSPEC|SYSTEMROOT|SYSTEMDRIVE|WINDIR|TEMP|TMP|USERNAME|USERDOMAIN|USERPROFILE|HOMEDRIVE|HOMEPATH',
    'APPDATA|LOCALAPPDATA|PROGRAMDATA|PROGRAMFILES.*|COMMONPROGRAM.*|CADANGAN_.*|NODE_EXTRA_CA_CERTS|NODE_COMPILE_CACHE',
  ].join('|')})$`,
  'i',
);

/**
 * Electron is to be plain Node, and to leave files named `*.asar` the files that they are: its `fs` would show them as folders, and the
 * backup would be wrong.
 */
export function hostEnvironment(environment: Environment, windows = system.isWindows): Record<string, string> {
  const wanted = windows ? keptOnWindows : kept;
  const entries = Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined && wanted.test(entry[0]));
  return { ...Object.fromEntries(entries), ELECTRON_RUN_AS_NODE: '1', ELECTRON_NO_ASAR: '1' };
}
