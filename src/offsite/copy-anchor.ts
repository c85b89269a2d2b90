import { anchorFile, anchorFileName, isAnchorFileName, parseAnchorFile, type Anchor, type ChainHead } from '../records/index.ts';
import type { HistoryPlace, KeptFile } from './history-place.ts';

/** An anchor has about 200 bytes; somebody may have put anything under the name. */
const fileBytesMax = 4096;

interface StoredAnchor {
  readonly file: KeptFile;
  readonly anchor: Anchor;
}

/**
 * The heads of records that are kept beside the copy, of every machine; those that cannot be understood are left out.
 * @param keptIn for people
 * @throws `drive.signed-out`, `drive.unavailable` ...
 */
export async function readAnchors(place: HistoryPlace, keptIn: string, signal: AbortSignal): Promise<Anchor[]> {
  return (await readStored(place, isAnchorFileName, keptIn, signal)).map(({ anchor }) => anchor);
}

/**
 * Keeps the head of our records beside the copy, in a small file that restic does not look at. The one before goes when the new one is
 * there, and only if it belongs to the same chain: one that contradicts our records stays, as a witness.
 * @param isOurs whether our records have this very record
 */
export async function keepAnchor(
  place: HistoryPlace,
  { head, owner }: { readonly head: ChainHead; readonly owner: string },
  isOurs: (head: ChainHead) => Promise<boolean>,
  signal: AbortSignal,
): Promise<void> {
  const name = anchorFileName(owner);
  const before = await readStored(place, (other) => other === name, '', signal);
  if (before.some(({ anchor }) => isSame(anchor, head))) return;
  await place.write('', name, Buffer.from(anchorFile(head, owner)), signal);
  for (const { file, anchor } of before) if (await isOurs(anchor)) await place.remove(file, signal);
}

async function readStored(
  place: HistoryPlace,
  isWanted: (name: string) => boolean,
  keptIn: string,
  signal: AbortSignal,
): Promise<StoredAnchor[]> {
  const stored: StoredAnchor[] = [];
  for (const file of await place.list('', signal)) {
    if (!isWanted(file.name) || file.sizeBytes === 0 || file.sizeBytes > fileBytesMax) continue;
    const anchor = parseAnchorFile((await place.read(file, signal)).toString('utf8'), keptIn);
    if (anchor !== undefined) stored.push({ file, anchor });
  }
  return stored;
}

function isSame(a: ChainHead, b: ChainHead): boolean {
  return a.chain === b.chain && a.number === b.number && a.hash === b.hash;
}
