import { answer } from './answer.ts';
import * as protocol from './protocol.ts';

/** What is asked of those who are told of trouble. */
export const alertProcedures = [
  answer(protocol.alertsState, ({ alerts }) => alerts.info()),
  answer(protocol.testAlert, async ({ alerts }, { to }, { signal }) => ({ results: await alerts.test(to, signal) })),
];
