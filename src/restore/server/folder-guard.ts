import type { ByteString } from '../../platform/index.ts';
import { SftpFault, type ServerFiles } from '../../storage/index.ts';
import type { FolderPlan } from '../plan.ts';
import { serverPath, type ServerPlace } from './server-place.ts';

/**
 * Sees that the way to a folder leads through folders alone. The protocol looks no name up in a folder that is held open: somebody with
 * write access to the target could still swap a folder for a link in the moment between check and use.
 */
export class FolderGuard {
  readonly #files: ServerFiles;
  readonly #place: ServerPlace;
  readonly #stop: AbortSignal;
  /** What is being looked at: whoever asks meanwhile gets the same answer. */
  readonly #looking = new Map<FolderPlan, Promise<void>>();

  constructor(files: ServerFiles, place: ServerPlace, stop: AbortSignal) {
    this.#files = files;
    this.#place = place;
    this.#stop = stop;
  }

  pathOf(folder: FolderPlan): ByteString {
    return serverPath(this.#place, folder);
  }

  /** All folders from the target to this one. */
  wayTo(folder: FolderPlan): readonly ByteString[] {
    return [...(folder.parent ? this.wayTo(folder.parent) : []), this.pathOf(folder)];
  }

  /** Asks for all of the way at once. @throws SftpFault `ENOTDIR` where a part of it is no folder, `ENOENT` where it is not there */
  async check(folder: FolderPlan): Promise<void> {
    const way: Promise<void>[] = [];
    for (let above: FolderPlan | undefined = folder; above; above = above.parent) way.push(this.#look(above));
    await allOf(way);
  }

  #look(folder: FolderPlan): Promise<void> {
    const looking = this.#looking.get(folder) ?? this.#ask(folder).finally(() => this.#looking.delete(folder));
    this.#looking.set(folder, looking);
    return looking;
  }

  #ask(folder: FolderPlan): Promise<void> {
    return assertFolder(this.#files, this.pathOf(folder), this.#stop);
  }
}

/** As `FolderGuard.check`. @param way all folders of it */
export async function assertFolders(files: ServerFiles, way: readonly ByteString[], signal: AbortSignal): Promise<void> {
  await allOf(way.map((path) => assertFolder(files, path, signal)));
}

async function assertFolder(files: ServerFiles, path: ByteString, signal: AbortSignal): Promise<void> {
  const entry = await files.look(path, signal);
  if (entry === undefined) throw new SftpFault('absent', 'ENOENT');
  if (entry.kind !== 'folder') throw new SftpFault('exists', 'ENOTDIR');
}

/** @throws what the first of them threw, when all have ended */
async function allOf(asked: readonly Promise<void>[]): Promise<void> {
  const ended = await Promise.allSettled(asked);
  const failed = ended.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
}
