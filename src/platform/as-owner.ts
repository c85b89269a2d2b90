import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from './errors.ts';

/** Whose rights this process has for now, and how many works need them. */
let lent: { readonly uid: number; works: number } | undefined;

/**
 * Does `work` with the rights of a folder's owner, where an administrator works in the folder of somebody else: what is made there is the
 * owner's, who can go on with it, and a name that the owner exchanges meanwhile for a link leads nowhere that the owner could not go.
 *
 * A folder that is not there yet is of whoever owns the one that it will be in.
 *
 * The rights are the whole process's: whatever else it does meanwhile has no others. So this is for commands that do one thing after the
 * other, and for no host.
 */
export async function asOwnerOf<T>(folder: string, work: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return work();
  const { uid, gid } = await ownerOf(folder);
  if (uid === 0) return work();
  if (lent === undefined) {
    process.setegid?.(gid);
    process.seteuid?.(uid);
    lent = { uid, works: 0 };
  }
  assert.equal(lent.uid, uid, 'one owner at a time');
  lent.works += 1;
  try {
    return await work();
  } finally {
    lent.works -= 1;
    if (lent.works === 0) {
      process.seteuid?.(0);
      process.setegid?.(0);
      lent = undefined;
    }
  }
}

async function ownerOf(folder: string): Promise<{ readonly uid: number; readonly gid: number }> {
  try {
    return await stat(folder);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT' || dirname(folder) === folder) throw error;
    return ownerOf(dirname(folder));
  }
}
