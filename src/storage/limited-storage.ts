import type { Pace } from '../platform/index.ts';
import type { FileKind, FileName, ListedFile, ReadRangeOptions, Storage } from './storage.ts';

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
export class LimitedStorage implements Storage {
  readonly #inner: Storage;
  readonly #pace: Pace;
  /** Whether the storage can tell when a file was written. */
  readonly writtenMs?: NonNullable<Storage['writtenMs']>;
  readonly removeLeftovers?: NonNullable<Storage['removeLeftovers']>;

  constructor(inner: Storage, pace: Pace) {
    this.#inner = inner;
    this.#pace = pace;
    if (inner.writtenMs) this.writtenMs = (file, signal) => inner.writtenMs?.(file, signal) ?? Promise.resolve(undefined);
    if (inner.removeLeftovers)
      this.removeLeftovers = (...asked) => inner.removeLeftovers?.(...asked) ?? Promise.resolve({ files: 0, bytes: 0 });
  }

  get location(): string {
    return this.#inner.location;
  }

  create(signal: AbortSignal): Promise<void> {
    return this.#inner.create(signal);
  }

  list(kind: Exclude<FileKind, 'config'>, signal: AbortSignal): Promise<ListedFile[]> {
    return this.#inner.list(kind, signal);
  }

  sizeOf(file: FileName, signal: AbortSignal): Promise<number | undefined> {
    return this.#inner.sizeOf(file, signal);
  }

  /** How large it is shows when it is there: its time is waited for then. */
  async read(file: FileName, signal: AbortSignal): Promise<Uint8Array> {
    const bytes = await this.#inner.read(file, signal);
    await this.#go('download', file, bytes.length, signal);
    return bytes;
  }

  async readRange(file: FileName, offset: number, lengthBytes: number, options: ReadRangeOptions): Promise<Uint8Array> {
    const { signal } = options;
    if (this.#pace.download === undefined || lengthBytes <= partBytes) {
      await this.#go('download', file, lengthBytes, signal);
      return this.#inner.readRange(file, offset, lengthBytes, options);
    }
    // A length that comes from a damaged index must not decide how much memory is taken: only what is there gets it.
    const { target = await this.#roomFor(file, offset, lengthBytes, signal) } = options;
    for (let done = 0; done < lengthBytes; done += partBytes) {
      const part = target.subarray(done, Math.min(done + partBytes, lengthBytes));
      await this.#go('download', file, part.length, signal);
      await this.#inner.readRange(file, offset + done, part.length, { target: part, signal });
    }
    return target.subarray(0, lengthBytes);
  }

  async write(file: FileName, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#go('upload', file, bytes.length, signal);
    await this.#inner.write(file, bytes, signal);
  }

  remove(file: FileName, signal: AbortSignal): Promise<void> {
    return this.#inner.remove(file, signal);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  async #roomFor(file: FileName, offset: number, lengthBytes: number, signal: AbortSignal): Promise<Uint8Array> {
    const sizeBytes = await this.#inner.sizeOf(file, signal);
    // The storage itself says what is wrong with such a range.
    if (sizeBytes === undefined || offset + lengthBytes > sizeBytes) return this.#inner.readRange(file, offset, lengthBytes, { signal });
    return new Uint8Array(lengthBytes);
  }

  async #go(way: keyof Pace, { kind }: FileName, bytes: number, signal: AbortSignal): Promise<void> {
    if (prompt[way].has(kind)) this.#pace[way]?.note(bytes);
    else await this.#pace[way]?.take(bytes, signal);
  }
}
