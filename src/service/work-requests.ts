import { freeBytesOf } from './free-bytes.ts';
import { serializeMasterKey } from '../repository/index.ts';
import { answer } from './answer.ts';
import { errorDataOf } from './error-data.ts';
import { commandLine, exceptionFound } from './protocol.ts';
import * as work from './protocol/work.ts';
import { historiesAt } from './servers-desk.ts';
import { askRepository } from './seen-repository.ts';

/** What only a process that works on one repository answers, to the host that it works for. */
export const workProcedures = [
  answer(work.workBackup, async (service, { set: name, hasPassword, occasion, ...params }, call) => {
    await service.reload(); // the configuration may be a moment old here
    const { client, signal, via, user, onProgress } = call;
    return service.desk.backup(service.setNamed(name), {
      ...params,
      occasion,
      asksFirst: hasPassword,
      client,
      signal,
      via,
      user,
      onProgress,
      onException: (exception) => client.tell(exceptionFound, { set: name, ...exception }),
      onCommandLine: (line) => client.tell(commandLine, { set: name, line }),
    });
  }),
  answer(work.workRetain, async (service, { set: name }, { signal }) => {
    await service.reload();
    return service.upkeep.retain(service.setNamed(name), { mayAsk: false, signal });
  }),
  answer(work.workPrune, ({ upkeep }, { location }, { signal }) => upkeep.prune(location, { mayAsk: false, signal })),
  answer(work.workRuns, async ({ desk }) => desk.runs),
  answer(work.workJoin, ({ desk }, { run }, call) => desk.join(run, call)),
  answer(work.workKey, async ({ repositories }, { location, mayAsk }, call) => {
    const { id, masterKey } = await repositories.keyOf(location, { ...call, mayAsk });
    return { id, masterKey: serializeMasterKey(masterKey) };
  }),
  answer(work.workWitness, ({ repositories, passwords }, { location }, call) =>
    repositories.use(location, { ...call, mayAsk: false }, async ({ repository }) => {
      const { seen, anchors, errors } = await askRepository(repository, location, call.signal);
      return { ...seen, anchors, errors: errors.map((error) => errorDataOf(error, passwords.scrub)) };
    }),
  ),
  answer(work.workSpace, async (_, { location }) => ({ freeBytes: await freeBytesOf(location) })),
  answer(work.workHistories, ({ repositories }, { location }, { client, signal }) =>
    historiesAt(repositories, location, { mayAsk: false, client, signal }),
  ),
  answer(work.workReview, (service, _, { signal }) => service.reviewOpen(signal)),
];
