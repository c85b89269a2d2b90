import { Repository } from '../repository/index.ts';
import { runJob, type JobResult } from './job-result.ts';
import { worldOf, type PasswordAccess } from './repository-access.ts';

export interface InitDetails {
  /** The repository's own id, 64 hex digits. */
  readonly id: string;
  readonly location: string;
}

/** Makes a new repository. `access.password` gives the first password. */
export function initJob(access: PasswordAccess): Promise<JobResult<InitDetails>> {
  const { clock, random, openStorage } = worldOf(access);
  return runJob('init', clock, async () => {
    const storage = await openStorage(access.location);
    try {
      const password = await access.password(access.signal);
      const repository = await Repository.init({ storage, clock, random }, password, { signal: access.signal });
      return { details: { id: repository.config.id, location: storage.location } };
    } finally {
      await storage.close();
    }
  });
}
