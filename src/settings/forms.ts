/**
 * How the texts of a configuration look. The patterns are in the JSON Schema too, so the editor marks a slip while it is typed; each has a
 * word (`Form`) that the messages explain.
 */
export type Form =
  | 'set-name'
  | 'absolute-path'
  | 'source'
  | 'copy-place'
  | 'window'
  | 'window-length'
  | 'time-zone'
  | 'size'
  | 'duration'
  | 'tag'
  | 'program'
  | 'not-blank'
  | 'keep-rule'
  | 'email'
  | 'drive-folder'
  | 'drive-id'
  | 'proxy'
  | 'date'
  | 'location'
  | 'storage'
  | 'rate'
  | 'rate-min'
  | 'time'
  | 'web-address'
  | 'chat'
  | 'not-unique';

/** Fit for a command line, a file name and a tag. */
export const setName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/**
 * A drive or a share of Windows, also behind `\\?\`. Devices (`\\.\`), volumes (`\\?\Volume{...}`) and a server without a share are none:
 * nothing in a snapshot could name them, and it is better told here than at night (`parseWindowsPath`).
 */
const windowsPath = String.raw`(?:\\\\\?\\)?[A-Za-z]:[\\/]|\\\\(?:\?\\[Uu][Nn][Cc]\\)?[^\\/?.][^\\/]*[\\/]+[^\\/]`;

/** How the location of a server begins, as far as a slip can be told from it; `parseLocation` (`storage/`) reads it. */
const server = String.raw`sftp:[^\s]|rest:https?://[^\s/]|s3:[^\s]|rclone::?[^\s:/]+:`;

/** What several locations on servers begin with, or one of them. */
export const storagePrefix = /^(?:sftp:[^\s-]|rest:https?:\/\/[^\s/]|s3:[^\s]|rclone:)/;

/** POSIX, a Windows drive, or UNC; whose system it is, is not asked: the file may be looked at on another one. */
export const absolutePath = new RegExp(`^(?:/|${windowsPath})`);

/** What is backed up: in a snapshot a server that is named by one letter would be a drive. */
export const sourcePath = new RegExp(String.raw`^(?!\\\\(?:\?\\[Uu][Nn][Cc]\\)?[A-Za-z][\\/])(?:/|${windowsPath})`);

/**
 * A location that can be opened: an absolute path, also behind `local:`, a folder on Google Drive, or a server as restic writes it. The
 * file is read by processes that work in different folders, and none of them is a shell that knows `~`.
 */
export const location = new RegExp(String.raw`^(?:(?:local:)?(?:/|${windowsPath})|gdrive:/*[^/\s]|${server})`);

/** `21:00-23:00`, also over midnight. */
export const windowText = /^(?:[01]\d|2[0-3]):[0-5]\d-(?:[01]\d|2[0-3]):[0-5]\d$/;

/** `07:00` */
export const timeText = /^(?:[01]\d|2[0-3]):[0-5]\d$/;

/** Over TLS, or on this machine alone (`plainAgentFor` of the Drive client refuses others); without a name and password. */
export const webAddress = /^(?:https:\/\/[^\s/?#@]+|http:\/\/(?:127\.0\.0\.1|\[::1\])(?::\d{1,5})?)(?:[/?][^\s#]*)?$/;

/** What Telegram calls a chat: a number (of a group below zero), or the name of a channel. */
export const chatText = /^(?:-?\d{1,20}|@[A-Za-z]\w{3,63})$/;

/** As restic's `--exclude-larger-than`. */
export const sizeText = /^\d{1,15}[bkmgtBKMGT]?$/;

/** As restic's `--keep-within`: years, months, days, hours. */
export const durationText = /^(?=\d)(?:\d{1,6}y)?(?:\d{1,6}m)?(?:\d{1,6}d)?(?:\d{1,6}h)?$/;

/** restic separates tags by commas. */
export const tagText = /^[^,\s](?:[^,]*[^,\s])?$/;

/** Enough to catch a slip; Google says whose it is. */
export const emailAddress = /^[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+$/;

/** Where a copy lies: a location, of which a folder on Google Drive is held against all of its form. */
export const copyPlace = new RegExp(String.raw`^(?:(?:local:)?(?:/|${windowsPath})|gdrive:/*[^/\s][^/]*(?:/+[^/]+)*/*$|${server})`);

/** A folder on Google Drive, named from the top of the drive: `gdrive:Folder/Sub`. */
export const driveFolder = /^gdrive:\/*[^/\s][^/]*(?:\/+[^/]+)*\/*$/;

/** What Google calls a shared drive; it stands in its address. */
export const driveId = /^[A-Za-z0-9_-]{5,100}$/;

/** A host and a port, without a name and password: those are secrets. */
export const proxyAddress = /^https?:\/\/(?:[^\s/?#@:[\]]+|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?\/?$/;
/** `2 Mbit/s`, `500 kB/s`, or `none`. */
export const rateText = /^(?:none|\d{1,9}(?:\.\d{1,3})?\s?[kMG]?(?:bit|B)\/s)$/;

/** Below, a pack of 16 MiB takes more than half an hour, and nothing else would get its turn. */
const bytesPerSecondMin = 8_000;

export function isFastEnough(rate: string): boolean {
  return (bytesPerSecondOf(rate) ?? Infinity) >= bytesPerSecondMin;
}

/** Of a rate as it stands in the file, in decimal units as lines are sold; undefined for `none`. */
export function bytesPerSecondOf(rate: string): number | undefined {
  const [, value, prefix = '', unit] = /^([\d.]+)\s?([kMG]?)(bit|B)\/s$/.exec(rate) ?? [];
  if (value === undefined) return undefined;
  return Number(value) * 1000 ** ['', 'k', 'M', 'G'].indexOf(prefix) * (unit === 'bit' ? 1 / 8 : 1);
}

/** `2026-11-23` */
export const dateText = /^\d{4}-\d\d-\d\d$/;

/** A day that the calendar has. */
export function isDate(text: string): boolean {
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}

/** Something other than blanks. */
export const notBlank = /\S/;

/** A window from a time of day to itself is empty, or a whole day: nobody can tell. */
export function hasLength(window: string): boolean {
  const [start, end] = window.split('-');
  return start !== end;
}

/** Secrets do not belong into the file, whatever their key is called. `passwordFile`, `passwordCommand` and such only say where one is. */
export function isSecretKey(key: string): boolean {
  return (
    !/^(?:pass(?:word|phrase)[_-]?(?:file|command)|(?:secret|token)[_-]?file|credentials?[_-]?file|service[_-]?account[_-]?key[_-]?file)$/i.test(
      key,
    ) && /pass?w(?:or)?d|passphrase|\bpwd\b|secret|token|credential|kata[_ -]?sandi|(?:private|api|access)[_-]?key/i.test(key)
  );
}

/** `rest:https://user:secret@host/` */
export function hasUrlPassword(location: string): boolean {
  return /:\/\/[^/@\s]*:[^/@\s]+@/.test(location);
}
