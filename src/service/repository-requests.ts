import { initJob, recordOfInit, recordOfUnlock } from '../jobs/index.ts';
import { currentLanguage, passwordFromText } from '../platform/index.ts';
import { removeLocks } from '../repository/index.ts';
import type { Channel } from './channel.ts';
import type { OpenedRepository } from './opened-repository.ts';
import { initRepositoryParams, recoveryKitParams, repositoryParams } from './params.ts';
import * as protocol from './protocol.ts';
import { makeRecoveryKit } from './recovery-kit.ts';
import type { Session } from './session.ts';

/** Repositories as a whole. */
export function handleRepositoryRequests(channel: Channel, session: () => Session): void {
  channel.handle(protocol.initRepository, initRepositoryParams, async ({ location, password: text }, signal) => {
    const password = passwordFromText(text);
    const { passwords, repositories, world, openStorage, keeper } = session();
    const result = await initJob({
      location,
      signal,
      world: { clock: world.clock, random: world.random, openStorage },
      password: async () => password,
    });
    await keeper.write((about) => recordOfInit(result, { ...about, trigger: 'manual', location }));
    if (!result.details) throw result.error;
    passwords.remember(location, password);
    await repositories.forget(location);
    return repositories.use(location, { mayAsk: true, signal }, async (opened) => infoOf(opened, location));
  });
  channel.handle(protocol.repositoryInfo, repositoryParams, ({ location }, signal) =>
    session().repositories.use(location, { mayAsk: true, signal }, async (opened) => infoOf(opened, location)),
  );
  channel.handle(protocol.unlockRepository, repositoryParams, ({ location }, signal) =>
    session().repositories.use(location, { mayAsk: true, signal }, async ({ repository }) => {
      const removed = await removeLocks(repository.lockContext, { all: false, signal });
      if (removed > 0)
        await session().keeper.write((about) =>
          recordOfUnlock(removed, repository.config.id, { ...about, trigger: 'manual', location, all: false }),
        );
      return removed;
    }),
  );
  channel.handle(protocol.recoveryKit, recoveryKitParams, ({ location, withPassword }, signal) =>
    session().repositories.use(location, { mayAsk: true, signal }, async (opened) => {
      const { world, passwords, initializeResult, loaded } = session();
      return makeRecoveryKit({
        ...infoOf(opened, location),
        host: initializeResult.hostId,
        organisation: loaded.configuration.organisation,
        madeAtNs: world.clock.nowNs(),
        timeZone: loaded.configuration.timeZone,
        language: currentLanguage(),
        password: withPassword ? passwords.proven(location) : undefined,
      });
    }),
  );
}

function infoOf({ repository }: OpenedRepository, location: string): protocol.RepositoryInfo {
  return { location, id: repository.config.id, keyId: repository.keyId, version: repository.config.version };
}
