import path from 'node:path';
import { CadanganError, isCode, machinePath, schemeOf, system, type MachinePath } from '../platform/index.ts';

/** Where a repository lies, as parsed from what the user wrote. Paths are as the other side wants them. */
export type Location =
  | { readonly scheme: 'folder'; readonly path: string }
  | {
      readonly scheme: 'sftp';
      readonly user: string | undefined;
      readonly host: string;
      readonly port: number | undefined;
      readonly path: string;
    }
  | { readonly scheme: 'gdrive'; readonly path: string }
  | { readonly scheme: 'rest'; readonly url: URL }
  | { readonly scheme: 's3'; readonly endpoint: URL; readonly bucket: string; readonly prefix: string }
  /** `remote` as rclone's configuration names it, or `:backend` for one that needs no settings. */
  | { readonly scheme: 'rclone'; readonly remote: string; readonly path: string };

/** What a location may look like, for messages: first those that are folders. */
export const locationForms = [
  '/path/to/folder',
  'C:\\path',
  '\\\\server\\share',
  'local:path',
  'gdrive:Folder/Sub',
  'sftp:user@host:/path',
  'rest:https://host/',
  's3:https://host/bucket',
  'rclone:remote:path',
] as const;

/** The system whose path rules apply; a parameter so that every rule is tested on every system. */
export interface LocationRules {
  readonly platform: NodeJS.Platform;
  readonly workingFolder: string;
}

/**
 * Reads a location as restic writes it. A folder comes back absolute. A text with a colon that is neither a known scheme
 * nor surely a path is refused, as restic does, since it may be a slip (`sfpt:host:/x`); `local:` says that it is a path.
 * @throws `storage.invalid-location` with the forms that are understood
 */
export function parseLocation(text: string, rules: LocationRules = hostRules()): Location {
  if (text === '' || text.includes('\0')) throw invalid(text, 'it is empty or holds a NUL character');
  if (isSurelyPath(text, rules.platform)) return folder(text, rules);
  const colon = text.indexOf(':');
  if (colon < 0) return folder(text, rules);
  const rest = text.slice(colon + 1);
  switch (schemeOf(text)) {
    case 'sftp':
      return parseSftp(text, rest);
    case 'gdrive':
      return { scheme: 'gdrive', path: parseDrivePath(text, rest) };
    case 'rest':
      return { scheme: 'rest', url: parseHttpUrl(text, rest.endsWith('/') ? rest : `${rest}/`, 'RESTIC_REST_PASSWORD') };
    case 's3':
      return parseS3(text, rest);
    case 'rclone':
      return parseRclone(text, rest);
    case 'folder':
      if (text.startsWith('local:')) return folder(rest, rules);
      throw invalid(text, 'the part before the colon is not a known scheme; a folder with a colon in its name needs the prefix "local:"');
  }
}

/** The location for logs and screens: as the user would write it. */
export function locationLabel(location: Location): string {
  switch (location.scheme) {
    case 'folder':
      return location.path;
    case 'sftp':
      return sftpLabel(location);
    case 'gdrive':
      return `gdrive:${location.path}`;
    case 'rest':
      return `rest:${location.url.href}`;
    case 's3':
      return `s3:${location.endpoint.href}${[location.bucket, location.prefix].filter(Boolean).join('/')}`;
    case 'rclone':
      return `rclone:${location.remote}:${location.path}`;
  }
}

/** As scp writes it, or as a URL where there is a port or an IPv6 address. */
function sftpLabel({ user, host, port, path: remotePath }: Extract<Location, { scheme: 'sftp' }>): string {
  if (port === undefined && !host.includes(':')) return `sftp:${user === undefined ? '' : `${user}@`}${host}:${remotePath}`;
  const login = user === undefined ? '' : `${encodeURIComponent(user)}@`;
  const address = host.includes(':') ? `[${host}]` : host;
  const encodedPath = remotePath.split('/').map(encodeURIComponent).join('/');
  return `sftp://${login}${address}${port === undefined ? '' : `:${port}`}/${encodedPath}`;
}

function hostRules(): LocationRules {
  return { platform: system.platform, workingFolder: process.cwd() };
}

/** Absolute, or with a leading `./` or `../`; on Windows also drive letters, UNC and backslashes. */
function isSurelyPath(text: string, platform: NodeJS.Platform): boolean {
  if (/^(\/|\.\.?(\/|$))/.test(text)) return true;
  return platform === 'win32' && /^([a-zA-Z]:[\\/]|\\|\.\.?\\)/.test(text);
}

function folder(text: string, { platform, workingFolder }: LocationRules): Location {
  if (text === '') throw invalid(text, 'the path is empty');
  if (platform === 'win32') return { scheme: 'folder', path: windowsFolder(text, workingFolder) };
  // On POSIX these would silently become an oddly named folder in the working folder.
  if (text.startsWith('\\\\')) throw invalid(text, 'a UNC path works on Windows only; mount the share and name the mount point');
  return { scheme: 'folder', path: path.posix.resolve(workingFolder, text) };
}

