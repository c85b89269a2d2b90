import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { createCipheriv } from 'node:crypto';
import { join } from 'node:path';

/** How much of each kind to make. */
export interface DataPlan {
  readonly seed: number;
  readonly randomMb: number;
  readonly textMb: number;
  readonly smallFiles: number;
  readonly smallFileBytes: number;
}

const blockBytes = 1 << 20;
const filesPerFolder = 100;
const bigFileMb = 128;

/**
 * Makes a folder of generated data, the same for the same plan: bytes that do not compress, log-like text, many small files of half text,
 * half noise.
 */
export function makeData(folder: string, plan: DataPlan): void {
  const source = new NoiseSource(plan.seed);
  const words = new WordSource(source);
  for (let done = 0, part = 0; done < plan.randomMb; done += bigFileMb, part++) {
    fill(join(folder, 'random'), `noise-${part}.bin`, Math.min(bigFileMb, plan.randomMb - done), () => source.bytes(blockBytes));
  }
  for (let done = 0, part = 0; done < plan.textMb; done += bigFileMb, part++) {
    fill(join(folder, 'text'), `server-${part}.log`, Math.min(bigFileMb, plan.textMb - done), () => words.text(blockBytes));
  }
  for (let file = 0; file < plan.smallFiles; file++) {
    const sub = join(folder, 'small', String(Math.floor(file / filesPerFolder)).padStart(5, '0'));
    if (file % filesPerFolder === 0) mkdirSync(sub, { recursive: true });
    const half = plan.smallFileBytes >> 1;
    writeFileSync(join(sub, `file-${file}.dat`), Buffer.concat([source.bytes(half), words.text(plan.smallFileBytes - half)]));
  }
}

function fill(folder: string, name: string, sizeMb: number, nextBlock: () => Uint8Array): void {
  mkdirSync(folder, { recursive: true });
  const fd = openSync(join(folder, name), 'w');
  for (let block = 0; block < sizeMb; block++) writeSync(fd, nextBlock());
  closeSync(fd);
}

/** Bytes that look random and are the same for the same seed: the key stream of AES. */
class NoiseSource {
  readonly #cipher;
  constructor(seed: number) {
    const key = Buffer.alloc(32);
    key.writeUInt32LE(seed);
    this.#cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  }
  bytes(length: number): Buffer {
    return this.#cipher.update(Buffer.alloc(length));
  }
}

const vocabulary =
  'INFO WARN ERROR request response connection server client timeout database query user session backup restore file folder 192.168.1. 10.0.0. GET POST /api/v1/ /index.html status=200 status=404 status=500 duration_ms= bytes='.split(
    ' ',
  );

class WordSource {
  readonly #noise: NoiseSource;
  #second = 0;
  constructor(noise: NoiseSource) {
    this.#noise = noise;
  }
  text(length: number): Buffer {
    const lines: string[] = [];
    for (let size = 0; size < length;) {
      const random = this.#noise.bytes(24);
      let line = `2026-11-23T21:${String(Math.floor(this.#second / 60) % 60).padStart(2, '0')}:${String(this.#second++ % 60).padStart(2, '0')}Z`;
      for (let word = 0; word < 9; word++) line += ` ${vocabulary[random.readUInt8(word) % vocabulary.length]}`;
      line += `${random.readUInt16LE(10)} id=${random.toString('hex', 12, 18)}\n`;
      lines.push(line);
      size += line.length;
    }
    return Buffer.from(lines.join('').slice(0, length), 'latin1');
  }
}
