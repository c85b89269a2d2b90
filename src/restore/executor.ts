import { forEachBounded, throwIfAborted, type ByteString } from '../platform/index.ts';
import { settleExisting, verifyFiles } from './existing-files.ts';
import { failureOf, fatalError, stopsEverything } from './failures.ts';
import { FileRestorer } from './file-restorer.ts';
import { decideHardLinks } from './hard-link-groups.ts';
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
  /** Batches whose ends have not told what was done. */
  readonly #untold = new Map<Batch, Tasks>();

  constructor(context: RunContext) {
    this.#context = context;
    this.#files = new FileRestorer(context);
  }

  /** Starts a batch when those before are not far behind. What it needs from the repository may still be on its way afterwards. */
  async start(batch: Batch): Promise<void> {
    throwIfAborted(this.#context.stop.signal);
    await this.#each(batch.folders, async (folder) => void (await this.#context.maker.make(folder)));
    await settleExisting(batch.files, this.#context);
    decideHardLinks(batch.files, this.#context.exceptions);
    if (this.#context.dryRun) return await this.#tellPlanned(batch);
    await this.#each(batch.links, (link) => this.#link(link));
    const tasks = new Tasks((error) => this.#context.stop.abort(error));
    this.#untold.set(batch, tasks);
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
    await this.#context.destination.settle();
  }

  /** After an error: waits until nothing is under way any more, and removes what is unfinished. */
  async cleanUp(): Promise<void> {
    await this.#ends.catch(() => undefined);
    for (const tasks of this.#untold.values()) await tasks.idle().catch(() => undefined);
    await this.#files.discardUnfinished();
    if (this.#context.destination.isLasting) for (const batch of this.#untold.keys()) this.#tellDone(batch);
    await this.#context.destination.settle();
  }

  async #end(batch: Batch, tasks: Tasks): Promise<void> {
    const { verifies, destination } = this.#context;
    await tasks.idle();
    await this.#each(
      batch.files.filter(({ action }) => action === 'link'),
      (file) => this.#hardLink(file),
    );
    await destination.flush(changedFolders(batch));
    this.#untold.delete(batch);
    this.#tellDone(batch);
    if (verifies)
      await verifyFiles(
        batch.files.filter(({ action, isDone }) => isDone || action === 'unchanged'),
        this.#context,
      );
    await this.#delete(batch);
    await this.#complete(batch.closed);
  }

  async #each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
    const { destination, stop } = this.#context;
    await forEachBounded(items, destination.atOnce, stop.signal, work);
  }

  /** Each behind those that lie in it. */
  async #complete(closed: readonly FolderPlan[]): Promise<void> {
    const { maker, destination } = this.#context;
    if (destination.atOnce > 1) return completeSideBySide(closed, destination.atOnce, maker, this.#context.stop.signal);
    for (const folder of closed) await maker.complete(folder);
  }

  async #link(link: LinkPlan): Promise<void> {
    const { maker, exceptions, destination } = this.#context;
    try {
      if (link.action === 'write') {
        if (!(await maker.make(link.folder))) return exceptions.add(link.path, 'folder-failed', link.folder.failure);
        await clearTheWay(link, this.#context);
        maker.note(link.path, await destination.writeSymlink(link));
      } else if (link.action === 'unchanged') {
        maker.note(link.path, await destination.refreshSymlink(link));
      }
      link.isDone = true;
    } catch (error) {
      const failure = failureOf(error);
      if (stopsEverything(failure)) throw fatalError(failure, destination.label, error);
      exceptions.add(link.path, failure.reason, failure.detail);
    }
  }

  async #hardLink(file: FilePlan): Promise<void> {
    const { maker, exceptions, destination } = this.#context;
    const leader = file.group?.leader;
    if (!leader?.isDone) return this.#files.recover(file);
    try {
      if (!(await maker.make(file.folder))) throw Object.assign(new Error('no folder'), { code: 'ENOTDIR' });
      await clearTheWay(file, this.#context);
      await destination.writeHardLink(file, leader);
      file.isDone = true;
    } catch (error) {
      // Other file systems have no hard links, or not as many: then it is a file of its own.
      exceptions.add(file.path, 'hard-link', failureOf(error).detail);
      await this.#files.recover(file);
    }
  }

  async #delete({ deletions }: Batch): Promise<void> {
    const { destination, selection, dryRun, tally, exceptions } = this.#context;
    const watcher = {
      removed: tally.deleted.bind(tally),
      failed: (path: ByteString, error: unknown) => exceptions.add(path, 'not-deleted', failureOf(error).detail),
    };
    for (const { folder, name, path } of deletions) {
      throwIfAborted(this.#context.stop.signal);
      try {
        const open = await destination.open(folder);
        try {
          await removeSelected(open, name, path, { selection, dryRun }, watcher);
        } finally {
          open.close();
        }
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
  async #tellPlanned(batch: Batch): Promise<void> {
    const { tally } = this.#context;
    const pieces: Iterable<Piece>[] = [];
    this.#tellFolders(batch);
    for (const link of batch.links) if (link.action !== 'write' || (await this.#hasWay(link))) tally.symlink(link);
    for (const file of batch.files) {
      if (file.action === 'unchanged') tally.fileUnchanged(file);
      else if (file.action === 'skip') tally.fileSkipped(file);
      else if (await this.#hasWay(file)) this.#tellFile(file, pieces);
    }
    tally.toRead(bytesToRead(allOf(pieces)));
    await this.#delete(batch);
    for (const folder of batch.closed) this.#context.destination.forget(folder);
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
  async #hasWay(plan: FilePlan | LinkPlan): Promise<boolean> {
    const { maker, exceptions } = this.#context;
    try {
      if (await maker.make(plan.folder)) {
        await clearTheWay(plan, this.#context);
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

/** The times of a folder are kept by nothing that is set in those below it; its mode may close the way to them. */
async function completeSideBySide(
  closed: readonly FolderPlan[],
  atOnce: number,
  maker: RunContext['maker'],
  signal: AbortSignal,
): Promise<void> {
  const depths = new Map<number, FolderPlan[]>();
  for (const folder of closed) {
    const depth = depthOf(folder);
    const those = depths.get(depth);
    if (those) those.push(folder);
    else depths.set(depth, [folder]);
  }
  for (const depth of [...depths.keys()].sort((a, b) => b - a))
    await forEachBounded(depths.get(depth) ?? [], atOnce, signal, (folder) => maker.complete(folder));
}

function depthOf({ parent }: FolderPlan): number {
  let depth = 0;
  for (let above = parent; above; above = above.parent) depth += 1;
  return depth;
}

function* allOf(parts: readonly Iterable<Piece>[]): Generator<Piece> {
  for (const part of parts) yield* part;
}
