import { readFileSync } from 'node:fs';
import { contextWith, HttpPlane, isLoopback, proxyFrom } from '../../http/index.ts';
import { CadanganError, systemCode, type Clock, type Environment, type Pace } from '../../platform/index.ts';
import { CredentialSource, type CredentialPlaces } from './credentials.ts';
import { S3Line } from './s3-line.ts';
import { S3Place, type S3Location, type S3Style } from './s3-place.ts';
import { S3Storage } from './s3-storage.ts';

/** With what an object store is reached. None of it is a secret: keys are read from the environment and the shared files. */
export interface S3Access extends CredentialPlaces {
  /** `AWS_...` for keys and region, `HTTPS_PROXY` and `NO_PROXY`. */
  readonly environment: Environment;
  /** Of the bucket. Default: the one in the host's name, that of the environment or the profile, `us-east-1`. */
  readonly region?: string | undefined;
  readonly style?: S3Style | undefined;
  /** PEM: who vouches for the server besides those that this machine trusts. */
  readonly caFile?: string | undefined;
  readonly pace?: Pace | undefined;
  readonly clock: Clock;
  /** A connection on which nothing moves for so long is given up. Default: a minute. */
  readonly idleMsMax?: number | undefined;
  /** From which size on a file goes in parts, and how large these are. Default: 100 MiB, 32 MiB. */
  readonly parts?: { readonly partsFromBytes: number; readonly partBytes: number } | undefined;
}

/**
 * A repository in a bucket. Nothing is asked of the server yet. Without TLS any host is reached: what is stored is sealed, requests are
 * signed, and the secret is never sent.
 * @throws `storage.invalid-location`
 */
export function openS3(location: S3Location, access: S3Access): S3Storage {
  const place = new S3Place(location, access.style);
  const { endpoint } = location;
  const { environment, caFile, pace, idleMsMax, region, clock } = access;
  const isDirect = endpoint.protocol !== 'https:' || isLoopback(endpoint);
  const plane = new HttpPlane({
    proxy: isDirect ? undefined : proxyFrom(environment, endpoint.hostname),
    isPlainAllowed: () => true,
    socketsMax: 16,
    ...(pace && { pace }),
    ...(idleMsMax !== undefined && { idleMsMax }),
    ...(caFile !== undefined && { secureContext: () => contextWith({ ca: [readAuthority(caFile, place.location)] }) }),
  });
  return new S3Storage(new S3Line({ place, plane, credentials: new CredentialSource(access), region, clock }), access.parts);
}

function readAuthority(path: string, location: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CadanganError('storage.denied', { location, reason: 'authority-unreadable', path, why: systemCode(error) }, { cause: error });
  }
}
