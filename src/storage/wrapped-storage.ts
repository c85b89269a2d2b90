import type { FileKind, FileName, ListedFile, ReadRangeOptions, Storage, StorageAbilities } from './storage.ts';

/** One call as it passes through a wrapper. */
export interface StorageCall {
  readonly call:
    | 'create'
    | 'list'
    | 'sizeOf'
    | 'writtenMs'
    | 'lockedUntilMs'
    | 'read'
    | 'readRange'
    | 'write'
    | 'remove'
    | 'removeLeftovers';
  /** Which files it is about; undefined where it is about the storage as a whole. */
  readonly kind?: FileKind | undefined;
  /** Undefined where it is about all of them. */
  readonly file?: FileName | undefined;
  readonly signal: AbortSignal;
}

/**
 * A storage in front of another one, and as it stands a plain passage: it answers what the other one does, and lacks the calls that the
 * other one lacks. What a wrapper adds to all calls it adds in `around`; what it adds to one, by taking its place.
 */
export class WrappedStorage implements Storage {
  protected readonly inner: Storage;
  readonly writtenMs?: NonNullable<Storage['writtenMs']>;
  readonly lockedUntilMs?: NonNullable<Storage['lockedUntilMs']>;
  readonly removeLeftovers?: NonNullable<Storage['removeLeftovers']>;

  constructor(inner: Storage) {
    this.inner = inner;
    if (inner.writtenMs)
      this.writtenMs = (file, signal) =>
        this.around({ call: 'writtenMs', kind: file.kind, file, signal }, async () => inner.writtenMs?.(file, signal));
    if (inner.lockedUntilMs)
      this.lockedUntilMs = (file, signal) =>
        this.around({ call: 'lockedUntilMs', kind: file.kind, file, signal }, async () => inner.lockedUntilMs?.(file, signal));
    if (inner.removeLeftovers)
      this.removeLeftovers = (signal, options) =>
        this.around(
          { call: 'removeLeftovers', signal },
          async () => (await inner.removeLeftovers?.(signal, options)) ?? { files: 0, bytes: 0 },
        );
  }

  get location(): string {
    return this.inner.location;
  }

  get abilities(): StorageAbilities {
    return this.inner.abilities;
  }

  create(signal: AbortSignal): Promise<void> {
    return this.around({ call: 'create', signal }, () => this.inner.create(signal));
  }

  list(kind: Exclude<FileKind, 'config'>, signal: AbortSignal): Promise<ListedFile[]> {
    return this.around({ call: 'list', kind, signal }, () => this.inner.list(kind, signal));
  }

  sizeOf(file: FileName, signal: AbortSignal): Promise<number | undefined> {
    return this.around({ call: 'sizeOf', kind: file.kind, file, signal }, () => this.inner.sizeOf(file, signal));
  }

  read(file: FileName, signal: AbortSignal): Promise<Uint8Array> {
    return this.around({ call: 'read', kind: file.kind, file, signal }, () => this.inner.read(file, signal));
  }

  readRange(file: FileName, offset: number, lengthBytes: number, options: ReadRangeOptions): Promise<Uint8Array> {
    return this.around({ call: 'readRange', kind: file.kind, file, signal: options.signal }, () =>
      this.inner.readRange(file, offset, lengthBytes, options),
    );
  }

  write(file: FileName, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    return this.around({ call: 'write', kind: file.kind, file, signal }, () => this.inner.write(file, bytes, signal));
  }

  remove(file: FileName, signal: AbortSignal): Promise<void> {
    return this.around({ call: 'remove', kind: file.kind, file, signal }, () => this.inner.remove(file, signal));
  }

  close(): Promise<void> {
    return this.inner.close();
  }

  /** @param work asks the other storage; it may be called again, and is not called after the signal was aborted */
  protected around<T>(_call: StorageCall, work: () => Promise<T>): Promise<T> {
    return work();
  }
}
