import { CadanganError, isCode } from '../platform/index.ts';
import type { FaultKind } from './check-result.ts';
import type { Storage } from '../storage/index.ts';

export interface ReadFault {
  readonly kind: 'damaged' | 'missing' | 'unreadable';
  readonly reason: string;
}

/**
 * What a failed read says about the file, when it says anything about the file: a bad sector or a file that belongs to somebody else
 * looks like a storage that is away, except that the storage still answers for its `config`.
 * @throws `error` itself when it stops the check: aborted, the storage is away, or no error of ours
 */
export async function readFaultOf(error: unknown, storage: Storage, signal?: AbortSignal): Promise<ReadFault> {
  if (isCode(error, 'repository.damaged')) return { kind: 'damaged', reason: reasonOf(error) };
  if (isCode(error, 'repository.unsupported')) return { kind: 'damaged', reason: reasonOf(error) };
  if (isCode(error, 'storage.not-found')) return { kind: 'missing', reason: 'it is gone' };
  if (!isCode(error, 'storage.unreachable', 'storage.denied')) throw error;
  const configBytes = await storage.sizeOf({ kind: 'config', name: '' }, signal);
  if (configBytes === undefined) throw error;
  return { kind: 'unreadable', reason: reasonOf(error) };
}

/** The kind of fault, given what damage of this file is called. */
export function faultKindOf(fault: ReadFault, damagedKind: FaultKind): FaultKind {
  return fault.kind === 'unreadable' ? 'unreadable' : damagedKind;
}

/** What is wrong, in a few words. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof CadanganError)) return String(error);
  const { reason } = error.facts;
  return typeof reason === 'string' ? reason : error.code;
}
