import { CadanganError } from '../platform/index.ts';
import type { StoredSnapshot } from '../repository/index.ts';
import type { OpenedRepository } from './opened-repository.ts';

/** The snapshot that is meant by `latest`, an id or the beginning of one. @throws `snapshot.not-found`, `snapshot.ambiguous` */
export function snapshotNamed(opened: OpenedRepository, wanted: string): StoredSnapshot {
  const exact = opened.snapshot(wanted);
  if (exact) return exact;
  const all = opened.snapshots;
  const found = wanted === 'latest' ? all.slice(-1) : all.filter(({ id }) => id.startsWith(wanted.toLowerCase()));
  const [only] = found;
  if (!only) throw new CadanganError('snapshot.not-found', { snapshot: wanted });
  if (found.length > 1)
    throw new CadanganError('snapshot.ambiguous', { snapshot: wanted, candidates: found.slice(0, 20).map(({ id }) => id) });
  return only;
}
