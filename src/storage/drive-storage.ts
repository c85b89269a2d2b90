import { createHash } from 'node:crypto';
import { bestOf, DriveFolder, isFolderGone, sourceOfBytes, type DriveClient, type RemoteFile } from '../google/index.ts';
import { CadanganError, isCode, throwIfAborted, type ErrorCode } from '../platform/index.ts';
import { assertFileName, assertRange } from './file-name.ts';
import type { FileKind, FileName, ListedFile, ReadRangeOptions, Storage, StorageAbilities } from './storage.ts';
import { fileLabel } from './storage.ts';
import { wholeFileBytesMax } from './layout.ts';

// A list that is younger is not asked for again when a name is not in it.
const missMsMax = 2000;

/**
 * A repository in a folder on Google Drive, in restic's layout. Unlike other storages it repeats what Google refuses for the rate or for
 * trouble of its own: only the Drive client knows which refusals pass. Several files of one name are one; of those the one that fits its
 * name is read.
 *
 * What is removed goes to the trash, where Google keeps it for 30 days, but for locks, which come every minute, and keys, which must not be
 * found again.
 *
 * Errors are those of every storage (`storage.unreachable`, `storage.no-repository`, `storage.full`, `storage.denied`), and those that only
 * the person can end: `drive.signed-out`, `drive.wrong-account`, `drive.not-set-up`, `drive.daily-volume`, `drive.download-refused`.
 */
export class DriveStorage implements Storage {
  readonly location: string;
  /** Drive has several files of one name; each upload is held against its MD5. */
  readonly abilities: StorageAbilities = { conditionalWrite: false, serverChecksum: true, rename: false, appendOnly: false };
  readonly #folder: DriveFolder;
  readonly #onClose: (() => Promise<void> | void) | undefined;

  /**
   * @param path `Folder/Sub`.
   * @param options `onClose` is called by `close`; the client is not closed by itself, since others may use it
   */
  constructor(client: DriveClient, path: string, options: { readonly onClose?: () => Promise<void> | void } = {}) {
    this.#folder = new DriveFolder(client, path);
    this.location = this.#folder.location;
    this.#onClose = options.onClose;
  }

  async create(signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    await this.#guard(undefined, () => this.#folder.create(signal));
  }

