import { CadanganError, throwIfAborted } from '../platform/index.ts';
import type { DriveClient } from './drive-client.ts';
import { isRefusedRequest } from './fault.ts';
import type { FolderTree } from './folder-tree.ts';
import { labelOf, placeOf, type DriveItem, type RemoteFile, type RepositoryFile } from './remote-file.ts';
import type { UploadJournal, UploadNote } from './upload-journal.ts';
import { hashesOf, judge, type Expected, type Judged, type Proof } from './upload-proof.ts';
import type { UploadSource } from './upload-source.ts';
import { isFolderGone } from './wire.ts';

const checkedMs = 10 * 60_000;
const alteredMax = 5;
const movedMax = 3;
const bytesType = 'application/octet-stream';

/** What an upload needs of the folder that it goes to. */
export interface FilePlace {
  readonly location: string;
  readonly client: DriveClient;
  /** See `DriveItem.origin`. */
  readonly origin: string | undefined;
  find(file: RepositoryFile, maxAgeMs: number, signal?: AbortSignal): Promise<RemoteFile[]>;
  current(item: RemoteFile, signal?: AbortSignal): Promise<RemoteFile | undefined>;
  trash(fileId: string, signal?: AbortSignal): Promise<void>;
  remove(fileId: string, signal?: AbortSignal): Promise<void>;
}

export interface UploadOptions {
  /** Of all bytes of the source. Default: the file's name, or for `config` computed. */
  readonly sha256?: string | undefined;
  /** Noted with a new file; see `DriveItem.mark`. */
  readonly mark?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Bytes of this file that have arrived; may go back when Google loses an upload. */
  readonly onProgress?: ((sentBytes: number) => void) | undefined;
}

export interface UploadResult {
  readonly item: RemoteFile;
  readonly proof: Proof;
  /** It was complete there before anything was sent. */
  readonly wasThere: boolean;
}

/** The upload of one file of a repository, from *is it there?* to its proof. */
export class FileUpload {
  readonly #folder: FilePlace;
  readonly #tree: FolderTree;
  readonly #journal: UploadJournal;
  readonly #file: RepositoryFile;
  readonly #source: UploadSource;
  readonly #options: UploadOptions;
  readonly #label: string;

  constructor(
    folder: FilePlace,
    tree: FolderTree,
    journal: UploadJournal,
    file: RepositoryFile,
    source: UploadSource,
    options: UploadOptions,
  ) {
    this.#folder = folder;
    this.#tree = tree;
    this.#journal = journal;
    this.#file = file;
    this.#source = source;
    this.#options = options;
    this.#label = labelOf(file);
  }

