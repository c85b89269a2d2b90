import { CadanganError, forEachBounded, type ByteString } from '../../platform/index.ts';
import { SftpFault, type ServerFiles } from '../../storage/index.ts';

/** Requests are sent without waiting for the answers to others. */
const callsAtOnce = 32;

/**
 * Brings the names in folders onto the disk of a server. Of one that never did it nothing more is asked; where one did, a refusal is
 * trouble with its disk.
 */
export class FolderSync {
  readonly #files: Pick<ServerFiles, 'syncFolder' | 'location'>;
  readonly #stop: AbortSignal;
  #isDone: boolean | 'unknown' = 'unknown';

  constructor(files: Pick<ServerFiles, 'syncFolder' | 'location'>, stop: AbortSignal) {
    this.#files = files;
    this.#stop = stop;
  }

  /** @throws `target.not-synced`, `aborted`; as `ServerFiles` */
  async sync(paths: readonly ByteString[]): Promise<void> {
    const left = paths.values();
    // One after the other until it is known, so that a first refusal is not taken for trouble, nor trouble for a first refusal.
    for (let next = this.#nextUnknown(left); next !== undefined; next = this.#nextUnknown(left)) await this.#syncOne(next);
    if (this.#isDone !== true) return;
    await forEachBounded(left, callsAtOnce, this.#stop, (path) => this.#syncOne(path));
  }

  #nextUnknown(left: Iterator<ByteString>): ByteString | undefined {
    const next = this.#isDone === 'unknown' ? left.next() : undefined;
    return next?.done === false ? next.value : undefined;
  }

  async #syncOne(path: ByteString): Promise<void> {
    try {
      await this.#files.syncFolder(path, this.#stop);
      this.#isDone = true;
    } catch (error) {
      if (!(error instanceof SftpFault)) throw error;
      // Of one that somebody has removed, or that we may not open by what the snapshot says of it, the others tell nothing.
      const { trouble, reason } = error;
      if (trouble === 'absent' || reason === 'EACCES') return;
      const { location } = this.#files;
      if (this.#isDone === true) throw new CadanganError('target.not-synced', { target: location, reason }, { cause: error });
      this.#isDone = false;
    }
  }
}
