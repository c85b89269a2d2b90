import { namesIn, type SnapshotLoss } from './known-snapshots.ts';
import type { Nonconformity } from './nonconformities.ts';
import type { Finding } from './finding.ts';
import type { ChainFault } from './verify.ts';

/** A record holds so many names; those that found no room are in the next finding, once this one is open. */
const namedMax = 500;

/**
 * Backups that are gone or were replaced, one finding for each repository: whoever puts an old state of it back takes many at once. Those
 * that a nonconformity names already, open or closed, are not told again.
 */
export function removedBackups(losses: readonly SnapshotLoss[], known: readonly Nonconformity[], nowMs: number): Finding[] {
  const told = new Set(known.flatMap(({ rule, facts }) => (rule === 'backup-removed' ? namesIn(facts, 'snapshots') : [])));
  const fresh = Map.groupBy(
    losses.filter(({ snapshotId }) => !told.has(snapshotId)),
    ({ location }) => location,
  );
  return [...fresh].flatMap(([location, all]): Finding[] => {
    const named = all.slice(0, namedMax);
    const [first] = named;
    if (first === undefined) return [];
    return [
      {
        rule: 'backup-removed',
        subject: `backup-removed:${first.snapshotId}`,
        atMs: nowMs,
        facts: {
          location,
          count: named.length,
          replaced: named.filter(({ kind }) => kind === 'other-tree').length,
          snapshots: named.map(({ snapshotId }) => snapshotId),
        },
        records: named.map(({ recordNumber }) => recordNumber),
      },
    ];
  });
}

/** A chain that is not intact: one finding for all that is wrong now and was not told before. A line that was once wrong stays wrong. */
export function brokenChain(faults: readonly ChainFault[], known: readonly Nonconformity[], nowMs: number): Finding[] {
  const told = new Set(known.flatMap(({ rule, facts }) => (rule === 'chain-broken' ? namesIn(facts, 'faults') : [])));
  const fresh = faults.filter((fault) => !told.has(nameOf(fault)));
  const [first] = fresh;
  if (first === undefined) return [];
  const { file = '', line, number } = first;
  return [
    {
      rule: 'chain-broken',
      subject: `chain-broken:${nameOf(first)}`,
      atMs: nowMs,
      facts: { file, line, faults: fresh.map(nameOf) },
      records: number === undefined ? [] : [number],
    },
  ];
}

/** Where it stands and what it is: the same whenever the chain is read. */
function nameOf({ file = '', line, kind }: ChainFault): string {
  return `${file}:${line}:${kind}`;
}
