import type { ByteString } from '../platform/index.ts';
import { discardHeld, throwIfAborted } from '../platform/index.ts';
import { settleExisting, verifyFiles } from './existing-files.ts';
import { failureOf, fatalError, stopsEverything } from './failures.ts';
import { FileRestorer } from './file-restorer.ts';
import { decideHardLinks } from './hard-link-groups.ts';
import { refreshSymlink, writeHardLink, writeSymlink } from './link-writer.ts';
import type { Batch, FilePlan, FolderPlan, LinkPlan } from './plan.ts';
import { contentOf, isFailure } from './pieces.ts';
import { bytesToRead, type Piece } from './ranges.ts';
import { clearTheWay, removeSelected } from './removal.ts';
import type { RunContext } from './run-context.ts';
import { Tasks } from './tasks.ts';

/** Batches that are written and wait for the disk: it may be slower than we are, and each is held in memory. */
const batchesOpenMax = 4;

/** Carries batches of the plan out, or in a dry run only says what would be done. */
export class Executor {
  readonly #context: RunContext;
  readonly #files: FileRestorer;
  /** The ends of all batches, each after the one before: folders are completed when nothing comes into them any more. */
  #ends: Promise<void> = Promise.resolve();
  /** Ends that nobody has waited for. */
  readonly #open: Promise<void>[] = [];
  readonly #tasks: Set<Tasks> = new Set();

  constructor(context: RunContext) {
    this.#context = context;
    this.#files = new FileRestorer(context);
  }

