import { constants } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { userNameOf } from '../jobs/index.ts';
import { makeOwnFolder, open, rm, unlink, writeFile, type Random } from '../platform/index.ts';
import { protocol, type Audience } from '../service/index.ts';

/*
 * Records name who asked, and a socket does not tell who is at its other end. So the client makes a file, and the system says whose it is:
 * nobody but root can make one that is another's. A file of somebody else that is linked or moved there does not say what was asked for.
 */

/**
 * Makes the folder for those files, without what a host that was killed left there. Call it with the name of the host held.
 * @param folder the state folder, or the door of a service. @param mode whatever the mask of this process
 */
export async function openProofs(folder: string, mode = 0o700): Promise<void> {
  await rm(proofsFolder(folder), { recursive: true, force: true });
  await makeOwnFolder(proofsFolder(folder));
  await chmod(proofsFolder(folder), mode);
}

/**
 * The system's name for the user at the other end.
 * @returns undefined when it did not prove one: then it has our key, no more. On Windows files tell nothing that the key of the
 * pipe does not
 */
export async function provenUser(client: Audience, folder: string, random: Random): Promise<string | undefined> {
  if (process.getuid === undefined) return undefined;
  const [name, said] = [hexOf(random), hexOf(random)];
  const path = join(proofsFolder(folder), name);
  try {
    if ((await client.ask(protocol.proveUser, { name, said })) !== true) return undefined;
    const owner = await ownerOf(path, said);
    return owner === undefined ? undefined : await userNameOf(owner);
  } catch {
    return undefined; // there is none, or a link
  } finally {
    await unlink(path).catch(() => undefined);
  }
}

/** The client's part. @returns false when it cannot */
export async function proveUser(folder: string, { name, said }: protocol.ProveUserParams): Promise<boolean> {
  try {
    await writeFile(join(proofsFolder(folder), name), said, { flag: 'wx', mode: 0o600 });
    return true;
  } catch {
    return false;
  }
}

function proofsFolder(folder: string): string {
  return join(folder, 'proofs');
}

function hexOf(random: Random): string {
  return Buffer.from(random.fill(new Uint8Array(16))).toString('hex');
}

/** Of the very file that is read. */
async function ownerOf(path: string, said: string): Promise<number | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { uid, nlink, size, mode } = await file.stat();
    const isOurs = (mode & constants.S_IFMT) === constants.S_IFREG && (mode & 0o022) === 0 && nlink === 1 && size === said.length;
    return isOurs && (await file.readFile('latin1')) === said ? uid : undefined;
  } finally {
    await file.close();
  }
}
