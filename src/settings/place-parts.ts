import { drivePathOf, schemeOf } from '../platform/index.ts';

/**
 * A location as names from the outside in: first what stands for the server, the account or this machine, then folder by folder. Two
 * locations are in each other's way when one's parts begin the other's. Of the text alone: nobody is asked, links are not followed, and how
 * a server is called twice (by name and by address, by different users) nobody sees here.
 */
export function placePartsOf(location: string): readonly string[] {
  switch (schemeOf(location)) {
    case 'folder':
      return folderParts(location.startsWith('local:') ? location.slice('local:'.length) : location);
    case 'gdrive':
      return ['gdrive', ...driveParts(location)];
    case 'sftp':
      return sftpParts(location.slice('sftp:'.length));
    case 'rest':
      return urlParts('rest', location.slice('rest:'.length));
    case 's3':
      return s3Parts(location.slice('s3:'.length));
    case 'rclone':
      return rcloneParts(location.slice('rclone:'.length));
  }
}

/** A disk of Windows tells no case apart, nor `/` from `\`. */
function folderParts(path: string): readonly string[] {
  const isWindows = /^(?:[A-Za-z]:[\\/]|\\\\)/.test(path);
  const plain = isWindows ? path.replace(/^\\\\\?\\(?:UNC\\)?/i, '').toLowerCase() : path;
  return ['folder', ...resolved(plain.split(isWindows ? /[\\/]/ : '/'))];
}

/**
 * Drive has folders apart whose names differ in case or in how letters are composed; but its search by name does not tell them apart, nor
 * do the disks onto which people download, nor people. Slashes are ours.
 */
function driveParts(location: string): readonly string[] {
  const names = drivePathOf(location).split('/');
  return names.map((name) => name.normalize('NFC').trim().toLowerCase()).filter((name) => name !== '');
}

/** `user@host:path` or a URL, whose path is relative to the home folder unless it begins with two slashes. */
function sftpParts(rest: string): readonly string[] {
  const url = rest.startsWith('//') ? URL.parse(`sftp:${rest}`) : null;
  if (url !== null) return ['sftp', `${url.hostname.toLowerCase()}:${url.port || '22'}`, ...pathParts(decoded(url.pathname).slice(1))];
  const colon = rest.indexOf(':');
  const login = rest.slice(0, Math.max(colon, 0));
  return ['sftp', `${login.slice(login.lastIndexOf('@') + 1).toLowerCase()}:22`, ...pathParts(rest.slice(colon + 1))];
}

/** A path of the home folder is none of the root's, as far as one can tell. */
function pathParts(path: string): readonly string[] {
  return [path.startsWith('/') ? '/' : '~', ...resolved(path.split('/'))];
}

function urlParts(scheme: string, text: string): readonly string[] {
  const url = URL.parse(text);
  if (url === null) return [scheme, text];
  return [scheme, `${url.protocol}//${url.host}`, ...resolved(decoded(url.pathname).split('/'))];
}

function s3Parts(rest: string): readonly string[] {
  const address = rest.startsWith('//') ? rest.slice(2) : rest;
  return urlParts('s3', /^https?:\/\//.test(address) ? address : `https://${address}`);
}

function rcloneParts(rest: string): readonly string[] {
  const colon = rest.indexOf(':', 1);
  return ['rclone', rest.slice(0, colon), ...resolved(rest.slice(colon + 1).split('/'))];
}

function resolved(names: readonly string[]): readonly string[] {
  const parts: string[] = [];
  for (const name of names) {
    if (name === '..') parts.pop();
    else if (name !== '' && name !== '.') parts.push(name);
  }
  return parts;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
