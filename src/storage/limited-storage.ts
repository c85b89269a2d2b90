import type { Pace } from '../platform/index.ts';
import type { FileKind, FileName, ReadRangeOptions, Storage } from './storage.ts';
import { WrappedStorage } from './wrapped-storage.ts';

/**
 * They count, and do not wait: a lock renewed too late is no lock, and an index behind packs that wait would be lost when its run is
 * stopped, with all that it names.
 */
const prompt: Readonly<Record<keyof Pace, ReadonlySet<FileKind>>> = {
  upload: new Set(['config', 'keys', 'locks', 'index', 'snapshots']),
  download: new Set(['config', 'keys', 'locks']),
};
/** A range is read in parts of this size, each in its turn. */
const partBytes = 256 * 1024;

/** Any storage, as fast as it may be. A file goes to it whole, after its bytes have had their time; what is read comes in parts. */
export class LimitedStorage extends WrappedStorage {
  readonly #pace: Pace;

  constructor(inner: Storage, pace: Pace) {
    super(inner);
    this.#pace = pace;
  }

  /** How large it is shows when it is there: its time is waited for then. */
  override async read(file: FileName, signal: AbortSignal): Promise<Uint8Array> {
    const bytes = await this.inner.read(file, signal);
    await this.#go('download', file, bytes.length, signal);
    return bytes;
  }

  override async readRange(file: FileName, offset: number, lengthBytes: number, options: ReadRangeOptions): Promise<Uint8Array> {
    const { signal } = options;
    if (this.#pace.download === undefined || lengthBytes <= partBytes) {
      await this.#go('download', file, lengthBytes, signal);
      return this.inner.readRange(file, offset, lengthBytes, options);
    }
    // A length that comes from a damaged index must not decide how much memory is taken: only what is there gets it.
    const { target = await this.#roomFor(file, offset, lengthBytes, signal) } = options;
    for (let done = 0; done < lengthBytes; done += partBytes) {
      const part = target.subarray(done, Math.min(done + partBytes, lengthBytes));
      await this.#go('download', file, part.length, signal);
      await this.inner.readRange(file, offset + done, part.length, { target: part, signal });
    }
    return target.subarray(0, lengthBytes);
  }

  override async write(file: FileName, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#go('upload', file, bytes.length, signal);
    await this.inner.write(file, bytes, signal);
  }

  async #roomFor(file: FileName, offset: number, lengthBytes: number, signal: AbortSignal): Promise<Uint8Array> {
    const sizeBytes = await this.inner.sizeOf(file, signal);
    // The storage itself says what is wrong with such a range.
    if (sizeBytes === undefined || offset + lengthBytes > sizeBytes) return this.inner.readRange(file, offset, lengthBytes, { signal });
    return new Uint8Array(lengthBytes);
  }

  async #go(way: keyof Pace, { kind }: FileName, bytes: number, signal: AbortSignal): Promise<void> {
    if (prompt[way].has(kind)) this.#pace[way]?.note(bytes);
    else await this.#pace[way]?.take(bytes, signal);
  }
}