  /** Starts a batch when those before are not far behind. What it needs from the repository may still be on its way afterwards. */
  async start(batch: Batch): Promise<void> {
    throwIfAborted(this.#context.stop.signal);
    for (const folder of batch.folders) this.#context.maker.make(folder);
    await settleExisting(batch.files, this.#context);
    decideHardLinks(batch.files, this.#context.exceptions);
    if (this.#context.dryRun) return this.#tellPlanned(batch);
    for (const link of batch.links) this.#link(link);
    const tasks = new Tasks((error) => this.#context.stop.abort(error));
    this.#tasks.add(tasks);
    await this.#files.restore(
      batch.files.filter(({ action }) => action === 'write'),
      tasks,
    );
    const end = this.#ends.then(() => this.#end(batch, tasks));
    end.catch((error: unknown) => this.#context.stop.abort(error)); // `finish` throws it
    this.#ends = end;
    this.#open.push(end);
    if (this.#open.length > batchesOpenMax) await this.#open.shift();
  }

  /** Waits for everything. @throws what ended the run */
  async finish(): Promise<void> {
    await this.#ends;
    await discardHeld();
  }

  /** After an error: waits until nothing is under way any more, and removes what is unfinished. */
  async cleanUp(): Promise<void> {
    await this.#ends.catch(() => undefined);
    for (const tasks of this.#tasks) await tasks.idle().catch(() => undefined);
    this.#files.discardUnfinished();
    await discardHeld();
  }

  async #end(batch: Batch, tasks: Tasks): Promise<void> {
    const { maker, verifies, disk } = this.#context;
    await tasks.idle();
    this.#tasks.delete(tasks);
    for (const file of batch.files) if (file.action === 'link') await this.#hardLink(file);
    await disk.flush(changedFolders(batch));
    this.#tellDone(batch);
    if (verifies)
      await verifyFiles(
        batch.files.filter(({ action, isDone }) => isDone || action === 'unchanged'),
        this.#context,
      );
    this.#delete(batch);
    for (const folder of batch.closed) maker.complete(folder);
  }

  #link(link: LinkPlan): void {
    const { maker, handles, names, exceptions, target } = this.#context;
    try {
      if (link.action === 'write') {
        if (!maker.make(link.folder)) return exceptions.add(link.path, 'folder-failed', link.folder.failure);
        clearTheWay(link, this.#context);
        maker.note(link.path, writeSymlink(link, handles, names));
      } else if (link.action === 'unchanged') {
        maker.note(link.path, refreshSymlink(link, handles));
      }
      link.isDone = true;
    } catch (error) {
      const failure = failureOf(error);
      if (stopsEverything(failure)) throw fatalError(failure, target, error);
      exceptions.add(link.path, failure.reason, failure.detail);
    }
  }

  async #hardLink(file: FilePlan): Promise<void> {
    const { maker, handles, names, exceptions } = this.#context;
    const leader = file.group?.leader;
    if (!leader?.isDone) return this.#files.recover(file);
    try {
      if (!maker.make(file.folder)) throw Object.assign(new Error('no folder'), { code: 'ENOTDIR' });
      clearTheWay(file, this.#context);
      writeHardLink(file, leader, handles, names);
      file.isDone = true;
    } catch (error) {
      // Other file systems have no hard links, or not as many: then it is a file of its own.
      exceptions.add(file.path, 'hard-link', failureOf(error).detail);
      await this.#files.recover(file);
    }
  }

  #delete({ deletions }: Batch): void {
    const { handles, selection, dryRun, protectedFolder, tally, exceptions } = this.#context;
    const watcher = {
      removed: tally.deleted.bind(tally),
      failed: (path: ByteString, error: unknown) => exceptions.add(path, 'not-deleted', failureOf(error).detail),
    };
    for (const { folder, name, path } of deletions) {
      try {
        handles.with(folder, (open) => removeSelected(open, name, path, { selection, dryRun, protectedFolder }, watcher));
      } catch (error) {
        watcher.failed(path, error);
      }
    }
  }

  /** What is on the disk. */
  #tellDone(batch: Batch): void {
    const { tally } = this.#context;
    this.#tellFolders(batch);
    for (const link of batch.links) if (link.isDone) tally.symlink(link);
    for (const file of batch.files) {
      if (file.action === 'unchanged') tally.fileUnchanged(file);
      else if (file.action === 'skip') tally.fileSkipped(file);
      else if (file.isDone && file.action === 'link') tally.hardLinked(file);
      else if (file.isDone) tally.fileRestored(file, file.sizeBytes);
    }
  }

  #tellFolders({ folders }: Batch): void {
    for (const { path, state, failure } of folders) if (failure === undefined) this.#context.tally.folder(path, state === 'folder');
  }

  /** The dry run. */
  #tellPlanned(batch: Batch): void {
    const { tally } = this.#context;
    const pieces: Iterable<Piece>[] = [];
    this.#tellFolders(batch);
    for (const link of batch.links) if (link.action !== 'write' || this.#hasWay(link)) tally.symlink(link);
    for (const file of batch.files) {
      if (file.action === 'unchanged') tally.fileUnchanged(file);
      else if (file.action === 'skip') tally.fileSkipped(file);
      else if (this.#hasWay(file)) this.#tellFile(file, pieces);
    }
    tally.toRead(bytesToRead(allOf(pieces)));
    this.#delete(batch);
    for (const folder of batch.closed) this.#context.handles.forget(folder);
  }

  #tellFile(file: FilePlan, pieces: Iterable<Piece>[]): void {
    const { tally, exceptions, repository } = this.#context;
    if (file.action === 'link') return tally.hardLinked(file);
    const content = contentOf(file, repository.index);
    if (isFailure(content)) return exceptions.add(file.path, content.reason, content.detail);
    tally.fileWritten(file);
    tally.fileRestored(file, content.sizeBytes);
    pieces.push(content.pieces);
  }

  /** Tells what would be removed for it. */
  #hasWay(plan: FilePlan | LinkPlan): boolean {
    const { maker, exceptions } = this.#context;
    try {
      if (maker.make(plan.folder)) {
        clearTheWay(plan, this.#context);
        return true;
      }
      exceptions.add(plan.path, 'folder-failed', plan.folder.failure);
    } catch (error) {
      const failure = failureOf(error);
      exceptions.add(plan.path, failure.reason, failure.detail);
    }
    return false;
  }
}

/** Of what a batch has made. */
function* changedFolders({ folders, links, files }: Batch): Generator<FolderPlan> {
  for (const folder of folders) if (folder.isReady && folder.state !== 'folder') yield folder;
  for (const link of links) if (link.isDone && link.action === 'write') yield link.folder;
  for (const file of files) if (file.isDone) yield file.folder;
}

function* allOf(parts: readonly Iterable<Piece>[]): Generator<Piece> {
  for (const part of parts) yield* part;
}
