import type { ByteString } from '../platform/index.ts';

/**
 * Where something is read that a snapshot has under another path: a shadow copy of a volume stands for the volume. Rules, issues and the
 * tree know the path that it has; only what opens or looks at a file asks for this one.
 */
export type PlaceToRead = (path: ByteString) => ByteString;

/** Everything is read where it is. */
export const asItIs: PlaceToRead = (path) => path;

/**
 * What stands for a volume. Both end with a slash: `C:/`, `C:/ProgramData/.../C/`. A device is none: Node takes the slash from its end, and
 * what is left is the volume itself, which cannot be opened as a folder.
 */
export interface StandIn {
  readonly volume: ByteString;
  readonly copy: ByteString;
}

/** Volumes as Windows has them, whose letters have no case; what lies on no volume of these is read where it is. */
export function placesBehind(standIns: readonly StandIn[]): PlaceToRead {
  if (standIns.length === 0) return asItIs;
  const copies = standIns.map(({ volume, copy }) => ({ root: volume.toLowerCase(), copy }));
  return (path) => {
    const slashed = path.replaceAll('\\', '/');
    const whole = /^[A-Za-z]:$/.test(slashed) ? `${slashed}/` : slashed;
    const found = copies.find(({ root }) => whole.slice(0, root.length).toLowerCase() === root);
    return found ? ((found.copy + whole.slice(found.root.length)) as ByteString) : path;
  };
}
