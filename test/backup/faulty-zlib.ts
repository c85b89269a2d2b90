/**
 * To be loaded before a program: its zstd encoder makes frames that are in order and hold something else, for long inputs. Short ones and
 * zeros stay right, so that no known answer shows it: a library with a fault in one of its many paths.
 */
import { syncBuiltinESMExports } from 'node:module';
import zlib from 'node:zlib';

const { zstdCompressSync } = zlib;

function faulty(input: Uint8Array, options: zlib.ZstdOptions): Buffer {
  if (input.length < 10_000 || input[0] === 0) return zstdCompressSync(input, options);
  const other = Buffer.from(input);
  other[input.length - 1] = (other[input.length - 1] ?? 0) ^ 1;
  return zstdCompressSync(other, options);
}

// Contexts that are kept are a way of their own; without them the public function is used.
for (const [name, value] of Object.entries({ zstdCompressSync: faulty, createZstdCompress: () => ({}) }))
  Object.defineProperty(zlib, name, { value, enumerable: true, configurable: true });
syncBuiltinESMExports();
