import { createReadStream, mkdirSync } from 'node:fs';
import { appendFile, copyFile, open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes by key. They grow at the end while an upload runs and stay as they are afterwards. */
export interface Contents {
  append(key: string, bytes: Uint8Array): Promise<void>;
  /** Cuts what lies beyond `sizeBytes`, as after a kill between bytes and bookkeeping. */
  cut(key: string, sizeBytes: number): Promise<void>;
  /** From `start` to before `end`, a piece at a time. */
  read(key: string, start: number, end: number): AsyncIterable<Uint8Array>;
  copy(from: string, to: string): Promise<void>;
  /** Turns one bit without a word. */
  rot(key: string, offset: number): Promise<void>;
  /** Writes all of it into a new file. */
  export(key: string, path: string): Promise<void>;
  remove(key: string): Promise<void>;
}

export function makeContents(folder?: string): Contents {
  return folder === undefined ? new ContentsInMemory() : new ContentsInFolder(folder);
}

class ContentsInMemory implements Contents {
  readonly #parts = new Map<string, Uint8Array[]>();

  async append(key: string, bytes: Uint8Array): Promise<void> {
    const parts = this.#parts.get(key) ?? [];
    parts.push(Uint8Array.from(bytes));
    this.#parts.set(key, parts);
  }

  async cut(key: string, sizeBytes: number): Promise<void> {
    const kept = Uint8Array.from(Buffer.concat(this.#parts.get(key) ?? []).subarray(0, sizeBytes));
    this.#parts.set(key, [kept]);
  }

  async *read(key: string, start: number, end: number): AsyncIterable<Uint8Array> {
    let at = 0;
    for (const part of this.#parts.get(key) ?? []) {
      const piece = part.subarray(Math.max(0, start - at), Math.max(0, end - at));
      if (piece.length > 0) yield piece;
      at += part.length;
      if (at >= end) return;
    }
  }

  async copy(from: string, to: string): Promise<void> {
    this.#parts.set(to, [Uint8Array.from(Buffer.concat(this.#parts.get(from) ?? []))]);
  }

  async rot(key: string, offset: number): Promise<void> {
    const all = Uint8Array.from(Buffer.concat(this.#parts.get(key) ?? []));
    all[offset] = (all[offset] ?? 0) ^ 1;
    this.#parts.set(key, [all]);
  }

  async export(key: string, path: string): Promise<void> {
    await writeFile(path, Buffer.concat(this.#parts.get(key) ?? []));
  }

  async remove(key: string): Promise<void> {
    this.#parts.delete(key);
  }
}

class ContentsInFolder implements Contents {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = join(folder, 'contents');
    mkdirSync(this.#folder, { recursive: true });
  }

  async append(key: string, bytes: Uint8Array): Promise<void> {
    await appendFile(this.#path(key), bytes);
  }

  async cut(key: string, sizeBytes: number): Promise<void> {
    const path = this.#path(key);
    await appendFile(path, ''); // may not exist yet
    if ((await stat(path)).size > sizeBytes) await truncate(path, sizeBytes);
  }

  async *read(key: string, start: number, end: number): AsyncIterable<Uint8Array> {
    if (end <= start) return;
    for await (const piece of createReadStream(this.#path(key), { start, end: end - 1, highWaterMark: 256 * 1024 })) yield piece as Buffer;
  }

  async copy(from: string, to: string): Promise<void> {
    await copyFile(this.#path(from), this.#path(to));
  }

  async rot(key: string, offset: number): Promise<void> {
    const all = await readFile(this.#path(key));
    await using file = await open(this.#path(key), 'r+');
    await file.write(Uint8Array.of((all[offset] ?? 0) ^ 1), 0, 1, offset);
  }

  async export(key: string, path: string): Promise<void> {
    await copyFile(this.#path(key), path);
  }

  async remove(key: string): Promise<void> {
    await rm(this.#path(key), { force: true });
  }

  #path(key: string): string {
    return join(this.#folder, key);
  }
}
