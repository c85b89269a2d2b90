import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CadanganError, throwIfAborted } from '../../src/platform/index.ts';
import { assertFileName, assertRange } from '../../src/storage/file-name.ts';
import type { FileKind, FileName, ListedFile, ReadRangeOptions, Storage, StorageAbilities } from '../../src/storage/index.ts';
import { fileLabel, listedKinds } from '../../src/storage/index.ts';
import type { CrashMoment, CrashVariant, MutatingOperation, StorageState } from './crash-model.ts';
import { CrashModel } from './crash-model.ts';
import { SeededRandom } from './seeded-random.ts';
import { SeededScheduler } from './seeded-scheduler.ts';
import type { Fault, RandomFault, StorageCall } from './storage-faults.ts';
import { StorageFaults } from './storage-faults.ts';

export interface SimulatedStorageOptions {
  /** Decides random faults and which of several calls at work goes on next. Default 1. */
  readonly seed?: number;
  readonly randomFaults?: readonly RandomFault[];
  /** Room for the bytes of all files together. Default: without end. */
  readonly capacityBytes?: number;
  /** How many of the last operations a `stale-list` does not show yet. Default 4. */
  readonly staleOperations?: number;
  readonly location?: string;
  /** Refuses to remove or replace anything but locks. Default: false. */
  readonly appendOnly?: boolean;
}

export interface StorageCounters {
  readonly calls: Record<StorageCall, number>;
  bytesRead: number;
  bytesWritten: number;
  /** Calls under way now, and the most there ever were at once. */
  atWork: number;
  atWorkMax: number;
}

const emptyState: StorageState = { created: false, files: new Map(), leftovers: [] };

/**
 * A storage in memory whose bad luck is part of the test: faults by order or by seed, a full disk, an outage, and every state
 * that a crash can leave behind. It uses no time and no randomness but its seed's, so a whole history replays from one number.
 */
export class SimulatedStorage implements Storage {
  readonly location: string;
  readonly abilities: StorageAbilities;
  readonly faults: StorageFaults;
  readonly counters: StorageCounters = {
    calls: { create: 0, list: 0, sizeOf: 0, read: 0, readRange: 0, write: 0, remove: 0 },
    bytesRead: 0,
    bytesWritten: 0,
    atWork: 0,
    atWorkMax: 0,
  };
  /** Room for the bytes of all files together; a test may change it at any moment. */
  capacityBytes: number;
  /** False: nobody answers, every call ends with `storage.unreachable`. */
  reachable = true;

  readonly #seed: number;
  readonly #staleOperations: number;
  readonly #random: SeededRandom;
  readonly #scheduler: SeededScheduler;
  readonly #crashes: CrashModel;
  readonly #files: Map<string, { readonly file: FileName; readonly bytes: Uint8Array; readonly operation: number }>;
  #leftovers: StorageState['leftovers'];
  #created: boolean;
  #usedBytes = 0;

