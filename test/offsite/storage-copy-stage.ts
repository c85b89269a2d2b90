import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import {
  CopyLedger,
  scrubCopy,
  StorageCopy,
  syncCopy,
  type ScrubReport,
  type SyncOptions,
  type SyncReport,
} from '../../src/offsite/index.ts';
import { CadanganError, systemClock, systemRandom } from '../../src/platform/index.ts';
import {
  FolderStorage,
  WrappedStorage,
  type FileName,
  type ReadRangeOptions,
  type Storage,
  type StorageAbilities,
} from '../../src/storage/index.ts';
import { neverAborted } from '../fakes/never-aborted.ts';
import { OffsiteStage } from './offsite-stage.ts';

export const ours = 'a'.repeat(64);

/** A repository in a folder, and its copy in another storage; each call opens the copy as another process would. */
export class StorageCopyStage implements AsyncDisposable {
  readonly original: OffsiteStage;
  readonly copyFolder: string;
  /** What stands in front of the copy's folder. */
  front: (storage: Storage) => Storage = (storage) => storage;
  ledgerName = 'ledger';

  private constructor(original: OffsiteStage) {
    this.original = original;
    this.copyFolder = join(original.folder, 'copy');
  }

  static async open(seed = 1): Promise<StorageCopyStage> {
    return new StorageCopyStage(await OffsiteStage.open(seed));
  }

  get ledgerPath(): string {
    return join(this.original.folder, this.ledgerName);
  }

  async withCopy<T>(work: (target: StorageCopy) => Promise<T>, origin = ours): Promise<T> {
    const ledger = await CopyLedger.open(this.ledgerPath, { about: this.copyFolder, random: systemRandom });
    try {
      return await work(new StorageCopy(this.front(new FolderStorage(this.copyFolder)), { ledger, clock: systemClock, origin }));
    } finally {
      await ledger.close();
    }
  }

  sync(options: Partial<SyncOptions> = {}): Promise<SyncReport> {
    return this.withCopy((target) => syncCopy(this.#world(target), this.#options(options)));
  }

  scrub(options: Partial<SyncOptions> = {}): Promise<ScrubReport> {
    return this.withCopy((target) => scrubCopy(this.#world(target), this.#options(options)));
  }

  /** Names of what lies in the copy, as paths. */
  get files(): string[] {
    return readdirSync(this.copyFolder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) =>
        join(entry.parentPath, entry.name)
          .slice(this.copyFolder.length + 1)
          .replaceAll(sep, '/'),
      )
      .sort();
  }

  /** The copy has what the original has, every byte right. */
  assertWhole(): void {
    assert.deepEqual(this.files, this.original.sourceFiles.toSorted());
    this.assertSound();
  }

  /** What lies there has the bytes that its name promises. */
  assertSound(): void {
    for (const path of this.files) {
      const name = path.split('/').at(-1) ?? '';
      if (name !== 'config') assert.equal(hashOf(readFileSync(join(this.copyFolder, path))), name, path);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.original[Symbol.asyncDispose]();
  }

  #world(target: StorageCopy) {
    return { source: this.original.source, target, clock: systemClock };
  }

  #options(options: Partial<SyncOptions>): SyncOptions {
    return { againMs: 20, signal: neverAborted, origins: new Set([ours]), ...options };
  }
}

export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A storage that does one thing otherwise. */
export class OddStorage extends WrappedStorage {
  readonly #odd: Partial<Pick<Storage, 'write' | 'remove' | 'list' | 'readRange' | 'sizeOf'>> & {
    readonly abilities?: Partial<StorageAbilities>;
  };

  constructor(
    inner: Storage,
    odd: (inner: Storage) => Partial<Pick<Storage, 'write' | 'remove' | 'list' | 'readRange' | 'sizeOf'>> & {
      readonly abilities?: Partial<StorageAbilities>;
    },
  ) {
    super(inner);
    this.#odd = odd(inner);
  }

  override get abilities(): StorageAbilities {
    return { ...super.abilities, ...this.#odd.abilities };
  }

  override write(file: FileName, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    return this.#odd.write?.(file, bytes, signal) ?? super.write(file, bytes, signal);
  }

  override remove(file: FileName, signal: AbortSignal): Promise<void> {
    return this.#odd.remove?.(file, signal) ?? super.remove(file, signal);
  }

  override list(kind: Parameters<Storage['list']>[0], signal: AbortSignal): ReturnType<Storage['list']> {
    return this.#odd.list?.(kind, signal) ?? super.list(kind, signal);
  }

  override sizeOf(file: FileName, signal: AbortSignal): Promise<number | undefined> {
    return this.#odd.sizeOf?.(file, signal) ?? super.sizeOf(file, signal);
  }

  override readRange(file: FileName, offset: number, lengthBytes: number, options: ReadRangeOptions): Promise<Uint8Array> {
    return this.#odd.readRange?.(file, offset, lengthBytes, options) ?? super.readRange(file, offset, lengthBytes, options);
  }
}

/** Nothing is removed, as behind `rclone serve restic --append-only`. */
export function appendOnly(storage: Storage): Storage {
  return new OddStorage(storage, ({ location }) => ({
    abilities: { appendOnly: true },
    remove: async () => {
      throw new CadanganError('storage.denied', { location, reason: 'append-only' });
    },
  }));
}
