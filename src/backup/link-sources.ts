import { readlinkSync, realpathSync } from 'node:fs';
import { byteStringFromBytes, fsPath, systemCode, textOf, type ByteString } from '../platform/index.ts';
import type { PlaceToRead } from './read-places.ts';
import { statOf } from './source-stat.ts';

/** A source that is a link, of which a snapshot has the link alone. */
export interface LinkSource {
  readonly path: ByteString;
  /** Where it points to, as it stands there. */
  readonly target: string;
}

/**
 * Sources that are links to something that no other source has: who names one most likely means what it points to, and a snapshot, as
 * restic makes it, stores the link. @param sources absolute, as the system writes them
 */
export function linkSourcesOf(sources: readonly ByteString[], placeToRead: PlaceToRead): LinkSource[] {
  const isLink = (source: ByteString): boolean => statOf(placeToRead(source)).type === 'symlink';
  return sources.flatMap((path) => {
    if (!isLink(path)) return [];
    const real = realOf(path);
    const isElsewhere = real !== undefined && sources.some((other) => other !== path && !isLink(other) && isIn(real, realOf(other)));
    return isElsewhere
      ? []
      : [{ path, target: textOf(byteStringFromBytes(readlinkSync(fsPath(placeToRead(path)), { encoding: 'buffer' }))) }];
  });
}

function isIn(path: string, folder: string | undefined): boolean {
  return folder !== undefined && (path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`));
}

/** Undefined for one that leads nowhere. */
function realOf(path: ByteString): string | undefined {
  try {
    return byteStringFromBytes(realpathSync(fsPath(path), { encoding: 'buffer' })).replaceAll('\\', '/');
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return undefined;
  }
}
