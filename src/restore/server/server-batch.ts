import { CadanganError, throwIfAborted } from '../../platform/index.ts';
import type { BatchRange, FileBatch, FileResult } from '../destination.ts';
import { failureOf, type Failure } from '../failures.ts';
import type { MetadataProblem } from '../metadata.ts';
import { plainLength } from '../pieces.ts';
import type { FilePlan } from '../plan.ts';
import type { Piece } from '../ranges.ts';
import type { WorkerPool } from '../worker-pool.ts';

/** So much opened content is in memory for each range, unless one blob has more. */
const openBytesMax = 8 * 1024 * 1024;

/** Content for a file: where it begins, and what stands there. */
export interface Part {
  readonly position: number;
  readonly bytes: Uint8Array;
}

/** What sends content to files. Every call throws SftpFault and `aborted`. */
export interface BatchWriter {
  /** A file whose whole content is there. When it throws, nothing of it is left. */
  putWhole(file: FilePlan, parts: readonly Part[]): Promise<readonly MetadataProblem[]>;
  /** Some of the content of a file, which `finish` or `discard` follows. */
  putParts(file: FilePlan, parts: readonly Part[]): Promise<void>;
  finish(file: FilePlan, signal: AbortSignal): Promise<readonly MetadataProblem[]>;
  discard(file: FilePlan): Promise<void>;
}

export interface ServerBatchOptions {
  readonly pool: WorkerPool;
  readonly writer: BatchWriter;
  readonly stop: AbortSignal;
}

/** Has workers open the blobs of one range, some at a time, and sends them to the files. */
export class ServerBatch implements FileBatch {
  readonly #options: ServerBatchOptions;
  /** How many pieces of each are in the range, and whether others are elsewhere. */
  readonly #files = new Map<FilePlan, { readonly pieces: number; readonly isStreamed: boolean }>();
  readonly #results = new Map<FilePlan, FileResult>();
  /** Not streamed, and yet written in several steps. */
  readonly #begun = new Set<FilePlan>();

  constructor(options: ServerBatchOptions) {
    this.#options = options;
  }

  add(file: FilePlan, pieces: number, isStreamed: boolean): void {
    this.#files.set(file, { pieces, isStreamed });
  }

  async run(range: BatchRange | undefined): Promise<ReadonlyMap<FilePlan, FileResult>> {
    const { writer, stop } = this.#options;
    try {
      if (range === undefined) await allOf([...this.#files.keys()].map((file) => this.#noting(file, () => writer.putWhole(file, []))));
      else for (const group of groupsOf(range.pieces.filter(({ file }) => this.#files.has(file)))) await this.#write(range, group);
      await allOf([...this.#begun].map((file) => this.#finish(file)));
      return this.#results;
    } catch (error) {
      for (const file of this.#begun) await writer.discard(file);
      throwIfAborted(stop);
      throw error;
    }
  }

  release(): void {
    this.#files.clear();
  }

  async #write(range: BatchRange, pieces: readonly Piece[]): Promise<void> {
    const contents = await this.#open(range, pieces);
    const parts = new Map<FilePlan, Part[]>();
    for (const [i, { file, position }] of pieces.entries()) {
      const bytes = contents[i];
      if (!(bytes instanceof Uint8Array)) this.#fail(file, bytes ?? { reason: 'damaged', detail: 'unknown' });
      else if (parts.get(file)?.push({ bytes, position }) === undefined) parts.set(file, [{ bytes, position }]);
    }
    await allOf([...parts].map(([file, some]) => this.#put(file, some)));
  }

  async #put(file: FilePlan, parts: readonly Part[]): Promise<void> {
    const { writer } = this.#options;
    if (this.#results.get(file)?.failure) return;
    const { isStreamed = true } = this.#files.get(file) ?? {};
    if (!isStreamed && parts.length === file.content.length) return this.#noting(file, () => writer.putWhole(file, parts));
    if (!isStreamed) this.#begun.add(file);
    await this.#noting(file, async () => {
      await writer.putParts(file, parts);
      return [];
    });
  }

  async #finish(file: FilePlan): Promise<void> {
    const { writer, stop } = this.#options;
    if (this.#results.get(file)?.failure) return writer.discard(file);
    await this.#noting(file, () => writer.finish(file, stop));
  }

  /** What is of one file keeps nobody from the others; what every other would meet too ends the batch. */
  async #noting(file: FilePlan, work: () => Promise<readonly MetadataProblem[]>): Promise<void> {
    try {
      const problems = await work();
      if (problems.length > 0) this.#results.set(file, { problems });
    } catch (error) {
      this.#fail(file, failureOf(error));
    }
  }

  #fail(file: FilePlan, failure: Failure): void {
    if (!this.#results.get(file)?.failure) this.#results.set(file, { failure });
  }

  /** Each blob once, whatever number of files it is for. @returns for each piece its content, or why there is none */
  async #open({ slot, lengthBytes, offset }: BatchRange, pieces: readonly Piece[]): Promise<(Uint8Array | Failure | undefined)[]> {
    const numbers: number[] = [];
    const blobs: { id: Piece['id']; at: number; length: number; uncompressedLength: number }[] = [];
    for (const { id, place } of pieces) {
      const last = blobs.at(-1);
      const at = place.offset - offset;
      if (last?.at !== at || last.id !== id) blobs.push({ id, at, length: place.length, uncompressedLength: place.uncompressedLength });
      numbers.push(blobs.length - 1);
    }
    if (blobs.some(({ at, length }) => at < 0 || at + length > lengthBytes)) throw new Error('a blob lies outside of its range');
    const { opened = [], stopped } = await this.#options.pool.run({ kind: 'open', slot, blobs });
    if (stopped) {
      throwIfAborted(this.#options.stop);
      throw new CadanganError('aborted');
    }
    return numbers.map((number) => opened[number]);
  }
}

/** Neighbours, of a blob all pieces together. */
function* groupsOf(pieces: readonly Piece[]): Generator<Piece[]> {
  let group: Piece[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    const last = group.at(-1);
    const isSame = last?.place.offset === piece.place.offset && last.id === piece.id;
    const more = isSame ? 0 : plainLength(piece.place);
    if (group.length > 0 && bytes + more > openBytesMax) {
      yield group;
      [group, bytes] = [[], 0];
    }
    group.push(piece);
    bytes += more;
  }
  if (group.length > 0) yield group;
}

/** Waits for all, also when some fail. @throws the first failure */
async function allOf(works: readonly Promise<void>[]): Promise<void> {
  const ended = await Promise.allSettled(works);
  const failed = ended.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
}
