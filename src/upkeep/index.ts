/**
 * Upkeep: keeping a repository sound. For now `checkRepository`, which changes nothing; retention and prune come to live here.
 *
 *   keys, snapshots, index files -> each opens, or is a fault
 *   packs                        -> the index against the storage's listing
 *   trees of all snapshots       -> each once; every blob that an entry needs is in the index
 *   packs, byte for byte         -> worker threads (`readData`)
 *   faults, if there are any     -> a second walk names the files of snapshots that they touch
 *
 * Words: a *fault* is something a restore can stumble over; what it *affects* are places in snapshots; a *hint* loses nobody anything.
 */
export { checkRepository, type CheckOptions } from './check.ts';
export type {
  AffectedPath,
  CheckCounts,
  CheckPhase,
  CheckProgress,
  CheckProgressSink,
  CheckResult,
  Fault,
  FaultKind,
  Hint,
  HintKind,
} from './check-result.ts';
export { parseReadSubset, type ReadSubset } from './read-subset.ts';
