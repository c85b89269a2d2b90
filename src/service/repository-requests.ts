import { initJob, recordOfInit, recordOfUnlock } from '../jobs/index.ts';
import { currentLanguage, passwordFromText, wipePassword } from '../platform/index.ts';
import { isRepository, openWithPassword, removeLocks } from '../repository/index.ts';
import { answerAt, atLocation } from './answer.ts';
import type { OpenedRepository } from './opened-repository.ts';
import * as protocol from './protocol.ts';
import { makeRecoveryKit, type RecoveryKitFacts } from './recovery-kit.ts';
import type { Service } from './service.ts';

/** Repositories as a whole. */
export const repositoryProcedures = [
  answerAt(protocol.initRepository, atLocation, async (service, { location, password: text }, call) => {
    const { repositories, world, keeper } = service;
    const password = passwordFromText(text);
    try {
      const result = await initJob({
        location,
        signal: call.signal,
        world: {
          clock: world.clock,
          random: world.random,
          openStorage: (where) => service.openStorage(where, { confirmHost: service.hostConfirmer(where, call) }),
        },
        password: async () => password,
      });
      await keeper.write((about) => recordOfInit(result, { ...about, trigger: 'manual', location }));
      if (!result.details) throw result.error;
      await repositories.forget(location);
      return await repositories.use(location, { ...call, given: password }, async (opened) => infoOf(opened, location));
    } finally {
      wipePassword(password);
    }
  }),
  answerAt(protocol.repositoryInfo, atLocation, ({ repositories }, { location }, call) =>
    repositories.use(location, call, async (opened) => infoOf(opened, location)),
  ),
  answerAt(protocol.placeInfo, atLocation, async (service, { location }, call) => {
    const storage = await service.openStorage(location, { confirmHost: service.hostConfirmer(location, call) });
    try {
      return { location, hasRepository: await isRepository(storage, call.signal) };
    } finally {
      await storage.close();
    }
  }),
  answerAt(protocol.forgetPassword, atLocation, ({ repositories }, { location }) => repositories.forget(location)),
  answerAt(protocol.unlockRepository, atLocation, ({ repositories, keeper }, { location }, call) =>
    repositories.use(location, call, async ({ repository }) => {
      const { removed } = await removeLocks(repository.lockContext, { all: false, signal: call.signal });
      if (removed > 0)
        await keeper.write((about) => recordOfUnlock(removed, repository.config.id, { ...about, trigger: 'manual', location, all: false }));
      return removed;
    }),
  ),
  answerAt(protocol.recoveryKit, atLocation, (service, { location, withPassword }, call) =>
    withPassword
      ? // It is kept nowhere, so it is found once more, and proven here: the repository may be open by another one.
        service.passwords.open(location, call, (password) =>
          service.repositories.use(location, { ...call, given: password }, async (opened) => {
            const { id } = await openWithPassword(password, opened.repository.keyContext(call.signal));
            return makeRecoveryKit({ ...kitFactsOf(service, opened, location), keyId: id, password });
          }),
        )
      : service.repositories.use(location, call, async (opened) => makeRecoveryKit(kitFactsOf(service, opened, location))),
  ),
];

function kitFactsOf({ world, introduction, loaded }: Service, opened: OpenedRepository, location: string): RecoveryKitFacts {
  return {
    ...infoOf(opened, location),
    host: introduction.hostId,
    organisation: loaded.configuration.organisation,
    madeAtNs: world.clock.nowNs(),
    timeZone: loaded.configuration.timeZone,
    language: currentLanguage(),
    password: undefined,
  };
}

function infoOf({ repository }: OpenedRepository, location: string): protocol.RepositoryInfo {
  return { location, id: repository.config.id, keyId: repository.keyId, version: repository.config.version };
}
