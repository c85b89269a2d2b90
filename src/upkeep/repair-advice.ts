import { parsePackId, type PackId } from '../repository/index.ts';
import type { CheckResult, Fault, FaultKind } from './check-result.ts';

/** What mends what a check found, in this order; then it is checked again. */
export interface RepairAdvice {
  /** `read-all-packs`: where the index has it wrong, only the packs can tell. */
  readonly index: 'none' | 'usual' | 'read-all-packs';
  /** Packs to save from what can be saved. */
  readonly packs: readonly PackId[];
  /**
   * Something that snapshots need may be lost: a backup of files that are still there stores it again, else snapshots are made without
   * it.
   */
  readonly snapshots: boolean;
  /** A snapshot's file is lost; what it had can be found again. */
  readonly recover: boolean;
}

const wrongIndex: ReadonlySet<FaultKind> = new Set(['index-damaged', 'index-inconsistent', 'pack-missing', 'pack-size', 'blob-missing']);
const wrongPack: ReadonlySet<FaultKind> = new Set(['pack-size', 'pack-hash', 'blob-damaged', 'unreadable']);
const wrongTree: ReadonlySet<FaultKind> = new Set(['blob-missing', 'tree-damaged', 'tree-inconsistent', 'duplicate-name', 'unsorted-tree']);

/** Pure. A lost pack may be named by nobody: `repair index` finds it, so a missing blob begins there, too. */
export function repairAdvice({ errors }: Pick<CheckResult, 'errors'>): RepairAdvice {
  const packs = packsOf(errors.filter(({ kind }) => wrongPack.has(kind)));
  const isSaidWrong = packsOf(errors.filter(({ kind }) => kind === 'pack-header')).some((id) => !packs.includes(id));
  return {
    index: isSaidWrong ? 'read-all-packs' : errors.some(({ kind }) => wrongIndex.has(kind)) ? 'usual' : 'none',
    packs,
    snapshots: errors.some(({ kind, affectsCount }) => wrongTree.has(kind) || (kind !== 'snapshot-damaged' && affectsCount > 0)),
    recover: errors.some(({ kind }) => kind === 'snapshot-damaged'),
  };
}

function packsOf(faults: readonly Fault[]): PackId[] {
  return [...new Set(faults.flatMap(({ file }) => (file?.kind === 'data' ? [parsePackId(file.name)] : [])))];
}
