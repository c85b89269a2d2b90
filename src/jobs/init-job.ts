import { Repository } from '../repository/index.ts';
import { runJob, type JobResult } from './job-result.ts';
import { withRepository, worldOf, type PasswordAccess, type RepositoryAccess } from './repository-access.ts';

export interface InitDetails {
  /** The repository's own id, 64 hex digits. */
  readonly id: string;
  readonly location: string;
}

export interface InitJobOptions {
  /** A repository that cuts files at the same places, for snapshots that are to be copied between the two. */
  readonly cutAs?: RepositoryAccess | undefined;
}

/** Makes a new repository. `access.password` gives the first password. */
export function initJob(access: PasswordAccess, { cutAs }: InitJobOptions = {}): Promise<JobResult<InitDetails>> {
  const { clock, random, openStorage } = worldOf(access);
  return runJob('init', clock, async () => {
    const chunkerPolynomial = cutAs && (await withRepository(cutAs, 'none', async ({ repository }) => repository.polynomial));
    const storage = await openStorage(access.location);
    try {
      const password = await access.password(access.signal);
      const repository = await Repository.init({ storage, clock, random }, password, { signal: access.signal, chunkerPolynomial });
      return { details: { id: repository.config.id, location: storage.location } };
    } finally {
      await storage.close();
    }
  });
}