  constructor(options: SimulatedStorageOptions = {}, state: StorageState = emptyState) {
    this.#seed = options.seed ?? 1;
    this.location = options.location ?? `simulated:${this.#seed}`;
    const { appendOnly = false } = options;
    this.abilities = { conditionalWrite: true, serverChecksum: false, rename: true, appendOnly };
    this.capacityBytes = options.capacityBytes ?? Infinity;
    this.#staleOperations = options.staleOperations ?? 4;
    this.#random = new SeededRandom(this.#seed);
    this.#scheduler = new SeededScheduler(this.#random.fork());
    this.faults = new StorageFaults(this.#random.fork(), options.randomFaults);
    this.#crashes = new CrashModel(state);
    this.#created = state.created;
    this.#leftovers = state.leftovers;
    this.#files = new Map([...state.files].map(([label, stored]) => [label, { ...stored, operation: -Infinity }]));
    for (const { bytes } of this.#files.values()) this.#usedBytes += bytes.length;
  }

  /** A storage that holds `state`, with fresh counters and an empty log. */
  static from(state: StorageState, options: SimulatedStorageOptions = {}): SimulatedStorage {
    return new SimulatedStorage(options, state);
  }

  /** What lies in it now. Later changes do not show in the answer. */
  snapshotState(): StorageState {
    return {
      created: this.#created,
      files: new Map([...this.#files].map(([label, { file, bytes }]) => [label, { file, bytes }])),
      leftovers: this.#leftovers,
    };
  }

  /** Every mutating call that took effect, in that order. `stateAfter(k)` is the state after the first k of them. */
  get operations(): readonly MutatingOperation[] {
    return this.#crashes.effects;
  }

  /** What a reader finds had the machine died when the first `count` operations had taken effect; without faults. */
  stateAfter(count: number, variant: CrashVariant = 'visible', moment: CrashMoment = 'right-after'): SimulatedStorage {
    return SimulatedStorage.from(this.#crashes.stateAfter(count, variant, moment), { seed: this.#seed });
  }

  /** Changes stored bytes behind everybody's back (`undefined`: the file is gone). Not an operation, not in the log. */
  tamper(file: FileName, change: (bytes: Uint8Array | undefined) => Uint8Array | undefined): void {
    const label = fileLabel(file);
    const before = this.#files.get(label);
    const bytes = change(before && new Uint8Array(before.bytes));
    this.#usedBytes += (bytes?.length ?? 0) - (before?.bytes.length ?? 0);
    if (bytes) this.#files.set(label, { file, bytes: new Uint8Array(bytes), operation: -Infinity });
    else this.#files.delete(label);
  }

  /** Writes the state as a real folder in restic's layout, torn temporary files included, for another program to open. */
  export(folder: string): void {
    for (const kind of listedKinds) mkdirSync(join(folder, kind), { recursive: true, mode: 0o700 });
    const put = ({ kind, name }: FileName, suffix: string, bytes: Uint8Array): void => {
      const parent = kind === 'data' ? join(folder, kind, name.slice(0, 2)) : kind === 'config' ? folder : join(folder, kind);
      mkdirSync(parent, { recursive: true, mode: 0o700 });
      writeFileSync(join(parent, (kind === 'config' ? 'config' : name) + suffix), bytes, { mode: 0o600 });
    };
    for (const { file, bytes } of this.#files.values()) put(file, '', bytes);
    this.#leftovers.forEach(({ file, bytes }, i) => put(file, `-tmp-${i}`, bytes));
  }

  async create(signal: AbortSignal): Promise<void> {
    return this.#call('create', undefined, signal, async (fault) => {
      const operation = this.#crashes.begin('create');
      await this.#takeEffect(operation, signal, () => {
        this.#created = true;
      });
      await this.#acknowledge(operation, fault);
    });
  }

  async list(kind: Exclude<FileKind, 'config'>, signal: AbortSignal): Promise<ListedFile[]> {
    return this.#call('list', { kind, name: '' }, signal, async (fault) => {
      this.#assertCreated();
      const shownUntil = fault === 'stale-list' ? this.operations.length - this.#staleOperations : Infinity;
      const files = [...this.#files.values()].filter(({ file, operation }) => file.kind === kind && operation < shownUntil);
      return files.map(({ file, bytes }) => ({ name: file.name, sizeBytes: bytes.length }));
    });
  }

  async sizeOf(file: FileName, signal: AbortSignal): Promise<number | undefined> {
    assertFileName(file);
    return this.#call('sizeOf', file, signal, async () => {
      if (file.kind !== 'config') this.#assertCreated();
      return this.#files.get(fileLabel(file))?.bytes.length;
    });
  }

  async read(file: FileName, signal: AbortSignal): Promise<Uint8Array> {
    assertFileName(file);
    return this.#call('read', file, signal, async (fault) => {
      const bytes = this.#bytesOf(file);
      const length = fault === 'short-read' && bytes.length > 0 ? this.#random.below(bytes.length) : bytes.length;
      return this.#answer(new Uint8Array(bytes.subarray(0, length)), fault); // not `slice`, which shares memory when it is a Buffer's
    });
  }

  async readRange(file: FileName, offset: number, lengthBytes: number, options: ReadRangeOptions): Promise<Uint8Array> {
    const { target, signal } = options;
    assertFileName(file);
    assertRange(offset, lengthBytes, target);
    return this.#call('readRange', file, signal, async (fault) => {
      const bytes = this.#bytesOf(file);
      const endBytes = fault === 'short-read' ? Math.min(bytes.length, offset + lengthBytes - 1) : bytes.length;
      if (offset + lengthBytes > endBytes) {
        throw new CadanganError('repository.damaged', { kind: file.kind, name: file.name, reason: `the file ends at byte ${endBytes}` });
      }
      const range = bytes.subarray(offset, offset + lengthBytes);
      if (!target) return this.#answer(new Uint8Array(range), fault);
      target.set(range);
      return this.#answer(target.subarray(0, lengthBytes), fault);
    });
  }

  async write(file: FileName, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    assertFileName(file);
    return this.#call('write', file, signal, async (fault) => {
      this.#assertCreated();
      if (fault === 'full') throw this.#full(file, bytes);
      const stored = new Uint8Array(bytes); // not `slice`, which shares memory when it is a Buffer's
      const operation = this.#crashes.begin('write', file, stored);
      await this.#takeEffect(operation, signal, () => this.#put(file, stored));
      this.counters.bytesWritten += bytes.length;
      await this.#acknowledge(operation, fault);
    });
  }

  async remove(file: FileName, signal: AbortSignal): Promise<void> {
    assertFileName(file);
    return this.#call('remove', file, signal, async (fault) => {
      this.#assertCreated();
      if (this.abilities.appendOnly === true && file.kind !== 'locks') throw new CadanganError('storage.denied', this.#facts(file));
      const operation = this.#crashes.begin('remove', file);
      await this.#takeEffect(operation, signal, () => {
        this.#usedBytes -= this.#files.get(fileLabel(file))?.bytes.length ?? 0;
        this.#files.delete(fileLabel(file));
      });
      await this.#acknowledge(operation, fault);
    });
  }

  async removeLeftovers(
    _signal: AbortSignal,
    { besideOthers = false }: { readonly besideOthers?: boolean } = {},
  ): Promise<{ readonly files: number; readonly bytes: number }> {
    this.#assertCreated();
    if (besideOthers) return { files: 0, bytes: 0 }; // none of them is old
    const left = this.#leftovers;
    this.#leftovers = [];
    return { files: left.length, bytes: left.reduce((sum, { bytes }) => sum + bytes.length, 0) };
  }

  async close(): Promise<void> {}

  /** Counts, takes turns, and lets the faults that come before any effect happen. */
  async #call<T>(
    call: StorageCall,
    file: FileName | undefined,
    signal: AbortSignal,
    work: (fault: Fault | undefined) => Promise<T>,
  ): Promise<T> {
    this.counters.calls[call]++;
    this.counters.atWork++;
    this.counters.atWorkMax = Math.max(this.counters.atWorkMax, this.counters.atWork);
    try {
      throwIfAborted(signal);
      const fault = this.faults.next(call, file?.kind);
      await this.#scheduler.turn();
      throwIfAborted(signal);
      const mutates = call === 'create' || call === 'write' || call === 'remove';
      if (fault === 'hang') return await untilAborted(AbortSignal.any([signal, this.faults.ofHung]));
      if (fault === 'denied') throw new CadanganError('storage.denied', this.#facts(file));
      if (!this.reachable || fault === 'fail-before' || (fault === 'fail-after' && !mutates)) throw this.#unreachable(file);
      return await work(fault);
    } finally {
      this.counters.atWork--;
    }
  }

  async #takeEffect(operation: MutatingOperation, signal: AbortSignal, effect: () => void): Promise<void> {
    await this.#scheduler.turn();
    try {
      throwIfAborted(signal);
      effect();
    } catch (error) {
      this.#crashes.abandoned(operation);
      throw error;
    }
    this.#crashes.tookEffect(operation);
  }

  async #acknowledge(operation: MutatingOperation, fault: Fault | undefined): Promise<void> {
    await this.#scheduler.turn();
    if (fault === 'fail-after' || !this.reachable) throw this.#unreachable(operation.file);
    this.#crashes.acknowledged(operation);
  }

  /** The same rules as the folder's: a name keeps its bytes, a torn file is replaced, another config is refused. */
  #put(file: FileName, bytes: Uint8Array): void {
    const label = fileLabel(file);
    const before = this.#files.get(label)?.bytes;
    if (before && file.kind === 'config' && !Buffer.from(before).equals(bytes))
      throw new CadanganError('repository.exists', { location: this.location });
    if (before?.length === bytes.length) return;
    if (before && this.abilities.appendOnly === true) throw new CadanganError('storage.denied', this.#facts(file));
    if (this.#usedBytes + bytes.length > this.capacityBytes) throw this.#full(file, bytes);
    this.#usedBytes += bytes.length - (before?.length ?? 0);
    this.#files.set(label, { file, bytes, operation: this.operations.length });
  }

  #bytesOf(file: FileName): Uint8Array {
    this.#assertCreated();
    const stored = this.#files.get(fileLabel(file));
    if (!stored) throw new CadanganError('storage.not-found', this.#facts(file));
    return stored.bytes;
  }

  #answer(bytes: Uint8Array, fault: Fault | undefined): Uint8Array {
    if (fault === 'altered-read' && bytes.length > 0) {
      const at = this.#random.below(bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << this.#random.below(8));
    }
    this.counters.bytesRead += bytes.length;
    return bytes;
  }

  #assertCreated(): void {
    if (!this.#created) throw new CadanganError('storage.no-repository', { location: this.location, missing: 'config' });
  }

  #facts(file: FileName | undefined): { location: string; file: string | undefined } {
    return { location: this.location, file: file && fileLabel(file) };
  }

  #unreachable(file: FileName | undefined): CadanganError {
    return new CadanganError('storage.unreachable', { ...this.#facts(file), reason: 'simulated' });
  }

  #full(file: FileName, bytes: Uint8Array): CadanganError {
    const freeBytes = Math.max(0, this.capacityBytes - this.#usedBytes);
    return new CadanganError('storage.full', { ...this.#facts(file), neededBytes: bytes.length, freeBytes });
  }
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void => reject(new CadanganError('aborted', {}, { cause: signal?.reason }));
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
