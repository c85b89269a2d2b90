import type { FilePlan, LinkPlan } from './plan.ts';
import type { Progress } from './progress.ts';
import type { RestoreItem } from './restore-options.ts';

/** Sums of a restore; of a dry run, what they would be. Files are regular files, hard links included. Sizes in bytes. */
export interface RestoreCounts {
  /** Written, `filesUpdated` included. */
  filesRestored: number;
  /** Of these, how many replaced something. */
  filesUpdated: number;
  /** Were right already. */
  filesUnchanged: number;
  /** Left alone because of the overwrite policy. */
  filesSkipped: number;
  /** Restored as a further name of a file that this run wrote; also in `filesRestored`. */
  hardLinks: number;
  filesVerified: number;
  folders: number;
  symlinksRestored: number;
  symlinksUnchanged: number;
  symlinksSkipped: number;
  /** Things removed because the snapshot does not have them: files, folders, everything in them. */
  deleted: number;
  bytesRestored: number;
  bytesUnchanged: number;
  bytesSkipped: number;
  /** Only of a dry run: packed bytes that would be read from the repository, folders' entries included, its index not. */
  bytesToRead: number;
}

/** Counts what was done and tells whoever listens. */
export class Tally {
  readonly counts: RestoreCounts = {
    filesRestored: 0,
    filesUpdated: 0,
    filesUnchanged: 0,
    filesSkipped: 0,
    hardLinks: 0,
    filesVerified: 0,
    folders: 0,
    symlinksRestored: 0,
    symlinksUnchanged: 0,
    symlinksSkipped: 0,
    deleted: 0,
    bytesRestored: 0,
    bytesUnchanged: 0,
    bytesSkipped: 0,
    bytesToRead: 0,
  };
  readonly #progress: Progress;
  readonly #onItem: ((item: RestoreItem) => void) | undefined;

  constructor(progress: Progress, onItem?: (item: RestoreItem) => void) {
    this.#progress = progress;
    this.#onItem = onItem;
  }

  /** It is on the disk. That the restore has got past it is told before, by `fileWritten`. */
  fileRestored(file: FilePlan, sizeBytes: number): void {
    const isUpdate = file.existing !== undefined;
    this.counts.filesRestored += 1;
    this.counts.bytesRestored += sizeBytes;
    if (isUpdate) this.counts.filesUpdated += 1;
    this.#onItem?.({ action: isUpdate ? 'updated' : 'restored', type: 'file', path: file.path, sizeBytes });
  }

  hardLinked(file: FilePlan): void {
    const isUpdate = file.existing !== undefined;
    this.counts.filesRestored += 1;
    this.counts.hardLinks += 1;
    if (isUpdate) this.counts.filesUpdated += 1;
    this.#passed(file);
    this.#onItem?.({ action: isUpdate ? 'updated' : 'restored', type: 'hardlink', path: file.path, sizeBytes: 0 });
  }

  fileUnchanged(file: FilePlan): void {
    this.counts.filesUnchanged += 1;
    this.counts.bytesUnchanged += file.sizeBytes;
    this.#passed(file);
    this.#onItem?.({ action: 'unchanged', type: 'file', path: file.path, sizeBytes: file.sizeBytes });
  }

  fileSkipped(file: FilePlan): void {
    this.counts.filesSkipped += 1;
    this.counts.bytesSkipped += file.sizeBytes;
    this.#passed(file);
    this.#onItem?.({ action: 'skipped', type: 'file', path: file.path, sizeBytes: file.sizeBytes });
  }

  toRead(bytes: number): void {
    this.counts.bytesToRead += bytes;
  }

  fileWritten({ path }: FilePlan): void {
    this.#progress.file(path);
  }

  /** It is named among the exceptions; here it only counts as dealt with. */
  fileLost(file: FilePlan): void {
    this.#progress.file(file.path);
  }

  folder(path: RestoreItem['path'], existed: boolean): void {
    this.counts.folders += 1;
    this.#onItem?.({ action: existed ? 'unchanged' : 'restored', type: 'dir', path, sizeBytes: 0 });
  }

  symlink({ path, action, existing }: LinkPlan): void {
    if (action === 'write') this.counts.symlinksRestored += 1;
    else if (action === 'unchanged') this.counts.symlinksUnchanged += 1;
    else this.counts.symlinksSkipped += 1;
    const written = existing ? 'updated' : 'restored';
    this.#onItem?.({
      action: action === 'write' ? written : action === 'skip' ? 'skipped' : 'unchanged',
      type: 'symlink',
      path,
      sizeBytes: 0,
    });
  }

  deleted(path: RestoreItem['path'], type: RestoreItem['type']): void {
    this.counts.deleted += 1;
    this.#onItem?.({ action: 'deleted', type, path, sizeBytes: 0 });
  }

  /** Nothing had to be written for it. */
  #passed(file: FilePlan): void {
    this.#progress.bytes(file.sizeBytes);
    this.#progress.file(file.path);
  }
}
