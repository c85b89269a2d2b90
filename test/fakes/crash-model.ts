import assert from 'node:assert/strict';
import type { FileName } from '../../src/storage/index.ts';
import { fileLabel } from '../../src/storage/index.ts';
import { SeededRandom } from './seeded-random.ts';

/** What lies in a storage. Keys are labels (`config`, `data/ab12…`). Bytes are never changed in place. */
export interface StorageState {
  readonly created: boolean;
  readonly files: ReadonlyMap<string, StoredFile>;
  /** Torn temporary files of writes that a crash cut off. No reader sees them; `export` writes them out for other programs. */
  readonly leftovers: readonly StoredFile[];
}

export interface StoredFile {
  readonly file: FileName;
  readonly bytes: Uint8Array;
}

/** One mutating call. The numbers are places on a common line of events; `undefined` is *not yet, or never*. */
export interface MutatingOperation {
  readonly call: 'create' | 'write' | 'remove';
  readonly file: FileName | undefined;
  readonly bytes: Uint8Array | undefined;
  readonly startedAt: number;
  tookEffectAt?: number;
  acknowledgedAt?: number;
  /** It failed or was aborted, and surely has no effect from here on. */
  abandonedAt?: number;
}

/**
 * What the machine's death leaves of operations that were not acknowledged, and of removals that are not synced:
 * - `visible`: just what readers saw at that moment (the process died, the machine lives).
 * - `lost`: nothing of them (power failed before the disk wrote).
 * - `landed`: all of them (they were under way, and arrived).
 * - a seed: each of them lost or landed by a coin.
 * Acknowledged writes are there in every variant: that is the promise of `write`.
 */
export type CrashVariant = 'visible' | 'lost' | 'landed' | { readonly seed: number };

/**
 * The instant of death. `right-after` the last operation's effect, when its caller does not know of it yet; or `before-next`,
 * when all that was acknowledged is known and whatever the callers began since is under way.
 */
export type CrashMoment = 'right-after' | 'before-next';

// FolderStorage syncs the folder after removing an index, snapshot or key, not after packs and locks. The disk writes them by itself soon.
const syncedRemovals = new Set<string | undefined>(['config', 'keys', 'snapshots', 'index']);
const unsyncedRemovalsMax = 16;

/** The log of one storage's mutating calls, and the states that a crash can leave. */
export class CrashModel {
  readonly #initial: StorageState;
  readonly #operations: MutatingOperation[] = [];
  readonly #effects: MutatingOperation[] = [];
  #events = 0;

  constructor(initial: StorageState) {
    this.#initial = initial;
  }

  /** In the order in which they took effect. */
  get effects(): readonly MutatingOperation[] {
    return this.#effects;
  }

  begin(call: MutatingOperation['call'], file?: FileName, bytes?: Uint8Array): MutatingOperation {
    const operation: MutatingOperation = { call, file, bytes, startedAt: this.#events++ };
    this.#operations.push(operation);
    return operation;
  }

  tookEffect(operation: MutatingOperation): void {
    operation.tookEffectAt = this.#events++;
    this.#effects.push(operation);
  }

  acknowledged(operation: MutatingOperation): void {
    operation.acknowledgedAt = this.#events++;
  }

  abandoned(operation: MutatingOperation): void {
    operation.abandonedAt = this.#events++;
  }

  /** What a reader finds when the machine died after `count` operations had taken effect (0: before the first). */
  stateAfter(count: number, variant: CrashVariant, moment: CrashMoment): StorageState {
    assert(
      Number.isInteger(count) && count >= 0 && count <= this.#effects.length,
      `there were ${this.#effects.length} operations, asked for ${count}`,
    );
    const crashAt = this.#crashAt(count, moment);
    const survives = survivor(variant, crashAt, this.#recentRemovals(count));
    const begun = this.#operations.filter(
      ({ startedAt, abandonedAt }) => startedAt <= crashAt && (abandonedAt === undefined || abandonedAt > crashAt),
    );
    const inOrder = begun.toSorted((one, other) => effectOrder(one, crashAt) - effectOrder(other, crashAt));
    return replay(this.#initial, inOrder, survives);
  }

  #crashAt(count: number, moment: CrashMoment): number {
    if (moment === 'before-next') return (this.#effects[count]?.tookEffectAt ?? this.#events) - 0.5;
    return this.#effects[count - 1]?.tookEffectAt ?? -0.5;
  }

  #recentRemovals(count: number): ReadonlySet<MutatingOperation> {
    const unsynced = this.#effects.slice(0, count).filter(({ call, file }) => call === 'remove' && !syncedRemovals.has(file?.kind));
    return new Set(unsynced.slice(-unsyncedRemovalsMax));
  }
}

/** Operations under way come last: they would have taken effect after the crash. */
function effectOrder(operation: MutatingOperation, crashAt: number): number {
  const at = operation.tookEffectAt;
  return at !== undefined && at <= crashAt ? at : crashAt + 1 + operation.startedAt;
}

function survivor(
  variant: CrashVariant,
  crashAt: number,
  recentRemovals: ReadonlySet<MutatingOperation>,
): (operation: MutatingOperation) => boolean {
  const coin = typeof variant === 'object' ? new SeededRandom(variant.seed) : undefined;
  return (operation) => {
    const acknowledged = operation.acknowledgedAt !== undefined && operation.acknowledgedAt <= crashAt;
    if (acknowledged && !recentRemovals.has(operation)) return true;
    if (coin) return coin.chance(0.5);
    if (variant === 'visible') return operation.tookEffectAt !== undefined && operation.tookEffectAt <= crashAt;
    return variant === 'landed';
  };
}

function replay(
  initial: StorageState,
  operations: readonly MutatingOperation[],
  survives: (operation: MutatingOperation) => boolean,
): StorageState {
  let created = initial.created;
  const files = new Map(initial.files);
  const leftovers = [...initial.leftovers];
  for (const operation of operations) {
    const { call, file, bytes } = operation;
    if (!survives(operation)) {
      if (file && bytes) leftovers.push({ file, bytes: bytes.subarray(0, bytes.length >> 1) });
    } else if (call === 'create') created = true;
    else if (file && call === 'remove') files.delete(fileLabel(file));
    else if (file && bytes && files.get(fileLabel(file))?.bytes.length !== bytes.length) files.set(fileLabel(file), { file, bytes });
  }
  return { created, files, leftovers };
}
