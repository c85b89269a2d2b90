import { spawn } from 'node:child_process';
import { closeSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { CadanganError, fsPath, openNow, orAborted, system, systemPath, throwIfAborted, type ByteString } from '../platform/index.ts';
import type { FolderHandles } from './folder-handles.ts';
import type { FolderPlan } from './plan.ts';

/**
 * Brings what a restore has written onto the disk, so that nothing is called restored that a power failure could still take.
 *
 * On Linux by file system: `syncfs(2)`, which costs one journal commit for thousands of files. Node cannot call it; the program `sync -f`
 * (coreutils 8.24, BusyBox 1.28) does nothing else, and tells when the disk refused. Elsewhere, where that program is missing, and where
 * the kernel passes a `syncfs` on to nobody, each file is synced by whoever wrote it, before it gets its name (`syncsEachFile`).
 */
export class DiskSync {
  readonly #options: DiskSyncOptions;
  /** Undefined where each file is synced by itself. */
  readonly #program: string | undefined;

  private constructor(options: DiskSyncOptions, program: string | undefined) {
    this.#options = options;
    this.#program = program;
  }

  /** @param program default: `sync` of the system */
  static async make(options: DiskSyncOptions, program = 'sync'): Promise<DiskSync> {
    const goesByFileSystem = !options.dryRun && isSyncedWhole(options.target) && (await knowsFileSystems(program));
    return new DiskSync(options, goesByFileSystem ? program : undefined);
  }

  get syncsEachFile(): boolean {
    return this.#program === undefined;
  }

  /**
   * When this has ended, all that was written into the folders before is on the disk.
   * @throws `target.not-synced`, `aborted`: at once, although a disk that hangs may keep the program
   */
  async flush(folders: Iterable<FolderPlan>): Promise<void> {
    if (this.#program === undefined) return;
    throwIfAborted(this.#options.signal);
    const descriptors = this.#oneOfEachFileSystem(folders);
    if (descriptors.length === 0) return;
    const ended = runSync(this.#program, descriptors);
    const { code, said } = await orAborted(ended, this.#options.signal);
    if (code !== 0) throw new CadanganError('target.not-synced', { target: this.#options.target, reason: said });
  }

  #oneOfEachFileSystem(folders: Iterable<FolderPlan>): number[] {
    const places = new Set<FolderPlan>();
    for (const folder of folders) places.add(placeOf(folder));
    const descriptors = new Map<bigint, number>();
    for (const place of places) {
      this.#options.handles.with(place, ({ prefix }) => {
        const path = fsPath((prefix + '.') as ByteString);
        const { dev } = statSync(path, { bigint: true });
        if (!descriptors.has(dev)) descriptors.set(dev, openNow(path, constants.O_RDONLY | constants.O_DIRECTORY));
      });
    }
    return [...descriptors.values()];
  }
}

export interface DiskSyncOptions {
  readonly handles: FolderHandles;
  /** For messages. */
  readonly target: string;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
}

/** The folder that was there before: what the restore makes in it lies in the same file system. */
function placeOf(folder: FolderPlan): FolderPlan {
  let place = folder;
  while (place.parent && place.state !== 'folder') place = place.parent;
  return place;
}

const firstOwnDescriptor = 3;

interface Ended {
  /** 0 when all went well. */
  readonly code: number | null;
  readonly said: string;
}

/** The descriptors are handed over, so that no path has to be found again; ours are closed. */
function runSync(program: string, descriptors: readonly number[]): Promise<Ended> {
  const paths = descriptors.map((_, at) => `/proc/self/fd/${at + firstOwnDescriptor}`);
  try {
    return run(program, ['-f', ...paths], descriptors);
  } finally {
    for (const descriptor of descriptors) closeSync(descriptor); // the child has its own
  }
}

/** Of statfs(2): what passes an `fsync` on to whoever stores the files, but no `syncfs`: FUSE, and shares of Windows. */
const syncedByFile: ReadonlySet<number> = new Set([0x65735546, 0xff534d42, 0xfe534d42, 0x517b]);

function isSyncedWhole(target: string): boolean {
  return !syncedByFile.has(statfsSync(systemPath(target)).type);
}

/** GNU's help has `--file-system`, BusyBox's `[-df]`. Older ones would sync everything, or nothing. */
async function knowsFileSystems(program: string): Promise<boolean> {
  if (!system.isLinux || !existsSync('/proc/self/fd')) return false;
  const { said } = await run(program, ['--help'], []);
  return /--file-system|\[-\w*f\w*\]/.test(said);
}

const saidCharsMax = 4096;

function run(program: string, args: readonly string[], descriptors: readonly number[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe', ...descriptors],
      env: { PATH: process.env['PATH'], LC_ALL: 'C' },
    });
    let said = '';
    const hear = (text: Buffer): void => {
      if (said.length < saidCharsMax) said += text.toString();
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('error', (error) => resolve({ code: null, said: error.message }));
    child.once('close', (code) => resolve({ code, said: said.trim() }));
  });
}
