import { orAborted } from '../platform/index.ts';
import type { Storage } from '../storage/index.ts';
import type { BlobIndex, BlobLocation } from './blob-index.ts';
import type { PackId } from './format/index.ts';

const windowBytes = 1 << 20;
const windowsMax = 12;

interface Window {
  readonly packId: PackId;
  readonly offset: number;
  readonly lengthBytes: number;
  readonly bytes: Promise<Uint8Array>;
}

/**
 * Reads single blobs through a few windows of 1 MiB. Trees lie side by side in their packs, so walking a snapshot
 * asks for neighbours: one read serves hundreds of them. Blobs larger than half a window are read by themselves.
 */
export class PackWindows {
  readonly #storage: Storage;
  readonly #index: BlobIndex;
  #windows: Window[] = []; // the most recently used last

  constructor(storage: Storage, index: BlobIndex) {
    this.#storage = storage;
    this.#index = index;
  }

  /** The sealed bytes of a blob. @throws the storage's errors */
  async read(place: BlobLocation, signal: AbortSignal): Promise<Uint8Array> {
    const { offset, length } = place;
    if (length > windowBytes / 2) return this.#readAlone(place, signal);
    const window = this.#windowFor(place, signal);
    try {
      const bytes = await orAborted(window.bytes, signal);
      return bytes.subarray(offset - window.offset, offset - window.offset + length);
    } catch {
      // The window reaches beyond the blob: in a truncated pack the blob itself may still be whole. Or whoever opened it was stopped.
      this.#windows = this.#windows.filter((other) => other !== window);
      return this.#readAlone(place, signal);
    }
  }

  /** The bytes once more, from the storage itself: what came before may have been damaged on its way. */
  readAgain(place: BlobLocation, signal: AbortSignal): Promise<Uint8Array> {
    this.#windows = this.#windows.filter(({ packId }) => packId !== place.packId);
    return this.#readAlone(place, signal);
  }

  #readAlone({ packId, offset, length }: BlobLocation, signal: AbortSignal): Promise<Uint8Array> {
    return this.#storage.readRange({ kind: 'data', name: packId }, offset, length, { signal });
  }

  #windowFor({ packId, offset, length }: BlobLocation, signal: AbortSignal): Window {
    const at = this.#windows.findIndex(
      (window) => window.packId === packId && window.offset <= offset && offset + length <= window.offset + window.lengthBytes,
    );
    const [known] = at < 0 ? [] : this.#windows.splice(at, 1);
    const window = known ?? this.#open(packId, offset, signal);
    this.#windows.push(window);
    if (this.#windows.length > windowsMax) this.#windows.shift();
    return window;
  }

  #open(packId: PackId, wanted: number, signal: AbortSignal): Window {
    // Parents are written after their children, so a walk downwards runs backwards through a pack: leave room on both sides.
    const dataEnd = this.#index.packDataEnd(packId);
    const offset = Math.max(0, Math.min(wanted - windowBytes / 2, dataEnd - windowBytes));
    const lengthBytes = Math.min(windowBytes, dataEnd - offset);
    const bytes = this.#storage.readRange({ kind: 'data', name: packId }, offset, lengthBytes, { signal });
    bytes.catch(() => undefined); // whoever reads from the window deals with it
    return { packId, offset, lengthBytes, bytes };
  }
}
