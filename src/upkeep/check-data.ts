import pMap from 'p-map';
import { throwIfAborted } from '../platform/index.ts';
import type { PackedBlob, PackId } from '../repository/index.ts';
import type { CheckContext } from './check-context.ts';
import { CheckPool } from './check-pool.ts';
import type { PresentPack } from './check-packs.ts';
import type { DamagedBlob, PackVerdict } from './check-protocol.ts';
import { readFaultOf } from './read-fault.ts';

export interface DataTotals {
  packsRead: number;
  bytesRead: number;
}

/** No pack of restic's is larger; a file that is cannot be taken into memory whole. */
const packBytesMax = 1 << 30;

/** Reads `packs` whole and proves their hash, header and every blob in worker threads. @throws `aborted`, the storage's errors when it is away */
export async function checkPackData(context: CheckContext, packs: readonly PresentPack[], workerCount: number): Promise<DataTotals> {
  const { signal } = context;
  const totals: DataTotals = { packsRead: 0, bytesRead: 0 };
  const readable = packs.filter((pack) => pack.sizeBytes > 0 && isOfBearableSize(context, pack));
  if (readable.length === 0) return totals;
  await using pool = new CheckPool(context.repository, { workerCount, packBytesMax: readable.reduce((max, { sizeBytes }) => Math.max(max, sizeBytes), 0) });
  const withoutHeader = new Map<PackId, PackedBlob[]>();
  // Each worker has one pack at work and one waiting, and one more is being read.
  const concurrency = 2 * workerCount + 1;
  const readOne = async (pack: PresentPack) => {
    throwIfAborted(signal);
    const verdict = await proveOne(context, pool, pack, undefined);
    if (!verdict) return;
    totals.packsRead += 1;
    totals.bytesRead += pack.sizeBytes;
    reportPack(context, pack, verdict);
    if (verdict.headerFault !== undefined) withoutHeader.set(pack.id, []);
    reportBlobs(context, pack, verdict.damaged);
    context.progress.advance(1, pack.sizeBytes);
  };
  await pMap(readable, readOne, { concurrency });
  if (withoutHeader.size === 0) return totals;
  // A restore goes by the index. One pass over it finds the blobs of all the packs whose own list is of no use.
  context.repository.index.forEach((type, id, { packId, ...place }) => withoutHeader.get(packId)?.push({ type, id, ...place }));
  const readByIndex = async (pack: PresentPack) => {
    throwIfAborted(signal);
    const verdict = await proveOne(context, pool, pack, withoutHeader.get(pack.id));
    if (verdict) reportBlobs(context, pack, verdict.damaged);
  };
  await pMap(readable.filter(({ id }) => withoutHeader.has(id)), readByIndex, { concurrency });
  return totals;
}

/** @returns `undefined` when the pack could not be read, which has been reported */
async function proveOne(context: CheckContext, pool: CheckPool, pack: PresentPack, entries: readonly PackedBlob[] | undefined): Promise<PackVerdict | undefined> {
  const { storage } = context.repository;
  const file = { kind: 'data', name: pack.id } as const;
  let readError: { readonly error: unknown } | undefined;
  const read = async (target: Uint8Array) => {
    try {
      await storage.readRange(file, 0, pack.sizeBytes, { target, ...(context.signal ? { signal: context.signal } : {}) });
    } catch (error) {
      readError = { error };
      throw error;
    }
  };
  try {
    return await pool.verify({ packId: pack.id, lengthBytes: pack.sizeBytes, blobCount: pack.blobCount, entries, read });
  } catch (error) {
    if (!readError) throw error;
    const { kind, reason } = await readFaultOf(error, storage, context.signal);
    const faultKind = kind === 'missing' ? 'pack-missing' : kind === 'damaged' ? 'pack-size' : 'unreadable';
    context.damage.markPack(pack.id, 0, context.log.add(faultKind, reason, { file }));
    return undefined;
  }
}

function isOfBearableSize({ log }: CheckContext, { id, sizeBytes }: PresentPack): boolean {
  if (sizeBytes <= packBytesMax) return true;
  log.add('unreadable', `it has ${sizeBytes} bytes, more than any pack`, { file: { kind: 'data', name: id } });
  return false;
}

function reportPack({ log }: CheckContext, { id, hasWrongSize }: PresentPack, { hashMatches, headerFault }: PackVerdict): void {
  if (hasWrongSize) return; // nothing else can be expected
  const file = { kind: 'data', name: id } as const;
  if (!hashMatches) log.add('pack-hash', 'its bytes are not those that it is named after', { file });
  if (headerFault !== undefined) log.add('pack-header', headerFault, { file });
}

/** A pack of small files has thousands of blobs; beyond these one fault stands for the rest. */
const blobFaultsPerPackMax = 20;

function reportBlobs({ log, damage }: CheckContext, { id: packId }: PresentPack, damaged: readonly DamagedBlob[]): void {
  const file = { kind: 'data', name: packId } as const;
  const fresh = damaged.filter(({ blob }) => !damage.isLost(blob.type, blob.id) && !damage.faultOfCopy(blob.type, blob.id, { ...blob, packId }));
  for (const { blob, reason } of fresh.slice(0, blobFaultsPerPackMax)) {
    damage.markCopy(blob.type, blob.id, { packId, offset: blob.offset }, log.add('blob-damaged', reason, { file, blob: { type: blob.type, id: blob.id } }));
  }
  const rest = fresh.slice(blobFaultsPerPackMax);
  if (rest.length === 0) return;
  const fault = log.add('blob-damaged', `${rest.length} more of its blobs are damaged`, { file });
  for (const { blob } of rest) damage.markCopy(blob.type, blob.id, { packId, offset: blob.offset }, fault);
}
