import { userInfo } from 'node:os';
import type { Snapshot } from './format/index.ts';

/** Who makes a snapshot; a process without an account has no name. */
export function snapshotOwner(): Pick<Snapshot, 'username' | 'uid' | 'gid'> {
  try {
    const { username, uid, gid } = userInfo();
    return { username, uid: Math.max(uid, 0), gid: Math.max(gid, 0) };
  } catch {
    return { username: '', uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  }
}
