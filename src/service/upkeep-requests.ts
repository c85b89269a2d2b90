import { answer, answerAt, atLocation, whereItIs } from './answer.ts';
import type { Call } from './call.ts';
import type { Procedure } from './procedure.ts';
import * as protocol from './protocol.ts';
import type { Service } from './service.ts';

/** What a repository holds that it need not, and what stays in it however old it is. */
export const upkeepProcedures = [
  answerAt(protocol.repositoryStats, atLocation, ({ upkeep }, { location }, call) => upkeep.stats(location, call)),
  answerAlone(
    protocol.previewRetention,
    ({ set }, service) => service.setNamed(set).repository.location,
    async (service, { set }, call) => {
      if (service.world.isRunner) await service.reload(); // the configuration may be a moment old there
      return service.upkeep.preview(service.setNamed(set), call);
    },
  ),
  answerAlone(protocol.removeSnapshots, atLocation, ({ upkeep }, params, call) => upkeep.remove(params, call)),
  answerAlone(protocol.protectSnapshot, atLocation, ({ upkeep }, params, call) => upkeep.protect(params, call)),
];

/** As `answerAt`, with a lock: what the schedule does there alone gives way to whoever waits. */
function answerAlone<Params, Result>(
  procedure: Procedure<Params, Result>,
  locationOf: (params: NoInfer<Params>, service: Service) => string,
  work: (service: Service, params: NoInfer<Params>, call: Call) => Promise<NoInfer<Result>>,
) {
  const make = whereItIs(procedure, locationOf, work);
  return answer(procedure, (service, params, call) => service.turns.use(locationOf(params, service), () => make(service, params, call)));
}
