import { statSync } from 'node:fs';

/** Tells one folder from all others, whatever path leads to it. */
export interface FolderIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
}

/** What `stat` says of a folder that a restore must leave alone: the repository that it reads from. */
export function identityOf(folder: string | undefined): FolderIdentity | undefined {
  if (folder === undefined) return undefined;
  const stats = statSync(folder, { bigint: true, throwIfNoEntry: false });
  return stats && { dev: stats.dev, ino: stats.ino };
}

export function isSameFolder(stats: FolderIdentity, other: FolderIdentity | undefined): boolean {
  return other !== undefined && stats.ino === other.ino && stats.dev === other.dev;
}
