import { rawTextOf, bytesOf, type ByteString } from '../platform/index.ts';
import { findNode, type Node, type Repository, type TreeId } from '../repository/index.ts';

/**
 * The entry at `path`, seen from the folder `start`. Empty names and a trailing `/` mean nothing.
 * @throws `path.not-found`, also for `/` itself, which is no entry of anything; `repository.damaged`
 */
export function nodeAt(repository: Repository, start: TreeId, path: ByteString, signal: AbortSignal): Promise<Node> {
  return findNode(repository, start, rawTextOf(bytesOf(path)), signal);
}
