import { realpath } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { slashedWindowsPath } from './windows-path.ts';
import { system } from './system.ts';

/** Types of `statfs(2)`: NFS, SMB, CIFS, SMB2, AFS, Ceph, FUSE (sshfs). They send no events about what other machines change. */
const networkTypes: ReadonlySet<number> = new Set([0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x5346414f, 0x00c36400, 0x65735546]);
const finalPathOf = promisify(realpath.native);
/** A mount whose server is gone does not answer for minutes. */
const answerMsMax = 2_000;

/**
 * Whether `path` lies on a network mount, so that whoever watches it has to look for himself. One that does not answer counts as one; what
 * is not there does not.
 */
export async function isOnNetwork(path: string): Promise<boolean> {
  if (system.isWindows) return isOnShare(path);
  const isNetwork = statfs(path).then(
    ({ type }) => networkTypes.has(type >>> 0),
    () => false,
  );
  return unlessMountHangs(isNetwork, true);
}

/** A drive may stand for a share (`net use`) or for a folder of one (`subst`): the kernel's own name for the place tells. */
async function isOnShare(path: string): Promise<boolean> {
  if (slashedWindowsPath(path).startsWith('//')) return true;
  // GetFinalPathNameByHandle, with VOLUME_NAME_DOS: of what lies on a share it gives `\\?\UNC\server\share\...`, which Node shortens.
  return unlessMountHangs(
    finalPathOf(path).then(
      (final) => final.startsWith('\\\\'),
      () => false,
    ),
    true,
  );
}

/** @returns what the file system answers, `otherwise` when it says no, or nothing within 2 s */
export async function unlessMountHangs<T>(asking: Promise<T>, otherwise: T): Promise<T> {
  const stop = new AbortController();
  const patience = delay(answerMsMax, otherwise, { signal: stop.signal, ref: false }).catch(() => otherwise);
  const answer = await Promise.race([asking.catch(() => otherwise), patience]);
  stop.abort();
  return answer;
}
