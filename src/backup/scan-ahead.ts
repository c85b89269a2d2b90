import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import type { ByteString } from '../platform/index.ts';
import type { Uint64 } from '../repository/index.ts';
import type { PlaceToRead } from './read-places.ts';
import type { SourceReader } from './source-reader.ts';
import { statOf } from './source-stat.ts';
import type { SourceTree } from './source-tree.ts';

/** Files that may be held: some 8 MB, and as many as can be looked at while a key is derived. */
const entriesMax = 25_000;
/** How often it is looked whether the run has begun, when no more may be held. */
const waitMs = 20;

export interface SourceTotals {
  readonly files: number;
  readonly bytes: number;
}

/**
 * Reads the sources while the password is turned into a key, which takes a fifth of a second in another thread: in a run in which nothing
 * changed, looking at every file is most of the work. What changes between this look and the reading of a file is noticed as
 * any change in mid-run is.
 */
export class ScanAhead {
  readonly #reader: SourceReader;
  readonly #oneFileSystem: boolean;
  readonly #done: Promise<void>;
  #state: 'keeping' | 'counting' | 'stopped' = 'keeping';
  #files = 0;
  #bytes = 0;
  #isComplete = false;

  constructor(reader: SourceReader, sources: SourceTree, options: { readonly oneFileSystem: boolean }) {
    this.#reader = reader;
    this.#oneFileSystem = options.oneFileSystem;
    // What cannot be read is named by the walk.
    this.#done = this.#run(rootsOf(sources, reader.placeToRead).reverse()).catch(() => undefined);
  }

  /** What there is to read, once everything was seen. */
  get totals(): SourceTotals | undefined {
    return this.#isComplete ? { files: this.#files, bytes: this.#bytes } : undefined;
  }

  /** What was read stays with the reader. With `keepCounting` the rest is looked at too, between other work, until everything was seen. */
  async stop(options: { readonly keepCounting: boolean }): Promise<void> {
    this.#state = options.keepCounting ? 'counting' : 'stopped';
    if (!options.keepCounting) await this.#done;
  }

  /** Ends the counting. */
  [Symbol.dispose](): void {
    this.#state = 'stopped';
  }

  async #run(waiting: Folder[]): Promise<void> {
    await nextTurn();
    while (waiting.length > 0) {
      if (this.#state === 'stopped') return;
      if (this.#state === 'keeping' && this.#files >= entriesMax) await delay(waitMs);
      else this.#visit(waiting);
      await nextTurn();
    }
    this.#isComplete = true;
  }

  #visit(waiting: Folder[]): void {
    const folder = waiting.pop();
    if (!folder) return;
    const { entries } = this.#state === 'keeping' ? this.#reader.readAhead(folder.path) : this.#reader.look(folder.path);
    // A stack in reverse order: folders come up in the order of the walk.
    for (const { path, stat } of entries.toReversed()) {
      if (stat.type === 'file') {
        this.#files += 1;
        this.#bytes += Number(stat.size);
      } else if (stat.type === 'dir' && !(this.#oneFileSystem && stat.deviceId !== folder.device)) {
        waiting.push({ path, device: folder.device });
      }
    }
  }
}

interface Folder {
  readonly path: ByteString;
  /** Of the source that it belongs to. */
  readonly device: Uint64;
}

function rootsOf(tree: SourceTree, placeToRead: PlaceToRead): Folder[] {
  return tree.isSource ? folderOf(tree.path, placeToRead) : tree.children.flatMap((child) => rootsOf(child, placeToRead));
}

function folderOf(path: ByteString, placeToRead: PlaceToRead): Folder[] {
  try {
    const stat = statOf(placeToRead(path));
    return stat.type === 'dir' ? [{ path, device: stat.deviceId }] : [];
  } catch {
    return []; // the walk names it
  }
}
