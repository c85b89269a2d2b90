import pMap from 'p-map';
import { CadanganError, textOf, type ByteString } from '../platform/index.ts';
import type { Node, Repository } from '../repository/index.ts';

/** Each blob has at most 8 MiB. */
const blobsAtOnce = 4;

/**
 * The bytes of a file of a snapshot, each blob proven.
 * @throws `file.too-large` beyond `maxBytes`; `path.not-found` when it is no file; `repository.damaged`
 */
export async function fileContent(
  repository: Repository,
  node: Node,
  { path, maxBytes, signal }: { readonly path: ByteString; readonly maxBytes: number; readonly signal: AbortSignal },
): Promise<Uint8Array> {
  const label = textOf(path);
  if (node.type !== 'file') throw new CadanganError('path.not-found', { path: label, reason: `not a file but ${node.type}` });
  if (node.content === null) throw new CadanganError('repository.damaged', { path: label, reason: 'a file without a list of blobs' });
  // What the index says, not what the node says: a node may lie.
  const sizeBytes = node.content.reduce((sum, id) => sum + (repository.index.plainLengthBytes('data', id) ?? 0), 0);
  if (sizeBytes > maxBytes) throw new CadanganError('file.too-large', { path: label, sizeBytes, maxBytes });
  const blobs = await pMap(node.content, (id) => repository.loadBlob('data', id, signal), { concurrency: blobsAtOnce, signal });
  const whole = Buffer.concat(blobs);
  // Not as a Buffer: on its way to a client JSON would first make a list of numbers of it (100 ns for each byte).
  return new Uint8Array(whole.buffer, whole.byteOffset, whole.length);
}
