import pMap from 'p-map';
import { CadanganError, textOf, type ByteString } from '../platform/index.ts';
import type { BlobId, Node, Repository } from '../repository/index.ts';

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
  const blobs = blobsOf(repository, node, path);
  const sizeBytes = blobs.at(-1)?.endBytes ?? 0;
  if (sizeBytes > maxBytes) throw new CadanganError('file.too-large', { path: textOf(path), sizeBytes, maxBytes });
  return load(repository, blobs, signal);
}

/** As `fileContent`, of the bytes from `from` on, at most `maxBytes` of them. */
export async function filePart(
  repository: Repository,
  node: Node,
  {
    path,
    from,
    maxBytes,
    signal,
  }: { readonly path: ByteString; readonly from: number; readonly maxBytes: number; readonly signal: AbortSignal },
): Promise<{ readonly bytes: Uint8Array; readonly size: number }> {
  const blobs = blobsOf(repository, node, path);
  const size = blobs.at(-1)?.endBytes ?? 0;
  const wanted = blobs.filter(({ startBytes, endBytes }) => startBytes < from + maxBytes && endBytes > from);
  const loaded = await load(repository, wanted, signal);
  const skipped = from - (wanted[0]?.startBytes ?? from);
  return { bytes: loaded.slice(skipped, skipped + maxBytes), size };
}

interface PlacedBlob {
  readonly id: BlobId;
  readonly startBytes: number;
  readonly endBytes: number;
}

/** What the index says of their lengths, not what the node says: a node may lie. */
function blobsOf({ index }: Repository, { type, content }: Node, path: ByteString): readonly PlacedBlob[] {
  if (type !== 'file') throw new CadanganError('path.not-found', { path: textOf(path), reason: `not a file but ${type}` });
  if (content === null) throw new CadanganError('repository.damaged', { path: textOf(path), reason: 'a file without a list of blobs' });
  let endBytes = 0;
  return content.map((id) => {
    const startBytes = endBytes;
    endBytes += index.plainLengthBytes('data', id) ?? 0;
    return { id, startBytes, endBytes };
  });
}

async function load(repository: Repository, blobs: readonly PlacedBlob[], signal: AbortSignal): Promise<Uint8Array> {
  const loaded = await pMap(blobs, ({ id }) => repository.loadBlob('data', id, signal), { concurrency: blobsAtOnce, signal });
  const whole = Buffer.concat(loaded);
  // Not as a Buffer: on its way to a client JSON would first make a list of numbers of it (100 ns for each byte).
  return new Uint8Array(whole.buffer, whole.byteOffset, whole.length);
}
