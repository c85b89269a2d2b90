import { readFileSync } from 'node:fs';
import type { SecureContext } from 'node:tls';
import { contextWith, proxyFrom } from '../../http/index.ts';
import { CadanganError, systemCode, type Clock, type Environment, type Pace } from '../../platform/index.ts';
import { PlaneLine, type RestCredentials } from './plane-line.ts';
import { idleMsDefault } from './rest-line.ts';
import { RestStorage } from './rest-storage.ts';

/** How a server that speaks restic's REST protocol is reached. */
export interface RestAccess {
  readonly credentials?: RestCredentials | undefined;
  /** PEM file of the authorities that vouch for the server, beside those that this machine trusts. */
  readonly caFile?: string | undefined;
  /** PEM files of who we are to a server that asks for it; both or none. */
  readonly clientCertificateFile?: string | undefined;
  readonly clientKeyFile?: string | undefined;
  /** Proxies are taken from it, for any server but this machine. Default: none. */
  readonly environment?: Environment | undefined;
  /** Whether the password may go to another machine without TLS. Default: no. */
  readonly isPlainAuthAllowed?: boolean | undefined;
  /** A line on which nothing moves for so long is given up. Default: five minutes. */
  readonly idleMsMax?: number | undefined;
  readonly pace?: Pace | undefined;
  readonly clock: Clock;
}

/**
 * The repository at `url`, the part of a location behind `rest:`. Nothing is asked of the server yet; the files of certificates are read
 * with the first request, and `storage.denied` says what is wrong with them.
 * @param url `http:` or `https:`; its path ends with a slash or gets one. A user in it needs the password of `access`
 * @throws `storage.invalid-location` for a password in it, for a user without one, and for one that would go over the line in clear text
 */
export function openRest(url: URL, access: RestAccess): RestStorage {
  const base = new URL(url);
  base.username = '';
  base.password = '';
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  const location = `rest:${base.href}`;
  const refuse = (reason: string): never => {
    throw new CadanganError('storage.invalid-location', { location, reason });
  };
  if (url.password !== '') refuse('a password does not belong into a location');
  const { credentials, pace } = access;
  if (url.username !== '' && credentials === undefined) refuse('it names a user, and no password is known for it');
  if (credentials?.user.includes(':')) refuse('HTTP has no user names with a colon');
  if (credentials && base.protocol === 'http:' && access.isPlainAuthAllowed !== true && !isThisMachine(base.hostname))
    refuse('the password would go over the line in clear text; write "https:", or allow it');
  const line = new PlaneLine(base, credentials, {
    idleMsMax: access.idleMsMax ?? idleMsDefault,
    ...(pace && { pace }),
    proxy: proxyTo(base, access.environment),
    secureContext: () => secureContextOf(location, access),
  });
  return new RestStorage(line, { location, clock: access.clock });
}

/** @throws `arguments.invalid` for a variable of the environment that names no proxy */
function proxyTo({ hostname, protocol }: URL, environment: Environment = {}): string | undefined {
  return isThisMachine(hostname) ? undefined : proxyFrom(environment, hostname, { isSecure: protocol === 'https:' });
}

function isThisMachine(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** @throws `storage.denied` with the file that is no certificate or key, or cannot be read */
function secureContextOf(location: string, { caFile, clientCertificateFile, clientKeyFile }: RestAccess): SecureContext {
  const textOf = (path: string): string => {
    try {
      return readFileSync(path, 'utf8');
    } catch (cause) {
      throw new CadanganError('storage.denied', { location, path, reason: systemCode(cause) }, { cause });
    }
  };
  const files = {
    ...(caFile !== undefined && { ca: [textOf(caFile)] }),
    ...(clientCertificateFile !== undefined && { cert: textOf(clientCertificateFile) }),
    ...(clientKeyFile !== undefined && { key: textOf(clientKeyFile) }),
  };
  try {
    return contextWith(files);
  } catch (cause) {
    const path = [caFile, clientCertificateFile, clientKeyFile].filter((file) => file !== undefined).join(', ');
    throw new CadanganError('storage.denied', { location, path, reason: systemCode(cause) ?? 'no certificate or key' }, { cause });
  }
}
