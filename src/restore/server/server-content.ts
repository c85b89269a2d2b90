import { createHash } from 'node:crypto';
import { throwIfAborted, type ByteString } from '../../platform/index.ts';
import type { OpenServerFile, ServerFiles } from '../../storage/index.ts';
import type { ExistingRequest } from '../destination.ts';

/** Read at once; meanwhile the one before is hashed. */
const blockBytes = 2 * 1024 * 1024;

/**
 * Reads a file of a server whole and compares it with blobs. What has its name was seen to be a file: the protocol follows links.
 * @throws SftpFault, `aborted`; as `ServerFiles`
 */
export async function hasContent(
  files: ServerFiles,
  path: ByteString,
  blobs: NonNullable<ExistingRequest['blobs']>,
  signal: AbortSignal,
): Promise<boolean> {
  if ((await files.look(path, signal))?.kind !== 'file') return false;
  const sizeBytes = blobs.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
  return files.read(path, sizeBytes, signal, async (open) => {
    const blocks = readBlocks(open, sizeBytes, signal);
    let block = (await blocks.next()).value ?? Buffer.of();
    for (const { id, lengthBytes } of blobs) {
      const hash = createHash('sha256');
      for (let left = lengthBytes; left > 0;) {
        if (block.length === 0) {
          const next = await blocks.next();
          if (next.done) return false;
          block = next.value;
        }
        const some = block.subarray(0, left);
        hash.update(some);
        left -= some.length;
        block = block.subarray(some.length);
      }
      if (hash.digest('hex') !== id) {
        await blocks.return(undefined);
        return false;
      }
    }
    return (await open.read(Buffer.alloc(1), sizeBytes, signal)) === 0;
  });
}

/** In order, each while the one after it is on its way. Ends early where the file does. */
async function* readBlocks(open: OpenServerFile, sizeBytes: number, signal: AbortSignal): AsyncGenerator<Buffer, undefined, undefined> {
  const readAt = async (at: number): Promise<Buffer> => {
    const target = Buffer.allocUnsafeSlow(Math.min(blockBytes, sizeBytes - at));
    return target.subarray(0, await open.read(target, at, signal));
  };
  let coming = sizeBytes > 0 ? readAt(0) : undefined;
  for (let at = blockBytes; coming; at += blockBytes) {
    const block = await coming;
    throwIfAborted(signal);
    const isWhole = at >= sizeBytes ? false : block.length === blockBytes;
    coming = isWhole ? readAt(at) : undefined;
    coming?.catch(() => undefined); // it is waited for, unless the file has turned out to be another
    if (block.length > 0) yield block;
  }
  return undefined;
}
