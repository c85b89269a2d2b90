import { answer, answerAt, atLocation } from './answer.ts';
import type { Call } from './call.ts';
import { planDrill } from './drill-run.ts';
import type { Procedure } from './procedure.ts';
import * as protocol from './protocol.ts';
import type { Service } from './service.ts';

/** Everything that makes, stops or remembers a run. */
export const runProcedures = [
  answer(protocol.startBackup, ({ runs }, params, call) => runs.start(params, call)),
  answerRun(
    protocol.startRestore,
    ({ location }) => ({ job: 'restore', location }),
    ({ desk }, { run, ...params }, call) => desk.restore(params, { ...call, run }),
  ),
  answerAt(protocol.checkTarget, atLocation, ({ desk }, { location, target }, call) => desk.checkTarget(location, target, call)),
  answerAt(protocol.previewRestore, atLocation, ({ desk }, params, call) => desk.preview(params, call)),
  answerRun(
    protocol.startCheck,
    ({ location }) => ({ job: 'check', location }),
    ({ desk }, { run, ...params }, call) => desk.check(params, { ...call, run }),
  ),
  answerRun(
    protocol.startDrill,
    ({ set, ...params }, { configuration }) => ({
      job: 'drill',
      ...(set !== undefined && { set }),
      location: planDrill({ ...params, sets: set === undefined ? [] : [set] }, configuration).drilled.locations[0] ?? '',
    }),
    ({ desk }, { run, ...params }, call) => desk.drill(params, { ...call, run }),
  ),
  answer(protocol.stopRun, async ({ runs }, { set }) => runs.stop(set)),
  answer(protocol.recentRuns, ({ list }, { limit }) => list.recent(limit)),
  answer(protocol.runOfId, async ({ list }, { run }) => {
    const result = await list.withId(run);
    return { ...(result && { result }) };
  }),
];

/** A run of one repository: elsewhere, it gives a result and leaves a record also when the process there goes. */
function answerRun<Params extends { readonly run?: string }>(
  procedure: Procedure<Params, protocol.RunResult>,
  aboutOf: (params: Params, service: Service) => { readonly job: protocol.RunJob; readonly location: string; readonly set?: string },
  work: (service: Service, params: Params, call: Call) => Promise<protocol.RunResult>,
) {
  return answer(procedure, async (service, params, call) => {
    const { runsElsewhere, turns } = service;
    const about = aboutOf(params, service);
    return turns.use(about.location, () =>
      service.elsewhere?.forks && runsElsewhere ? runsElsewhere.make(about, procedure, params, call) : work(service, params, call),
    );
  });
}
