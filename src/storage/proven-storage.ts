import { CadanganError, isCode, randomBelow, type Clock, type Random } from '../platform/index.ts';
import { inOwnTime } from './own-time.ts';
import { fileLabel, type FileName, type Storage } from './storage.ts';
import { WrappedStorage } from './wrapped-storage.ts';

/** So much is read back of a pack. Of what is smaller, and of everything that is no pack, all is. */
const pieceBytes = 64 * 1024;

export interface ProofWorld {
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * A storage that holds nothing against a hash (`StorageAbilities.serverChecksum`), held to what it was sent: what it stored is read back
 * before it counts as stored. An index, a snapshot, a key or a lock is read as a whole. A pack would cost the line twice what it costs now;
 * of it a piece is read at a place that nobody knows beforehand: that finds what was put in its place, zeros, and what moved, but not a
 * single byte that is another one. Those are found by a check that reads data.
 *
 * What is wrong is taken away again as far as the server lets it go, so that nobody takes it for a file; then the write has failed with
 * `storage.unreachable` and the reason `stored-other-bytes`, and may be tried again.
 */
export class ProvenStorage extends WrappedStorage {
  readonly #world: ProofWorld;

  constructor(inner: Storage, world: ProofWorld) {
    super(inner);
    this.#world = world;
  }

  override async write(file: FileName, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.inner.write(file, bytes, signal);
    if (this.abilities.serverChecksum || bytes.length === 0) return;
    // The file has its name now, and no abort can be heeded any more.
    await inOwnTime(this, this.#world.clock, (own) => this.#prove(file, bytes, own));
  }

  async #prove(file: FileName, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const lengthBytes = file.kind === 'data' ? Math.min(pieceBytes, bytes.length) : bytes.length;
    const offset = randomBelow(this.#world.random, bytes.length - lengthBytes + 1);
    const wanted = Buffer.from(bytes.buffer, bytes.byteOffset + offset, lengthBytes);
    if (await this.#has(file, offset, wanted, signal)) return;
    // Another config is of somebody who made the repository at the same moment.
    if (file.kind === 'config') throw new CadanganError('repository.exists', { location: this.location });
    await this.inner.remove(file, signal).catch(() => undefined); // it was only to be no trouble
    throw new CadanganError('storage.unreachable', { location: this.location, file: fileLabel(file), reason: 'stored-other-bytes' });
  }

  async #has(file: FileName, offset: number, wanted: Buffer, signal: AbortSignal): Promise<boolean> {
    try {
      return wanted.equals(await this.inner.readRange(file, offset, wanted.length, { signal }));
    } catch (error) {
      if (isCode(error, 'storage.not-found', 'repository.damaged')) return false; // it is not there, or ends before
      throw error;
    }
  }
}
