import { CadanganError, joinBytes, textOf, type ByteString, type Random } from '../../platform/index.ts';
import { isTrouble, SftpFault, type ServerEntry, type ServerFiles } from '../../storage/index.ts';
import { failureOf, fatalError, stopsEverything } from '../failures.ts';
import type { FolderPlan } from '../plan.ts';
import type { TargetServer } from '../restore-options.ts';
import { TemporaryNames } from '../temporary-names.ts';
import { CleanUp } from './clean-up.ts';
import type { OwnRepository } from './own-repository.ts';

/** A folder of a server that is restored into, and what the server does with names in it. */
export interface ServerPlace {
  /** Resolved: no part of it is a link. */
  readonly root: ByteString;
  /** It is there; false only in a dry run. */
  readonly isThere: boolean;
  /** It does not tell `A` from `a`. */
  readonly foldsNames: boolean;
  /** A backslash leads into another folder, as on Windows: names must not have what its rules forbid. */
  readonly isWindows: boolean;
  /** Who we are there; undefined where the server does not say. */
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** The repository that is restored from, where it lies on the same server; resolved. */
  readonly repository: ByteString | undefined;
}

export interface PlaceOptions {
  readonly files: ServerFiles;
  readonly names: TemporaryNames;
  readonly dryRun: boolean;
  /** Of the same server. */
  readonly repositoryPath: ByteString | undefined;
  /** Undefined where nobody has opened the repository yet. */
  readonly own: OwnRepository | undefined;
  readonly signal: AbortSignal;
}

/**
 * Makes sure that the folder that the location names is one that may be written into. A dry run makes nothing.
 * @throws `target.unsafe` when it is no folder, contains the repository or lies in it; `target.denied`, `target.full`; as `ServerFiles`
 */
export async function openServerPlace(options: PlaceOptions): Promise<ServerPlace> {
  const { files, signal, repositoryPath, own } = options;
  try {
    const wanted = await absolute(files, files.path, signal);
    const { path: root, isThere } = await takeUp(wanted, options);
    const repository = repositoryPath === undefined ? undefined : await resolved(files, repositoryPath, signal);
    const around = repository !== undefined && isWithin(root, repository) ? repository : await own?.around(root);
    if (around !== undefined) throw unsafe(files, 'the target and the repository overlap', { repository: textOf(around) });
    const names = isThere && !options.dryRun ? await tryNames(root, options) : untried(root);
    return { root, isThere, ...names, repository };
  } catch (error) {
    throw placeError(error, files);
  }
}

/** Whether the folder is there, or could be made; nothing is made. @throws as `openServerPlace` */
export async function lookAtServer(
  { files, repositoryPath }: TargetServer,
  random: Random,
  signal: AbortSignal,
): Promise<{ readonly isThere: boolean }> {
  const { isThere } = await openServerPlace({
    files,
    names: new TemporaryNames(random),
    dryRun: true,
    repositoryPath,
    own: undefined,
    signal,
  });
  return { isThere };
}

/** The path on the server of a folder of the plan. */
export function serverPath({ root }: Pick<ServerPlace, 'root'>, { path }: Pick<FolderPlan, 'path'>): ByteString {
  if (path === '/') return root;
  return (root === '/' ? path : root + path) as ByteString;
}

/** A relative path is seen from the folder that the server puts the user into. */
async function absolute(files: ServerFiles, path: ByteString, signal: AbortSignal): Promise<ByteString> {
  if (path.startsWith('/')) return path;
  return joinBytes(await files.realPath('.' as ByteString, signal), path);
}

/** Resolves a folder, and makes what is missing of it, unless nothing is to be made. */
async function takeUp(path: ByteString, options: PlaceOptions): Promise<{ path: ByteString; isThere: boolean }> {
  const { files, dryRun, signal } = options;
  const real = await resolved(files, path, signal);
  const entry = real === undefined ? undefined : await files.look(real, signal);
  if (real !== undefined && entry !== undefined) {
    if (entry.kind !== 'folder') throw unsafe(files, entry.kind === 'link' ? 'a link that the server does not resolve' : 'not a folder');
    return { path: real, isThere: true };
  }
  const cut = path.replace(/\/+$/, '').lastIndexOf('/');
  const parent = path.slice(0, Math.max(1, cut)) as ByteString;
  const name = path.slice(cut + 1).replace(/\/+$/, '');
  if (cut < 0 || name === '') throw new SftpFault('absent', 'ENOENT');
  const above = await takeUp(parent, options);
  const made = joinBytes(above.path, name as ByteString);
  if (dryRun) return { path: made, isThere: false };
  await files.makeFolder(made, signal);
  return { path: made, isThere: true };
}

/** Undefined where there is nothing. OpenSSH resolves what is missing in a folder that is there as well. */
async function resolved(files: ServerFiles, path: ByteString, signal: AbortSignal): Promise<ByteString | undefined> {
  try {
    return await files.realPath(path, signal);
  } catch (error) {
    if (isTrouble(error, 'absent')) return undefined;
    throw error;
  }
}

type Names = Pick<ServerPlace, 'foldsNames' | 'isWindows' | 'uid' | 'gid'>;

function untried(root: ByteString): Names {
  return { foldsNames: false, isWindows: hasDrive(root), uid: undefined, gid: undefined };
}

/** OpenSSH on Windows. */
function hasDrive(root: ByteString): boolean {
  return /^\/[A-Za-z]:/.test(root);
}

/** Asked of the server by a folder that is there for a moment: who we are, and how it reads names. */
async function tryNames(root: ByteString, { files, names, signal }: PlaceOptions): Promise<Names> {
  const name = names.next();
  const probe = joinBytes(root, name);
  try {
    await files.makeFolder(probe, signal);
    const [own, folded, above] = await Promise.all([
      files.look(probe, signal),
      seen(files, joinBytes(root, name.toUpperCase() as ByteString), signal),
      seen(files, `${probe}\\.` as ByteString, signal), // where a backslash parts names, the folder itself
    ]);
    return { foldsNames: folded !== undefined, isWindows: above !== undefined || hasDrive(root), uid: own?.uid, gid: own?.gid };
  } finally {
    await new CleanUp(files, signal).removeFolder(probe);
  }
}

async function seen(files: ServerFiles, path: ByteString, signal: AbortSignal): Promise<ServerEntry | undefined> {
  try {
    return await files.look(path, signal);
  } catch (error) {
    if (error instanceof SftpFault) return undefined; // such a name cannot be there
    throw error;
  }
}

function isWithin(path: ByteString, folder: ByteString): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`);
}

function unsafe({ location }: ServerFiles, reason: string, facts: Readonly<Record<string, string>> = {}): CadanganError {
  return new CadanganError('target.unsafe', { target: location, reason, ...facts });
}

function placeError(error: unknown, { location }: ServerFiles): unknown {
  if (!(error instanceof SftpFault)) return error;
  const failure = failureOf(error);
  if (stopsEverything(failure)) return fatalError(failure, location, error);
  const code = error.trouble === 'denied' ? 'target.denied' : 'target.unsafe';
  return new CadanganError(code, { target: location, reason: error.reason }, { cause: error });
}
