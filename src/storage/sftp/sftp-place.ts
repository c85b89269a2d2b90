import { posix } from 'node:path';
import { CadanganError } from '../../platform/index.ts';
import type { FileKind, FileName } from '../storage.ts';
import { existing } from './sftp-errors.ts';
import { isTrouble, SftpFault } from './sftp-fault.ts';
import type { SftpEntry, SftpLine } from './sftp-line.ts';

/** Where the files of a repository lie on a server, in restic's layout, and whether it is there at all. */
export class SftpPlace {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  folderOf(kind: FileKind): string {
    return kind === 'config' ? this.root : posix.join(this.root, kind);
  }

  pathOf(file: FileName): string {
    if (file.kind === 'config') return posix.join(this.root, 'config');
    if (file.kind === 'data') return posix.join(this.root, 'data', file.name.slice(0, 2), file.name);
    return posix.join(this.root, file.kind, file.name);
  }

  /** @returns undefined where there is no such file, in a repository that is there. @throws SftpFault */
  async entryOf(line: SftpLine, file: FileName): Promise<SftpEntry | undefined> {
    try {
      const entry = await line.stat(this.pathOf(file));
      return entry.kind === 'file' || entry.kind === 'unknown' ? entry : undefined;
    } catch (error) {
      if (!isTrouble(error, 'absent')) throw error;
      if (file.kind === 'config') await this.#assertNoFile(line);
      else await this.assertThere(line, file.kind);
      return undefined;
    }
  }

  /**
   * An existing but empty root is what a mount point looks like when its disk is away, and so is a link that leads nowhere.
   * @throws `storage.no-repository`, without the location, unless the storage is there; SftpFault
   */
  async assertThere(line: SftpLine, kind: FileKind): Promise<void> {
    const folder = this.folderOf(kind);
    if (await isFolder(line, folder)) return;
    if (kind === 'config') throw new CadanganError('storage.no-repository', { missing: 'folder' });
    await assertGone(line, folder);
    if ((await existing(line.stat(posix.join(this.root, 'config')), undefined)) === undefined)
      throw new CadanganError('storage.no-repository', { missing: 'config' });
  }

  /** With those that it lies in. @throws SftpFault */
  async makeFolder(line: SftpLine, path: string): Promise<void> {
    try {
      await line.makeFolder(path);
    } catch (error) {
      if (!isTrouble(error, 'absent', 'exists', 'failed', 'denied')) throw error;
      if (await isFolder(line, path)) return;
      const parent = posix.dirname(path);
      if (!isTrouble(error, 'absent') || parent === path) throw error;
      await this.makeFolder(line, parent);
      await line.makeFolder(path);
    }
  }

  /** Of a path through a file servers say what they say where nothing is. */
  async #assertNoFile(line: SftpLine): Promise<void> {
    const root = await existing(line.stat(this.root), undefined);
    if (root?.kind === 'file') throw new SftpFault('failed', 'ENOTDIR');
  }
}

/** What is not there may also be a link to a place that is away: of that nobody can say that it is empty. @throws SftpFault */
export async function assertGone(line: SftpLine, path: string): Promise<void> {
  if ((await existing(line.look(path), undefined)) !== undefined) throw new SftpFault('failed', 'ENOENT');
}

/** @returns undefined for what is no file. @throws SftpFault where the server keeps the size to itself: such a file must not look absent */
export function sizeOfEntry(entry: SftpEntry | undefined): number | undefined {
  if (entry?.kind !== 'file' && entry?.kind !== 'unknown') return undefined;
  if (entry.sizeBytes === undefined) throw new SftpFault('failed', 'EPROTO');
  return entry.sizeBytes;
}

async function isFolder(line: SftpLine, path: string): Promise<boolean> {
  const entry = await existing(line.stat(path), undefined);
  return entry?.kind === 'folder' || entry?.kind === 'unknown';
}
