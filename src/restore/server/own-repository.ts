import { joinBytes, type ByteString } from '../../platform/index.ts';
import type { KeyId } from '../../repository/index.ts';
import { SftpFault, type ServerFiles } from '../../storage/index.ts';
import { ownRepositoryCode } from '../failures.ts';

const keysName = 'keys' as ByteString;

/**
 * Knows the repository that is restored from by the key that opened it. Its location may lead there over another road, another name of the
 * server or another user's home: no comparison of locations would tell.
 */
export class OwnRepository {
  readonly #files: ServerFiles;
  readonly #keyId: ByteString;
  readonly #signal: AbortSignal;

  constructor(files: ServerFiles, keyId: KeyId, signal: AbortSignal) {
    this.#files = files;
    this.#keyId = keyId as string as ByteString; // hexadecimal
    this.#signal = signal;
  }

  /** @returns the folder among `folder` and those it lies in that is the repository. @throws as `ServerFiles`, no SftpFault */
  async around(folder: ByteString): Promise<ByteString | undefined> {
    const folders: ByteString[] = [folder];
    for (let at = folder.lastIndexOf('/'); at > 0; at = folder.lastIndexOf('/', at - 1)) folders.push(folder.slice(0, at) as ByteString);
    const found = await Promise.all(folders.map((each) => this.#seenAt(each)));
    return folders.find((_folder, i) => found[i]);
  }

  /**
   * To be called with what a folder was seen to have, before anything in it is changed.
   * @throws SftpFault when it is the repository, or nobody can tell
   */
  async assertNotAt(folder: ByteString, names: readonly ByteString[]): Promise<void> {
    if (names.includes(keysName) && (await this.#isAt(folder))) throw new SftpFault('exists', ownRepositoryCode);
  }

  async #isAt(folder: ByteString): Promise<boolean> {
    return (await this.#files.look(joinBytes(joinBytes(folder, keysName), this.#keyId), this.#signal)) !== undefined;
  }

  /** What cannot be looked into is no folder that one could restore into. */
  async #seenAt(folder: ByteString): Promise<boolean> {
    try {
      return await this.#isAt(folder);
    } catch (error) {
      if (error instanceof SftpFault) return false;
      throw error;
    }
  }
}
