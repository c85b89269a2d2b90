import type { Channel } from './channel.ts';
import { checkParams, drillParams, recentRunsParams, restoreParams, setParams, startBackupParams } from './params.ts';
import * as protocol from './protocol.ts';
import type { RunWish } from './run-desk.ts';
import type { Session } from './session.ts';

/** Everything that makes, stops or remembers a run. */
export function handleRunRequests(channel: Channel, session: () => Session): void {
  const wishOf = ({ token }: protocol.RunToken, signal: AbortSignal): RunWish => ({
    mayAsk: true,
    signal,
    onProgress: token === undefined ? undefined : (progress) => channel.progress(token, progress),
  });
  channel.handle(protocol.startBackup, startBackupParams, (params, signal) => session().runs.start(params.set, wishOf(params, signal)));
  channel.handle(protocol.startRestore, restoreParams, (params, signal) => session().desk.restore(params, wishOf(params, signal)));
  channel.handle(protocol.previewRestore, restoreParams, (params, signal) => session().desk.preview(params, wishOf(params, signal)));
  channel.handle(protocol.startCheck, checkParams, (params, signal) => session().desk.check(params, wishOf(params, signal)));
  channel.handle(protocol.startDrill, drillParams, (params, signal) => session().desk.drill(params, wishOf(params, signal)));
  channel.handle(protocol.stopRun, setParams, ({ set }) => session().runs.stop(set));
  channel.handle(protocol.recentRuns, recentRunsParams, async ({ limit }) => (await session().history.runs()).slice(-limit).reverse());
}
