import { protocol, type FolderPage } from '../../service/index.ts';
import { joinBytes, snapshotRoot, type ByteString } from '../../platform/index.ts';
import type { App } from '../app.ts';
import { errorDataOf } from '../editor/show-error.ts';
import type { EntryNode, SnapshotNode, SnapshotsNode } from './snapshot-nodes.ts';

/** Rows at a time: the editor stays quick with some hundreds, and nobody reads more. */
export const pageSize = 500;
const foldersOnTheWayMax = 64;

/** What a folder shows: the pages that were asked for, and a row that brings the next one. */
export async function folderChildren(app: App, node: SnapshotNode | EntryNode): Promise<SnapshotsNode[]> {
  const { folder } = node;
  try {
    if (folder.total === undefined) await loadPage(app, node);
  } catch (error) {
    return [{ kind: 'problem', location: node.location, error: errorDataOf(error), parent: node }];
  }
  const total = folder.total ?? 0;
  const shown = folder.entries.length;
  return shown < total ? [...folder.entries, { kind: 'more', parent: node, shown, total }] : [...folder.entries];
}

/** @throws HostError */
export async function loadPage(app: App, node: SnapshotNode | EntryNode): Promise<void> {
  const { location, snapshot, folder } = node;
  const { id: repositoryId } = await app.repositories.info(location);
  const offset = folder.entries.length;
  const list = (path: ByteString) =>
    app.engine.request(protocol.listFolder, { location, snapshot: snapshot.id, path, offset, limit: pageSize });
  const { parentPath, page } = node.kind === 'entry' ? { parentPath: node.path, page: await list(node.path) } : await firstFork(list);
  // Two clicks on the same row ask for the same page.
  if (folder.entries.length !== offset) return;
  folder.total = page.total;
  for (const entry of page.entries) {
    const path = joinBytes(parentPath, entry.name);
    folder.entries.push({
      kind: 'entry',
      location,
      repositoryId,
      snapshot,
      path,
      entry,
      parent: node,
      folder: { entries: [], total: undefined },
    });
  }
}

/** A snapshot shows its sources, not the folders on the way to them: those that have nothing but one folder in them. */
async function firstFork(
  list: (path: ByteString) => Promise<FolderPage>,
): Promise<{ readonly parentPath: ByteString; readonly page: FolderPage }> {
  let parentPath = snapshotRoot;
  let page = await list(parentPath);
  for (let depth = 0; depth < foldersOnTheWayMax; depth++) {
    const [only] = page.entries;
    if (page.total !== 1 || only?.type !== 'dir') break;
    const path = joinBytes(parentPath, only.name);
    const inside = await list(path);
    if (inside.total !== 1 || inside.entries[0]?.type !== 'dir') break;
    parentPath = path;
    page = inside;
  }
  return { parentPath, page };
}
