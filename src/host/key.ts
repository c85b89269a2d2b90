import { link } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CadanganError,
  inUseError,
  makeOwnFile,
  makeOwnFolder,
  readFile,
  refuseMovedState,
  systemCode,
  unlink,
  writeFile,
  type Random,
} from '../platform/index.ts';

const keyBytes = 32;

/**
 * The secret by which processes of one user know each other: `leader.key` (0600, so named by version 0.1.0) in the state folder. Sockets do
 * not tell who is at the other end, and abstract ones are open to every user of the machine. Whoever cannot read our files cannot speak to
 * the host, nor pose as one.
 * @throws `storage.denied` when the file cannot be read or made; `state.moved`
 */
export async function hostKey(stateFolder: string, random: Random): Promise<Uint8Array> {
  const path = join(stateFolder, 'leader.key');
  try {
    await refuseMovedState(stateFolder);
    await makeOwnFolder(stateFolder);
    return (await readKey(path)) ?? (await makeKey(path, random));
  } catch (cause) {
    if (cause instanceof CadanganError) throw cause;
    throw inUseError(cause, path) ?? new CadanganError('storage.denied', { location: path, reason: systemCode(cause) }, { cause });
  }
}

/** The secret, if some process has made it already. @throws `state.moved`; the system's errors */
export async function knownHostKey(stateFolder: string): Promise<Uint8Array | undefined> {
  await refuseMovedState(stateFolder);
  return readKey(join(stateFolder, 'leader.key'));
}

async function readKey(path: string): Promise<Uint8Array | undefined> {
  try {
    const key = await readFile(path);
    if (key.length === keyBytes) return key;
    await unlink(path); // it appears whole or not at all, so this is not ours
    return undefined;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Of two processes that make it at the same time, one comes first and both take that one's: a link never replaces a file. */
async function makeKey(path: string, random: Random): Promise<Uint8Array> {
  const temporaryPath = `${path}-tmp-${Buffer.from(random.fill(new Uint8Array(8))).toString('hex')}`;
  const flag = makeOwnFile(temporaryPath) ? 'r+' : 'wx';
  await writeFile(temporaryPath, random.fill(new Uint8Array(keyBytes)), { flag, mode: 0o600 });
  try {
    await link(temporaryPath, path);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  } finally {
    await unlink(temporaryPath);
  }
  const key = await readKey(path);
  if (!key) throw new CadanganError('storage.denied', { location: path, reason: 'it vanished' });
  return key;
}

/** In the door of a service: as hexadecimal digits. */
export const groupKeyName = 'group.key';

/** The key of the group; undefined where there is no service, or we are not of its group. */
export async function groupKey(folder: string): Promise<Uint8Array | undefined> {
  try {
    return Buffer.from(await readFile(join(folder, groupKeyName), 'latin1'), 'hex');
  } catch (error) {
    if (closed.has(systemCode(error))) return undefined;
    throw error;
  }
}

const closed: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM']);
