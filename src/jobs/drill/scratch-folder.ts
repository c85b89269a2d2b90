import { chmod, lstat, mkdir, readdir, statfs } from 'node:fs/promises';
import { join, sep } from 'node:path';
import {
  CadanganError,
  keepForOwner,
  makeOwnFolder,
  readFile,
  rm,
  system,
  systemCode,
  writeFile,
  type Clock,
  type Random,
} from '../../platform/index.ts';
import { hasEnded, parseIdentity, thisProcess } from '../../records/index.ts';
import { targetError } from '../../restore/index.ts';

const prefix = 'cadangan-drill-';
const ownerFile = 'owner.json';
/** Between its making and the name of its owner there is an instant; a folder that is older and has no owner is nobody's. */
const ownerlessMsMax = 60 * 60_000;

/** A folder for what a drill restores: for its owner only, and gone afterwards. */
export class ScratchFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** @param parent is made when it is missing @throws `target.denied`, `target.full`, `target.unsafe` */
  static async make(parent: string, random: Random): Promise<ScratchFolder> {
    const path = join(parent, `${prefix}${Buffer.from(random.fill(new Uint8Array(8))).toString('hex')}`);
    try {
      await makeOwnFolder(parent);
      await mkdir(path, { mode: 0o700 });
      keepForOwner(path); // its parent may be one that others may read
      await writeFile(join(path, ownerFile), JSON.stringify(thisProcess()), { mode: 0o600, flag: 'wx' });
      return new ScratchFolder(path);
    } catch (error) {
      throw targetError(error, path);
    }
  }

  /** A place in it that nothing is at yet. */
  placeFor(name: string): string {
    return join(this.path, 'files', name);
  }

  /** @throws `target.full` when so much does not fit */
  async requireSpace(neededBytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.path, { bigint: true });
    const freeBytes = bavail * bsize;
    if (freeBytes < BigInt(neededBytes)) throw new CadanganError('target.full', { target: this.path, neededBytes, freeBytes });
  }

  /** Whatever permissions folders were restored with, we may look into them from here on. @throws the system's errors */
  async openUp(): Promise<void> {
    if (system.hasModes && process.geteuid?.() !== 0) await openFolders(Buffer.from(this.path));
  }

  /** With all that is in it. @throws the system's errors */
  async remove(): Promise<void> {
    await removeTree(this.path);
  }
}

/**
 * Removes what drills left in `parent` whose process was killed. Only folders of our own user, and of processes that have certainly ended.
 * @returns those that could not be removed @throws nothing
 */
export async function removeLeftScratch(
  parent: string,
  clock: Clock,
): Promise<readonly { readonly path: string; readonly reason: string }[]> {
  const names = await readdir(parent).catch(() => []);
  const failed: { readonly path: string; readonly reason: string }[] = [];
  for (const name of names.filter((each) => each.startsWith(prefix))) {
    const path = join(parent, name);
    try {
      if (await isLeft(path, clock)) await removeTree(path);
    } catch (error) {
      failed.push({ path, reason: systemCode(error) ?? 'unknown' });
    }
  }
  return failed;
}

async function isLeft(path: string, clock: Clock): Promise<boolean> {
  const stats = await lstat(path);
  if (!stats.isDirectory() || (process.getuid && stats.uid !== process.getuid())) return false;
  const owner = parseIdentity(await readFile(join(path, ownerFile), 'utf8').catch(() => ''));
  if (owner) return hasEnded(owner);
  return Number(clock.nowNs() / 1_000_000n) - stats.mtimeMs > ownerlessMsMax;
}

/** What was restored may have folders that not even their owner may write into. */
async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if (!['EACCES', 'EPERM', 'ENOTEMPTY'].includes(systemCode(error) ?? '')) throw error;
    await openFolders(Buffer.from(path));
    await rm(path, { recursive: true, force: true });
  }
}

/** Links are not followed: `readdir` tells them from folders. */
async function openFolders(path: Buffer): Promise<void> {
  await chmod(path, 0o700);
  const entries = await readdir(path, { withFileTypes: true, encoding: 'buffer' });
  for (const entry of entries) if (entry.isDirectory()) await openFolders(Buffer.concat([path, Buffer.from(sep), entry.name]));
}
