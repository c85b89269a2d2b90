import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, copyFile, lchown, lstat, mkdir, readdir, readlink, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
  asOwnerOf,
  CadanganError,
  makeFolder,
  movedStateFile,
  movedStateOf,
  namesInFolder,
  open,
  readFile,
  rename,
  replaceFile,
  rm,
  syncFolder,
  systemCode,
  type Random,
} from '../../platform/index.ts';

/*
 * The state of a user's hosts becomes that of the system's: records, signing key, schedule, memory of the copies. It is in exactly one
 * place at every moment, whatever happens in between:
 *
 *   copy to <new>-tmp, fsync, compare -> rename to <new>, with `unfinished.json` in it: not yet the state
 *   -> `moved.json` in the old folder: from now on the new one is, and no version that knows this file writes here
 *   -> the old files go; in their place stand a file `records` and a folder `leader.key`, which stop the versions before
 *   -> `unfinished.json` goes
 *
 * Whoever is interrupted does it again, and it goes on from there.
 */

export interface StateMove {
  readonly from: string;
  readonly to: string;
  /** Whose the new files are to be; undefined: of whoever moves them. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
  readonly random: Random;
  /** Does it while nobody appends records to the old state. */
  readonly whileNobodyAppends: (work: () => Promise<void>) => Promise<void>;
  /** For a test that dies in the middle. */
  readonly onStep?: ((step: 'copied' | 'named' | 'pointed' | 'removed') => void) | undefined;
}

/** Of a host and its machine only; and `configurations/`, which are the states of other configurations. */
const notMoved =
  /^(?:host|host\.(?:json|log|log\.1|out|starts)|proofs|leader\.key|configurations|(?:moved|service|unfinished)\.json|.*\.sock)$/;
/** Tickets of processes that append. */
const lockFolder = join('records', 'lock');

/**
 * Moves a state folder. No host may be there meanwhile: call it with its name held.
 * @returns whether there was anything to move. @throws `service.denied` when the new place has a state of its own; the system's errors
 */
export async function moveState(move: StateMove): Promise<boolean> {
  const { from, to, random, onStep } = move;
  const gone = await movedStateOf(from);
  if (gone === undefined) {
    if ((await namesIn(from)).length === 0) return false;
    await makeRoom(to, from);
    await move.whileNobodyAppends(async () => {
      await copyWhole(move);
      onStep?.('named');
      await asOwnerOf(from, () => replaceFile(movedStateFile(from), JSON.stringify({ to }), random));
    });
    onStep?.('pointed');
  } else if (gone !== to) return false;
  await asOwnerOf(from, () => removeOld(from, to, random));
  onStep?.('removed');
  await rm(unfinishedFile(to), { force: true });
  await syncFolder(to);
  return gone === undefined;
}

/** Whether there is something to move, or a move to finish. */
export async function mayBeMoved(from: string, to: string): Promise<boolean> {
  const gone = await movedStateOf(from);
  if (gone === undefined) return (await namesIn(from)).length > 0;
  return gone === to && (await isUnfinished(to));
}

/** Whether a move to this folder was interrupted: what is there may not be the state yet. */
export async function isUnfinished(stateFolder: string): Promise<boolean> {
  return (await unfinishedFrom(stateFolder)) !== undefined;
}

function unfinishedFile(folder: string): string {
  return join(folder, 'unfinished.json');
}

async function unfinishedFrom(folder: string): Promise<string | undefined> {
  try {
    const { from } = JSON.parse(await readFile(unfinishedFile(folder), 'utf8')) as { readonly from?: unknown };
    return String(from);
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Of two histories none may be lost: only what an interrupted move left is put away. */
async function makeRoom(to: string, from: string): Promise<void> {
  if ((await unfinishedFrom(to)) === from) return rm(to, { recursive: true });
  if ((await namesIn(to)).length > 0)
    throw new CadanganError('service.denied', { path: to, reason: `it has a state of its own; that of ${from} cannot be put beside it` });
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return (await namesInFolder(folder)).filter((name) => !notMoved.test(name)).toSorted();
}

async function copyWhole({ from, to, owner, random, onStep }: StateMove): Promise<void> {
  const temporary = `${to}-tmp`;
  await rm(temporary, { recursive: true, force: true });
  await makeFolder(dirname(to), 0o755);
  await mkdir(temporary, { mode: 0o700 });
  await replaceFile(unfinishedFile(temporary), JSON.stringify({ from }), random);
  for (const name of await namesIn(from)) await copyEntry(from, temporary, name);
  for (const name of await namesIn(from)) await compareEntry(from, temporary, name);
  if (owner) await giveTo(temporary, owner);
  await syncFolder(temporary);
  onStep?.('copied');
  await rm(to, { recursive: true, force: true }); // empty but for what no state needs
  await rename(temporary, to);
  await syncFolder(dirname(to));
}

async function copyEntry(from: string, to: string, name: string): Promise<void> {
  if (name === lockFolder) return;
  const [source, target] = [join(from, name), join(to, name)];
  const { mode, atime, mtime } = await lstat(source);
  const kind = mode & 0o170_000;
  if (kind === 0o120_000) return symlink(await readlink(source), target);
  if (kind === 0o040_000) {
    await mkdir(target, { mode: 0o700 });
    for (const inner of await readdir(source)) await copyEntry(from, to, join(name, inner));
    return syncFolder(target);
  }
  if (kind !== 0o100_000) return; // a socket of a host that has ended
  await copyFile(source, target);
  await chmod(target, mode & 0o700);
  const file = await open(target, 'r+');
  try {
    await file.utimes(atime, mtime);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** By another reading: what is removed afterwards must be there. */
async function compareEntry(from: string, to: string, name: string): Promise<void> {
  if (name === lockFolder) return;
  const stats = await lstat(join(from, name));
  if (stats.isDirectory()) {
    for (const inner of await readdir(join(from, name))) await compareEntry(from, to, join(name, inner));
    return;
  }
  if (!stats.isFile()) return;
  if ((await hashOf(join(from, name))) !== (await hashOf(join(to, name))))
    throw new CadanganError('state.in-use', { path: join(from, name) });
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** The folder itself last: until then its new owner cannot reach what is in it. */
async function giveTo(path: string, { uid, gid }: { readonly uid: number; readonly gid: number }): Promise<void> {
  if ((await lstat(path)).isDirectory()) for (const name of await readdir(path)) await giveTo(join(path, name), { uid, gid });
  await lchown(path, uid, gid);
}

async function removeOld(from: string, to: string, random: Random): Promise<void> {
  const kept: ReadonlySet<string> = new Set(['configurations', basename(movedStateFile(from)), 'host.log', 'host.log.1']);
  const stop: ReadonlySet<string> = new Set(['records', 'leader.key']);
  for (const name of await readdir(from)) if (!kept.has(name) && !stop.has(name)) await rm(join(from, name), { recursive: true });
  const text = `The records and settings that were here have moved to ${to}. Nothing may be written here any more.\n`;
  // Versions that do not know `moved.json` cannot begin a history where a file has its name, nor a host without its key.
  await rm(join(from, 'leader.key'), { recursive: true, force: true });
  await mkdir(join(from, 'leader.key'), { mode: 0o700 });
  await replaceFile(join(from, 'leader.key', 'moved.txt'), text, random);
  await rm(join(from, 'records'), { recursive: true, force: true });
  await replaceFile(join(from, 'records'), text, random);
  await syncFolder(from);
}
