import type { Repository, TreeId } from '../repository/index.ts';
import { rangeReader, rangesOf, type PackRange } from './pack-ranges.ts';
import { makePrunePool, type PrunePool, type PruneWork } from './prune-pool.ts';
import type { PruneAnswer } from './prune-work.ts';
import { visitReferences, type FoundReferences, type MissingBlob } from './tree-references.ts';
import type { UsedBlobs } from './used-blobs.ts';

/** Trees lie side by side in their packs: one read serves hundreds of them. */
const scanBytesMax = 4 << 20;

/**
 * Marks all that the trees, and the trees below them, refer to. Each is read once, however many snapshots share it, in worker threads.
 * @param onTrees called with how many were read
 * @returns what no index has. @throws `repository.damaged` for a tree that no pack has whole; the storage's errors, `aborted`
 */
export async function findUsedBlobs(
  work: PruneWork & { readonly signal: AbortSignal },
  trees: readonly TreeId[],
  onTrees: (count: number) => void,
): Promise<readonly MissingBlob[]> {
  const { repository, used, signal } = work;
  const { index } = repository;
  await using pool = makePrunePool(work, { bytes: treeBytesOf(repository), readBytesMax: scanBytesMax });
  const missing: MissingBlob[] = [];
  const pending = new Map<number, number[]>();
  const wait = (numbers: readonly number[]): void => {
    for (const number of numbers) {
      const { pack } = index.rangeAt(number);
      const waiting = pending.get(pack);
      if (waiting) waiting.push(number);
      else pending.set(pack, [number]);
    }
  };
  for (const id of trees) {
    const number = used.useFirst('tree', id);
    if (number !== 0) wait([number]);
    else if (used.use('tree', id) === 0) missing.push({ type: 'tree', id });
  }

  const scan = async (range: PackRange): Promise<void> => {
    const answer = await scanRange(repository, pool, range, signal);
    wait(answer.trees);
    missing.push(...answer.missing);
    for (const number of answer.damaged) {
      const found = await scanElsewhere(repository, number, used, signal);
      wait(found.trees);
      missing.push(...found.missing);
    }
    onTrees(range.numbers.length);
  };
  await untilNoneIsLeft(() => nextRanges(repository, pending), scan, pool.concurrency);
  return missing;
}

function treeBytesOf({ index }: Repository): number {
  let bytes = 0;
  index.forEachNumber((_number, _pack, length, isTree) => {
    if (isTree) bytes += length;
  });
  return bytes;
}

/** Of one pack, what waits of it. */
function nextRanges({ index }: Repository, pending: Map<number, number[]>): readonly PackRange[] {
  for (const [pack, numbers] of pending) {
    pending.delete(pack);
    return rangesOf(index, Uint32Array.from(numbers), scanBytesMax);
  }
  return [];
}

async function scanRange(repository: Repository, pool: PrunePool, range: PackRange, signal: AbortSignal): Promise<PruneAnswer> {
  const { from, lengthBytes, numbers } = range;
  const answer = await pool.run({ kind: 'scan', from, numbers }, lengthBytes, rangeReader(repository, range, signal));
  return answer ?? { trees: [], missing: [], damaged: [...numbers], packs: [] };
}

/** A tree that cannot be had from its first place, or not the first time. */
async function scanElsewhere(repository: Repository, number: number, used: UsedBlobs, signal: AbortSignal): Promise<FoundReferences> {
  const found: FoundReferences = { trees: [], missing: [] };
  const id = repository.index.entryAt(number)?.id;
  if (id !== undefined) visitReferences(id, await repository.loadBlob('tree', id, signal), used, found);
  return found;
}

/** Does all that `next` gives, some at once, and what comes of it. */
async function untilNoneIsLeft<T>(next: () => readonly T[], work: (one: T) => Promise<void>, concurrency: number): Promise<void> {
  const running = new Set<Promise<void>>();
  const waiting: T[] = [];
  try {
    for (;;) {
      while (running.size < concurrency) {
        if (waiting.length === 0) waiting.push(...next());
        const one = waiting.shift();
        if (one === undefined) break;
        const run: Promise<void> = work(one).finally(() => running.delete(run));
        running.add(run);
      }
      if (running.size === 0) return;
      await Promise.race(running);
    }
  } finally {
    await Promise.allSettled(running);
  }
}
