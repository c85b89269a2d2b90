import type { DriveFolder, RemoteFile } from '../google/index.ts';
import { anchorFile, anchorFileName, isAnchorFileName, parseAnchorFile, type Anchor, type ChainHead } from '../records/index.ts';

/** An anchor has about 200 bytes; somebody may have put anything under the name. */
const fileBytesMax = 4096;

interface StoredAnchor {
  readonly file: RemoteFile;
  readonly anchor: Anchor;
}

/**
 * The heads of records that are kept beside the copy, of every machine; those that cannot be understood are left out.
 * @param keptIn for people
 * @throws `drive.signed-out`, `drive.unavailable` ...
 */
export async function readAnchors(folder: DriveFolder, keptIn: string, signal: AbortSignal): Promise<Anchor[]> {
  return (await readStored(folder, isAnchorFileName, keptIn, signal)).map(({ anchor }) => anchor);
}

/**
 * Keeps the head of our records beside the copy, in a small file that restic does not look at. The one before goes to the trash when the
 * new one is there, and only if it belongs to the same chain: one that contradicts our records stays, as a witness.
 * @param isOurs whether our records have this very record
 */
export async function keepAnchor(
  folder: DriveFolder,
  { head, owner }: { readonly head: ChainHead; readonly owner: string },
  isOurs: (head: ChainHead) => Promise<boolean>,
  signal: AbortSignal,
): Promise<void> {
  const name = anchorFileName(owner);
  const before = await readStored(folder, (other) => other === name, '', signal);
  if (before.some(({ anchor }) => isSame(anchor, head))) return;
  await folder.writeBeside(name, Buffer.from(anchorFile(head, owner)), signal);
  for (const { file, anchor } of before) if (await isOurs(anchor)) await folder.trash(file.id, signal);
}

async function readStored(
  folder: DriveFolder,
  isWanted: (name: string) => boolean,
  keptIn: string,
  signal: AbortSignal,
): Promise<StoredAnchor[]> {
  const stored: StoredAnchor[] = [];
  for (const file of await folder.listBeside(signal)) {
    const { name, sizeBytes = 0 } = file;
    if (!isWanted(name) || sizeBytes === 0 || sizeBytes > fileBytesMax) continue;
    const anchor = parseAnchorFile(Buffer.from(await folder.readRange(file, 0, sizeBytes, { signal })).toString('utf8'), keptIn);
    if (anchor !== undefined) stored.push({ file, anchor });
  }
  return stored;
}

function isSame(a: ChainHead, b: ChainHead): boolean {
  return a.chain === b.chain && a.number === b.number && a.hash === b.hash;
}
