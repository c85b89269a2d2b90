import pMap from 'p-map';
import { throwIfAborted } from '../platform/index.ts';
import { readFaultOf, type PackedBlob, type PackId, type ReadFault } from '../repository/index.ts';
import type { CheckContext } from './check-context.ts';
import type { PresentPack } from './check-packs.ts';
import type { CheckWorkerStart, DamagedBlob, PackTask, PackVerdict } from './check-protocol.ts';
import { packServer } from './pack-verifier.ts';
import { SlotPool } from './slot-pool.ts';

/** No pack of restic's is larger; a file that is cannot be taken into memory whole. */
const packBytesMax = 1 << 30;
/** restic's packs end at 16 MiB plus one blob. Longer ones get memory of their own, one at a time. */
const slotBytesMax = 32 << 20;

type CheckPool = SlotPool<CheckWorkerStart, PackTask, PackVerdict>;

/** What reading packs brought to light. It is reported when the trees have been walked, so that a damaged tree is not told twice. */
export class DataFindings {
  packsRead = 0;
  bytesRead = 0;
  readonly faulty: { readonly pack: PresentPack; readonly verdict: PackVerdict }[] = [];
  readonly unreadable: { readonly pack: PresentPack; readonly fault: ReadFault }[] = [];
}

/**
 * Reads `packs` whole and proves their hash, header and every blob in worker threads.
 * @throws `aborted`, the storage's errors when it is away
 */
export async function provePacks(context: CheckContext, packs: readonly PresentPack[], workerCount: number): Promise<DataFindings> {
  const findings = new DataFindings();
  const readable = packs.filter(({ sizeBytes }) => sizeBytes > 0 && sizeBytes <= packBytesMax);
  if (readable.length === 0) return findings;
  const longestBytes = readable.reduce((max, { sizeBytes }) => Math.max(max, sizeBytes), 0);
  const { module, masterKey, index } = context.repository;
  await using pool: CheckPool = new SlotPool({
    worker: 'check-worker',
    start: { module, masterKey, index: index.shared },
    serve: packServer,
    workerCount,
    slotBytes: Math.min(slotBytesMax, longestBytes),
  });
  const { concurrency } = pool;
  const withoutHeader = new Map<PackId, PackedBlob[]>();
  const proveByHeader = async (pack: PresentPack) => {
    const verdict = await prove(context, pool, pack, undefined, findings);
    context.progress.advance(1, pack.sizeBytes);
    if (!verdict) return;
    findings.packsRead += 1;
    findings.bytesRead += pack.sizeBytes;
    if (verdict.headerFault !== undefined) withoutHeader.set(pack.id, []);
    if (isFaulty(verdict)) findings.faulty.push({ pack, verdict });
  };
  await pMap(readable, proveByHeader, { concurrency });
  if (withoutHeader.size === 0) return findings;
  // A restore goes by the index. One pass over it finds the blobs of all the packs whose own list is of no use.
  context.repository.index.forEach((type, id, { packId, ...place }) => withoutHeader.get(packId)?.push({ type, id, ...place }));
  const proveByIndex = async (pack: PresentPack) => {
    const verdict = await prove(context, pool, pack, withoutHeader.get(pack.id), findings);
    if (verdict) findings.faulty.push({ pack, verdict: { hashMatches: true, headerFault: undefined, damaged: verdict.damaged } });
  };
  await pMap(
    readable.filter(({ id }) => withoutHeader.has(id)),
    proveByIndex,
    { concurrency },
  );
  return findings;
}

export function reportFindings(context: CheckContext, packs: readonly PresentPack[], findings: DataFindings): void {
  const { log, damage } = context;
  for (const { id, sizeBytes } of packs) {
    if (sizeBytes > packBytesMax)
      log.add('unreadable', `it has ${sizeBytes} bytes, more than any pack`, { file: { kind: 'data', name: id } });
  }
  for (const {
    pack,
    fault: { kind, reason },
  } of findings.unreadable) {
    const faultKind = kind === 'missing' ? 'pack-missing' : kind === 'damaged' ? 'pack-size' : 'unreadable';
    damage.markPack(pack.id, 0, log.add(faultKind, reason, { file: { kind: 'data', name: pack.id } }));
  }
  for (const { pack, verdict } of findings.faulty) {
    reportPack(context, pack, verdict);
    reportBlobs(context, pack, verdict.damaged);
  }
}

/** @returns `undefined` when the pack could not be read */
async function prove(
  context: CheckContext,
  pool: CheckPool,
  pack: PresentPack,
  entries: readonly PackedBlob[] | undefined,
  findings: DataFindings,
): Promise<PackVerdict | undefined> {
  const {
    repository: { storage },
    signal,
  } = context;
  throwIfAborted(signal);
  let readFault: ReadFault | undefined;
  const read = async (target: Uint8Array) => {
    try {
      await storage.readRange({ kind: 'data', name: pack.id }, 0, pack.sizeBytes, { target, signal });
      return true;
    } catch (error) {
      readFault = await readFaultOf(error, storage, signal);
      return false;
    }
  };
  const verify = () => pool.run({ packId: pack.id, blobCount: pack.blobCount, entries }, pack.sizeBytes, read);
  let verdict = await verify();
  // What was damaged on its way, not where it lies, is right the second time.
  if (verdict && isFaulty(verdict) && !pack.hasWrongSize) verdict = await verify();
  if (readFault) findings.unreadable.push({ pack, fault: readFault });
  return verdict;
}

function isFaulty({ headerFault, hashMatches, damaged }: PackVerdict): boolean {
  return headerFault !== undefined || !hashMatches || damaged.length > 0;
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
  const fresh = damaged.filter(
    ({ blob }) => !damage.isLost(blob.type, blob.id) && !damage.faultOfCopy(blob.type, blob.id, { ...blob, packId }),
  );
  for (const { blob, reason } of fresh.slice(0, blobFaultsPerPackMax)) {
    damage.markCopy(
      blob.type,
      blob.id,
      { packId, offset: blob.offset },
      log.add('blob-damaged', reason, { file, blob: { type: blob.type, id: blob.id } }),
    );
  }
  const rest = fresh.slice(blobFaultsPerPackMax);
  if (rest.length === 0) return;
  const fault = log.add('blob-damaged', `${rest.length} more of its blobs are damaged`, { file });
  for (const { blob } of rest) damage.markCopy(blob.type, blob.id, { packId, offset: blob.offset }, fault);
}
