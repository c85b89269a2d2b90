import { joinBytes, type ByteString } from '../../platform/index.ts';
import { isTrouble, type ServerFiles } from '../../storage/index.ts';
import type { TemporaryNames } from '../temporary-names.ts';
import type { ServerPlace } from './server-place.ts';

/**
 * Makes symbolic links. The draft has the link's own path first, OpenSSH and those who followed it its target: a server of the other kind
 * would make a link wherever the snapshot has it lead. Which kind it is shows by two names of ours in the target, before the first.
 */
export class ServerSymlinks {
  /** Until the server has said that it sets none. */
  keepsTimes = true;
  readonly #files: ServerFiles;
  readonly #place: ServerPlace;
  readonly #names: TemporaryNames;
  readonly #stop: AbortSignal;
  #hasTargetFirst: Promise<boolean> | undefined;

  constructor(files: ServerFiles, place: ServerPlace, names: TemporaryNames, stop: AbortSignal) {
    this.#files = files;
    this.#place = place;
    this.#names = names;
    this.#stop = stop;
  }

  /** @throws SftpFault */
  async make(target: ByteString, path: ByteString): Promise<void> {
    const hasTargetFirst = await this.#order();
    try {
      await (hasTargetFirst ? this.#files.symlink(target, path, this.#stop) : this.#files.symlink(path, target, this.#stop));
    } catch (error) {
      // When the answer to it was lost, it may be done.
      if (!isTrouble(error, 'exists', 'failed') || !(await this.#leadsTo(path, target))) throw error;
    }
  }

  /** What could not be found out is asked again for the next link. */
  #order(): Promise<boolean> {
    return (this.#hasTargetFirst ??= this.#tryOut().catch((error: unknown) => {
      this.#hasTargetFirst = undefined;
      throw error;
    }));
  }

  async #tryOut(): Promise<boolean> {
    const [first, second] = [this.#names.next(), this.#names.next()].map((name) => joinBytes(this.#place.root, name));
    if (first === undefined || second === undefined) throw new Error('two names were made');
    const isThere = async (path: ByteString): Promise<boolean> => (await this.#files.look(path, this.#stop)) !== undefined;
    try {
      await this.#files.symlink(first, second, this.#stop);
      return await isThere(second);
    } catch (error) {
      // When the answer to it was lost, it may be done.
      if (!isTrouble(error, 'exists', 'failed')) throw error;
      if (await isThere(second)) return true;
      if (await isThere(first)) return false;
      throw error;
    } finally {
      for (const path of [first, second]) await this.#files.remove(path, this.#stop).catch(() => undefined);
    }
  }

  async #leadsTo(path: ByteString, target: ByteString): Promise<boolean> {
    try {
      return (await this.#files.readLink(path, this.#stop)) === target;
    } catch (error) {
      if (isTrouble(error, 'absent', 'failed')) return false;
      throw error;
    }
  }
}
