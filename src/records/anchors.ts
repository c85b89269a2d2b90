import { createHash } from 'node:crypto';
import { headSchema, type ChainHead } from './head.ts';

/** A head of a chain that somebody else kept: a snapshot, a file on Google Drive, a printed form. */
export interface Anchor extends ChainHead {
  /** Where it was kept, for people: `snapshot 1a2b3c4d of 2026-11-23`. */
  readonly keptIn: string;
  /** Whose history it is of, `user@machine`; that of others says nothing about ours. */
  readonly owner: string;
  /** The snapshot that it is a tag of. */
  readonly snapshotId?: string | undefined;
}

const prefix = 'records:';

/** The tag of a snapshot that dates the history: `records:<chain>:<number>:<hash>`. No commas: restic separates tags by them. */
export function anchorTag({ chain, number, hash }: ChainHead): string {
  return `${prefix}${chain}:${number}:${hash}`;
}

/** Undefined for what is not such a tag. */
export function parseAnchorTag(tag: string): ChainHead | undefined {
  if (!isAnchorTag(tag)) return undefined;
  const [chain, number = '', hash, more] = tag.slice(prefix.length).split(':');
  if (more !== undefined || !/^[1-9]\d{0,14}$/.test(number)) return undefined;
  return headSchema.safeParse({ chain, number: Number(number), hash }).data;
}

/** Views leave such tags out: nobody chose them. */
export function isAnchorTag(tag: string): boolean {
  return tag.startsWith(prefix);
}

/** Of the tags of one snapshot. @param keptIn names the snapshot @param owner who made it */
export function anchorsOfTags(tags: readonly string[], keptIn: string, owner: string, snapshotId?: string): Anchor[] {
  return tags.flatMap((tag) => {
    const head = parseAnchorTag(tag);
    return head === undefined ? [] : [{ ...head, keptIn, owner, ...(snapshotId !== undefined && { snapshotId }) }];
  });
}

/** What is kept on Google Drive beside the copy: the same words in a small file. */
export function anchorFile(head: ChainHead, owner: string): string {
  return `${JSON.stringify({ owner, ...head })}\n`;
}

/** Of the file that has the anchor of this owner: one for each machine that copies there. No name of a repository file. */
export function anchorFileName(owner: string): string {
  return `records-anchor-${createHash('sha256').update(owner).digest('hex').slice(0, 16)}.json`;
}

/** Whether it is the name of such a file, of whichever owner. */
export function isAnchorFileName(name: string): boolean {
  return /^records-anchor-[0-9a-f]{16}\.json$/.test(name);
}

/** Undefined for what is not such a file. */
export function parseAnchorFile(text: string, keptIn: string): Anchor | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const head = headSchema.safeParse(value).data;
    const owner = typeof value === 'object' && value !== null && 'owner' in value ? value.owner : undefined;
    return head === undefined || typeof owner !== 'string' ? undefined : { ...head, owner, keptIn };
  } catch {
    return undefined;
  }
}
