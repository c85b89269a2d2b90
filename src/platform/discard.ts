import { isPassing } from './patience.ts';
import { unlink, unlinkNow } from './patient-files.ts';
import { system } from './system.ts';

/** Unfinished files of this process that another program held to the end when they were to go. */
const heldPaths = new Set<string | Buffer>();

/** Removes an unfinished file, which has a name that nobody reads: best effort. One that is held is remembered for `discardHeld`. */
export async function discard(path: string | Buffer): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    remember(path, error);
  }
}

/** As `discard`, for who cannot wait: what is held now is remembered. */
export function discardNow(path: string | Buffer): void {
  try {
    unlinkNow(path, () => true);
  } catch (error) {
    remember(path, error);
  }
}

/** Removes what could not go before. What is still held stays remembered. */
export async function discardHeld(): Promise<void> {
  const paths = [...heldPaths];
  heldPaths.clear();
  await Promise.all(paths.map(discard));
}

function remember(path: string | Buffer, error: unknown): void {
  if (system.holdsOpenFiles && isPassing(error)) heldPaths.add(path);
}
