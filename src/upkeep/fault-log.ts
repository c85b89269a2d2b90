import type { ByteString } from '../platform/index.ts';
import type { StoredSnapshot } from '../repository/index.ts';
import type { AffectedPath, Fault, FaultKind, Hint, HintKind } from './check-result.ts';

const faultsMax = 10_000;
const affectsMax = 100;
const examplesMax = 10;

/** A fault while the check goes on: what it affects is found out last. */
export interface OpenFault extends Fault {
  readonly affects: AffectedPath[];
  affectsCount: number;
}

/** Collects what a check finds, within bounds: a repository whose index is gone has as many faults as blobs. */
export class FaultLog {
  readonly #faults: OpenFault[] = [];
  readonly #hints = new Map<HintKind, { count: number; readonly examples: string[] }>();
  #count = 0;

  /** The fault, also when it is one too many to be kept. */
  add(kind: FaultKind, reason: string, what: Partial<Pick<Fault, 'file' | 'blob'>> = {}): OpenFault {
    const fault: OpenFault = { kind, file: what.file, blob: what.blob, reason, affects: [], affectsCount: 0 };
    this.#count += 1;
    if (this.#faults.length < faultsMax) this.#faults.push(fault);
    return fault;
  }

  hint(kind: HintKind, example: string): void {
    const hint = this.#hints.get(kind) ?? { count: 0, examples: [] };
    hint.count += 1;
    if (hint.examples.length < examplesMax) hint.examples.push(example);
    this.#hints.set(kind, hint);
  }

  get count(): number {
    return this.#count;
  }

  get faults(): readonly Fault[] {
    return this.#faults;
  }

  get hints(): Hint[] {
    return [...this.#hints].map(([kind, hint]) => ({ kind, ...hint }));
  }
}

export function addAffected(fault: OpenFault, { id, snapshot }: StoredSnapshot, path: ByteString): void {
  fault.affectsCount += 1;
  if (fault.affects.length < affectsMax) fault.affects.push({ snapshotId: id, time: snapshot.time, path });
}
