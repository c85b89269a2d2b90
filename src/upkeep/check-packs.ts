import { packHeaderBytes, parsePackId, type PackContents, type PackId } from '../repository/index.ts';
import type { CheckContext } from './check-context.ts';

/** A pack of the index that is there and can be read. */
export interface PresentPack {
  readonly id: PackId;
  /** As the storage lists it. */
  readonly sizeBytes: number;
  /** In the index. */
  readonly blobCount: number;
  /** The size is known to be wrong, so what follows from that need not be said again. */
  readonly hasWrongSize: boolean;
}

/**
 * Compares the packs of the index with those that the storage lists, without reading any. The listing must be made after the index was
 * read: a pack is stored before an index names it.
 * @returns packs of the index that are there
 */
export async function checkPackSizes({ repository, log, damage, waiting, signal }: CheckContext): Promise<PresentPack[]> {
  const { index, storage, config } = repository;
  const listed = new Map((await storage.list('data', signal)).map(({ name, sizeBytes }) => [name, sizeBytes]));
  const present: PresentPack[] = [];
  for (const [id, contents] of index.packContents()) {
    const sizeBytes = listed.get(id);
    listed.delete(id);
    const file = { kind: 'data', name: id } as const;
    if (contents.endBytes !== contents.blobBytes) log.add('index-inconsistent', gapReason(contents), { file });
    if (config.version > 1 && contents.dataBlobs > 0 && contents.treeBlobs > 0) log.hint('pack-mixed', id);
    if (sizeBytes === undefined) {
      damage.markPack(id, 0, log.add('pack-missing', 'the storage does not have it', { file }));
      continue;
    }
    const impliedBytes = impliedSizeBytes(contents);
    // Of a pack that the index knows in part only the end of the last blob is known.
    const isWrong = contents.endBytes === contents.blobBytes ? sizeBytes !== impliedBytes : sizeBytes < contents.endBytes;
    if (isWrong) {
      damage.markPack(id, sizeBytes, log.add('pack-size', `it has ${sizeBytes} bytes, the index implies ${impliedBytes}`, { file }));
    }
    present.push({ id, sizeBytes, blobCount: contents.dataBlobs + contents.treeBlobs, hasWrongSize: isWrong });
  }
  for (const id of listed.keys()) if (!waiting.has(parsePackId(id))) log.hint('pack-orphan', id);
  return present;
}

/** The size of a pack's file when the index knows all that is in it. */
export function impliedSizeBytes({ blobBytes, dataBlobs, treeBlobs, compressedBlobs }: PackContents): number {
  return blobBytes + packHeaderBytes(dataBlobs + treeBlobs, compressedBlobs);
}

function gapReason({ blobBytes, endBytes }: PackContents): string {
  return blobBytes > endBytes
    ? `the index has blobs in it that overlap by ${blobBytes - endBytes} bytes`
    : `the index does not know ${endBytes - blobBytes} bytes of it`;
}