function windowsFolder(text: string, workingFolder: string): MachinePath {
  try {
    return machinePath(text, { windows: true, workingFolder });
  } catch (error) {
    if (!isCode(error, 'path.unsupported')) throw error;
    throw invalid(text, String(error.facts['reason']), error);
  }
}

/** `user@host:dir` as scp writes it, or a URL whose path is relative to the home folder unless it begins with two slashes. */
function parseSftp(text: string, rest: string): Location {
  if (rest.startsWith('//')) return parseSftpUrl(text);
  const colon = rest.indexOf(':');
  if (colon < 0) throw invalid(text, 'between host and path a colon is missing');
  const login = rest.slice(0, colon);
  const at = login.lastIndexOf('@'); // a Windows domain user is `user@domain`
  const host = login.slice(at + 1);
  const user = at < 0 ? undefined : login.slice(0, at);
  return sftp(text, user, host, undefined, rest.slice(colon + 1));
}

function parseSftpUrl(text: string): Location {
  const url = URL.parse(text);
  if (!url) throw invalid(text, 'it is not a URL');
  if (url.password !== '') throw invalid(text, 'a password does not belong into a location');
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const user = url.username === '' ? undefined : decode(text, url.username);
  return sftp(text, user, host, url.port === '' ? undefined : Number(url.port), decode(text, url.pathname).slice(1));
}

function sftp(text: string, user: string | undefined, host: string, port: number | undefined, remotePath: string): Location {
  if (host === '' || host.startsWith('-') || user === '' || user?.startsWith('-'))
    throw invalid(text, 'user or host is empty or begins with a dash');
  if (remotePath === '') throw invalid(text, 'the path is empty');
  if (remotePath === '~' || remotePath.startsWith('~/')) throw invalid(text, 'the home folder is written as a relative path, without "~/"');
  return { scheme: 'sftp', user, host, port, path: path.posix.normalize(remotePath) };
}

function parseDrivePath(text: string, rest: string): string {
  const parts = rest.split('/').filter((part) => part !== '');
  if (parts.length === 0) throw invalid(text, 'the folder on Drive is not named');
  if (parts.some((part) => part === '.' || part === '..')) throw invalid(text, 'Drive has no "." and ".." folders');
  return parts.join('/');
}

/** `s3:https://host/bucket/prefix`, `s3://host/bucket` or `s3:host/bucket`; without a scheme it is HTTPS. */
function parseS3(text: string, rest: string): Location {
  const address = rest.startsWith('//') ? rest.slice(2) : rest;
  const url = parseHttpUrl(text, /^https?:\/\//.test(address) ? address : `https://${address}`, 'AWS_SECRET_ACCESS_KEY');
  const [bucket = '', ...prefix] = decode(text, url.pathname)
    .split('/')
    .filter((part) => part !== '');
  if (bucket === '') throw invalid(text, 'the bucket is not named');
  const endpoint = new URL(url);
  endpoint.pathname = '/';
  return { scheme: 's3', endpoint, bucket, prefix: prefix.join('/') };
}

/**
 * `remote:path`, both as rclone understands them. A remote is an argument of rclone's command line, which everybody on the machine may
 * read: so it is no option, and has no settings in it, which may be secrets.
 */
function parseRclone(text: string, rest: string): Location {
  const [, remote, remotePath] = /^(:?[^:]+):(.*)$/s.exec(rest) ?? [];
  if (remote === undefined || remotePath === undefined) throw invalid(text, 'it is written as rclone:remote:path');
  if (/^[-/\\.]/.test(remote)) throw invalid(text, 'the name of the remote begins with a dash, a dot or a slash');
  if (remote.includes(',')) throw invalid(text, "settings of a remote do not belong into a location, but into rclone's own configuration");
  return { scheme: 'rclone', remote, path: remotePath };
}

/** @param variable of the environment that a password may stand in */
function parseHttpUrl(text: string, address: string, variable: string): URL {
  const url = URL.parse(address);
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw invalid(text, 'an http or https address must follow the scheme');
  decode(text, url.username);
  if (url.password !== '')
    throw invalid(text, `a password does not belong into a location, but into a file or the environment (${variable})`);
  if (url.search !== '' || url.hash !== '') throw invalid(text, 'the address has a query or a fragment');
  return url;
}

function decode(text: string, encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch (cause) {
    throw invalid(text, 'its percent signs are not an encoding', cause);
  }
}

/**
 * The text itself may hold a secret, also when it is too wrong to be a URL: `user:…@` behind the scheme is hidden, and so are settings of a
 * remote.
 */
function invalid(text: string, reason: string, cause?: unknown): CadanganError {
  const location = text.replace(/^(\w+:(?:\w+:)?(?:\/\/)?[^/:@]*):.*@/s, '$1:***@').replace(/^(rclone:[^,]*),.*$/s, '$1,***');
  return new CadanganError(
    'storage.invalid-location',
    { location, reason, supported: locationForms },
    cause === undefined ? {} : { cause },
  );
}
