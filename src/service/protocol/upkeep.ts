import * as z from 'zod';
import { change, read } from '../procedure.ts';
import { day, line, ofRepository, ofSet, protection, snapshotId } from './bounds.ts';
import { errorData } from './life.ts';

export type RepositoryStats = z.infer<typeof repositoryStats.result>;
export type RetentionPreview = z.infer<typeof previewRetention.result>;
export type SnapshotRemoval = z.infer<typeof removeSnapshots.result>;

/**
 * How large a repository is, and what a prune would free, in bytes. Reads every folder of every snapshot, as a prune does: seconds, or
 * minutes on a slow disk; changes nothing.
 */
export const repositoryStats = read('repository/stats', {
  params: ofRepository,
  result: z.object({
    snapshots: z.number(),
    /** Of all packs: what the repository takes, but for a few small files. */
    bytes: z.number(),
    /** Of these, what no snapshot needs. */
    unusedBytes: z.number(),
    /** What a prune would take out of use: by this much the repository is smaller when the wait of its packs is over. */
    pruneBytes: z.number(),
    /** Of these, what it would remove at once. */
    pruneNowBytes: z.number(),
    /** What an earlier prune, or that one, lets wait for its day. `nextRemoval`: RFC 3339, of the first of them. */
    waitingBytes: z.number(),
    nextRemoval: z.string().exactOptional(),
    /** Why a prune would remove nothing (`prune.refused`, `repository.damaged`). Then nothing is known of what it would free. */
    refused: errorData.exactOptional(),
  }),
});

/**
 * What the rule of a set would remove now, and why each other snapshot stays; newest first. Texts are in the engine's language.
 * @throws `arguments.invalid` for a set without a rule
 */
export const previewRetention = read('retention/preview', {
  params: ofSet,
  result: z.object({
    /** The rule in words: `keep 7 daily, 12 monthly snapshots`. */
    rule: z.string(),
    snapshots: z
      .array(
        z.object({
          id: z.string(),
          /** RFC 3339, as the snapshot has it. */
          time: z.string(),
          isRemoved: z.boolean(),
          /** Why it stays; none of one that goes. */
          why: z.array(z.string()).readonly(),
          protection: protection.exactOptional(),
        }),
      )
      .readonly(),
    /** What holds the removal back until a person says so (`retention.held`). */
    holds: z.array(errorData).readonly(),
  }),
});

/**
 * Removes these snapshots, whatever the rule says; their data stays until a prune. The record has the reason.
 * @throws `retention.held` with the first of what speaks against it, unless `release` has the subjects of all of it;
 * `snapshot.protected`; `snapshot.not-found`
 */
export const removeSnapshots = change('snapshots/remove', {
  params: ofRepository.extend({
    snapshots: z.array(snapshotId).min(1).max(1000).readonly(),
    /** Why, in the words of whoever asks. */
    reason: line.min(1),
    /** What a person has seen (`subjects` of a `retention.held`), and wants all the same: what smells beside that is still in the way. */
    release: z.array(line).max(1000).readonly(),
  }),
  /** `failed`: what the storage would not remove. `locked`: what nobody can remove yet; RFC 3339, left out under a legal hold. */
  result: z.object({
    removed: z.array(z.string()).readonly(),
    failed: z.array(z.string()).readonly(),
    locked: z
      .array(z.object({ id: z.string(), until: z.string().exactOptional() }))
      .readonly()
      .exactOptional(),
  }),
});

/**
 * Protects a snapshot from every removal, or takes that protection away. Its tags are another then, and so is its id. The record has the
 * reason. @throws `snapshot.not-found`
 */
export const protectSnapshot = change('snapshots/protect', {
  params: ofRepository.extend({
    snapshot: snapshotId,
    /** `hold`: to the end of the day `until`; without one until somebody takes it away. */
    protection: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('keep') }),
      z.object({ kind: z.literal('hold'), until: day.exactOptional() }),
      z.object({ kind: z.literal('none') }),
    ]),
    reason: line.min(1),
  }),
  /** As it is called from now on; the same as before where nothing was to be changed. */
  result: z.object({ snapshot: z.string() }),
});
