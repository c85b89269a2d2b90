/*
 * What a location is, asked of its text alone and the same on every system: rooms that open nothing (the configuration, a window) ask it
 * too. Whether the text is a location at all is for `parseLocation` of the storage room to say.
 */

const remoteSchemes = ['gdrive', 'sftp', 'rest', 's3', 'rclone'] as const;

/** By which road a repository is reached. `folder`: through the file system, a mounted share too. */
export type LocationScheme = 'folder' | (typeof remoteSchemes)[number];

/** The road that a location names. Text with any other word before a colon is a folder here. */
export function schemeOf(location: string): LocationScheme {
  return remoteSchemes.find((scheme) => location.startsWith(`${scheme}:`)) ?? 'folder';
}

/**
 * Reached over a line of our own making: it costs a round trip to ask it anything, it tells of no change by itself, and what goes there
 * counts against the rate limit.
 */
export function isRemote(location: string): boolean {
  return schemeOf(location) !== 'folder';
}

/** In the account on Google Drive that the configuration names: only with that it can be opened. */
export function isOnDrive(location: string): boolean {
  return schemeOf(location) === 'gdrive';
}

/** `Folder/Sub` of `gdrive:Folder/Sub`, as it was written. */
export function drivePathOf(location: string): string {
  return location.slice('gdrive:'.length);
}
