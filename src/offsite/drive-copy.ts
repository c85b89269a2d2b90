import type { DriveFolder, RemoteFile, Whereabouts } from '../google/index.ts';
import { isAnchorFileName } from '../records/index.ts';
import { claimedMark, claimFile, claimFileName, type Claim } from './copy-claim.ts';
import type { CopiedKind, CopyFile, CopyListing, SourceFile } from './copy-listing.ts';
import { chainOfHistoryPath } from './keep-history.ts';
import type { CopyFolders, CopyTarget, Uploaded, UploadOptions, UploadSource, Witnesses } from './copy-target.ts';

export interface DriveCopyOptions {
  /** The MD5 of files for which Drive gives no SHA-256 and that were proved when they were uploaded, by id. It is added to. */
  readonly provedByMd5?: Map<string, string> | undefined;
}

/** The copy's folder on Google Drive. Before each listing it is made sure that it is the designated account's. */
export class DriveCopy implements CopyTarget, CopyFolders {
  readonly location: string;
  readonly hasUniqueNames = false;
  /** Of the folder when it was last listed: to find it again when somebody renames it, or when lists are late. */
  folderIds: readonly string[] = [];
  readonly #folder: DriveFolder;
  readonly #proved: Map<string, string>;
  #items = new Map<string, RemoteFile>();
  #exists = false;
  #hasDoubledFolders = false;

  constructor(folder: DriveFolder, options: DriveCopyOptions = {}) {
    this.#folder = folder;
    this.location = folder.location;
    this.#proved = options.provedByMd5 ?? new Map<string, string>();
  }

  get folders(): CopyFolders {
    return this;
  }

  async list(signal: AbortSignal): Promise<CopyListing> {
    await this.#folder.account(signal);
    this.#folder.forget(); // somebody else may have made folders, or moved them
    const { exists, files, folderIds, hasDoubledFolders } = await this.#folder.listAll(signal);
    this.#hasDoubledFolders = hasDoubledFolders;
    this.#exists = exists;
    this.folderIds = folderIds;
    this.#items = new Map(files.map((item) => [item.id, item]));
    return {
      files: files.flatMap((item) => this.#copyFile(item) ?? []),
      foreign: files
        .filter(({ file, trashed, path }) => file === undefined && !trashed && !isOfCadangan(path))
        .map(({ id, path, sizeBytes }) => ({ id, path, sizeBytes })),
      claims: files.flatMap(claimsOf),
    };
  }

  whereIs(folderId: string, signal: AbortSignal): Promise<Whereabouts> {
    return this.#folder.whereIs(folderId, signal);
  }

  isAtPath(signal: AbortSignal): Promise<boolean> {
    return this.#folder.isAtPath(signal);
  }

  isNoted({ kind, name }: SourceFile, signal: AbortSignal): Promise<boolean> {
    return this.#folder.isNoted({ kind, name }, signal);
  }

  forgetPlace(): void {
    this.#folder.forgetPlace();
    this.#exists = false;
  }

  async mergeFolders(signal: AbortSignal): Promise<number> {
    if (!this.#hasDoubledFolders) return 0;
    const merged = await this.#folder.mergeFolders(signal);
    this.#hasDoubledFolders = false;
    this.folderIds = await this.#folder.assertThere(signal);
    return merged;
  }

  async freeBytes(signal: AbortSignal): Promise<number | undefined> {
    const { client } = this.#folder;
    // The space of a shared drive is not that of who copies to it.
    if (client.topId !== 'root') return undefined;
    const { limitBytes, usedBytes } = await client.storageQuota(signal);
    return limitBytes === undefined ? undefined : Math.max(0, limitBytes - usedBytes);
  }

  async look(signal: AbortSignal): Promise<Witnesses> {
    const { files, listedIds } = await this.#folder.listWitnesses(signal);
    return { files: files.flatMap((item) => this.#copyFile(item) ?? []), claims: files.flatMap(claimsOf), listedIds };
  }

  async claim(mark: string, _readConfig: unknown, signal: AbortSignal): Promise<Claim> {
    await this.#ensure(signal);
    const { id, createdTime } = await this.#folder.writeBeside(claimFileName(mark), claimFile(mark), signal);
    return { id, mark, createdMs: msOf(createdTime) };
  }

  async withdraw({ id }: Claim, signal: AbortSignal): Promise<void> {
    await this.#folder.remove(id, signal);
  }

  async isThere({ id }: CopyFile, signal: AbortSignal): Promise<boolean> {
    const item = await this.#folder.client.get(id, { location: this.location }, signal);
    return item !== undefined && !item.trashed;
  }

  async upload({ kind, name }: SourceFile, source: UploadSource, { signal, onProgress, sha256, mark }: UploadOptions): Promise<Uploaded> {
    await this.#ensure(signal);
    const { item, proof, wasThere } = await this.#folder.upload({ kind, name }, source, { signal, onProgress, sha256, mark });
    if (proof === 'md5' && item.md5 !== undefined) this.#proved.set(item.id, item.md5);
    this.#items.set(item.id, item);
    const file = this.#copyFile(item);
    if (file === undefined) throw new Error(`${item.path} is not what was uploaded`);
    return { file, wasThere };
  }

  async remove({ id }: CopyFile, signal: AbortSignal): Promise<undefined> {
    await this.#folder.trash(id, signal);
    this.#proved.delete(id);
  }

  async read(
    { id, name }: CopyFile,
    offset: number,
    lengthBytes: number,
    { target, signal }: { readonly target: Uint8Array; readonly signal: AbortSignal },
  ): Promise<Uint8Array> {
    const item = this.#items.get(id);
    if (item === undefined) throw new Error(`${name} was not listed`);
    return this.#folder.readRange(item, offset, lengthBytes, { target, signal });
  }

  /** All of the layout, so that restic finds it; made once, not by each of several uploads. */
  #making: Promise<void> | undefined;
  async #ensure(signal: AbortSignal): Promise<void> {
    if (this.#exists) return;
    this.#making ??= this.#folder.create(signal).finally(() => {
      this.#making = undefined;
    });
    await this.#making;
    if (!this.#exists) this.folderIds = await this.#folder.assertThere(signal);
    this.#exists = true;
  }

  #copyFile(item: RemoteFile): CopyFile | undefined {
    const { file, id, sizeBytes, md5, trashed, createdTime, mark, origin } = item;
    if (file === undefined || !isCopied(file.kind)) return undefined;
    const isProved = item.sha256 === undefined && md5 !== undefined && this.#proved.get(id) === md5;
    return {
      kind: file.kind,
      name: file.name,
      id,
      sizeBytes,
      md5,
      isTrashed: trashed,
      createdMs: msOf(createdTime),
      mark,
      origin,
      sha256: isProved && file.kind !== 'config' ? file.name : item.sha256,
    };
  }
}

/** What we put beside the repository's files: whose the folder is, the heads of records, and the records themselves. */
function isOfCadangan(path: string): boolean {
  return isAnchorFileName(path) || claimedMark(path) !== undefined || chainOfHistoryPath(path) !== undefined;
}

/** What lies at the top of the folder and has the name of a claim. */
function claimsOf({ id, path, trashed, createdTime }: RemoteFile): Claim[] {
  const mark = trashed ? undefined : claimedMark(path);
  return mark === undefined ? [] : [{ id, mark, createdMs: msOf(createdTime) }];
}

function msOf(createdTime: string): number {
  return Date.parse(createdTime) || 0;
}

function isCopied(kind: string): kind is CopiedKind {
  return kind !== 'locks';
}
