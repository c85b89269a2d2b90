import { lstatSync, mkdirSync } from 'node:fs';
import { fsPath, systemCode, unlinkNow, type ByteString } from '../platform/index.ts';
import type { ExceptionLog } from './exceptions.ts';
import { typeOf } from './existing.ts';
import { failureOf, fatalError, stopsEverything } from './failures.ts';
import type { FolderHandles } from './folder-handles.ts';
import type { MetadataProblem } from './metadata.ts';
import type { FolderPlan } from './plan.ts';
import type { Tally } from './tally.ts';
import type { TargetFolder } from './target-folder.ts';

/** While it is being filled; its own mode comes at the end, so that a read-only folder can have content. */
const modeWhileFilled = 0o700;

interface MakerOptions {
  readonly handles: FolderHandles;
  readonly tally: Tally;
  readonly dryRun: boolean;
}

/** Makes the folders of a restore when they are needed, and completes them when they are full. A dry run only tells what gives way. */
export class FolderMaker {
  readonly #handles: FolderHandles;
  readonly #tally: Tally;
  readonly #dryRun: boolean;
  readonly #exceptions: ExceptionLog;
  readonly #target: string;

  constructor({ handles, tally, dryRun }: MakerOptions, exceptions: ExceptionLog, target: string) {
    this.#handles = handles;
    this.#tally = tally;
    this.#dryRun = dryRun;
    this.#exceptions = exceptions;
    this.#target = target;
  }

  /**
   * Makes the folder, and those above it, unless it is there. Why it cannot be made is reported once, here.
   * @returns false if nothing can be put into it; `folder.failure` says why
   * @throws `target.full`, `target.denied` when no other folder could be made either
   */
  make(folder: FolderPlan): boolean {
    const missing: FolderPlan[] = [];
    for (let above: FolderPlan | undefined = folder; above && !above.isReady; above = above.parent) missing.push(above);
    for (const next of missing.reverse()) this.#makeOne(next);
    return folder.failure === undefined;
  }

  /** Sets what the snapshot says about the folder; nothing will be put into it any more. */
  complete(folder: FolderPlan): void {
    if (folder.isReady && folder.failure === undefined) this.#complete(folder);
    this.#handles.forget(folder);
  }

  note(path: ByteString, problems: readonly MetadataProblem[]): void {
    for (const { what, code } of problems) this.#exceptions.add(path, what, code);
  }

  #makeOne(folder: FolderPlan): void {
    const { parent } = folder;
    if (folder.failure !== undefined || !parent) return;
    if (parent.failure !== undefined) {
      folder.failure = parent.failure;
      this.#exceptions.add(folder.path, 'folder-failed', folder.failure);
      return;
    }
    try {
      if (folder.state === 'other') this.#clearTheWay(folder, parent);
      folder.isReady = this.#dryRun;
      if (folder.isReady) return;
      if (folder.state !== 'folder') this.#handles.with(parent, ({ prefix }) => putFolder((prefix + folder.name) as ByteString));
      folder.modeBefore = this.#handles.with(folder, (open) => (folder.isKept ? makeWritableIfOurs(open) : open.makeWritable()));
      folder.isReady = true;
    } catch (error) {
      const failure = failureOf(error);
      if (stopsEverything(failure)) throw fatalError(failure, this.#target, error);
      folder.failure = failure.detail;
      this.#exceptions.add(folder.path, failure.reason, failure.detail);
    }
  }

  /** What stands where the folder belongs goes, of a link the link itself. */
  #clearTheWay({ name, path }: FolderPlan, parent: FolderPlan): void {
    this.#handles.with(parent, ({ prefix }) => {
      const at = fsPath((prefix + name) as ByteString);
      const type = typeOf(lstatSync(at, { bigint: true }));
      if (!this.#dryRun) unlinkNow(at);
      this.#tally.deleted(path, type);
    });
  }

  #complete(folder: FolderPlan): void {
    const { metadata, modeBefore } = folder;
    if (!metadata && modeBefore === undefined) return;
    try {
      this.#handles.with(folder, (open) => {
        if (metadata) this.note(folder.path, open.setMetadata(metadata));
        else if (modeBefore !== undefined) open.setMode(modeBefore);
      });
    } catch (error) {
      this.#exceptions.add(folder.path, 'mode', failureOf(error).detail);
    }
  }
}

/** A folder of somebody else may well hold one of ours. */
function makeWritableIfOurs(open: TargetFolder): number | undefined {
  try {
    return open.makeWritable();
  } catch (error) {
    if (systemCode(error) === 'EPERM') return undefined;
    throw error;
  }
}

/** What has appeared there since the planner looked is not replaced; whether it is a folder shows when it is opened. */
function putFolder(path: ByteString): void {
  try {
    mkdirSync(fsPath(path), { mode: modeWhileFilled });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}
