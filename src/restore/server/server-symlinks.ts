import { joinBytes, type ByteString } from '../../platform/index.ts';
import { isTrouble, type ServerFiles } from '../../storage/index.ts';
import type { TemporaryNames } from '../temporary-names.ts';
import type { CleanUp } from './clean-up.ts';
import type { ServerPlace } from './server-place.ts';

interface SymlinkWorld {
  readonly files: ServerFiles;
  readonly place: ServerPlace;
  readonly names: TemporaryNames;
  readonly cleanUp: CleanUp;
  readonly stop: AbortSignal;
}

/**
 * Makes symbolic links. The draft has the link's own path first, OpenSSH and those who followed it its target: a server of the other kind
 * would make a link wherever the snapshot has it lead. Which kind it is shows by two names of ours in the target, before the first.
 */
export class ServerSymlinks {
  /** Until the server has said that it sets none. */
  keepsTimes = true;
  readonly #world: SymlinkWorld;
  #hasTargetFirst: Promise<boolean> | undefined;

  constructor(world: SymlinkWorld) {
    this.#world = world;
  }

  /** @throws SftpFault */
  async make(target: ByteString, path: ByteString): Promise<void> {
    const hasTargetFirst = await this.#order();
    try {
      await (hasTargetFirst
        ? this.#world.files.symlink(target, path, this.#world.stop)
        : this.#world.files.symlink(path, target, this.#world.stop));
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
    const [first, second] = [this.#world.names.next(), this.#world.names.next()].map((name) => joinBytes(this.#world.place.root, name));
    if (first === undefined || second === undefined) throw new Error('two names were made');
    const isThere = async (path: ByteString): Promise<boolean> => (await this.#world.files.look(path, this.#world.stop)) !== undefined;
    try {
      await this.#world.files.symlink(first, second, this.#world.stop);
      return await isThere(second);
    } catch (error) {
      // When the answer to it was lost, it may be done.
      if (!isTrouble(error, 'exists', 'failed')) throw error;
      if (await isThere(second)) return true;
      if (await isThere(first)) return false;
      throw error;
    } finally {
      for (const path of [first, second]) await this.#world.cleanUp.remove(path);
    }
  }

  async #leadsTo(path: ByteString, target: ByteString): Promise<boolean> {
    try {
      return (await this.#world.files.readLink(path, this.#world.stop)) === target;
    } catch (error) {
      if (isTrouble(error, 'absent', 'failed')) return false;
      throw error;
    }
  }
}
