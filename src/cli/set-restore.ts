import type { FileHandle } from 'node:fs/promises';
import { chmod, lstat, mkdir, symlink, utimes } from 'node:fs/promises';
import { HostError } from '../host/index.ts';
import type { JobException } from '../jobs/index.ts';
import {
  byteStringFromRaw,
  byteStringFromText,
  fsPath,
  isAbort,
  joinBytes,
  machinePath,
  makeFolder,
  open,
  rename,
  systemCode,
  systemRandom,
  textOf,
  throwIfAborted,
  unlink,
  type ByteString,
} from '../platform/index.ts';
import { impossibleName } from '../restore/index.ts';
import type { EntryInfo } from '../service/index.ts';
import type { SetSnapshots } from './set-snapshots.ts';

/** What came of it. What is not as the snapshot has it stands in `exceptions`. */
export interface SetRestored {
  readonly files: number;
  readonly folders: number;
  readonly links: number;
  readonly bytes: number;
  readonly exceptions: readonly JobException[];
}

/**
 * Brings a folder of a snapshot into a folder of whoever runs this, who becomes the owner of all of it. Nothing that exists is replaced, no
 * link is followed, and a file has its name when it is whole.
 * @throws what the host answered, but for what is of one file alone; `aborted`
 */
export async function restoreFromSet(
  set: SetSnapshots,
  {
    snapshot,
    folder,
    target,
    signal,
  }: { readonly snapshot: string; readonly folder: ByteString; readonly target: string; readonly signal: AbortSignal },
): Promise<SetRestored> {
  const restore = new SetRestore(set, snapshot, signal);
  const root = machinePath(target);
  await makeFolder(root, 0o777);
  await restore.folder(folder, byteStringFromRaw(root));
  return restore.restored;
}

class SetRestore {
  readonly #set: SetSnapshots;
  readonly #snapshot: string;
  readonly #signal: AbortSignal;
  readonly #exceptions: JobException[] = [];
  readonly #counts = { files: 0, folders: 0, links: 0, bytes: 0 };

  constructor(set: SetSnapshots, snapshot: string, signal: AbortSignal) {
    this.#set = set;
    this.#snapshot = snapshot;
    this.#signal = signal;
  }

  get restored(): SetRestored {
    return { ...this.#counts, exceptions: this.#exceptions };
  }

  async folder(from: ByteString, to: ByteString): Promise<void> {
    const seen = new Set<string>();
    for await (const entry of this.#set.folder(this.#snapshot, from)) {
      throwIfAborted(this.#signal);
      const path = joinBytes(from, entry.name);
      const why = seen.has(entry.name) ? 'duplicate-name' : troubleOfName(entry.name);
      seen.add(entry.name);
      if (why !== undefined) this.#except(path, why);
      else await this.#entry(entry, path, to);
    }
  }

  async #entry(entry: EntryInfo, path: ByteString, folder: ByteString): Promise<void> {
    const to = joinBytes(folder, entry.name);
    try {
      if (entry.type === 'dir') await this.#makeFolder(entry, path, to);
      else if (await exists(to)) this.#except(path, 'in-the-way');
      else if (entry.type === 'file') await this.#file(entry, path, folder);
      else if (entry.type === 'symlink' && linkTargetOf(entry).includes('\0')) this.#except(path, 'hostile-target');
      else if (entry.type === 'symlink') await this.#link(entry, to);
      else this.#except(path, 'special-file', entry.type);
    } catch (error) {
      this.#take(path, error);
    }
  }

  /** Its mode and times when nothing comes into it any more. */
  async #makeFolder(entry: EntryInfo, path: ByteString, to: ByteString): Promise<void> {
    try {
      await mkdir(fsPath(to), { mode: 0o700 });
      this.#counts.folders += 1;
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
      // One that was there keeps what it is.
      if ((await lstat(fsPath(to))).isDirectory()) return this.folder(path, to);
      return this.#except(path, 'in-the-way');
    }
    await this.folder(path, to);
    await chmod(fsPath(to), entry.mode & 0o777);
    await utimes(fsPath(to), ...timesOf(entry));
  }

  async #file(entry: EntryInfo, path: ByteString, folder: ByteString): Promise<void> {
    const mark = Buffer.from(systemRandom.fill(new Uint8Array(8))).toString('hex');
    const temporary = fsPath(joinBytes(folder, byteStringFromText(`.cadangan-${mark}`)));
    let file: FileHandle | undefined = await open(temporary, 'wx', 0o600);
    try {
      for await (const bytes of this.#set.bytes(this.#snapshot, path)) {
        await file.writeFile(bytes);
        this.#counts.bytes += bytes.length;
      }
      await file.chmod(entry.mode & 0o777);
      await file.utimes(...timesOf(entry));
      await file.sync();
      await file.close();
      file = undefined;
      await rename(temporary, fsPath(joinBytes(folder, entry.name)));
      this.#counts.files += 1;
    } catch (error) {
      await file?.close();
      await unlink(temporary).catch(() => undefined);
      throw error;
    }
  }

  async #link(entry: EntryInfo, to: ByteString): Promise<void> {
    await symlink(fsPath(linkTargetOf(entry)), fsPath(to));
    this.#counts.links += 1;
  }

  /** What is of one file keeps nobody from the others. */
  #take(path: ByteString, error: unknown): void {
    if (error instanceof HostError && ofOneFile.has(error.code))
      return this.#except(path, 'damaged', String(error.data.facts['reason'] ?? ''));
    const code = systemCode(error);
    if (code === undefined || isAbort(error)) throw error;
    this.#except(path, code === 'EACCES' || code === 'EPERM' ? 'denied' : 'system', code);
  }

  #except(path: ByteString, kind: string, reason = ''): void {
    this.#exceptions.push({ item: textOf(path), kind, reason, weight: 'lost' });
  }
}

const ofOneFile: ReadonlySet<string> = new Set(['repository.damaged', 'path.not-found']);

/** Names come from whoever wrote the snapshot. */
function troubleOfName(name: ByteString): string | undefined {
  if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name)) return 'hostile-name';
  return impossibleName(name) === undefined ? undefined : 'impossible-name';
}

/** A service of an earlier version tells its text alone. */
function linkTargetOf({ linkTarget = '', linkTargetBytes = byteStringFromText(linkTarget) }: EntryInfo): ByteString {
  return linkTargetBytes;
}

async function exists(path: ByteString): Promise<boolean> {
  try {
    await lstat(fsPath(path));
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Access and change; a time that says nothing is that of 1970. */
function timesOf({ mtime }: EntryInfo): [Date, Date] {
  const date = new Date(Number.isNaN(Date.parse(mtime)) ? 0 : Date.parse(mtime));
  return [date, date];
}
