import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ByteString } from '../platform/index.ts';
import type { Uint64 } from '../repository/index.ts';
import type { SourceReader } from './source-reader.ts';
import { statOf } from './source-stat.ts';
import type { SourceTree } from './source-tree.ts';

/** Entries that may be held: some 12 MB. */
const entriesMax = 40_000;

/**
 * Reads the sources while the password is turned into a key, which takes a fifth of a second in another thread: in a run in which nothing
 * changed, looking at every file is most of the work. What changes between this look and the reading of a file is noticed as
 * any change in mid-run is.
 */
export class ScanAhead {
  #isStopped = false;
  readonly #done: Promise<void>;

  constructor(reader: SourceReader, sources: SourceTree, options: { readonly oneFileSystem: boolean }) {
    this.#done = this.#run(reader, sources, options.oneFileSystem);
  }

  /** What was read stays with the reader. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#done;
  }

  async #run(reader: SourceReader, sources: SourceTree, oneFileSystem: boolean): Promise<void> {
    let held = 0;
    const waiting = rootsOf(sources).reverse();
    await nextTurn();
    for (let folder = waiting.pop(); folder && !this.#isStopped && held < entriesMax; folder = waiting.pop()) {
      const { entries } = reader.readAhead(folder.path);
      held += entries.length;
      // A stack in reverse order: folders come up in the order of the walk.
      for (let at = entries.length - 1; at >= 0; at--) {
        const entry = entries[at];
        if (entry?.stat.type === 'dir' && !(oneFileSystem && entry.stat.deviceId !== folder.device)) waiting.push({ path: entry.path, device: folder.device });
      }
      await nextTurn();
    }
  }
}

interface Folder {
  readonly path: ByteString;
  /** Of the source that it belongs to. */
  readonly device: Uint64;
}

function rootsOf(tree: SourceTree): Folder[] {
  return tree.isSource ? folderOf(tree.path) : tree.children.flatMap(rootsOf);
}

function folderOf(path: ByteString): Folder[] {
  try {
    const stat = statOf(path);
    return stat.type === 'dir' ? [{ path, device: stat.deviceId }] : [];
  } catch {
    return []; // the walk names it
  }
}
