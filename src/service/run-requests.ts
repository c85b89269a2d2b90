import { answer } from './answer.ts';
import * as protocol from './protocol.ts';

/** Everything that makes, stops or remembers a run. */
export const runProcedures = [
  answer(protocol.startBackup, ({ runs }, { set }, call) => runs.start(set, call)),
  answer(protocol.startRestore, ({ desk }, params, call) => desk.restore(params, call)),
  answer(protocol.previewRestore, ({ desk }, params, call) => desk.preview(params, call)),
  answer(protocol.startCheck, ({ desk }, params, call) => desk.check(params, call)),
  answer(protocol.startDrill, ({ desk }, params, call) => desk.drill(params, call)),
  answer(protocol.stopRun, ({ runs }, { set }) => runs.stop(set)),
  answer(protocol.recentRuns, async ({ history }, { limit }) => (await history.runs()).slice(-limit).reverse()),
];
