import { throwIfAborted } from '../platform/index.ts';
import { readFaultOf } from '../repository/index.ts';
import type { FileBatch, FileResult, Soon } from './destination.ts';
import { failureOf, fatalError, stopsEverything, type Failure } from './failures.ts';
import type { FilePlan } from './plan.ts';
import { contentOf, isFailure, plainLength } from './pieces.ts';
import { cutRanges, filesPerRangeMax, foldersPerRangeMax, piecesAtOnce, type PackRange, type Piece } from './ranges.ts';
import { clearTheWay } from './removal.ts';
import type { RunContext } from './run-context.ts';
import type { Tasks } from './tasks.ts';
import { slotBytes, type Slot } from './worker-pool.ts';

/** How far a file is whose blobs come from several ranges. */
interface FileState {
  piecesLeft: number;
  failure: Failure | undefined;
}

/**
 * Writes the content of files: reads each range of a pack once, on this thread, has its blobs opened and written, and sees each file to its
 * end. A file stands under its name whole, or not at all.
 */
export class FileRestorer {
  readonly #context: RunContext;
  readonly #states = new Map<FilePlan, FileState>();

  constructor(context: RunContext) {
    this.#context = context;
  }

  /** Starts everything that the files need, as buffers become free; `tasks` tells when it is done. */
  async restore(files: readonly FilePlan[], tasks: Tasks): Promise<void> {
    let pieces: Piece[] = [];
    const empty: FilePlan[] = [];
    for (const file of files) {
      const content = this.#contentOf(file);
      if (!content) continue;
      if (file.content.length === 0) empty.push(file);
      for (const piece of content) {
        pieces.push(piece);
        if (pieces.length < piecesAtOnce) continue;
        await this.#startRanges(pieces, tasks);
        pieces = [];
      }
    }
    await this.#startRanges(pieces, tasks);
    for (const some of cutFiles(empty)) {
      throwIfAborted(this.#context.stop.signal);
      tasks.start(this.#writeEmpty(some));
    }
  }

  /** Blob by blob from wherever it is intact; reports what comes of it. */
  async recover(file: FilePlan): Promise<void> {
    const { stop, maker, tally, destination } = this.#context;
    try {
      if (!(await maker.make(file.folder))) return this.#lost(file, { reason: 'folder-failed', detail: file.folder.failure ?? '' });
      const { problems, sizeBytes } = await destination.files.recover(file, stop.signal);
      file.action = 'write'; // also what should have become a link
      file.sizeBytes = sizeBytes;
      file.isDone = true;
      maker.note(file.path, problems);
      tally.fileWritten(file);
    } catch (error) {
      this.#lost(file, failureOf(error));
    }
  }

  async discardUnfinished(): Promise<void> {
    await this.#context.destination.files.discardAll();
  }

  #contentOf(file: FilePlan): Iterable<Piece> | undefined {
    const { repository, exceptions } = this.#context;
    const content = contentOf(file, repository.index);
    if (isFailure(content)) {
      this.#lost(file, content);
      return undefined;
    }
    if (content.sizeBytes !== file.sizeBytes) {
      exceptions.add(file.path, 'size', `${file.sizeBytes} in the tree, ${content.sizeBytes} in the blobs`);
      file.sizeBytes = content.sizeBytes;
    }
    return content.pieces;
  }

  async #startRanges(pieces: readonly Piece[], tasks: Tasks): Promise<void> {
    const { pool, stop } = this.#context;
    for (const range of cutRanges(pieces)) {
      const slot = await pool.acquireSlot();
      if (stop.signal.aborted) pool.releaseSlot(slot);
      throwIfAborted(stop.signal);
      tasks.start(this.#restoreRange(range, slot));
    }
  }

  async #restoreRange(range: PackRange, slot: Slot): Promise<void> {
    const counts = countPieces(range.pieces);
    for (const [file, count] of counts) {
      if (count < file.content.length && !this.#states.has(file))
        this.#states.set(file, { piecesLeft: file.content.length, failure: undefined });
    }
    const damaged: FilePlan[] = [];
    try {
      if (await this.#read(range, slot)) await this.#write(range, counts, slot, damaged);
      else
        for (const [file, count] of counts) await this.#settle(file, count, { reason: 'damaged', detail: `pack ${range.packId}` }, damaged);
    } finally {
      this.#context.pool.releaseSlot(slot);
    }
    for (const file of damaged) await this.recover(file);
  }

  /** @returns false when the range as a whole cannot be had; its blobs may still be */
  async #read({ packId, offset, lengthBytes }: PackRange, slot: Slot): Promise<boolean> {
    if (lengthBytes > slotBytes) return false;
    const { repository, stop } = this.#context;
    try {
      await repository.storage.readRange({ kind: 'data', name: packId }, offset, lengthBytes, { target: slot.bytes, signal: stop.signal });
      return true;
    } catch (error) {
      await readFaultOf(error, repository.storage, stop.signal);
      return false;
    }
  }

  async #write(range: PackRange, counts: ReadonlyMap<FilePlan, number>, slot: Slot, damaged: FilePlan[]): Promise<void> {
    const batch = this.#context.destination.files.begin();
    try {
      const added: FilePlan[] = [];
      for (const [file, count] of counts) if (await this.#add(batch, file, count, damaged)) added.push(file);
      const results = await batch.run({ ...range, slot: slot.number });
      for (const file of added) await this.#settle(file, counts.get(file) ?? 0, this.#take(file, results.get(file)), damaged);
      for (const { file, place } of range.pieces) if (!damaged.includes(file)) this.#context.progress.bytes(plainLength(place));
    } finally {
      batch.release();
    }
  }

  async #writeEmpty(files: readonly FilePlan[]): Promise<void> {
    const batch = this.#context.destination.files.begin();
    try {
      const added: FilePlan[] = [];
      for (const file of files) if (await this.#add(batch, file, 0, [])) added.push(file);
      const results = await batch.run(undefined);
      for (const file of added) await this.#settle(file, 0, this.#take(file, results.get(file)), []);
    } finally {
      batch.release();
    }
  }

  /** @returns whether it is in the batch */
  async #add(batch: FileBatch, file: FilePlan, count: number, damaged: FilePlan[]): Promise<boolean> {
    const state = this.#states.get(file);
    let failure = state?.failure;
    try {
      if (!failure) {
        await this.#prepare(file);
        batch.add(file, count, state !== undefined);
        return true;
      }
    } catch (error) {
      failure = error instanceof FolderFailure ? error.failure : failureOf(error);
    }
    await this.#settle(file, count, failure, damaged);
    return false;
  }

