import { CadanganError } from '../platform/index.ts';
import { findNode, type SnapshotFilter, type StoredSnapshot } from '../repository/index.ts';
import { dumpFile } from '../restore/index.ts';
import { runJob, type JobResult } from './job-result.ts';
import { withRepository, worldOf, type RepositoryAccess } from './repository-access.ts';
import { openSnapshot } from './snapshot-path.ts';

export interface DumpJobOptions {
  /** `latest`, an id, or the beginning of one; `:folder` behind it is where `file` is looked for. */
  readonly snapshot: string;
  readonly filter: SnapshotFilter;
  readonly file: string;
  /** Takes the content piece by piece; the next one comes when it is done. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
}

export interface DumpDetails {
  readonly snapshot: StoredSnapshot;
  readonly subfolder: string | undefined;
  readonly bytes: number;
}

/** Gives the content of one file of a snapshot to whoever asks, under a shared lock. It leaves the backup as a restore does. */
export function dumpJob(access: RepositoryAccess, { snapshot, filter, file, write }: DumpJobOptions): Promise<JobResult<DumpDetails>> {
  return runJob('dump', worldOf(access).clock, (note) =>
    withRepository(access, 'shared', async ({ repository, signal }) => {
      const { stored, tree, subfolder } = await openSnapshot(repository, snapshot, filter, signal, note);
      if (file.replaceAll('/', '') === '') throw notFile(file, '');
      const { type } = await findNode(repository, tree, file, signal);
      if (type !== 'file') throw notFile(file, type);
      let written = 0;
      for await (const bytes of dumpFile(repository, tree, file, signal)) {
        await write(bytes);
        written += bytes.length;
      }
      return { details: { snapshot: stored, subfolder, bytes: written }, repositoryId: repository.config.id };
    }),
  );
}

/** What is asked for as a file and is none. @param type what it is; empty: the whole snapshot */
export function notFile(file: string, type: string): CadanganError {
  const reason =
    type === '' ? 'it is the whole snapshot' : type === 'dir' ? 'it is a folder; "cadangan restore" brings folders' : `it is a ${type}`;
  return new CadanganError('arguments.invalid', { argument: file, reason });
}
