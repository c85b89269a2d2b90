import type { DriveClient } from './drive-client.ts';
import type { DriveItem } from './remote-file.ts';

/** Where a folder is that was known by its id. `unseen`: deleted for good, or not visible to this OAuth client. */
export type Whereabouts =
  | { readonly kind: 'at'; readonly path: string; readonly isBelowTop: boolean }
  | { readonly kind: 'trashed' }
  | { readonly kind: 'unseen' };

/** Folders could lie in a circle. */
const depthMax = 20;

/**
 * Where a folder lies now, asked folder by folder, since lists may be late. What lies above a folder that this program does not see is not
 * known; `isBelowTop` says whether the path is whole.
 */
export async function whereaboutsOf(client: DriveClient, id: string, location: string, signal?: AbortSignal): Promise<Whereabouts> {
  const get = (itemId: string): Promise<DriveItem | undefined> => client.get(itemId, { location }, signal);
  const folder = await get(id);
  if (folder === undefined) return { kind: 'unseen' };
  const names: string[] = [];
  let isBelowTop = false;
  for (let item = folder; names.length < depthMax;) {
    if (item.trashed) return { kind: 'trashed' };
    names.unshift(item.name);
    const [parentId] = item.parents;
    if (parentId === undefined || parentId === client.topId) {
      isBelowTop = parentId !== undefined;
      break;
    }
    const parent = await get(parentId);
    // The top of a drive has no parent. Where not even that can be seen, what cannot be seen either may be it.
    const isTop = parent === undefined ? await mayBeTop(get, parentId, client.topId) : parent.parents.length === 0;
    if (parent === undefined || isTop) {
      isBelowTop = isTop;
      break;
    }
    item = parent;
  }
  return { kind: 'at', path: names.join('/'), isBelowTop };
}

async function mayBeTop(get: (id: string) => Promise<DriveItem | undefined>, id: string, topId: string): Promise<boolean> {
  const top = await get(topId);
  return top === undefined || top.id === id;
}
