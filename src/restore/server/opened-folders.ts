import type { ServerFiles } from '../../storage/index.ts';
import type { FolderPlan } from '../plan.ts';
import type { CleanUp } from './clean-up.ts';
import { assertFolders, type FolderGuard } from './folder-guard.ts';

interface OpenedWorld {
  readonly files: ServerFiles;
  readonly guard: FolderGuard;
  readonly cleanUp: CleanUp;
}

/** Folders of ours that were closed to us and are open as long as the restore needs them, with the modes that they had. */
export class OpenedFolders {
  readonly #world: OpenedWorld;
  readonly #modes = new Map<FolderPlan, number>();
  /** One after the other: those that lie in a folder come before it, which may close the way to them. */
  #settingBack: Promise<void> = Promise.resolve();

  constructor(world: OpenedWorld) {
    this.#world = world;
  }

  add(folder: FolderPlan, mode: number): void {
    this.#modes.set(folder, mode);
  }

  /** Its mode is as it should be, by somebody else. */
  isSet(folder: FolderPlan): void {
    this.#modes.delete(folder);
  }

  /** Begins to give it the mode that it had, unless that is done. `close` waits for it. */
  setBack(folder: FolderPlan): void {
    const mode = this.#modes.get(folder);
    if (mode === undefined) return;
    this.#modes.delete(folder);
    const { files, guard, cleanUp } = this.#world;
    this.#settingBack = this.#settingBack.then(() =>
      cleanUp.attempt(async (signal) => {
        await assertFolders(files, guard.wayTo(folder), signal);
        await files.set(guard.pathOf(folder), { mode }, signal);
      }),
    );
  }

  /** Sets back all that are left. */
  async close(): Promise<void> {
    const left = [...this.#modes.keys()].toSorted((a, b) => b.path.length - a.path.length); // the deeper ones first
    for (const folder of left) this.setBack(folder);
    await this.#settingBack;
  }
}
