import { posix } from 'node:path';
import { CadanganError, randomId, throwIfAborted, type Random } from '../../platform/index.ts';
import type { FileName } from '../storage.ts';
import { existing, isSupported } from './sftp-errors.ts';
import { isTrouble } from './sftp-fault.ts';
import type { SftpHandle, SftpLine } from './sftp-line.ts';
import { sizeOfEntry, type SftpPlace } from './sftp-place.ts';

/** Puts files where they belong on a server, so that none is ever there in part. Every call throws `SftpFault`. */
export class SftpWriter {
  readonly #place: SftpPlace;
  readonly #random: Random;
  /** Until the server has refused it once. */
  #syncsFiles = true;
  #syncsFolders: boolean | 'unknown' = 'unknown';

  constructor(place: SftpPlace, random: Random) {
    this.#place = place;
    this.#random = random;
  }

  /** As in a folder: another size was torn by another program, and is replaced; the config never is. @throws `repository.exists` */
  async keepsExisting(line: SftpLine, file: FileName, existingBytes: number, bytes: Uint8Array): Promise<boolean> {
    if (file.kind !== 'config') return existingBytes === bytes.length;
    if (existingBytes === bytes.length) {
      const handle = await line.open(this.#place.pathOf(file));
      const there = Buffer.alloc(existingBytes);
      const got = await line.read(handle, there, 0, existingBytes, new AbortController().signal);
      await line.close(handle);
      if (got === existingBytes && there.equals(bytes)) return true;
    }
    throw new CadanganError('repository.exists', {});
  }

  /** @returns its path; nothing is left of it when this throws, as far as the connection lasts. @throws `aborted` */
  async writeTemporary(line: SftpLine, file: FileName, bytes: Uint8Array, signal: AbortSignal): Promise<string> {
    const temporary = `${this.#place.pathOf(file)}-tmp-${randomId(this.#random)}`;
    const handle = await this.#createTemporary(line, file, temporary);
    try {
      throwIfAborted(signal);
      const mode = line.setMode(handle, 0o400).catch((error: unknown) => {
        if (isTrouble(error, 'lost')) throw error; // otherwise against slips of the hand only
      });
      await Promise.all([mode, line.write(handle, bytes, signal)]);
      if (this.#syncsFiles) this.#syncsFiles = await isSupported(line.sync(handle));
      await line.close(handle);
      throwIfAborted(signal);
      return temporary;
    } catch (error) {
      line.close(handle).catch(() => undefined); // it may be closed
      await line.remove(temporary).catch(() => undefined);
      throw error;
    }
  }

  /**
   * A hash has one content, so that it may be put over whatever has its name, in one step. The config must be the first; the plain rename
   * of the protocol takes no name that is taken. @throws `repository.exists`
   */
  async giveName(line: SftpLine, file: FileName, temporary: string, bytes: Uint8Array): Promise<void> {
    const path = this.#place.pathOf(file);
    try {
      if (file.kind !== 'config' && (await isSupported(line.replace(temporary, path)))) return;
      await line.rename(temporary, path);
    } catch (error) {
      if (isTrouble(error, 'lost')) throw error;
      const existingBytes = isTrouble(error, 'failed', 'exists') ? sizeOfEntry(await existing(line.stat(path), undefined)) : undefined;
      try {
        if (existingBytes === undefined) throw error;
        if (await this.keepsExisting(line, file, existingBytes, bytes)) return await line.remove(temporary);
        await line.remove(path);
        await line.rename(temporary, path);
      } catch (second) {
        await line.remove(temporary).catch(() => undefined);
        throw second;
      }
    }
  }

  /**
   * After a rename or removal. Beyond what the protocol promises: OpenSSH opens a folder like a file, and syncs what is open. Of a server
   * that never did it nothing more is asked; where one did, a refusal is trouble with its disk.
   */
  async syncFolder(line: SftpLine, folder: string): Promise<void> {
    if (!this.#syncsFiles || this.#syncsFolders === false) return;
    try {
      const handle = await line.open(folder);
      try {
        await line.sync(handle);
      } finally {
        await line.close(handle);
      }
      this.#syncsFolders = true;
    } catch (error) {
      if (this.#syncsFolders === true || isTrouble(error, 'lost', 'absent')) throw error;
      this.#syncsFolders = false;
    }
  }

  /** Tools that sync or copy repositories drop empty folders; then `data/xx` or a whole kind is missing. */
  async #createTemporary(line: SftpLine, file: FileName, temporary: string): Promise<SftpHandle> {
    try {
      return await line.create(temporary);
    } catch (error) {
      if (!isTrouble(error, 'absent')) throw error;
      await this.#place.assertThere(line, file.kind);
      const folder = posix.dirname(temporary);
      await this.#place.makeFolder(line, folder);
      // Otherwise a power failure would take the new folder, and the file that is safe in it.
      if (file.kind === 'data') await this.syncFolder(line, this.#place.folderOf('data'));
      await this.syncFolder(line, this.#place.root);
      return line.create(temporary);
    }
  }
}
