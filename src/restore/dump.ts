import { CadanganError, isCode, throwIfAborted } from '../platform/index.ts';
import { findNode, type BlobId, type Node, type Repository, type TreeId } from '../repository/index.ts';

/** Blobs that are read before they are asked for: at most 8 MiB each. */
const blobsAhead = 2;

/**
 * The content of one file of a snapshot, in order, each part proven before it is given out. `repository.loadIndex` must have been called.
 * @throws `path.not-found` when there is nothing at `path` or it is no regular file; `repository.damaged` with the path, after the parts
 * before it
 */
export async function* dumpFile(
  repository: Repository,
  tree: TreeId,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const node = await findNode(repository, tree, path, signal);
  const coming: Promise<Uint8Array>[] = [];
  const ids = contentOf(node, path).values();
  const pull = (): void => {
    const next = ids.next();
    if (next.done === true) return;
    const blob = repository.loadBlob('data', next.value, signal);
    blob.catch(() => undefined); // seen when its turn comes
    coming.push(blob);
  };
  for (let i = 0; i < blobsAhead; i++) pull();
  for (let blob = coming.shift(); blob; blob = coming.shift()) {
    throwIfAborted(signal);
    pull();
    yield await withPath(blob, path);
  }
}

function contentOf({ type, content }: Node, path: string): readonly BlobId[] {
  if (type !== 'file') throw new CadanganError('path.not-found', { path, reason: `not a file but ${type}` });
  if (content === null) throw new CadanganError('repository.damaged', { path, reason: 'a file without a list of blobs' });
  return content;
}

async function withPath(blob: Promise<Uint8Array>, path: string): Promise<Uint8Array> {
  try {
    return await blob;
  } catch (error) {
    if (!isCode(error, 'repository.damaged')) throw error;
    throw new CadanganError('repository.damaged', { path, ...error.facts }, { cause: error });
  }
}
