import type { FolderPlan } from './plan.ts';
import type { TargetFolder } from './target-folder.ts';

/** Folders kept open although nobody uses them at the moment. */
const idleMax = 64;

interface Handle {
  readonly open: TargetFolder;
  users: number;
}

/** Folders of the target held open: each once, for as long as somebody uses it, and some longer. */
export class FolderHandles {
  /** In order of last use. */
  readonly #handles = new Map<FolderPlan, Handle>();
  readonly #root: TargetFolder;

  /** @param root stays open until `close` */
  constructor(root: TargetFolder) {
    this.#root = root;
  }

  /** Opens an existing folder, or takes up one that is open. `release` must follow. @throws the system's errors */
  acquire(folder: FolderPlan): TargetFolder {
    if (!folder.parent) return this.#root;
    const known = this.#handles.get(folder);
    if (known) {
      known.users += 1;
      this.#handles.delete(folder);
      this.#handles.set(folder, known);
      return known.open;
    }
    const open = this.#open(folder, folder.parent);
    this.#handles.set(folder, { open, users: 1 });
    if (this.#handles.size > idleMax) this.#closeIdle();
    return open;
  }

  release(folder: FolderPlan): void {
    const handle = this.#handles.get(folder);
    if (handle) handle.users -= 1;
  }

  /** Calls `use` with the folder held open. */
  with<T>(folder: FolderPlan, use: (open: TargetFolder) => T): T {
    const open = this.acquire(folder);
    try {
      return use(open);
    } finally {
      this.release(folder);
    }
  }

  /** Nobody will ask for it again. */
  forget(folder: FolderPlan): void {
    const handle = this.#handles.get(folder);
    if (!handle || handle.users > 0) return;
    this.#handles.delete(folder);
    handle.open.close();
  }

  close(): void {
    for (const { open } of this.#handles.values()) open.close();
    this.#handles.clear();
    this.#root.close();
  }

  /** From the next folder upwards that is open, down to the wanted one: without recursion, since trees can be 4,096 deep. */
  #open(folder: FolderPlan, parent: FolderPlan): TargetFolder {
    const missing = [folder];
    let above = parent;
    while (above.parent && !this.#handles.has(above)) {
      missing.push(above);
      above = above.parent;
    }
    let open = this.acquire(above);
    let isKept = true;
    try {
      for (const next of missing.reverse()) {
        const child = open.openChild(next.name);
        if (!isKept) open.close();
        open = child;
        isKept = false;
      }
      return open;
    } catch (error) {
      if (!isKept) open.close();
      throw error;
    } finally {
      this.release(above);
    }
  }

  #closeIdle(): void {
    for (const [folder, handle] of this.#handles) {
      if (handle.users > 0) continue;
      this.#handles.delete(folder);
      handle.open.close();
      if (this.#handles.size <= idleMax / 2) return;
    }
  }
}
