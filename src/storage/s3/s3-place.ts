import { CadanganError } from '../../platform/index.ts';
import { locationLabel } from '../location.ts';
import type { FileKind, FileName } from '../storage.ts';
import { isStoredName } from '../file-name.ts';

/** Where a repository lies in an object store. */
export interface S3Location {
  /** Scheme, host and port; a path in it means nothing. */
  readonly endpoint: URL;
  readonly bucket: string;
  /** What the names of its objects begin with, without slashes around it; may be empty. */
  readonly prefix: string;
}

/**
 * Whether the bucket stands in the path or in the host's name. `auto`: in the host's name at Amazon, where nothing else may be left one
 * day.
 */
export type S3Style = 'auto' | 'path' | 'host';

/** Names and addresses of objects, in restic's layout: `PREFIX/config`, `PREFIX/keys/NAME`, `PREFIX/data/ab/NAME`. */
export class S3Place {
  readonly location: string;
  readonly bucket: string;
  readonly #endpoint: URL;
  readonly #under: string;
  readonly #isHostStyle: boolean;

  /** @throws `storage.invalid-location` for what no address can say */
  constructor({ endpoint, bucket, prefix }: S3Location, style: S3Style = 'auto') {
    this.location = locationLabel({ scheme: 's3', endpoint, bucket, prefix });
    const names = [bucket, ...prefix.split('/').filter((part) => part !== '')];
    if (bucket === '' || bucket.includes('/') || names.some((name) => name === '.' || name === '..'))
      throw new CadanganError('storage.invalid-location', {
        location: this.location,
        reason: 'the bucket is not named, or a part of the name is "." or ".."',
      });
    if (style === 'host' && !hostPart.test(bucket))
      throw new CadanganError('storage.invalid-location', {
        location: this.location,
        reason: 'this name of a bucket cannot be a part of a host name; write "addressing": "path"',
      });
    this.bucket = bucket;
    this.#endpoint = endpoint;
    this.#under = names
      .slice(1)
      .map((part) => `${part}/`)
      .join('');
    this.#isHostStyle = style === 'host' || (style === 'auto' && isAmazon(endpoint) && hostPart.test(bucket));
  }

  /** The region that the host's name has in it, where we know how its owner names hosts: `s3.eu-west-1.amazonaws.com`. */
  get regionOfHost(): string | undefined {
    return hostOfRegion.exec(this.#endpoint.hostname)?.[1];
  }

  /** The object of a file. */
  keyOf(file: FileName): string {
    return file.kind === 'config' ? `${this.#under}config` : `${this.folderOf(file.kind)}${pathIn(file.kind, file.name)}`;
  }

  /** What the objects of a kind begin with. */
  folderOf(kind: Exclude<FileKind, 'config'>): string {
    return `${this.#under}${kind}/`;
  }

  /** The name of the file that an object is; undefined for a stranger. */
  nameOf(kind: Exclude<FileKind, 'config'>, key: string): string | undefined {
    const name = key.slice(key.lastIndexOf('/') + 1);
    return isStoredName(name) && key === this.keyOf({ kind, name }) ? name : undefined;
  }

  /** The address of an object, or of the bucket. @param region decides where Amazon's host without one leads */
  urlOf(key: string | undefined, query: Readonly<Record<string, string>>, region: string): URL {
    const url = new URL(this.#endpoint.origin);
    // The host without a region is of us-east-1, and sends others away.
    if (url.hostname === 's3.amazonaws.com' && region !== 'us-east-1' && hostPart.test(region)) url.hostname = `s3.${region}.amazonaws.com`;
    if (this.#isHostStyle) url.hostname = `${this.bucket}.${url.hostname}`;
    const parts = [...(this.#isHostStyle ? [] : [this.bucket]), ...(key === undefined ? [] : key.split('/'))];
    url.pathname = `/${parts.map(encode).join('/')}`;
    url.search = Object.entries(query)
      .map(([name, value]) => `${encode(name)}=${encode(value)}`)
      .join('&');
    return url;
  }
}

// What may stand before a dot of a host name: anything else could make it another host. No certificate is for a bucket with dots in it.
const hostPart = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

// Of any other host such a part may be the name of a company.
const hostOfRegion =
  /^s3(?:-fips)?(?:\.dualstack)?[.-]((?:[a-z]{2,}-)+[a-z0-9]+)\.(?:amazonaws\.com(?:\.cn)?|backblazeb2\.com|wasabisys\.com|scw\.cloud)$/;

function pathIn(kind: FileKind, name: string): string {
  return kind === 'data' ? `${name.slice(0, 2)}/${name}` : name;
}

function isAmazon({ hostname }: URL): boolean {
  return /(?:^|\.)amazonaws\.com(?:\.cn)?$/.test(hostname);
}

/** As it is signed over: RFC 3986 leaves less as it is than `encodeURIComponent` does. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
