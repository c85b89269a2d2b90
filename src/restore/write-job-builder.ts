import type { ByteString } from '../platform/index.ts';
import type { FilePlan, FolderPlan } from './plan.ts';
import type { Piece } from './ranges.ts';
import type { FolderHandles } from './folder-handles.ts';
import type { TemporaryNames } from './temporary-names.ts';
import type { BlobJob, FileJob, WriteJob } from './worker-jobs.ts';

/** Puts a job for a worker together. Holds the folders of its files open until `release`. */
export class WriteJobBuilder {
  readonly #handles: FolderHandles;
  readonly #names: TemporaryNames;
  readonly #prefixes = new Map<FolderPlan, ByteString>();
  readonly #numbers = new Map<FilePlan, number>();
  readonly #files: FileJob[] = [];
  readonly #plans: FilePlan[] = [];

  constructor(handles: FolderHandles, names: TemporaryNames) {
    this.#handles = handles;
    this.#names = names;
  }

  /**
   * The folder must be there.
   * @param writes how many pieces of it are in the range
   * @param descriptor of a file that the main thread makes, undefined for one that the worker makes
   * @throws the system's errors
   */
  addFile(plan: FilePlan, writes: number, descriptor: number | undefined): void {
    const { folder, name, metadata, sizeBytes } = plan;
    let prefix = this.#prefixes.get(folder);
    if (prefix === undefined) {
      prefix = this.#handles.acquire(folder).prefix;
      this.#prefixes.set(folder, prefix);
    }
    this.#numbers.set(plan, this.#files.length);
    this.#plans.push(plan);
    this.#files.push({ prefix, name, temporary: this.#names.next(), sizeBytes, metadata, writes, descriptor });
  }

  /** The files in the order of their numbers. */
  get plans(): readonly FilePlan[] {
    return this.#plans;
  }

  get files(): readonly FileJob[] {
    return this.#files;
  }

  /** Pieces of files that were not added are left out. Those of one blob stand side by side. */
  build(slot: number, lengthBytes: number, rangeOffset: number, pieces: readonly Piece[]): WriteJob {
    const blobs: BlobJob[] = [];
    let last: { readonly piece: Piece; readonly writes: number[] } | undefined;
    for (const piece of pieces) {
      const number = this.#numbers.get(piece.file);
      if (number === undefined) continue;
      if (!last || last.piece.place.offset !== piece.place.offset || last.piece.id !== piece.id) {
        const { offset, length, uncompressedLength } = piece.place;
        last = { piece, writes: [] };
        blobs.push({ id: piece.id, at: offset - rangeOffset, length, uncompressedLength, writes: last.writes });
      }
      last.writes.push(number, piece.position);
    }
    return { kind: 'write', slot, lengthBytes, blobs, files: this.#files };
  }

  release(): void {
    for (const folder of this.#prefixes.keys()) this.#handles.release(folder);
    this.#prefixes.clear();
  }
}
