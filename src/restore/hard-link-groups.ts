import type { Node } from '../repository/index.ts';
import type { ExceptionLog } from './exceptions.ts';
import type { FilePlan, HardLinkGroup } from './plan.ts';

/** Finds the nodes of a snapshot that were names of one file. Remembers a file only until its last name has come. */
export class HardLinkGroups {
  readonly #groups = new Map<string, { readonly group: HardLinkGroup; namesLeft: bigint }>();

  /**
   * The group of a file that had other names, inside the backup or not; undefined for most. Without a device (restic 0.16+ may leave it
   * out) it is 0.
   */
  groupOf({ type, links, inode, deviceId }: Node): HardLinkGroup | undefined {
    if (type !== 'file' || links <= 1 || inode === 0) return undefined;
    const key = `${deviceId}:${inode}`;
    const known = this.#groups.get(key) ?? { group: { leader: undefined }, namesLeft: BigInt(links) };
    known.namesLeft -= 1n;
    if (known.namesLeft > 0n) this.#groups.set(key, known);
    else this.#groups.delete(key);
    return known.group;
  }
}

/**
 * Of the names of one file, the first that is written stays a file; those that come after it become links to it. Only to a file that this
 * run writes: what was in the target before may have names elsewhere.
 */
export function decideHardLinks(files: readonly FilePlan[], exceptions: ExceptionLog): void {
  for (const file of files) {
    const { group } = file;
    if (!group) continue;
    const { leader } = group;
    if (!leader) group.leader = file;
    // it changed during the backup
    else if (!hasSameContent(leader, file)) exceptions.add(file.path, 'hard-link', 'it had other content than its other name');
    else if (leader.action === 'write') file.action = 'link';
    else if (file.action === 'unchanged' && file.existing?.deviceAndInode === leader.existing?.deviceAndInode) continue;
    else {
      if (file.action === 'write') group.leader = file;
      exceptions.add(file.path, 'hard-link', 'its other name was not written');
    }
  }
}

function hasSameContent(a: FilePlan, b: FilePlan): boolean {
  return a.content.length === b.content.length && a.content.every((id, i) => id === b.content[i]);
}
