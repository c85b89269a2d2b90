import { createHash } from 'node:crypto';
import { formatDate, isOnDrive, type ByteString } from '../../platform/index.ts';
import { bytesOfText, textOfBytes } from './byte-paths.ts';
import { snapshotScheme } from '../manifest/contributions.ts';
import { instantOf } from './instants.ts';

/** A file or folder of a snapshot. Immutable: what it names never changes. */
export interface SnapshotEntry {
  readonly repositoryId: string;
  readonly snapshotId: string;
  /** Begins with `/`. */
  readonly path: ByteString;
  /**
   * Where the repository lies, as `placeMark` has it: copies have the id of their original. In URIs of older versions it is `drive` for any
   * place on Google Drive, and undefined for the others.
   */
  readonly place?: string;
}

/** The parts of an URI, as the editor takes and gives them. */
export interface UriParts {
  readonly scheme: string;
  readonly authority: string;
  readonly path: string;
  readonly query: string;
}

/**
 * `cadangan://<snapshot>.<repository>.<place>/<path>?{"at":"22 Nov 2026, 21:00"}`. What it is of stands in the authority, so that
 * everything the editor makes of the path (breadcrumbs, labels, comparisons of two dates) sees the path of the file alone. The query is for
 * people only: the editor shows it beside the path (`resourceLabelFormatters` reads it as JSON).
 */
export function uriOfEntry({ repositoryId, snapshotId, path, place }: SnapshotEntry, time: string): UriParts {
  const query = JSON.stringify({ at: formatDate(instantOf(time)) });
  return {
    scheme: snapshotScheme,
    authority: `${snapshotId}.${repositoryId}${place === undefined ? '' : `.${place}`}`,
    path: textOfBytes(path),
    query,
  };
}

/** Undefined for what we did not make: other schemes, ids that are none. */
export function entryOfUri({ scheme, authority, path }: Pick<UriParts, 'scheme' | 'authority' | 'path'>): SnapshotEntry | undefined {
  const [, snapshotId, repositoryId, place] = /^([0-9a-f]{64})\.([0-9a-f]{64})(?:\.([0-9a-f]{12}|drive))?$/.exec(authority) ?? [];
  if (scheme !== snapshotScheme || snapshotId === undefined || repositoryId === undefined) return undefined;
  return {
    repositoryId,
    snapshotId,
    path: bytesOfText(path.replace(/(?<=.)\/$/, '') || '/'),
    ...(place === undefined ? {} : { place }),
  };
}

/** Tells places apart, in an authority, which is no place for a location itself. */
export function placeMark(location: string): string {
  return createHash('sha256').update(location).digest('hex').slice(0, 12);
}

/** Whether an entry of such a place may lie in the repository at that location. */
export function isMeantPlace(place: string | undefined, location: string): boolean {
  return place === undefined || (place === 'drive' ? isOnDrive(location) : placeMark(location) === place);
}
