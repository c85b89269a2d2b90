import type { ByteString } from '../platform/index.ts';
import type { Destination, Soon } from './destination.ts';
import type { ExceptionLog } from './exceptions.ts';
import { failureOf, fatalError, stopsEverything } from './failures.ts';
import type { MetadataProblem } from './metadata.ts';
import type { FolderPlan } from './plan.ts';
import type { Tally } from './tally.ts';

interface MakerOptions {
  readonly destination: Destination;
  readonly tally: Tally;
  readonly dryRun: boolean;
}

/** Makes the folders of a restore when they are needed, and completes them when they are full. A dry run only tells what gives way. */
export class FolderMaker {
  readonly #destination: Destination;
  readonly #tally: Tally;
  readonly #dryRun: boolean;
  readonly #exceptions: ExceptionLog;
  /** Each is made once, although several files may want it at the same time. */
  readonly #making = new Map<FolderPlan, Promise<void>>();

  constructor({ destination, tally, dryRun }: MakerOptions, exceptions: ExceptionLog) {
    this.#destination = destination;
    this.#tally = tally;
    this.#dryRun = dryRun;
    this.#exceptions = exceptions;
  }

  /**
   * Makes the folder, and those above it, unless it is there. Why it cannot be made is reported once, here.
   * @returns false if nothing can be put into it; `folder.failure` says why
   * @throws `target.full`, `target.denied` when no other folder could be made either
   */
  make(folder: FolderPlan): Soon<boolean> {
    if (folder.isReady || folder.failure !== undefined) return folder.failure === undefined;
    return this.#makeWithParents(folder);
  }

  /** Sets what the snapshot says about the folder; nothing will be put into it any more. */
  async complete(folder: FolderPlan): Promise<void> {
    if (folder.isReady && folder.failure === undefined) await this.#complete(folder);
    this.#destination.forget(folder);
  }

  note(path: ByteString, problems: readonly MetadataProblem[]): void {
    for (const { what, code } of problems) this.#exceptions.add(path, what, code);
  }

  async #makeWithParents(folder: FolderPlan): Promise<boolean> {
    const missing: FolderPlan[] = [];
    for (let above: FolderPlan | undefined = folder; above && !above.isReady; above = above.parent) missing.push(above);
    for (const next of missing.reverse()) {
      const making = this.#making.get(next) ?? this.#makeOne(next).finally(() => this.#making.delete(next));
      this.#making.set(next, making);
      await making;
    }
    return folder.failure === undefined;
  }

  async #makeOne(folder: FolderPlan): Promise<void> {
    const { parent } = folder;
    if (folder.isReady || folder.failure !== undefined || !parent) return;
    if (parent.failure !== undefined) {
      folder.failure = parent.failure;
      this.#exceptions.add(folder.path, 'folder-failed', folder.failure);
      return;
    }
    try {
      if (folder.state === 'other') await this.#clearTheWay(folder, parent);
      if (!this.#dryRun) folder.modeBefore = await this.#destination.makeFolder(folder);
      folder.isReady = true;
    } catch (error) {
      const failure = failureOf(error);
      if (stopsEverything(failure)) throw fatalError(failure, this.#destination.label, error);
      folder.failure = failure.detail;
      this.#exceptions.add(folder.path, failure.reason, failure.detail);
    }
  }

  /** What stands where the folder belongs goes, of a link the link itself. */
  async #clearTheWay({ name, path }: FolderPlan, parent: FolderPlan): Promise<void> {
    const open = await this.#destination.open(parent);
    try {
      const { type } = await open.look(name);
      if (!this.#dryRun) await open.removeFile(name);
      this.#tally.deleted(path, type);
    } finally {
      open.close();
    }
  }

  async #complete(folder: FolderPlan): Promise<void> {
    const { metadata, modeBefore } = folder;
    if (!metadata && modeBefore === undefined) return;
    try {
      if (metadata) this.note(folder.path, await this.#destination.setFolder(folder, metadata));
      else if (modeBefore !== undefined) await this.#destination.setFolderMode(folder, modeBefore);
    } catch (error) {
      this.#exceptions.add(folder.path, 'mode', failureOf(error).detail);
    }
  }
}
