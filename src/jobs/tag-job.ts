import { isAbort, isCode } from '../platform/index.ts';
import type { RecordContent } from '../records/index.ts';
import { listReadableSnapshots, matchesFilter, resolveSnapshot, type SnapshotFilter, type StoredSnapshot } from '../repository/index.ts';
import { changeTags, type ChangedSnapshot, type TagChange } from '../upkeep/index.ts';
import { runJob, type JobException, type JobResult } from './job-result.ts';
import { placeOf, reasonOf, type RecordAbout } from './record-about.ts';
import type { RecordKeeper } from './record-keeper.ts';
import { recordOfBegun, recordOfJob } from './record-of-job.ts';
import { withRepository, worldOf, type OpenedRepository, type RepositoryAccess } from './repository-access.ts';

/** Which snapshots get other tags: those that are named, else all that fit. */
export interface TagWish {
  readonly ids: readonly string[];
  readonly filter: SnapshotFilter;
  readonly change: TagChange;
}

export interface TaggingDetails {
  readonly changed: readonly ChangedSnapshot[];
  readonly repositoryId: string;
}

/** Under restic's exclusive lock, as it does. A snapshot that cannot be changed is an exception; the others are changed. */
export function tagJob(access: RepositoryAccess, wish: TagWish): Promise<JobResult<TaggingDetails>> {
  return runJob('tag', worldOf(access).clock, (note) =>
    withRepository(access, 'exclusive', async (opened) => {
      const { repository, signal } = opened;
      const changed: ChangedSnapshot[] = [];
      for (const snapshot of await wanted(opened, wish, note)) {
        try {
          const done = await changeTags(repository, snapshot, wish.change, signal);
          if (done) changed.push(done);
        } catch (error) {
          if (isAbort(error) || isCode(error, 'repository.lock-lost')) throw error;
          note({ item: `snapshots/${snapshot.id}`, kind: 'not-changed', reason: reasonOf(error).code, weight: 'note' });
        }
      }
      const repositoryId = repository.config.id;
      return { details: { changed, repositoryId }, repositoryId };
    }),
  );
}

async function wanted(
  { repository, signal }: OpenedRepository,
  { ids, filter }: TagWish,
  note: (exception: JobException) => void,
): Promise<readonly StoredSnapshot[]> {
  if (ids.length > 0) {
    const named = await Promise.all(ids.map((id) => resolveSnapshot(repository, id, filter, signal)));
    return [...new Map(named.map((snapshot) => [snapshot.id, snapshot])).values()];
  }
  const all = await listReadableSnapshots(
    repository,
    ({ facts }) =>
      note({ item: `snapshots/${String(facts['name'] ?? '')}`, kind: 'damaged', reason: 'repository.damaged', weight: 'note' }),
    signal,
  );
  return all.filter((snapshot) => matchesFilter(snapshot, filter));
}

/** A change of tags is recorded, since a tag is what keeps a snapshot from being removed. One that changed nothing leaves no record. */
export function recordedTagging(
  keeper: RecordKeeper,
  access: RepositoryAccess,
  wish: TagWish,
  { about }: { readonly about: Partial<RecordAbout> },
): Promise<JobResult<TaggingDetails>> {
  const places = (common: RecordAbout): Partial<RecordContent> => ({
    destination: placeOf(access.location, common.settings),
    change: { what: 'snapshot-tags', after: wordsOf(wish.change) },
  });
  return keeper.during(
    (common) => recordOfBegun('tags-changed', 'tag', { ...common, ...about }, places(common)),
    async (run) => {
      const result = await tagJob(access, wish);
      const { changed = [] } = result.details ?? {};
      if (changed.length > 0 || result.outcome !== 'success')
        await keeper.write((common) =>
          recordOfJob(
            'tags-changed',
            result,
            { ...common, ...about, run },
            {
              ...places(common),
              counts: { snapshotsChanged: changed.length },
              evidence: { snapshots: changed.map(({ before, id }) => `${before.id.slice(0, 16)} -> ${id.slice(0, 16)}`) },
            },
          ),
        );
      return result;
    },
  );
}

/** `+keep -old`, or `=a,b`. */
function wordsOf(change: TagChange): string {
  if ('set' in change) return `=${change.set.join(',')}`;
  return [...change.add.map((tag) => `+${tag}`), ...change.remove.map((tag) => `-${tag}`)].join(' ');
}
