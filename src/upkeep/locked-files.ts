import { CadanganError, forEachBounded, isCode } from '../platform/index.ts';
import { fileLabel, type FileKind, type Storage } from '../storage/index.ts';

/**
 * By name, until when nobody can remove it (object lock): milliseconds since 1970, Infinity while somebody holds it without an end. A name
 * that is not in it can go.
 */
export type Locks = ReadonlyMap<string, number>;

/** A file that would have gone. */
export interface LockedFile {
  readonly kind: Exclude<FileKind, 'config' | 'locks'>;
  readonly name: string;
  /** As `Locks` has it. */
  readonly untilMs: number;
}

export const noLocks: Locks = new Map();

const filesAskedAtOnce = 8;

/**
 * Which of these files are locked, at a question each; no question where the storage knows of no locks. Whoever may not ask learns it when
 * a removal is refused. @throws `storage.unreachable`, `aborted`
 */
export async function locksOf(storage: Storage, kind: LockedFile['kind'], names: Iterable<string>, signal: AbortSignal): Promise<Locks> {
  const locks = new Map<string, number>();
  if (storage.lockedUntilMs === undefined) return locks;
  try {
    await forEachBounded(names, filesAskedAtOnce, signal, async (name, own) => {
      const untilMs = await storage.lockedUntilMs?.({ kind, name }, own);
      if (untilMs !== undefined) locks.set(name, untilMs);
    });
  } catch (error) {
    if (!isCode(error, 'storage.denied')) throw error;
  }
  return locks;
}

/** For what ends with a removal. @throws `storage.denied`, as the removal would; `storage.unreachable`, `aborted` */
export async function requireUnlocked(storage: Storage, file: Pick<LockedFile, 'kind' | 'name'>, signal: AbortSignal): Promise<void> {
  const untilMs = (await locksOf(storage, file.kind, [file.name], signal)).get(file.name);
  if (untilMs === undefined) return;
  const why = untilMs === Infinity ? { reason: 'legal-hold' } : { reason: 'object-lock', until: lockWords(untilMs) };
  throw new CadanganError('storage.denied', { location: storage.location, file: fileLabel(file), ...why });
}

/** Until when the file is locked that could not be removed; undefined when it failed for something else. */
export function lockOfRefusal(error: unknown): number | undefined {
  if (!isCode(error, 'storage.denied')) return undefined;
  const { reason, until } = error.facts;
  if (reason === 'legal-hold') return Infinity;
  const untilMs = reason === 'object-lock' && typeof until === 'string' ? Date.parse(until) : NaN;
  return Number.isNaN(untilMs) ? undefined : untilMs;
}

/** For JSON and records: a time, ISO 8601, or `legal-hold`. */
export function lockWords(untilMs: number): string {
  return untilMs === Infinity ? 'legal-hold' : new Date(untilMs).toISOString();
}
