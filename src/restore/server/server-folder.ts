import { joinBytes, type ByteString } from '../../platform/index.ts';
import { SftpFault, type ServerEntry, type ServerFiles } from '../../storage/index.ts';
import type { OpenFolder } from '../destination.ts';
import type { RestoreItem } from '../restore-options.ts';
import { assertFolders } from './folder-guard.ts';
import type { OwnRepository } from './own-repository.ts';
import type { ServerPlace } from './server-place.ts';

const ownerAll = 0o700;

interface FolderWorld {
  readonly files: ServerFiles;
  readonly place: ServerPlace;
  readonly own: OwnRepository;
  readonly stop: AbortSignal;
}

/**
 * A folder of a server whose entries are removed. Emptying it may take minutes, and somebody could swap a folder on the way for a link:
 * before each change all of the way is seen to be folders.
 */
export class ServerFolder implements OpenFolder {
  readonly #path: ByteString;
  /** From the target to this one. */
  readonly #way: readonly ByteString[];
  readonly #world: FolderWorld;

  constructor(path: ByteString, way: readonly ByteString[], world: FolderWorld) {
    this.#path = path;
    this.#way = way;
    this.#world = world;
  }

  async look(name: ByteString): Promise<{ readonly type: RestoreItem['type']; readonly isProtected: boolean }> {
    const path = joinBytes(this.#path, name);
    return { type: types[(await this.#entryAt(path)).kind], isProtected: path === this.#world.place.repository };
  }

  async names(): Promise<readonly ByteString[]> {
    const { files, own, stop } = this.#world;
    const names = (await files.list(this.#path, stop)).map(({ name }) => name);
    await own.assertNotAt(this.#path, names);
    return names;
  }

  async openChild(name: ByteString): Promise<OpenFolder> {
    const path = joinBytes(this.#path, name);
    if ((await this.#entryAt(path)).kind !== 'folder') throw new SftpFault('exists', 'ENOTDIR');
    return new ServerFolder(path, [...this.#way, path], this.#world);
  }

  async makeWritable(): Promise<void> {
    const { files, place, stop } = this.#world;
    const { mode } = await this.#entryAt(this.#path);
    if (mode === undefined || (mode & ownerAll) === ownerAll || place.uid === 0) return;
    await this.#assertWay();
    await files.set(this.#path, { mode: mode | ownerAll }, stop);
  }

  async removeFile(name: ByteString): Promise<void> {
    await this.#assertWay();
    await this.#world.files.remove(joinBytes(this.#path, name), this.#world.stop);
  }

  async removeFolder(name: ByteString): Promise<void> {
    const { files, stop } = this.#world;
    const path = joinBytes(this.#path, name);
    await this.#assertWay();
    try {
      await files.removeFolder(path, stop);
    } catch (error) {
      // Servers say FAILURE of one that is not empty.
      const left = error instanceof SftpFault ? await files.list(path, stop).catch(() => []) : [];
      throw left.length > 0 ? new SftpFault('exists', 'ENOTEMPTY', error) : error;
    }
  }

  close(): void {}

  #assertWay(): Promise<void> {
    return assertFolders(this.#world.files, this.#way, this.#world.stop);
  }

  async #entryAt(path: ByteString): Promise<ServerEntry> {
    const entry = await this.#world.files.look(path, this.#world.stop);
    if (entry === undefined) throw new SftpFault('absent', 'ENOENT');
    return entry;
  }
}

const types: Readonly<Record<ServerEntry['kind'], RestoreItem['type']>> = {
  file: 'file',
  folder: 'dir',
  link: 'symlink',
  other: 'other',
  unknown: 'other',
};
