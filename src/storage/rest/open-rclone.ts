import { CadanganError, type Clock, type Environment, type Pace } from '../../platform/index.ts';
import { RcloneLine } from './rclone-line.ts';
import { idleMsDefault } from './rest-line.ts';
import { RestStorage } from './rest-storage.ts';

/** How a remote of rclone is reached. */
export interface RcloneAccess {
  /** Default: `rclone`, where the system looks for programs. */
  readonly program?: string | undefined;
  /** Handed on without our own secrets; rclone's settings and the password of its configuration may stand in it. */
  readonly environment: Environment;
  /** A request on which nothing moves for so long is given up. Default: five minutes. */
  readonly idleMsMax?: number | undefined;
  readonly pace?: Pace | undefined;
  readonly clock: Clock;
}

/** `remote` is the name in rclone's configuration, and may have options (`name,option=value`); `path` is the folder, and may be empty. */
export interface RcloneRemote {
  readonly remote: string;
  readonly path: string;
}

/**
 * The repository in a remote of rclone. The program is started with the first call, and ends with `close`, or when this process dies.
 * @throws `storage.invalid-location` for a remote that is none, and for one with a secret in it, which every user of the machine could read
 * among the arguments of the program
 */
export function openRclone({ remote, path }: RcloneRemote, access: RcloneAccess): RestStorage {
  const location = `rclone:${remote.replace(/,.*$/s, ',***')}:${path}`;
  const refuse = (reason: string): never => {
    throw new CadanganError('storage.invalid-location', { location, reason });
  };
  if (remote === '' || remote.startsWith('-') || /[\0\n]/.test(remote + path)) refuse('it names no remote of rclone');
  if (/,\s*\w*(?:pass|secret|token|key)\w*\s*=/i.test(remote))
    refuse("a password does not belong into a location, but into rclone's configuration");
  const { idleMsMax = idleMsDefault, ...options } = access;
  return new RestStorage(new RcloneLine(`${remote}:${path}`, { ...options, idleMsMax, location }), { location, clock: access.clock });
}
