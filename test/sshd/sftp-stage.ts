import assert from 'node:assert/strict';
import { join } from 'node:path';
import { isCode, type CadanganError } from '../../src/platform/index.ts';
import { SftpStorage, type FileName, type SftpAccess } from '../../src/storage/index.ts';
import type { Sshd } from './sshd.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';

export const config: FileName = { kind: 'config', name: '' };

export interface SftpStage extends AsyncDisposable {
  readonly storage: SftpStorage;
  /** Where its files lie on this machine. */
  readonly root: string;
  /** Another storage on the same files. */
  another(access?: Partial<SftpAccess>, port?: number): SftpStorage;
}

/** A repository's folder behind an OpenSSH server; it is made, and whatever is opened on it closed at the end. */
export async function stageOn(sshd: Sshd, access: Partial<SftpAccess> = {}, port = sshd.port): Promise<SftpStage> {
  const temporary = await temporaryFolder();
  const root = join(temporary.path, 'repo');
  const opened: SftpStorage[] = [];
  const open = (more: Partial<SftpAccess>, at: number): SftpStorage => {
    const all = { environment: {}, home: sshd.home, systemFolder: join(sshd.folder, 'none'), ...more };
    const storage = new SftpStorage({ user: sshd.user, host: '127.0.0.1', port: at, path: root }, all);
    opened.push(storage);
    return storage;
  };
  return {
    storage: open(access, port),
    root,
    another: (more = access, at = port) => open(more, at),
    [Symbol.asyncDispose]: async () => {
      for (const storage of opened) await storage.close();
      await temporary[Symbol.asyncDispose]();
    },
  };
}

/** Why nothing can be asked of a storage. */
export async function failureOf(call: Promise<unknown>): Promise<CadanganError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert(isCode(error, 'storage.denied', 'storage.unreachable', 'storage.unknown-host', 'storage.host-changed'), String(error));
  return error;
}
