import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';

/**
 * zstd contexts that live longer than one call. The public `zstdCompressSync` makes a stream, a context and its tables anew for each call:
 * 58 and 26 microseconds for compressing and decompressing a blob of 8 KB, where a kept context takes 28 and 6, and it returns garbage
 * where this writes straight into the caller's memory. Node has no public way to keep one, so this uses what its own synchronous
 * functions use, the stream's handle. It is taken only if it has the expected form; `compression.ts` checks its answers too and
 * falls back to the public functions.
 */
export interface ZstdContext {
  /**
   * Runs one whole frame from `input` into `output`.
   * @returns bytes written, or `undefined` when it failed or `output` was too short; the context is renewed then
   */
  run(input: Uint8Array, output: Uint8Array): number | undefined;
}

interface ZstdHandle {
  writeSync(
    flush: number,
    input: Uint8Array,
    inputAt: number,
    inputLength: number,
    output: Uint8Array,
    outputAt: number,
    outputLength: number,
  ): void;
}

/** `[0]` is the room left in the output, `[1]` the input not consumed (Node's `lib/zlib.js`). */
type WriteState = Uint32Array;

interface Stream {
  readonly handle: ZstdHandle;
  readonly state: WriteState;
  failed: boolean;
}

export function compressContext(level: number): ZstdContext | undefined {
  return makeContext(() => createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: level } }));
}

export function decompressContext(): ZstdContext | undefined {
  return makeContext(() => createZstdDecompress());
}

function makeContext(create: () => object): ZstdContext | undefined {
  let stream = openStream(create());
  if (!stream) return undefined;
  return {
    run(input, output) {
      if (!stream) return undefined;
      stream.handle.writeSync(constants.ZSTD_e_end, input, 0, input.length, output, 0, output.length);
      const [roomLeft = 0, inputLeft = 0] = stream.state;
      // With no room left nobody can tell whether the frame has ended.
      if (!stream.failed && inputLeft === 0 && roomLeft > 0) return output.length - roomLeft;
      stream = openStream(create());
      return undefined;
    },
  };
}

/** The handle behind a zlib stream, if this runtime's has the form that we know. */
function openStream(zlibStream: object): Stream | undefined {
  const handle: unknown = Reflect.get(zlibStream, '_handle');
  const state: unknown = Reflect.get(zlibStream, '_writeState');
  if (!isHandle(handle) || !(state instanceof Uint32Array) || state.length !== 2) return undefined;
  const stream: Stream = { handle, state, failed: false };
  // Without this an error would be emitted as an event of a stream that nobody listens to.
  if (!Reflect.set(handle, 'onerror', () => (stream.failed = true))) return undefined;
  return stream;
}

function isHandle(value: unknown): value is ZstdHandle {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'writeSync') === 'function';
}
