import { CadanganError } from '../platform/index.ts';
import { parseBlobId, type BlobId, type BlobType } from '../repository/index.ts';
import type { UsedBlobs } from './used-blobs.ts';

/** Of what is missing so many are named: a lost index misses millions. */
const missingMax = 1000;

/** What a tree refers to and no index has. */
export interface MissingBlob {
  readonly type: BlobType;
  readonly id: BlobId;
}

/** What scanning trees brings to light. */
export interface FoundReferences {
  readonly trees: number[];
  readonly missing: MissingBlob[];
}

/**
 * Marks all that a tree refers to, whatever the type of the entry that does: what a later version means by it is not ours to judge.
 * @throws `repository.damaged` when it is no tree
 */
export function visitReferences(tree: BlobId, plaintext: Uint8Array, used: UsedBlobs, found: FoundReferences): void {
  for (const { content, subtree } of nodesOf(tree, plaintext)) {
    if (Array.isArray(content))
      for (const value of content) {
        const id = parseBlobId(value);
        if (used.use('data', id) === 0) note(found, 'data', id);
      }
    if (subtree == null) continue;
    const id = parseBlobId(subtree);
    const number = used.useFirst('tree', id);
    if (number !== 0) found.trees.push(number);
    else if (used.use('tree', id) === 0) note(found, 'tree', id);
  }
}

interface References {
  readonly content?: unknown;
  readonly subtree?: unknown;
}

function nodesOf(tree: BlobId, plaintext: Uint8Array): readonly References[] {
  try {
    // Ids are ASCII; what names become when their bytes are taken for Latin-1 is read by nobody, and it takes half the time.
    const json: unknown = JSON.parse(Buffer.from(plaintext.buffer, plaintext.byteOffset, plaintext.byteLength).toString('latin1'));
    const nodes: unknown = isObject(json) ? (json['nodes'] ?? []) : undefined;
    if (Array.isArray(nodes) && nodes.every(isObject)) return nodes;
  } catch {
    // no JSON
  }
  throw new CadanganError('repository.damaged', { blob: tree, type: 'tree', reason: 'it is no tree' });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function note({ missing }: FoundReferences, type: BlobType, id: BlobId): void {
  if (missing.length < missingMax) missing.push({ type, id });
}
