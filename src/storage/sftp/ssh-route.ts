import { join } from 'node:path';
import { homeFolder, system, type Environment } from '../../platform/index.ts';
import type { SftpAccess } from './sftp-access.ts';
import { SftpFault } from './sftp-fault.ts';
import { jumpsOf, sshSettings, type SshPlace, type SshSettings, type SshTarget } from './ssh-config.ts';

const depthMax = 8;

/**
 * The hosts that a server is reached over, itself the last, each with its settings. The first on the way may have some of its own.
 * @throws SftpFault for what is not supported; the system's error for a configuration that cannot be read
 */
export async function routeTo(target: SshTarget, access: SftpAccess): Promise<SshSettings[]> {
  const { environment } = access;
  const home = access.home ?? homeFolder(environment);
  return routeIn({ home, systemFolder: access.systemFolder ?? systemFolderOf(environment), environment }, target, access.jump, 0);
}

async function routeIn(place: SshPlace, target: SshTarget, jump: string | undefined, depth: number): Promise<SshSettings[]> {
  if (depth > depthMax) throw new SftpFault('unsupported', 'ProxyJump leads in a circle');
  const settings = await sshSettings(target, place);
  const named = jump === undefined ? settings.jumps : jump === 'none' ? [] : jumpsOf(jump);
  if (jump === undefined && settings.proxyCommand !== undefined)
    throw new SftpFault('unsupported', `ProxyCommand (${settings.proxyCommand}) is not supported; ProxyJump is`);
  const [first, ...others] = named;
  if (first === undefined) return [settings];
  const route = await routeIn(place, first, undefined, depth + 1);
  for (const other of others) route.push(await sshSettings(other, place));
  return [...route, settings];
}

function systemFolderOf({ PROGRAMDATA }: Environment): string {
  return system.isWindows ? join(PROGRAMDATA || 'C:\\ProgramData', 'ssh') : '/etc/ssh';
}
