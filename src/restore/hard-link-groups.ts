import type { Node } from '../repository/index.ts';
import type { HardLinkGroup } from './plan.ts';

/** Finds the nodes of a snapshot that were names of one file. Remembers a file only until its last name has come. */
export class HardLinkGroups {
  readonly #groups = new Map<string, { readonly group: HardLinkGroup; namesLeft: bigint }>();

  /** The group of a file that had other names, inside the backup or not; undefined for most. Without a device (restic 0.16+ may leave it out) it is 0. */
  groupOf({ type, links, inode, deviceId, size }: Node): HardLinkGroup | undefined {
    if (type !== 'file' || links <= 1 || inode === 0) return undefined;
    // The size as a guard: an inode number can have been given to another file while the backup ran.
    const key = `${deviceId}:${inode}:${size}`;
    const known = this.#groups.get(key) ?? { group: { leader: undefined }, namesLeft: BigInt(links) };
    known.namesLeft -= 1n;
    if (known.namesLeft > 0n) this.#groups.set(key, known);
    else this.#groups.delete(key);
    return known.group;
  }
}
