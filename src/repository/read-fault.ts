import { CadanganError, isAbort, isCode } from '../platform/index.ts';
import type { Storage } from '../storage/index.ts';

export interface ReadFault {
  readonly kind: 'damaged' | 'missing' | 'unreadable';
  readonly reason: string;
}

/**
 * What a failed read says about the file, when it says anything about the file: a bad sector or a file that belongs to somebody else
 * looks like a storage that is away, except that the storage still gives its `config`.
 * @throws `error` itself when it stops everything: aborted, the storage is away, or no error of ours
 */
export async function readFaultOf(error: unknown, storage: Storage, signal: AbortSignal): Promise<ReadFault> {
  if (isCode(error, 'repository.damaged'))
    return { kind: error.facts['isUnreadable'] === true ? 'unreadable' : 'damaged', reason: reasonOf(error) };
  if (isCode(error, 'repository.unsupported')) return { kind: 'damaged', reason: reasonOf(error) };
  if (isCode(error, 'storage.not-found')) return { kind: 'missing', reason: 'it is gone' };
  if (!isCode(error, 'storage.unreachable', 'storage.no-repository', 'storage.denied', 'file.in-use')) throw error;
  // Read, not asked for: a share that is away may still tell sizes.
  if (!(await isAnswering(storage, signal))) throw error;
  return { kind: 'unreadable', reason: reasonOf(error) };
}

async function isAnswering(storage: Storage, signal: AbortSignal): Promise<boolean> {
  try {
    await storage.read({ kind: 'config', name: '' }, signal);
    return true;
  } catch (error) {
    if (isAbort(error)) throw error;
    return false;
  }
}

/** What is wrong, in a few words. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof CadanganError)) return String(error);
  const { reason } = error.facts;
  return typeof reason === 'string' ? reason : error.code;
}
