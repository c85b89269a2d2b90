import { CadanganError, type Environment } from '../platform/index.ts';
import { isLoopback, proxyFrom } from '../http/index.ts';

/** The addresses of Google that we speak to, without a slash at the end. Nothing else in this room names a host. */
export interface GoogleEndpoints {
  /** Metadata: `…/drive/v3`. */
  readonly api: string;
  /** Uploads: `…/upload/drive/v3`. */
  readonly upload: string;
  /** The page where a person chooses an account and agrees. */
  readonly auth: string;
  readonly token: string;
  readonly revoke: string;
  /** Where a program without a browser asks for a code that a person types elsewhere. */
  readonly device: string;
  /** Through which all of them are reached: `http://proxy.example:3128`. */
  readonly proxy?: string | undefined;
}

export const googleEndpoints: GoogleEndpoints = {
  api: 'https://www.googleapis.com/drive/v3',
  upload: 'https://www.googleapis.com/upload/drive/v3',
  auth: 'https://accounts.google.com/o/oauth2/v2/auth',
  token: 'https://oauth2.googleapis.com/token',
  revoke: 'https://oauth2.googleapis.com/revoke',
  device: 'https://oauth2.googleapis.com/device/code',
};

/**
 * Google's own addresses, or those of an emulator that `CADANGAN_GOOGLE_ENDPOINT` names (`http://127.0.0.1:1234`). Tokens go to these
 * addresses, so anything but the loopback interface of this machine is refused.
 * @param proxy as configured; it wins over the environment's, which an emulator on this machine is not behind
 * @throws `arguments.invalid`
 */
export function endpointsFrom(environment: Environment, proxy?: string): GoogleEndpoints {
  const address = environment['CADANGAN_GOOGLE_ENDPOINT'];
  const isEmulator = address !== undefined && address !== '';
  const endpoints = isEmulator ? emulatorEndpoints(address) : googleEndpoints;
  const through = proxy ?? (isEmulator ? undefined : proxyFrom(environment, new URL(endpoints.api).hostname));
  return through === undefined ? endpoints : { ...endpoints, proxy: through };
}

/** @throws `arguments.invalid` unless `address` is a loopback address */
export function emulatorEndpoints(address: string): GoogleEndpoints {
  const url = URL.parse(address);
  if (
    !url ||
    !isLoopback(url) ||
    url.username !== '' ||
    url.password !== '' ||
    url.pathname !== '/' ||
    url.search !== '' ||
    url.hash !== ''
  ) {
    throw new CadanganError('arguments.invalid', {
      argument: 'CADANGAN_GOOGLE_ENDPOINT',
      reason: 'it must be http://127.0.0.1:PORT, an emulator on this machine',
    });
  }
  const base = url.origin;
  return {
    api: `${base}/drive/v3`,
    upload: `${base}/upload/drive/v3`,
    auth: `${base}/o/oauth2/v2/auth`,
    token: `${base}/token`,
    revoke: `${base}/revoke`,
    device: `${base}/device/code`,
  };
}
