import assert from 'node:assert/strict';
import { forEachBounded, throwIfAborted } from '../platform/index.ts';
import { singleBlobPack, type PackStore, type Repository, type SealerOptions } from '../repository/index.ts';
import { groupByPack } from './group-by-pack.ts';
import { rangeReader, rangesOf, type PackRange } from './pack-ranges.ts';
import { packFate, type PrunePlan } from './plan-prune.ts';
import type { ProgressMeter } from './progress-meter.ts';
import { makePrunePool, type PrunePool, type PruneWork } from './prune-pool.ts';
import type { PrunePhase } from './prune-result.ts';
import type { NewPack } from './prune-work.ts';

export interface RepackWork extends PruneWork {
  readonly progress: ProgressMeter<PrunePhase>;
  readonly signal: AbortSignal;
}

/** What one read brings at most: restic's longest blob, and what it is sealed with. */
const repackBytesMax = 9 << 20;

/** Puts what is needed of the packs that go into new ones, which are stored, and indexed by `store` or by whoever takes that from it. */
export async function repackBlobs(work: RepackWork, plan: PrunePlan, store: PackStore): Promise<void> {
  const { repository, progress, signal } = work;
  const { fates, chosen, sums } = plan;
  if (sums.packs.repack === 0) return;
  const bytes = sums.bytes.repack - sums.bytes.repackRemove;
  progress.begin('repacking', sums.packs.repack, bytes);
  await using pool = makePrunePool(work, { bytes, readBytesMax: repackBytesMax });
  const groups = groupByPack(repository.index, (pack, number) => fates[pack] === packFate.repack && chosen.isChosen(number));
  const packs = Array.from(fates.keys()).filter((pack) => fates[pack] === packFate.repack);
  const save = async ({ id, entries, bytes }: NewPack, own: AbortSignal): Promise<void> => {
    await store.save({ id, entries, bytes }, own);
    // Given back at once: the collector would let many of them pile up. Not a part of Node's pool of small buffers, which others use, too.
    const { buffer } = bytes;
    if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength) buffer.transfer(0);
  };
  const rewrite = async (pack: number, own: AbortSignal): Promise<void> => {
    for (const range of rangesOf(repository.index, groups.numbersOf(pack), repackBytesMax)) {
      throwIfAborted(own);
      for (const newPack of await repackRange({ ...work, signal: own }, pool, range)) await save(newPack, own);
      progress.advance(0, range.lengthBytes);
    }
    progress.advance(1);
  };
  // Nothing may be stored any more when whoever called gives the lock back.
  await forEachBounded(packs, pool.concurrency, signal, rewrite);
  for (const { packs: last } of await pool.runInEach({ kind: 'finish' })) for (const newPack of last) await save(newPack, signal);
  progress.end();
}

async function repackRange({ repository, sealing, signal }: RepackWork, pool: PrunePool, range: PackRange): Promise<readonly NewPack[]> {
  const { from, lengthBytes, numbers } = range;
  const answer = await pool.run({ kind: 'repack', from, numbers }, lengthBytes, rangeReader(repository, range, signal));
  const packs = [...(answer?.packs ?? [])];
  for (const number of answer?.damaged ?? numbers) packs.push(await packElsewhere(repository, number, sealing, signal));
  return packs;
}

/** Of a blob that cannot be had from the place that was chosen: another place, or another try. @throws `repository.damaged` */
async function packElsewhere(repository: Repository, number: number, sealing: SealerOptions, signal: AbortSignal): Promise<NewPack> {
  const entry = repository.index.entryAt(number);
  assert(entry, 'what is repacked is stored');
  const { type, id } = entry;
  const plaintext = await repository.loadBlob(type, id, signal);
  return singleBlobPack(type, id, plaintext, repository.packBuilderOptions(sealing));
}
