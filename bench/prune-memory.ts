import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { BlobIndex, packHeaderBytes, type PackId } from '../src/repository/index.ts';
import { groupByPack } from '../src/upkeep/group-by-pack.ts';
import { ListedPacks } from '../src/upkeep/listed-packs.ts';
import { packFate, planPrune } from '../src/upkeep/plan-prune.ts';
import { UsedBlobs } from '../src/upkeep/used-blobs.ts';
import { SeededRandom } from '../test/fakes/seeded-random.ts';

/*
 * What a plan takes above the index: `node bench/prune-memory.ts 1000000`. 17 blobs a pack, as in a repository of files of a
 * megabyte; of every third pack nothing is used, of the next half, of the last all; a blob in a hundred stands in two packs.
 */
const blobCount = Number(process.argv[2]);
const blobsAPack = 17;
const blobBytes = 900_000;
const random = new SeededRandom(1);

const index = new BlobIndex();
const key = Buffer.alloc(32);
for (let at = 0, pack = 0; at < blobCount; pack++) {
  index.addAll((visitor) => {
    visitor.pack(pack.toString(16).padStart(64, '0') as PackId);
    for (let blob = 0; blob < blobsAPack; blob++, at++) {
      if (at % 100 !== 1) random.fill(key); // else the one before, which stands in the pack before
      visitor.blob(pack % 20 === 0 ? 'tree' : 'data', key, blob * blobBytes, blobBytes, 2 * blobBytes);
    }
  });
}
writeFileSync('/proc/self/clear_refs', '5'); // from here on the peak counts
const indexMib = memoryMib('VmRSS');
const startMs = performance.now();

const sizeBytes = blobsAPack * blobBytes + packHeaderBytes(blobsAPack, blobsAPack);
const packs = new ListedPacks(
  index,
  index.packIds().map((name) => ({ name: Buffer.from(name).toString(), sizeBytes })), // texts of its own, as a storage gives them
);
const used = new UsedBlobs(index);
const marks = new Uint8Array(used.shared);
index.forEachNumber((number, pack) => {
  if (pack % 3 === 2 || (pack % 3 === 1 && number % 2 === 0)) marks[index.firstNumberOf(number)] = 1;
});
const markedMs = performance.now();
const plan = planPrune(
  { index, used, packs, namedBy: new Uint8Array(index.packCount).fill(1), waiting: new Map(), nowNs: 0n, version: 2 },
  {
    unusedBytesMax: () => 0,
    repackBytesMax: Infinity,
    repackSmall: false,
    repackCacheableOnly: false,
    repackUncompressed: false,
    removeAtOnce: false,
  },
);
assert(!('kind' in plan), 'there is a plan');
const plannedMs = performance.now();
// One after the other, as a prune does it: the first is not needed any more when the second is made.
for (const fate of [packFate.repack, packFate.keep]) {
  const groups = groupByPack(
    index,
    (pack, number) => plan.fates[pack] === fate && (fate === packFate.keep || plan.chosen.isChosen(number)),
  );
  assert(groups.numbersOf(fate === packFate.keep ? 2 : 1).length > 0);
}
const endMs = performance.now();

const aboveMib = memoryMib('VmHWM') - indexMib;
const bytesAnEntry = (aboveMib * 2 ** 20) / index.blobCount;
const seconds = [markedMs - startMs, plannedMs - markedMs, endMs - plannedMs].map((ms) => (ms / 1000).toFixed(1)).join(' + ');
console.log(
  `| ${index.blobCount} blobs in ${index.packCount} packs | ${indexMib.toFixed(0)} MiB | ${aboveMib.toFixed(0)} MiB, ${bytesAnEntry.toFixed(1)} bytes an entry | ${seconds} s |`,
);

function memoryMib(what: 'VmRSS' | 'VmHWM'): number {
  return Number(new RegExp(`${what}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;
}
