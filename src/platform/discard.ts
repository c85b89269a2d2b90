import { isCode } from './errors.ts';
import { isPassing } from './patience.ts';
import { unlink, unlinkNow, tryUnlink } from './patient-files.ts';
import { system } from './system.ts';

/** Unfinished files of this process that another program held to the end when they were to go. */
const heldPaths = new Set<string | Buffer>();

/**
 * Removes an unfinished file, which has a name that nobody reads: best effort. One that is held is remembered for `discardHeld`.
 * @param signal whose abort ends the waiting: then it is tried once
 */
export async function discard(path: string | Buffer, signal?: AbortSignal): Promise<void> {
  try {
    await (signal?.aborted ? tryUnlink(path) : unlink(path, signal));
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

/** Removes what could not go before. What is still held stays remembered. @param signal as of `discard` */
export async function discardHeld(signal?: AbortSignal): Promise<void> {
  const paths = [...heldPaths];
  heldPaths.clear();
  await Promise.all(paths.map((path) => discard(path, signal)));
}

function remember(path: string | Buffer, error: unknown): void {
  if (system.holdsOpenFiles && (isPassing(error) || isCode(error, 'aborted'))) heldPaths.add(path);
}
