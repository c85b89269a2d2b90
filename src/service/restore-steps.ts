import {
  byteStringFromText,
  CadanganError,
  hasMachinePath,
  isCode,
  isMachinePath,
  joinBytes,
  literalPattern,
  machinePath,
  machinePathOf,
  namesOf,
  parentOf,
  pathBelow,
  snapshotPathOf,
  snapshotRoot,
  textOf,
  type ByteString,
} from '../platform/index.ts';
import { isOnServer } from '../jobs/index.ts';
import type { Node, StoredSnapshot } from '../repository/index.ts';
import { originalPlaces } from './original-places.ts';
import type { RestoreParams } from './protocol.ts';

/** One restore of a folder of the snapshot into a folder of the machine, or of a server. */
export interface RestoreStep {
  /** Undefined for the root. */
  readonly subfolder: string | undefined;
  /** Undefined for all that is in it. */
  readonly includes: readonly string[] | undefined;
  readonly target: string;
  /** As `RestoreOptions.keepsFoldersAbove`. */
  readonly keepsFoldersAbove: boolean;
}

/** Looks an entry up; undefined for the root. @throws `path.not-found` */
export type NodeLookup = (path: ByteString) => Promise<Node | undefined>;

/** Each is a restore of its own, with a lock. */
const stepsMax = 1000;

/**
 * The steps in which what was chosen is restored. Into a folder: what was chosen appears in it as if it had been copied there. To the
 * original place: into the folders of this machine that they lie in, of which only they are touched.
 * @throws `path.not-found` when something chosen is not in the snapshot; `arguments.invalid`
 */
export async function planRestoreSteps(
  { paths, target }: Pick<RestoreParams, 'paths' | 'target'>,
  { snapshot }: StoredSnapshot,
  nodeOf: NodeLookup,
): Promise<RestoreStep[]> {
  const chosen = [...new Set(paths.map(cleaned))];
  if (target.kind === 'server') {
    if (!isOnServer(target.location))
      throw new CadanganError('arguments.invalid', { argument: 'target', value: target.location, reason: 'it is not on a server' });
    return [intoFolder(await namedIn(chosen, snapshot.paths, nodeOf), target.location)];
  }
  if (target.kind === 'folder') {
    if (!isMachinePath(target.folder))
      throw new CadanganError('arguments.invalid', { argument: 'target', value: target.folder, reason: 'an absolute path is wanted' });
    return [intoFolder(await namedIn(chosen, snapshot.paths, nodeOf), machinePath(target.folder))];
  }
  if (!snapshot.paths.every((source) => isMachinePath(source)))
    throw new CadanganError('arguments.invalid', {
      argument: 'target',
      reason: 'the snapshot was made on another kind of system: choose a folder',
    });
  const roots = snapshot.paths.map((source) => snapshotPathOf(source));
  const steps = await toOriginalPlaces(await withPlaces(chosen, snapshot.paths, nodeOf), roots, nodeOf);
  if (steps.length > stepsMax)
    throw new CadanganError('arguments.invalid', { argument: 'paths', reason: 'too many places at once: choose folders' });
  return steps;
}

/** @throws `path.not-found` */
async function namedIn(chosen: readonly ByteString[], sources: readonly string[], nodeOf: NodeLookup): Promise<readonly ByteString[]> {
  for (const path of chosen) await nodeOf(path);
  return chosen.includes(snapshotRoot) ? wholeSnapshot(sources, nodeOf) : chosen;
}

function intoFolder(chosen: readonly ByteString[], folder: string): RestoreStep {
  if (chosen.includes(snapshotRoot)) return { subfolder: undefined, includes: undefined, target: folder, keepsFoldersAbove: false };
  const shared = sharedFolder(chosen);
  const includes = chosen.map((path) => literalPattern(pathBelow(shared, path)));
  return { subfolder: shared === snapshotRoot ? undefined : textOf(shared), includes, target: folder, keepsFoldersAbove: false };
}

