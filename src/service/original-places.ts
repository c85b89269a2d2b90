import { access, constants, lstat, stat } from 'node:fs/promises';
import { machinePathOf, parentOf, rootOf, snapshotRoot, systemCode, type ByteString } from '../platform/index.ts';

/** Something of a snapshot that is to go back to where it was. Its path is text, at least up to its last name. */
export interface ChosenEntry {
  readonly path: ByteString;
  readonly isFolder: boolean;
}

/** A folder of this machine, and what is restored below it, from there. */
export interface OriginalPlace {
  /** As it stands in snapshots. */
  readonly folder: ByteString;
  /** The folder itself: all of it. */
  readonly paths: readonly ByteString[];
}

interface Way {
  readonly path: ByteString;
  /** The folder that is there and holds the entry, or will hold the missing folders above it. */
  readonly base: ByteString;
  /** The highest folder from which the way to `base` leads through plain folders. */
  readonly top: ByteString;
}

/**
 * Few folders from which everything that was chosen can be restored. A restore follows no links below its target, and tries out there
 * whether names differ by case; so none of the folders between the target and an entry may be a link, lie on another file system or be
 * closed to us. A link on the way to the target is followed: whoever moved `/srv` to another disk and left a link wants the files there.
 */
export async function originalPlaces(entries: readonly ChosenEntry[]): Promise<OriginalPlace[]> {
  const ways = await Promise.all(entries.map(wayTo));
  const byTop = Map.groupBy(ways, ({ top }) => top);
  return [...byTop.values()].map((group) => ({
    folder: sharedFolder(group.map(({ base }) => base)),
    paths: group.map(({ path }) => path),
  }));
}

async function wayTo({ path, isFolder }: ChosenEntry): Promise<Way> {
  const base = await baseOf(path, isFolder);
  const root = rootOf(path);
  let top = base;
  while (top !== root && (await isPlainStep(top))) top = parentOf(top);
  return { path, base, top };
}

async function baseOf(path: ByteString, isFolder: boolean): Promise<ByteString> {
  const root = rootOf(path);
  if (path === root || (isFolder && (await isLink(path)))) return path;
  let base = parentOf(path);
  while (base !== root && !(await isFolderThere(base))) base = parentOf(base);
  return isFolder && !(await isOpen(base)) && (await isFolderThere(path)) ? path : base;
}

/** From the folder above. */
async function isPlainStep(folder: ByteString): Promise<boolean> {
  const above = parentOf(folder);
  try {
    const [own, upper] = await Promise.all([lstat(machinePathOf(folder), { bigint: true }), stat(machinePathOf(above), { bigint: true })]);
    return own.isDirectory() && own.dev === upper.dev && (await isOpen(above));
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return false;
  }
}

async function isLink(path: ByteString): Promise<boolean> {
  return ask(async () => (await lstat(machinePathOf(path))).isSymbolicLink());
}

async function isFolderThere(path: ByteString): Promise<boolean> {
  return ask(async () => (await stat(machinePathOf(path))).isDirectory());
}

async function isOpen(folder: ByteString): Promise<boolean> {
  return ask(async () => {
    await access(machinePathOf(folder), constants.R_OK | constants.X_OK);
    return true;
  });
}

async function ask(question: () => Promise<boolean>): Promise<boolean> {
  try {
    return await question();
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return false;
  }
}

/** The deepest that all are, or lie in. */
function sharedFolder([first = snapshotRoot, ...others]: readonly ByteString[]): ByteString {
  let shared = first;
  while (shared !== snapshotRoot && !others.every((folder) => folder === shared || folder.startsWith(`${shared}/`)))
    shared = parentOf(shared);
  return shared;
}
