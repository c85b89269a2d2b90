import { initJob, recordOfInit, recordOfUnlock } from '../jobs/index.ts';
import { currentLanguage, passwordFromText } from '../platform/index.ts';
import { removeLocks } from '../repository/index.ts';
import { answer } from './answer.ts';
import type { OpenedRepository } from './opened-repository.ts';
import * as protocol from './protocol.ts';
import { makeRecoveryKit } from './recovery-kit.ts';

/** Repositories as a whole. */
export const repositoryProcedures = [
  answer(protocol.initRepository, async ({ passwords, repositories, world, openStorage, keeper }, { location, password: text }, call) => {
    const password = passwordFromText(text);
    const result = await initJob({
      location,
      signal: call.signal,
      world: { clock: world.clock, random: world.random, openStorage },
      password: async () => password,
    });
    await keeper.write((about) => recordOfInit(result, { ...about, trigger: 'manual', location }));
    if (!result.details) throw result.error;
    passwords.remember(location, password);
    await repositories.forget(location);
    return repositories.use(location, call, async (opened) => infoOf(opened, location));
  }),
  answer(protocol.repositoryInfo, ({ repositories }, { location }, call) =>
    repositories.use(location, call, async (opened) => infoOf(opened, location)),
  ),
  answer(protocol.forgetPassword, async ({ passwords, repositories }, { location }) => {
    passwords.forget(location);
    await repositories.forget(location);
  }),
  answer(protocol.unlockRepository, ({ repositories, keeper }, { location }, call) =>
    repositories.use(location, call, async ({ repository }) => {
      const removed = await removeLocks(repository.lockContext, { all: false, signal: call.signal });
      if (removed > 0)
        await keeper.write((about) => recordOfUnlock(removed, repository.config.id, { ...about, trigger: 'manual', location, all: false }));
      return removed;
    }),
  ),
  answer(protocol.recoveryKit, ({ repositories, world, passwords, introduction, loaded }, { location, withPassword }, call) =>
    repositories.use(location, call, async (opened) =>
      makeRecoveryKit({
        ...infoOf(opened, location),
        host: introduction.hostId,
        organisation: loaded.configuration.organisation,
        madeAtNs: world.clock.nowNs(),
        timeZone: loaded.configuration.timeZone,
        language: currentLanguage(),
        password: withPassword ? passwords.proven(location) : undefined,
      }),
    ),
  ),
];

function infoOf({ repository }: OpenedRepository, location: string): protocol.RepositoryInfo {
  return { location, id: repository.config.id, keyId: repository.keyId, version: repository.config.version };
}
