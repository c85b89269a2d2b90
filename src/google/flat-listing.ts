import pMap from 'p-map';
import type { DriveClient } from './drive-client.ts';
import type { FolderTree } from './folder-tree.ts';
import { fileAt, type DriveItem, type RemoteFile } from './remote-file.ts';

/** Deeper than any repository; folders could lie in a circle. */
const depthMax = 12;
const lookupsAtOnce = 8;

/**
 * Everything below `rootIds`, from one list of all that this program can see: with the narrow permission that is little else. 1000 files a
 * request, where folder by folder would be 260 requests at least.
 */
export async function listFlat(
  client: DriveClient,
  tree: FolderTree,
  rootIds: readonly string[],
  location: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly files: readonly RemoteFile[]; readonly hasDoubledFolders: boolean }> {
  const items = await client.list(undefined, { location }, signal);
  const folders = new Map(items.filter(({ isFolder }) => isFolder).map((item) => [item.id, item]));
  await addMissingFolders(client, folders, items, rootIds, location, signal);
  const roots = new Set(rootIds);
  const paths = new Map<string, readonly string[] | undefined>(rootIds.map((id) => [id, []]));
  const files = items.flatMap((item) => (item.isFolder ? [] : (remoteFile(item, pathOf(item, folders, roots, paths), folders) ?? [])));
  const own = await tree.ownMissing(new Set(items.map(({ id }) => id)), signal);
  files.push(...own.flatMap(({ path, item }) => (item.isFolder ? [] : (remoteFile(item, path, folders) ?? []))));
  const places = [...folders.values()].flatMap((folder) => {
    const above = folder.trashed ? undefined : pathOf(folder, folders, roots, paths);
    return above === undefined ? [] : [[...above, folder.name].join('/')];
  });
  return {
    files: files.filter(({ id, trashed }) => trashed || !tree.wasRemoved(id)),
    hasDoubledFolders: rootIds.length > 1 || new Set(places).size < places.length,
  };
}

/** A list may not show a folder yet whose files it shows. Asked once each; what is not visible stays unknown. */
async function addMissingFolders(
  client: DriveClient,
  folders: Map<string, DriveItem>,
  items: readonly DriveItem[],
  rootIds: readonly string[],
  location: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const asked = new Set(rootIds);
  let unknown = unknownParents(items, folders, asked);
  for (let depth = 0; unknown.length > 0 && depth < depthMax; depth++) {
    for (const id of unknown) asked.add(id);
    const found = await pMap(unknown, (id) => client.get(id, { location }, signal), { concurrency: lookupsAtOnce });
    const added = found.flatMap((item) => (item?.isFolder ? [item] : []));
    for (const item of added) folders.set(item.id, item);
    unknown = unknownParents(added, folders, asked);
  }
}

function unknownParents(items: readonly DriveItem[], folders: ReadonlyMap<string, DriveItem>, asked: ReadonlySet<string>): string[] {
  return [...new Set(items.flatMap(({ parents }) => parents.slice(0, 1)))].filter((id) => !folders.has(id) && !asked.has(id));
}

/** The names of the folders from a root down to the item's; undefined outside all roots. */
function pathOf(
  item: DriveItem,
  folders: ReadonlyMap<string, DriveItem>,
  roots: ReadonlySet<string>,
  paths: Map<string, readonly string[] | undefined>,
  depth = 0,
): readonly string[] | undefined {
  const [parentId] = item.parents;
  if (parentId === undefined || depth > depthMax) return undefined;
  if (roots.has(parentId) || paths.has(parentId)) return paths.get(parentId);
  const parent = folders.get(parentId);
  const above = parent && pathOf(parent, folders, roots, paths, depth + 1);
  const path = above && parent ? [...above, parent.name] : undefined;
  paths.set(parentId, path);
  return path;
}

/** A file in a folder that is in the trash is there too, even where its own entry is late to say so. */
function remoteFile(item: DriveItem, path: readonly string[] | undefined, folders: ReadonlyMap<string, DriveItem>): RemoteFile | undefined {
  if (!path) return undefined;
  const trashed = item.trashed || folders.get(item.parents[0] ?? '')?.trashed === true;
  return { ...item, trashed, file: fileAt(path, item.name), path: [...path, item.name].join('/') };
}
