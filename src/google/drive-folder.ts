import { CadanganError, drivePathOf, isCode } from '../platform/index.ts';
import type { DriveAccount, StorageQuota } from './drive-api.ts';
import type { DriveClient } from './drive-client.ts';
import { FileUpload, type FilePlace, type UploadOptions, type UploadResult } from './file-upload.ts';
import { listFlat } from './flat-listing.ts';
import { FolderTree, isWhere, type Directory } from './folder-tree.ts';
import {
  bestOf,
  fileAt,
  labelOf,
  placeOf,
  type DriveItem,
  type RemoteFile,
  type RepositoryFile,
  type RepositoryFileKind,
} from './remote-file.ts';
import { memoryJournal, type UploadJournal } from './upload-journal.ts';
import { RangeBeyondEnd } from './range-download.ts';
import { uploadStream } from './stream-upload.ts';
import type { UploadSource } from './upload-source.ts';
import { whereaboutsOf, type Whereabouts } from './whereabouts.ts';
import { isFolderGone } from './wire.ts';

export interface DriveFolderOptions {
  /** Where uploads are noted, so that they go on after a restart. Default: in memory. */
  readonly journal?: UploadJournal | undefined;
  /** Ids that the folder had; taken when nothing is at its path, since somebody may have renamed or moved it. */
  readonly knownIds?: readonly string[] | undefined;
  /** Noted with each file that is sent; see `DriveItem.origin`. */
  readonly origin?: string | undefined;
}

/** Of folders beside the repository's own; folders of a stranger could be any number deep. */
const depthBelowMax = 3;

/** Everything below a repository's folder, as Drive listed it: whole, or the listing failed. */
export interface RemoteListing {
  /** False when the folder itself is not there (or in the trash): then there is nothing in it, which is not the same as empty. */
  readonly exists: boolean;
  /** The ids of the folder, oldest first; more than one when there are several of its name. */
  readonly folderIds: readonly string[];
  /** There are folders of one name in one place. restic and rclone would read one of them. */
  readonly hasDoubledFolders: boolean;
  /** Files of all kinds, doubles and strangers (`file` undefined) too, and what is in the trash (`trashed`). Folders are left out. */
  readonly files: readonly RemoteFile[];
}

/**
 * The folder of one repository on Drive, in restic's layout: `config`, `keys/`, `locks/`, `snapshots/`, `index/`, `data/00…ff/`. Several
 * files or folders of one name are one thing here, strangers are left alone, and what is in the trash does not count as present. All calls
 * may run side by side.
 */
export class DriveFolder implements FilePlace {
  /** As people write it. */
  readonly location: string;
  readonly client: DriveClient;
  readonly origin: string | undefined;
  readonly #tree: FolderTree;
  readonly #journal: UploadJournal;
  readonly #uploading = new Map<string, Promise<unknown>>();

  constructor(client: DriveClient, path: string, options: DriveFolderOptions = {}) {
    this.client = client;
    this.origin = options.origin;
    this.location = `gdrive:${path}`;
    this.#tree = new FolderTree(client, path.split('/').filter(Boolean), options.knownIds ?? [], this.location);
    this.#journal = options.journal ?? memoryJournal();
  }

  /** @throws `drive.wrong-account` and more, see `DriveClient.account` */
  account(signal?: AbortSignal): Promise<DriveAccount> {
    return this.client.account(signal);
  }

  storageQuota(signal?: AbortSignal): Promise<StorageQuota> {
    return this.client.storageQuota(signal);
  }

  /**
   * Makes the folder and those of the kinds. `data/xx` are made when the first pack comes: 256 folders are two minutes at Google's pace.
   */
  async create(signal?: AbortSignal): Promise<void> {
    await this.#tree.makeRoot(signal);
    await this.assertThere(signal);
    for (const kind of ['keys', 'locks', 'snapshots', 'index', 'data']) await this.#tree.ensure([kind], signal);
  }

  /** @returns the ids of the folder. @throws `drive.not-found` with `missing: folder` when it is not there or in the trash; asked anew */
  async assertThere(signal?: AbortSignal): Promise<readonly string[]> {
    return this.#tree.assertRoot(signal);
  }

