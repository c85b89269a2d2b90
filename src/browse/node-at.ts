import { CadanganError, namesOf, textOf, throwIfAborted, type ByteString } from '../platform/index.ts';
import type { Node, Repository, TreeId } from '../repository/index.ts';

/**
 * The entry at `path`, seen from the folder `start`. Empty names and a trailing `/` mean nothing.
 * @throws `path.not-found`, also for `/` itself, which is no entry of anything; `repository.damaged`
 */
export async function nodeAt(repository: Repository, start: TreeId, path: ByteString, signal?: AbortSignal): Promise<Node> {
  let folder: TreeId | undefined = start;
  let found: Node | undefined;
  for (const name of namesOf(path)) {
    throwIfAborted(signal);
    const nodes: readonly Node[] = folder === undefined ? [] : (await repository.loadTree(folder, signal)).nodes;
    found = nodes.find((node) => node.name === name);
    if (!found) throw notFound(path);
    folder = found.type === 'dir' ? found.subtree : undefined;
  }
  if (!found) throw notFound(path);
  return found;
}

function notFound(path: ByteString): CadanganError {
  return new CadanganError('path.not-found', { path: textOf(path) });
}