  async run(): Promise<UploadResult> {
    throwIfAborted(this.#options.signal);
    const expected = await this.#expected();
    const noted = await this.#noted(expected);
    if (noted) return noted;
    const others = await this.#folder.find(this.#file, checkedMs, this.#options.signal);
    const there = await this.#firstGood(others, expected);
    const result = there ?? (await this.#sendUntilProved(expected));
    await this.#trashOthers(others, result.item, expected);
    return result;
  }

  async #expected(): Promise<Expected> {
    const { sizeBytes } = this.#source;
    const sha256 =
      this.#options.sha256 ??
      (this.#file.kind === 'config' ? (await hashesOf(this.#source, this.#options.signal)).sha256 : this.#file.name);
    return { sizeBytes, sha256 };
  }

  /** An earlier attempt reserved an id: what is under it now? A note that is of no more use is forgotten. */
  async #noted(expected: Expected): Promise<UploadResult | undefined> {
    const note = this.#journal.get(this.#label);
    if (!note) return undefined;
    const isSame = note.sha256 === expected.sha256 && note.sizeBytes === expected.sizeBytes;
    const item = isSame ? await this.#folder.client.get(note.id, this.#facts, this.#options.signal) : undefined;
    // Nothing yet: the upload goes on under this id.
    if (isSame && !item && note.doneAtMs === undefined) return undefined;
    if (item && !item.trashed && (await this.#isInPlace(item))) {
      const judged = await this.#judge(item, expected);
      if (judged.proof !== 'altered') return this.#done(judged, expected, true);
      await this.#folder.remove(item.id, this.#options.signal);
    }
    await this.#journal.remove(this.#label);
    return undefined;
  }

  /**
   * Nobody has renamed it or moved it away, and it is not that of another place for which the same journal was used. A list may not show a
   * young folder yet, so folders are asked themselves, up to that of the repository.
   */
  async #isInPlace(item: DriveItem): Promise<boolean> {
    const { folders, name } = placeOf(this.#file);
    if (item.name !== name) return false;
    let below: DriveItem = item;
    for (let depth = folders.length; ; depth--) {
      const directory = await this.#tree.directory(folders.slice(0, depth), checkedMs, this.#options.signal);
      const [parentId] = below.parents;
      if (parentId === undefined) return false;
      if (directory?.ids.includes(parentId) === true) return true;
      if (depth === 0) return false;
      const parent = await this.#folder.client.get(parentId, this.#facts, this.#options.signal);
      if (parent === undefined || parent.trashed || parent.name !== folders[depth - 1]) return false;
      below = parent;
    }
  }

  /** What is listed may be gone by now, so it is asked for. */
  async #firstGood(others: readonly RemoteFile[], expected: Expected): Promise<UploadResult | undefined> {
    for (const other of others) {
      if (isWrong(other, expected)) continue;
      const item = await this.#folder.current(other, this.#options.signal);
      if (!item || isWrong(item, expected)) continue;
      const judged = await this.#judge(item, expected);
      if (judged.proof !== 'altered') return this.#done(judged, expected, true);
    }
    return undefined;
  }

  async #sendUntilProved(expected: Expected): Promise<UploadResult> {
    for (let altered = 0; ;) {
      const judged = await this.#judge(await this.#send(expected), expected);
      if (judged.proof !== 'altered') return this.#done(judged, expected, false);
      // What is wrong must not stay under the name, and its id cannot be used again.
      await this.#folder.remove(judged.item.id, this.#options.signal);
      await this.#journal.remove(this.#label);
      await this.#assertSource(expected);
      if (++altered >= alteredMax)
        throw new CadanganError('drive.altered', { ...this.#facts, reason: judged.item.sha256 === undefined ? 'size' : 'sha256' });
    }
  }

  async #send(expected: Expected): Promise<DriveItem> {
    for (let moved = 0; ; moved++) {
      const earlier = this.#journal.get(this.#label);
      const note = earlier ?? (await this.#reserve(expected));
      try {
        const item = await this.#sendAs(note);
        if (!item.trashed) return item;
        await this.#folder.remove(item.id, this.#options.signal);
        throw new CadanganError('drive.not-found', { ...this.#facts, missing: 'folder', reason: 'the folder is in the trash' });
      } catch (error) {
        // An id that was reserved for another account, or long ago, is refused as a mistake of ours.
        const isIdRefused = earlier !== undefined && isRefusedRequest(error);
        if (moved >= movedMax || !(isIdRefused || isFolderGone(error))) throw error;
        await this.#journal.remove(this.#label);
        this.#tree.forget();
        // Gone as a whole is for the caller to know; a single folder below is made anew.
        await this.#tree.assertRoot(this.#options.signal);
      }
    }
  }

  async #reserve({ sizeBytes, sha256 }: Expected): Promise<UploadNote> {
    const note = { id: await this.#folder.client.reserveId(this.#options.signal), sizeBytes, sha256 };
    await this.#journal.put(this.#label, note);
    return note;
  }

  async #sendAs(note: UploadNote): Promise<DriveItem> {
    const { folders, name } = placeOf(this.#file);
    const { signal, onProgress, mark } = this.#options;
    return this.#folder.client.upload({
      facts: this.#facts,
      name,
      mimeType: bytesType,
      mark,
      origin: this.#folder.origin,
      parentId: await this.#tree.ensure(folders, signal),
      note,
      source: this.#source,
      save: (next) => this.#journal.put(this.#label, next),
      signal,
      onProgress,
    });
  }

  #judge(item: DriveItem, expected: Expected): Promise<Judged> {
    const { wire, api } = this.#folder.client;
    return judge(wire, api, item, expected, this.#source, this.#facts, this.#options.signal);
  }

  async #done({ item, proof }: Judged, expected: Expected, wasThere: boolean): Promise<UploadResult> {
    if (proof === 'altered') throw new CadanganError('drive.altered', this.#facts);
    const { folders } = placeOf(this.#file);
    const doneAtMs = Number(this.#folder.client.clock.nowNs() / 1_000_000n);
    if (!wasThere || this.#journal.get(this.#label)) await this.#journal.put(this.#label, { id: item.id, ...expected, doneAtMs });
    if (!wasThere) this.#tree.noteFile(folders, item);
    return { item: { ...item, file: this.#file, path: this.#label }, proof, wasThere };
  }

  /** Which side is wrong? @throws `repository.damaged` when the source is not what its name says */
  async #assertSource(expected: Expected): Promise<void> {
    const { sha256 } = await hashesOf(this.#source, this.#options.signal);
    if (sha256 !== expected.sha256)
      throw new CadanganError('repository.damaged', { kind: this.#file.kind, name: this.#file.name, reason: 'hash' });
  }

  /** A name that is a hash says what the bytes should have been. `config` says nothing: other bytes may be another repository's. */
  async #trashOthers(others: readonly RemoteFile[], kept: RemoteFile, expected: Expected): Promise<void> {
    if (this.#file.kind === 'config') return;
    for (const other of others)
      if (other.id !== kept.id && isWrong(other, expected)) await this.#folder.trash(other.id, this.#options.signal);
  }

  get #facts(): Readonly<Record<string, string>> {
    return { location: this.#folder.location, file: this.#label };
  }
}

function isWrong(item: DriveItem, { sizeBytes, sha256 }: Expected): boolean {
  return (item.sizeBytes !== undefined && item.sizeBytes !== sizeBytes) || (item.sha256 !== undefined && item.sha256 !== sha256);
}