  /** Everything, in one flat listing: 66 requests for a terabyte. @throws when it cannot be had whole */
  async listAll(signal?: AbortSignal): Promise<RemoteListing> {
    try {
      const folderIds = await this.assertThere(signal);
      return { exists: true, folderIds, ...(await listFlat(this.client, this.#tree, folderIds, this.location, signal)) };
    } catch (error) {
      if (isFolderGone(error)) return { exists: false, folderIds: [], hasDoubledFolders: false, files: [] };
      throw error;
    }
  }

  /**
   * The files of one small kind, from lists of its folders, which show what was made a moment ago. Not for `data`, whose folders are 256.
   * @throws as `listAll`, and `drive.not-found`
   */
  async listKind(kind: Exclude<RepositoryFileKind, 'config' | 'data'>, signal?: AbortSignal): Promise<RemoteFile[]> {
    const directory = await this.#tree.directory([kind], 0, signal);
    const files = [...(directory?.files.values() ?? [])].flat().flatMap((item) => remoteFiles([kind], item, this.#tree));
    // An empty answer is also what a folder in the trash gives.
    if (files.length === 0) await this.assertThere(signal);
    return files;
  }

  /**
   * What says whose folder it is: the config, the keys, and what lies beside them, from lists of their folders that are made now; those
   * show what was made a moment ago. Empty when the folder is not there.
   * @returns also the ids that the lists themselves showed: what we made and they do not show says that they are late
   */
  async listWitnesses(signal?: AbortSignal): Promise<{ readonly files: readonly RemoteFile[]; readonly listedIds: ReadonlySet<string> }> {
    this.#tree.forget(); // somebody may have made the folder a second time
    const root = await this.#tree.directory([], 0, signal);
    const keys = await this.#tree.directory(['keys'], 0, signal);
    const filesOf = (folders: readonly string[], directory: Directory | undefined): RemoteFile[] => {
      const items = [...(directory?.files.values() ?? [])].flat().filter(({ id }) => !this.#tree.wasRemoved(id));
      return items.map((item) => ({ ...item, file: fileAt(folders, item.name), path: [...folders, item.name].join('/') }));
    };
    const listedIds = new Set([...(root?.listedIds ?? []), ...(keys?.listedIds ?? [])]);
    return { files: [...filesOf([], root), ...filesOf(['keys'], keys)], listedIds };
  }

  /** Those that have this name in this place, the best first; from a list that is not older than `maxAgeMs` when there is none. */
  async find(file: RepositoryFile, maxAgeMs: number, signal?: AbortSignal): Promise<RemoteFile[]> {
    const { folders, name } = placeOf(file);
    const look = async (ageMs: number): Promise<RemoteFile[]> =>
      ((await this.#tree.directory(folders, ageMs, signal))?.files.get(name) ?? []).flatMap((item) =>
        remoteFiles(folders, item, this.#tree),
      );
    const known = await look(Infinity);
    const found = known.length > 0 ? known : await look(maxAgeMs);
    const best = bestOf(found);
    return best ? [best, ...found.filter((other) => other !== best)] : [];
  }

  /** What Drive says of it now; undefined when it is gone, in the trash, or has another name or place than when it was listed. */
  async current(item: RemoteFile, signal?: AbortSignal): Promise<RemoteFile | undefined> {
    const now = await this.client.get(item.id, { location: this.location, file: item.path }, signal);
    if (now && !now.trashed && isWhere(item, now)) return { ...now, file: item.file, path: item.path };
    if (now && !now.trashed) this.#tree.forget();
    else this.#tree.noteRemoved(item.id);
    return undefined;
  }

  /**
   * Stores a file and proves it by its checksum. Goes on where an earlier attempt stopped, also one of another process with the same
   * journal; a second copy is never made where one is there. Others of this name that are not what they should be go to the trash, but for
   * `config`, whose name does not say what it should be.
   * @throws `repository.damaged` when the source's bytes are not those of `sha256`; `drive.altered`, `drive.full`, `drive.daily-volume`,
   * `drive.denied`, `drive.signed-out`, `drive.wrong-account`, `drive.unavailable`, `aborted`, and what the source throws
   */
  async upload(file: RepositoryFile, source: UploadSource, options: UploadOptions = {}): Promise<UploadResult> {
    const label = labelOf(file);
    // A second upload of the same file waits for the first, and then finds it there.
    const before = this.#uploading.get(label) ?? Promise.resolve();
    const upload = before.catch(() => undefined).then(() => new FileUpload(this, this.#tree, this.#journal, file, source, options).run());
    this.#uploading.set(label, upload);
    try {
      return await upload;
    } finally {
      if (this.#uploading.get(label) === upload) this.#uploading.delete(label);
    }
  }

  /** Files of ours that lie beside those of the repository, and of strangers; oldest first. Empty when the folder is not there. */
  async listBeside(signal?: AbortSignal): Promise<RemoteFile[]> {
    const directory = await this.#tree.directory([], 0, signal);
    return [...(directory?.files.values() ?? [])]
      .flat()
      .filter(({ id, name }) => fileAt([], name) === undefined && !this.#tree.wasRemoved(id))
      .map((item) => ({ ...item, file: undefined, path: item.name }));
  }

  /** The names of the folders that lie beside the repository's files, those of a repository too. Empty when the folder is not there. */
  async listFolders(signal?: AbortSignal): Promise<string[]> {
    return [...((await this.#tree.directory([], 0, signal))?.folders.keys() ?? [])];
  }

  /**
   * The files of a folder that lies beside those of the repository, and of the folders in it; oldest first in each. Their paths are seen
   * from there. Empty when it is not there.
   */
  async listBelow(folders: readonly [string, ...string[]], signal?: AbortSignal): Promise<RemoteFile[]> {
    const directory = await this.#tree.directory(folders, 0, signal);
    const files = [...(directory?.files.values() ?? [])].flat().filter(({ id }) => !this.#tree.wasRemoved(id));
    const here = files.map((item) => ({ ...item, file: undefined, path: [...folders.slice(1), item.name].join('/') }));
    if (folders.length >= depthBelowMax) return here;
    const names = [...(directory?.folders.keys() ?? [])];
    return [here, ...(await Promise.all(names.map((name) => this.listBelow([...folders, name], signal))))].flat();
  }

  /**
   * Stores a small file beside those of the repository, or in a folder that lies there and is made where it is missing; others of its name
   * stay.
   * @throws `drive.not-found` when the folder of the repository is not there; as `upload`
   */
  async writeBeside(
    name: string,
    bytes: Uint8Array,
    signal?: AbortSignal,
    { folders = [], mimeType = 'application/json' }: { readonly folders?: readonly string[]; readonly mimeType?: string } = {},
  ): Promise<RemoteFile> {
    const [rootId] = await this.assertThere(signal);
    const item = await uploadStream(this.client, {
      folder: drivePathOf(this.location),
      folderId: folders.length === 0 ? rootId : await this.#tree.ensure(folders, signal),
      name,
      mimeType,
      chunks: once(bytes),
      signal,
    });
    this.#tree.noteFile(folders, item);
    return { ...item, file: undefined, path: [...folders, name].join('/') };
  }

  /**
   * Brings what lies in folders of one name into the oldest of them, for programs that know one of a name. The others get another name:
   * something may lie in them that is not visible to us. @returns how many those are
   */
  async mergeFolders(signal?: AbortSignal): Promise<number> {
    this.#tree.forget();
    let merged = await this.#merge([], signal);
    for (const kind of ['keys', 'locks', 'snapshots', 'index', 'data']) merged += await this.#merge([kind], signal);
    const data = await this.#tree.directory(['data'], 0, signal);
    for (const [name, folders] of data?.folders ?? []) if (folders.length > 1) merged += await this.#merge(['data', name], signal);
    this.#tree.forget();
    return merged;
  }

  async #merge(path: readonly string[], signal: AbortSignal | undefined): Promise<number> {
    const facts = { location: this.location };
    const [kept, ...others] = (await this.#tree.directory(path, 0, signal))?.ids ?? [];
    if (kept === undefined) return 0;
    for (const id of others) {
      for (const item of await this.client.list(`'${id}' in parents and trashed = false`, facts, signal))
        await this.client.move(item.id, id, kept, facts, signal);
      const name = path.at(-1) ?? this.location.split('/').at(-1) ?? '';
      await this.client.rename(id, `${name} (merged)`, facts, signal);
    }
    if (others.length > 0) this.#tree.forget();
    return others.length;
  }

  /** To the trash, where Google keeps it for 30 days. Gone already is no error. */
  async trash(fileId: string, signal?: AbortSignal): Promise<void> {
    await this.client.trash(fileId, { location: this.location }, signal);
    this.#tree.noteRemoved(fileId);
  }

  /** For good. Gone already is no error. */
  async remove(fileId: string, signal?: AbortSignal): Promise<void> {
    await this.client.remove(fileId, { location: this.location }, signal);
    this.#tree.noteRemoved(fileId);
  }

  /**
   * Exactly `lengthBytes` bytes from `offset`, in `target` when given.
   * @param item as it was found. @throws `drive.not-found` when it is gone or was replaced, `repository.damaged` when it ends before;
   * `drive.download-refused`, `drive.unavailable` …
   */
  async readRange(
    item: RemoteFile,
    offset: number,
    lengthBytes: number,
    options: { readonly target?: Uint8Array; readonly signal?: AbortSignal } = {},
  ): Promise<Uint8Array> {
    const { id, sizeBytes, path } = item;
    if (sizeBytes !== undefined && offset + lengthBytes > sizeBytes) throw endsBefore(item, offset + lengthBytes);
    const target = options.target ?? new Uint8Array(lengthBytes);
    if (lengthBytes === 0) return target.subarray(0, 0);
    const facts = { location: this.location, file: path };
    const download = (acknowledgeAbuse: boolean): Promise<void> =>
      this.client.download({ id, offset, lengthBytes, sizeBytes, target, facts, signal: options.signal, acknowledgeAbuse });
    try {
      await download(false).catch((error: unknown) => {
        // Google took the sealed bytes for something harmful. What comes is proven before it is used, so its owner may have it.
        if (isCode(error, 'drive.download-refused') && error.facts['reason'] === 'cannotDownloadAbusiveFile') return download(true);
        throw error;
      });
    } catch (error) {
      if (error instanceof RangeBeyondEnd) throw endsBefore(item, offset + lengthBytes);
      if (isCode(error, 'drive.not-found')) this.#tree.forget();
      throw error;
    }
    return target.length === lengthBytes ? target : target.subarray(0, lengthBytes);
  }

  /** Where a folder is that had this id; see `whereaboutsOf`. */
  whereIs(folderId: string, signal?: AbortSignal): Promise<Whereabouts> {
    return whereaboutsOf(this.client, folderId, this.location, signal);
  }

  /** Whether an upload that the journal knows lies where it should be: asked for by its id, whatever the lists show. */
  async isNoted(file: RepositoryFile, signal?: AbortSignal): Promise<boolean> {
    const note = this.#journal.get(labelOf(file));
    if (note?.doneAtMs === undefined) return false;
    const where = await this.whereIs(note.id, signal);
    const { folders, name } = placeOf(file);
    return where.kind === 'at' && where.path === [...drivePathOf(this.location).split('/').filter(Boolean), ...folders, name].join('/');
  }

  /** Whether there is a folder at the path, asked anew: not one that is only known by its id. */
  isAtPath(signal?: AbortSignal): Promise<boolean> {
    return this.#tree.isAtPath(signal);
  }

  /** The ids that it had count no more: what is not at the path is not there. */
  forgetPlace(): void {
    this.#tree.forgetPlace();
  }

  /** What lists said is asked anew from here on. */
  forget(): void {
    this.#tree.forget();
  }

  async close(): Promise<void> {
    await this.#journal.close();
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function remoteFiles(folders: readonly string[], item: DriveItem, tree: FolderTree): RemoteFile[] {
  const file = fileAt(folders, item.name);
  return file && !tree.wasRemoved(item.id) ? [{ ...item, file, path: [...folders, item.name].join('/') }] : [];
}

function endsBefore({ file, path }: RemoteFile, wantedBytes: number): CadanganError {
  return new CadanganError('repository.damaged', {
    kind: file?.kind ?? 'data',
    name: file?.name ?? path,
    reason: `the file ends before byte ${wantedBytes}`,
  });
}
