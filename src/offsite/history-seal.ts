import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { CadanganError, type Random } from '../platform/index.ts';
import type { MasterKey } from '../repository/index.ts';

/*
 * A sealed file is `magic | nonce (12) | AES-256-GCM(content) | tag (16)`, with its name as what is authenticated besides, so that no file
 * can stand in for another. The key is derived from the repository's (HKDF-SHA-256, RFC 5869): whoever opens the repository opens the
 * history, and a program that only keeps the history needs no key that opens the repository.
 */
const magic = Buffer.from('cadangan-records-1\n', 'latin1');
const nonceBytes = 12;
const tagBytes = 16;
const keyBytes = 32;
const info = 'cadangan records beside a copy';

/** Of files that are sealed. */
export const sealedEnd = '.sealed';

/** @returns 32 bytes, by which no other secret of the repository can be computed */
export function historyKeyOf({ encrypt, macK, macR }: MasterKey): Buffer {
  return Buffer.from(hkdfSync('sha256', Buffer.concat([encrypt, macK, macR]), Buffer.alloc(0), info, keyBytes));
}

/** Seals and opens the files of a history by a key of `historyKeyOf`. */
export class HistorySeal {
  readonly #key: Uint8Array;
  readonly #random: Random;

  constructor(key: Uint8Array, random: Random) {
    this.#key = key;
    this.#random = random;
  }

  seal(name: string, content: Uint8Array): Buffer {
    const nonce = this.#random.fill(new Uint8Array(nonceBytes));
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce, { authTagLength: tagBytes }).setAAD(Buffer.from(name));
    return Buffer.concat([magic, nonce, cipher.update(content), cipher.final(), cipher.getAuthTag()]);
  }

  /** @throws `records.sealed` when it is not sealed with this key, or under another name */
  open(name: string, box: Uint8Array): Buffer {
    const bytes = Buffer.from(box.buffer, box.byteOffset, box.byteLength);
    try {
      const at = magic.length + nonceBytes;
      if (!bytes.subarray(0, magic.length).equals(magic) || bytes.length < at + tagBytes) throw new Error('not a sealed file');
      const cipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(magic.length, at), { authTagLength: tagBytes });
      cipher.setAAD(Buffer.from(name)).setAuthTag(bytes.subarray(-tagBytes));
      return Buffer.concat([cipher.update(bytes.subarray(at, -tagBytes)), cipher.final()]);
    } catch (error) {
      throw new CadanganError('records.sealed', { file: name }, { cause: error });
    }
  }
}
