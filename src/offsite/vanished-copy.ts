import { CadanganError, drivePathOf } from '../platform/index.ts';
import type { Comparison } from './compare-copy.ts';
import type { CopyListing } from './copy-listing.ts';
import type { CopyMemory } from './copy-memory.ts';
import type { CopyFolders, CopyTarget } from './copy-target.ts';

/** What is known to have been in the copy. */
export interface ExpectedCopy {
  /** Drive's ids of the copy's folder; none of a copy that lies elsewhere. */
  readonly folderIds: readonly string[];
  /** How many files of the original were there. */
  readonly files: number;
}

export interface ExpectedOptions {
  readonly expected?: ExpectedCopy | undefined;
  readonly mayBeginAnew?: boolean | undefined;
  /** The copy's place was not asked: it shows nothing that we have not done. */
  readonly known?: CopyListing | undefined;
  readonly signal: AbortSignal;
}

/** Pure. */
export function expectedOf({ folderIds = [], total, behind }: CopyMemory): ExpectedCopy {
  return { folderIds, files: Math.max(0, (total?.files ?? 0) - (behind?.files ?? 0)) };
}

/**
 * Lists the copy, after it is sure that its folder is where it was. A folder that somebody renamed, or moved to the trash, or that another
 * OAuth client cannot see, would otherwise be made a second time and filled for days, while what restic and rclone find under the old name
 * is stale, or nothing.
 * Where a person has said that the copy is to begin anew, it is looked for by its path alone from then on.
 * @throws `offsite.folder-moved`, `offsite.folder-trashed`, `offsite.folder-unseen`; `offsite.files-gone` where nothing is left
 */
export async function listExpected(target: CopyTarget, { expected, mayBeginAnew, signal }: ExpectedOptions): Promise<CopyListing> {
  const listing = await target.list(signal); // first: of another account nothing is asked for by its id
  const { folders } = target;
  if (expected === undefined) return listing;
  if (folders === undefined) {
    refuseEmptyPlace(target, listing, expected, mayBeginAnew ?? false);
    return listing;
  }
  if (await isInPlace(target, folders, expected, mayBeginAnew ?? false, signal)) return listing;
  folders.forgetPlace();
  return target.list(signal);
}

/** A disk that is not mounted, a bucket that was made anew: what is known by its location alone is known by what lies there. */
function refuseEmptyPlace({ location }: CopyTarget, { files: there }: CopyListing, { files }: ExpectedCopy, mayBeginAnew: boolean): void {
  if (files === 0 || there.length > 0 || mayBeginAnew) return;
  throw new CadanganError('offsite.files-gone', { location, files, seen: 0, trashed: 0 });
}

async function isInPlace(
  target: CopyTarget,
  folders: CopyFolders,
  { folderIds, files }: ExpectedCopy,
  mayBeginAnew: boolean,
  signal: AbortSignal,
): Promise<boolean> {
  if (folderIds.length === 0 || files === 0) return true;
  const wheres = await Promise.all(folderIds.map((id) => folders.whereIs(id, signal)));
  const path = drivePathOf(target.location).split('/').filter(Boolean).join('/');
  if (wheres.some((where) => where.kind === 'at' && where.isBelowTop && where.path === path)) return true;
  // A second folder that lies where it should be is judged by what is in it.
  if (await folders.isAtPath(signal)) return true;
  if (mayBeginAnew) return false;
  const facts = { location: target.location, files };
  const moved = wheres.find((where) => where.kind === 'at');
  if (moved?.kind === 'at')
    throw new CadanganError('offsite.folder-moved', { ...facts, seen: `gdrive:${moved.isBelowTop ? '' : '…/'}${moved.path}` });
  const isTrashed = wheres.some(({ kind }) => kind === 'trashed');
  throw new CadanganError(isTrashed ? 'offsite.folder-trashed' : 'offsite.folder-unseen', facts);
}

/** So few are sent again without a question. */
const questionAbove = 10;

/** Lists that are late hide what was uploaded in the last hour, all of it or most; a few of it tell. */
const askedMax = 8;

/**
 * More than half of what was there is gone, and more than half of what the original has is missing: nobody of us did that.
 * @throws `offsite.files-gone`
 */
export async function refuseGoneFiles(
  target: CopyTarget,
  comparison: Comparison,
  { files: copies }: CopyListing,
  { expected: { files } = { folderIds: [], files: 0 }, mayBeginAnew, known, signal }: ExpectedOptions,
): Promise<void> {
  const live = copies.filter(({ isTrashed }) => !isTrashed).length;
  const missing = comparison.states.filter(({ good }) => good === undefined);
  if (mayBeginAnew || known !== undefined || files <= questionAbove || live >= files / 2 || missing.length <= comparison.states.length / 2)
    return;
  const asked = missing.filter(({ isTrashed }) => !isTrashed).slice(0, askedMax);
  const noted = await Promise.all(asked.map(({ source }) => target.isNoted(source, signal)));
  if (noted.includes(true)) return;
  const trashed = comparison.states.filter(({ isTrashed }) => isTrashed).length;
  throw new CadanganError('offsite.files-gone', { location: target.location, files, seen: live, trashed });
}