/** The deepest folder that all of them lie in and that can be written as text. */
function sharedFolder(paths: readonly ByteString[]): ByteString {
  let shared = parentOf(paths[0] ?? snapshotRoot);
  while (shared !== snapshotRoot && !(isText(shared) && paths.every((path) => path.startsWith(`${shared}/`)))) shared = parentOf(shared);
  return shared;
}

/** The root, and on Windows a server, is no place of this machine: the sources in it are meant. */
async function withPlaces(chosen: readonly ByteString[], sources: readonly string[], nodeOf: NodeLookup): Promise<ByteString[]> {
  const existing = await existingSources(sources, nodeOf);
  const places = chosen.flatMap((path) => {
    if (path !== '/' && hasMachinePath(path)) return [path];
    const meant = existing.filter((source) => isWithin(source, path));
    if (meant.length === 0) throw placeUnknown(path);
    return meant;
  });
  return [...new Set(places)];
}

/**
 * @param roots where the sources stand in a snapshot whose tree has all their folders. What was named relatively stands elsewhere, and
 * nothing tells where it was.
 */
async function toOriginalPlaces(chosen: readonly ByteString[], roots: readonly ByteString[], nodeOf: NodeLookup): Promise<RestoreStep[]> {
  const entries = await Promise.all(
    chosen.map(async (path) => {
      const node = await nodeOf(path);
      if (!roots.some((root) => isWithin(path, root) || isWithin(root, path))) throw placeUnknown(path);
      const isFolder = node === undefined || node.type === 'dir';
      if (!isText(isFolder ? path : parentOf(path)))
        throw new CadanganError('arguments.invalid', {
          argument: 'paths',
          value: textOf(path),
          reason: 'a name on the way is not UTF-8: choose a folder to restore into',
        });
      return { path, isFolder };
    }),
  );
  const places = await originalPlaces(entries);
  return places.map(({ folder, paths }) => ({
    subfolder: folder === snapshotRoot ? undefined : textOf(folder),
    includes: paths.includes(folder) ? undefined : paths.map((path) => literalPattern(pathBelow(folder, path))),
    target: machinePathOf(folder),
    keepsFoldersAbove: true,
  }));
}

/**
 * Everything, as the sources that it is made of: nobody wants the folders above them in the destination. Only when each is where the
 * snapshot says; restic keeps what was named relatively under another path.
 */
async function wholeSnapshot(sources: readonly string[], nodeOf: NodeLookup): Promise<readonly ByteString[]> {
  const existing = await existingSources(
    sources.filter((source) => isMachinePath(source)),
    nodeOf,
  );
  return existing.length === sources.length && existing.length > 0 ? existing : [snapshotRoot];
}

/** A source that was missing when the backup was made is among the snapshot's paths and not in it. */
async function existingSources(sources: readonly string[], nodeOf: NodeLookup): Promise<ByteString[]> {
  const existing: ByteString[] = [];
  for (const path of sources.map((source) => snapshotPathOf(source))) {
    try {
      await nodeOf(path);
      existing.push(path);
    } catch (error) {
      if (!isCode(error, 'path.not-found')) throw error;
    }
  }
  return existing;
}

function placeUnknown(path: ByteString): CadanganError {
  const reason = 'the snapshot does not tell where it was: choose a folder to restore into';
  return new CadanganError('arguments.invalid', { argument: 'paths', value: textOf(path), reason });
}

function isWithin(path: ByteString, folder: ByteString): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`);
}

function cleaned(path: ByteString): ByteString {
  const names = namesOf(path);
  if (names.some((name) => name === '.' || name === '..')) throw new CadanganError('path.not-found', { path: textOf(path) });
  return names.reduce(joinBytes, snapshotRoot);
}

function isText(path: ByteString): boolean {
  return byteStringFromText(textOf(path)) === path;
}
