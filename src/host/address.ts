import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { systemCode } from '../platform/index.ts';

/** A name that one process at a time can listen on, and that the system frees when that process dies. */
export interface HostAddress {
  /**
   * `abstract`: a Unix socket of Linux without a file. `pipe`: of Windows. `file`: a Unix socket whose file stays behind when its owner
   * dies.
   */
  readonly kind: 'abstract' | 'pipe' | 'file';
  /** What `net.listen` takes. */
  readonly path: string;
}

/** `sun_path` has 104 bytes on macOS and 108 on Linux, with the zero at the end. */
const socketPathBytesMax = 103;

/**
 * Where the one host of this user and state folder listens. The machine is not in the name: all three kinds of socket are the machine's
 * own, also in a folder that several machines share, and a machine's name can change while we run.
 * @param stateFolder must exist
 */
export async function hostAddress(stateFolder: string, kind = kindOf(process.platform)): Promise<HostAddress> {
  return addressOf(['host', await canonical(stateFolder)], join(stateFolder, 'host.sock'), kind);
}

/** Where engines of version 0.1.0 listen, of which each window had one. */
export async function engineAddress(
  { configFile, stateFolder }: { readonly configFile: string; readonly stateFolder: string },
  kind = kindOf(process.platform),
): Promise<HostAddress> {
  return addressOf([await canonical(configFile), await canonical(stateFolder)], join(stateFolder, 'leader.sock'), kind);
}

function addressOf(parts: readonly string[], file: string, kind: HostAddress['kind']): HostAddress {
  const user = process.getuid?.() ?? userInfo().username;
  const name = `cadangan-${createHash('sha256')
    .update(JSON.stringify([user, ...parts]))
    .digest('hex')
    .slice(0, 32)}`;
  switch (kind) {
    case 'abstract':
      return { kind, path: `\0${name}` };
    case 'pipe':
      return { kind, path: `\\\\.\\pipe\\${name}` };
    case 'file':
      // Not os.tmpdir(): it differs between a desktop session and a timer of the same user, and there would be two hosts.
      return { kind, path: Buffer.byteLength(file) <= socketPathBytesMax ? file : join('/tmp', `${name}.sock`) };
  }
}

function kindOf(platform: NodeJS.Platform): HostAddress['kind'] {
  return platform === 'linux' ? 'abstract' : platform === 'win32' ? 'pipe' : 'file';
}

/** One spelling for one file, whether or not it exists yet. */
async function canonical(path: string): Promise<string> {
  const absolute = resolve(path);
  try {
    const real = await realpath(absolute);
    return process.platform === 'win32' ? real.toLowerCase() : real;
  } catch (error) {
    if (systemCode(error) !== 'ENOENT' || dirname(absolute) === absolute) return absolute;
    return join(await canonical(dirname(absolute)), basename(absolute));
  }
}
