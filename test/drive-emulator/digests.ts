import { createHash, type Hash } from 'node:crypto';
import type { Contents } from './contents.ts';

interface Hashes {
  readonly md5: Hash;
  readonly sha1: Hash;
  readonly sha256: Hash;
  sizeBytes: number;
}

/** Checksums of what arrives, kept up while it arrives. After a restart they are made again from what was kept. */
export class Digests {
  readonly #contents: Contents;
  readonly #open = new Map<string, Hashes>();

  constructor(contents: Contents) {
    this.#contents = contents;
  }

  /** Stores and counts. `sizeBytes` is what lies there before. */
  async append(key: string, sizeBytes: number, bytes: Uint8Array): Promise<void> {
    const hashes = await this.#hashesOf(key, sizeBytes);
    await this.#contents.append(key, bytes);
    update(hashes, bytes);
  }

  async finish(key: string, sizeBytes: number): Promise<{ readonly md5: string; readonly sha1: string; readonly sha256: string }> {
    const { md5, sha1, sha256 } = await this.#hashesOf(key, sizeBytes);
    this.#open.delete(key);
    return { md5: md5.digest('hex'), sha1: sha1.digest('hex'), sha256: sha256.digest('hex') };
  }

  forget(key: string): void {
    this.#open.delete(key);
  }

  async #hashesOf(key: string, sizeBytes: number): Promise<Hashes> {
    const known = this.#open.get(key);
    if (known?.sizeBytes === sizeBytes) return known;
    await this.#contents.cut(key, sizeBytes);
    const hashes: Hashes = { md5: createHash('md5'), sha1: createHash('sha1'), sha256: createHash('sha256'), sizeBytes: 0 };
    for await (const piece of this.#contents.read(key, 0, sizeBytes)) update(hashes, piece);
    this.#open.set(key, hashes);
    return hashes;
  }
}

function update(hashes: Hashes, bytes: Uint8Array): void {
  hashes.md5.update(bytes);
  hashes.sha1.update(bytes);
  hashes.sha256.update(bytes);
  hashes.sizeBytes += bytes.length;
}
