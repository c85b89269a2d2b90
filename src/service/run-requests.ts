import { answer } from './answer.ts';
import * as protocol from './protocol.ts';

/** Everything that makes, stops or remembers a run. */
export const runProcedures = [
  answer(protocol.startBackup, ({ runs }, params, call) => runs.start(params, call)),
  answer(protocol.startRestore, ({ desk }, { run, ...params }, call) => desk.restore(params, { ...call, run })),
  answer(protocol.previewRestore, ({ desk }, params, call) => desk.preview(params, call)),
  answer(protocol.startCheck, ({ desk }, { run, ...params }, call) => desk.check(params, { ...call, run })),
  answer(protocol.startDrill, ({ desk }, { run, ...params }, call) => desk.drill(params, { ...call, run })),
  answer(protocol.stopRun, async ({ runs }, { set }) => runs.stop(set)),
  answer(protocol.recentRuns, ({ list }, { limit }) => list.recent(limit)),
  answer(protocol.runOfId, async ({ list }, { run }) => {
    const result = await list.withId(run);
    return { ...(result && { result }) };
  }),
];
