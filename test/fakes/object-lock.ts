import { CadanganError } from '../../src/platform/index.ts';
import { fileLabel, type FileName, type Storage } from '../../src/storage/index.ts';

export interface ObjectLockOptions {
  readonly nowMs: () => number;
  /** Every file is locked for so long when it is written. Default: only what the test locks. */
  readonly retentionMs?: number;
  /** Nobody here may ask until when a file is locked. */
  readonly isSecret?: boolean;
}

/** Makes a storage one that locks files for a time, as an object store does. */
export class ObjectLock {
  readonly #untilMs = new Map<string, number>();
  readonly #options: ObjectLockOptions;

  constructor(storage: Storage, options: ObjectLockOptions) {
    this.#options = options;
    const { write, remove } = { write: storage.write.bind(storage), remove: storage.remove.bind(storage) };
    const { retentionMs, isSecret = false, nowMs } = options;
    storage.write = async (file, bytes, signal) => {
      await write(file, bytes, signal);
      if (retentionMs !== undefined && !this.#untilMs.has(fileLabel(file))) this.lock(file, nowMs() + retentionMs);
    };
    storage.remove = async (file, signal) => {
      const untilMs = this.#lockOf(file);
      if (untilMs !== undefined && file.kind !== 'locks') throw refusal(storage, file, untilMs);
      await remove(file, signal);
    };
    storage.lockedUntilMs = async (file) => {
      if (isSecret) throw new CadanganError('storage.denied', { location: storage.location, reason: 'AccessDenied' });
      return this.#lockOf(file);
    };
  }

  /** @param untilMs Infinity: until `lift` */
  lock(file: FileName, untilMs: number): void {
    this.#untilMs.set(fileLabel(file), untilMs);
  }

  lift(file: FileName): void {
    this.#untilMs.delete(fileLabel(file));
  }

  #lockOf(file: FileName): number | undefined {
    const untilMs = this.#untilMs.get(fileLabel(file));
    return untilMs === undefined || untilMs <= this.#options.nowMs() ? undefined : untilMs;
  }
}

function refusal({ location }: Storage, file: FileName, untilMs: number): CadanganError {
  const why = untilMs === Infinity ? { reason: 'legal-hold' } : { reason: 'object-lock', until: new Date(untilMs).toISOString() };
  return new CadanganError('storage.denied', { location, file: fileLabel(file), ...why });
}