  /** Waits for nothing where nothing has to be: this is done for every file. */
  #prepare(file: FilePlan): Soon<void> {
    const { folder, existing } = file;
    if (folder.isReady && folder.failure === undefined && existing?.kind !== 'folder') return;
    return this.#makePlace(file);
  }

  async #makePlace(file: FilePlan): Promise<void> {
    if (!(await this.#context.maker.make(file.folder))) throw new FolderFailure(file);
    await clearTheWay(file, this.#context);
  }

  /** Notes what could not be set. @returns why the file failed, if it did */
  #take(file: FilePlan, result: FileResult | undefined): Failure | undefined {
    if (result?.problems) this.#context.maker.note(file.path, result.problems);
    return result?.failure;
  }

  /** Some pieces of a file are done, or failed. */
  async #settle(file: FilePlan, count: number, failure: Failure | undefined, damaged: FilePlan[]): Promise<void> {
    if (failure && stopsEverything(failure)) throw fatalError(failure, this.#context.destination.label);
    const state = this.#states.get(file);
    if (state) {
      state.piecesLeft -= count;
      state.failure ??= failure;
      if (state.piecesLeft > 0) return;
      this.#states.delete(file);
    }
    const final = state ? await this.#finishStreamed(file, state.failure) : failure;
    if (final === undefined) {
      file.isDone = true;
      this.#context.tally.fileWritten(file);
    } else if (final.reason === 'damaged') {
      damaged.push(file);
    } else {
      this.#lost(file, final);
    }
  }

  async #finishStreamed(file: FilePlan, failure: Failure | undefined): Promise<Failure | undefined> {
    const { destination, stop } = this.#context;
    const { files } = destination;
    if (failure) {
      await files.discard(file);
      return failure;
    }
    try {
      this.#context.maker.note(file.path, await files.finish(file, stop.signal));
      return undefined;
    } catch (error) {
      return failureOf(error);
    }
  }

  #lost(file: FilePlan, failure: Failure): void {
    const { exceptions, tally, destination } = this.#context;
    if (stopsEverything(failure)) throw fatalError(failure, destination.label);
    exceptions.add(file.path, failure.reason, failure.detail);
    tally.fileLost(file);
  }
}

class FolderFailure extends Error {
  readonly failure: Failure;

  constructor({ folder }: FilePlan) {
    super('the folder could not be made');
    this.failure = { reason: 'folder-failed', detail: folder.failure ?? '' };
  }
}

function countPieces(pieces: readonly Piece[]): Map<FilePlan, number> {
  const counts = new Map<FilePlan, number>();
  for (const { file } of pieces) counts.set(file, (counts.get(file) ?? 0) + 1);
  return counts;
}

function* cutFiles(files: readonly FilePlan[]): Generator<FilePlan[]> {
  let some: FilePlan[] = [];
  const folders = new Set<unknown>();
  for (const file of files) {
    some.push(file);
    folders.add(file.folder);
    if (some.length < filesPerRangeMax && folders.size < foldersPerRangeMax) continue;
    yield some;
    some = [];
    folders.clear();
  }
  if (some.length > 0) yield some;
}
