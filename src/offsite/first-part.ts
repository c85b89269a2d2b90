import { hash } from 'node:crypto';
import { CadanganError, throwIfAborted } from '../platform/index.ts';
import {
  listSnapshots,
  walkTree,
  type BlobType,
  type IndexPack,
  type PackedBlob,
  type PackId,
  type Repository,
} from '../repository/index.ts';

/** An index that is not one of the original's: it names only packs of the first part. */
export interface OwnIndex {
  /** The SHA-256 of `bytes`. */
  readonly name: string;
  /** Sealed with the repository's key. */
  readonly bytes: Uint8Array;
}

/** What goes to a new copy before all else, so that something can be restored from it after hours, not after all of it is there. */
export interface FirstPart {
  /** The newest of each host and its paths. */
  readonly snapshots: ReadonlySet<string>;
  /** All that they need. */
  readonly packs: ReadonlySet<string>;
  readonly indexes: readonly OwnIndex[];
}

/** restic saves an index file at 50,000 blobs. */
const indexBlobsMax = 50_000;

/**
 * Finds out what the newest snapshots need. Only who has the key can tell; it reads their trees, and nothing of the files.
 * @param repository the original; its index is loaded here
 * @throws `repository.damaged`, also when a snapshot is not whole; the storage's errors, `aborted`
 */
export async function readFirstPart(repository: Repository, signal: AbortSignal): Promise<FirstPart> {
  await repository.loadIndex({ signal });
  const newest = new Map((await listSnapshots(repository, signal)).map((stored) => [groupOf(stored.snapshot), stored]));
  const packs = new Set<PackId>();
  const seen = new Set<string>();
  const need = (type: BlobType, id: PackedBlob['id']): void => {
    const place = repository.index.locate(type, id);
    if (place === undefined) throw new CadanganError('repository.damaged', { blob: id, type, reason: 'missing' });
    packs.add(place.packId);
  };
  for (const { snapshot } of newest.values()) {
    need('tree', snapshot.tree);
    for await (const step of walkTree(repository, snapshot.tree, { signal, descend: (_path, node) => isNew(seen, node.subtree) })) {
      throwIfAborted(signal);
      if (step.kind === 'unreadable') throw step.error;
      if (step.kind !== 'node') continue;
      if (step.node.subtree !== undefined) need('tree', step.node.subtree);
      for (const id of step.node.content ?? []) need('data', id);
    }
  }
  const indexes = ownIndexes(repository, packs);
  return { snapshots: new Set([...newest.values()].map(({ id }) => id)), packs, indexes };
}

function groupOf({ hostname, paths }: { readonly hostname: string; readonly paths: readonly string[] }): string {
  return JSON.stringify([hostname, paths.toSorted()]);
}

function isNew(seen: Set<string>, id: string | undefined): boolean {
  if (id === undefined || seen.has(id)) return false;
  seen.add(id);
  return true;
}

/** All blobs of the packs, since a pack is named whole or not at all. */
function ownIndexes(repository: Repository, wanted: ReadonlySet<PackId>): OwnIndex[] {
  const blobsOf = new Map<PackId, PackedBlob[]>([...wanted].map((id) => [id, []]));
  repository.index.forEach((type, id, { packId, ...place }) => blobsOf.get(packId)?.push({ type, id, ...place }));
  const files: IndexPack[][] = [[]];
  let count = 0;
  for (const [id, blobs] of blobsOf) {
    if (count > 0 && count + blobs.length > indexBlobsMax) {
      files.push([]);
      count = 0;
    }
    files.at(-1)?.push({ id, blobs });
    count += blobs.length;
  }
  return files.map((packs) => {
    const bytes = repository.sealIndex(packs);
    return { name: hash('sha256', bytes, 'hex'), bytes };
  });
}