  async list(kind: Exclude<FileKind, 'config'>, signal: AbortSignal): Promise<ListedFile[]> {
    throwIfAborted(signal);
    return this.#guard(undefined, async () => {
      const files = kind === 'data' ? await this.#packs(signal) : await this.#folder.listKind(kind, signal);
      return Promise.all([...byName(files)].map(async ([name, items]) => ({ name, sizeBytes: await this.#sizeOfBest(items, signal) })));
    });
  }

  async sizeOf(file: FileName, signal: AbortSignal): Promise<number | undefined> {
    assertFileName(file);
    throwIfAborted(signal);
    return this.#guard(file, async () => {
      try {
        const item = await this.#current(file, signal);
        return item && (await this.#sizeOfBest([item], signal));
      } catch (error) {
        if (file.kind === 'config' && isFolderGone(error)) return undefined;
        throw error;
      }
    });
  }

  async writtenMs(file: FileName, signal: AbortSignal): Promise<number | undefined> {
    assertFileName(file);
    throwIfAborted(signal);
    return this.#guard(file, async () => {
      const item = await this.#current(file, signal);
      return item && Date.parse(item.createdTime);
    });
  }

  async read(file: FileName, signal: AbortSignal): Promise<Uint8Array> {
    assertFileName(file);
    throwIfAborted(signal);
    return this.#withItem(file, signal, async (item) => {
      const sizeBytes = await this.#sizeOfBest([item], signal);
      if (sizeBytes > wholeFileBytesMax)
        throw new CadanganError('repository.damaged', {
          kind: file.kind,
          name: file.name,
          reason: `the file has ${sizeBytes} bytes, more than any repository file`,
        });
      return this.#folder.readRange(item, 0, sizeBytes, { signal });
    });
  }

  async readRange(file: FileName, offset: number, lengthBytes: number, options: ReadRangeOptions): Promise<Uint8Array> {
    assertFileName(file);
    assertRange(offset, lengthBytes, options.target);
    throwIfAborted(options.signal);
    return this.#withItem(file, options.signal, async (item) => {
      // A length that comes from a damaged index must not decide how much memory is taken.
      const sizeBytes = await this.#sizeOfBest([item], options.signal);
      return this.#folder.readRange({ ...item, sizeBytes }, offset, lengthBytes, options);
    });
  }

  async write(file: FileName, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    assertFileName(file);
    throwIfAborted(signal);
    await this.#guard(file, async () => {
      if (file.kind === 'config' && (await this.#isSameConfig(bytes, signal))) return;
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      await this.#folder.upload(file, sourceOfBytes(bytes), { sha256, signal });
    });
  }

  async remove(file: FileName, signal: AbortSignal): Promise<void> {
    assertFileName(file);
    throwIfAborted(signal);
    await this.#guard(file, async () => {
      const items = await this.#folder.find(file, missMsMax, signal);
      if (items.length === 0) await this.#folder.assertThere(signal);
      const isForGood = file.kind === 'locks' || file.kind === 'keys';
      for (const { id } of items) await (isForGood ? this.#folder.remove(id, signal) : this.#folder.trash(id, signal));
    });
  }

  async close(): Promise<void> {
    await this.#folder.close();
    await this.#onClose?.();
  }

  async #packs(signal: AbortSignal): Promise<RemoteFile[]> {
    const { exists, files } = await this.#folder.listAll(signal);
    if (!exists) throw new CadanganError('storage.no-repository', { location: this.location, missing: 'folder' });
    return files.filter(({ file, trashed }) => file?.kind === 'data' && !trashed);
  }

  /** What has this name now; undefined when nothing has. @throws `drive.not-found` when the repository's folder is away */
  async #current(file: FileName, signal: AbortSignal): Promise<RemoteFile | undefined> {
    for (const maxAgeMs of [missMsMax, 0]) {
      const items = await this.#folder.find(file, maxAgeMs, signal);
      if (items.length === 0) break;
      for (const item of items) {
        const now = await this.#folder.current(item, signal);
        if (now) return now;
      }
      this.#folder.forget();
    }
    await this.#folder.assertThere(signal);
    return undefined;
  }

  async #isSameConfig(bytes: Uint8Array, signal: AbortSignal): Promise<boolean> {
    const config: FileName = { kind: 'config', name: '' };
    const item = await this.#current(config, signal);
    if (!item) return false;
    if (item.sizeBytes === bytes.length && Buffer.from(await this.read(config, signal)).equals(bytes)) return true;
    throw new CadanganError('repository.exists', { location: this.location });
  }

  /** Somebody may have put the same file there anew, under another id. */
  async #withItem<T>(file: FileName, signal: AbortSignal, use: (item: RemoteFile) => Promise<T>): Promise<T> {
    return this.#guard(file, async () => {
      for (let turn = 0; ; turn++) {
        const [item] = await this.#folder.find(file, missMsMax, signal);
        if (!item) {
          await this.#folder.assertThere(signal);
          throw new CadanganError('storage.not-found', { location: this.location, file: fileLabel(file) });
        }
        try {
          return await use(item);
        } catch (error) {
          if (turn > 0 || !isCode(error, 'drive.not-found')) throw error;
          this.#folder.forget();
        }
      }
    });
  }

  /** A list may lack a size that the file itself has. */
  async #sizeOfBest(items: readonly RemoteFile[], signal: AbortSignal): Promise<number> {
    const best = bestOf(items);
    const sizeBytes = best?.sizeBytes ?? (best && (await this.#folder.current(best, signal))?.sizeBytes);
    if (sizeBytes === undefined)
      throw new CadanganError('storage.unreachable', {
        location: this.location,
        file: best?.path,
        reason: 'Drive does not say how large it is',
      });
    return sizeBytes;
  }

  async #guard<T>(file: FileName | undefined, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw error instanceof CadanganError ? storageError(error, this.location, file) : error;
    }
  }
}

function byName(files: readonly RemoteFile[]): Map<string, RemoteFile[]> {
  return Map.groupBy(files, ({ name }) => name);
}

const storageCodes = new Map<ErrorCode, ErrorCode>([
  ['drive.unavailable', 'storage.unreachable'],
  ['drive.rate-limited', 'storage.unreachable'],
  ['drive.not-found', 'storage.not-found'],
  ['drive.full', 'storage.full'],
  ['drive.denied', 'storage.denied'],
]);

/** Drive's errors in the words of a storage. */
function storageError(error: CadanganError, location: string, file: FileName | undefined): CadanganError {
  if (!error.code.startsWith('drive.')) return error;
  if (isFolderGone(error)) return new CadanganError('storage.no-repository', { location, missing: 'folder' }, { cause: error });
  const named = { location, ...(file ? { file: fileLabel(file) } : {}) };
  // The quota is for all files; any other refusal is for this one, and no reason to end with the others.
  const isOfFile = error.code === 'drive.download-refused' && error.facts['reason'] !== 'downloadQuotaExceeded';
  const code = isOfFile ? 'storage.denied' : storageCodes.get(error.code);
  const { reason, between } = error.facts;
  if (code !== undefined) return new CadanganError(code, { ...named, reason, ...(between !== undefined && { between }) }, { cause: error });
  return new CadanganError(error.code, { ...error.facts, ...named }, { cause: error });
}
