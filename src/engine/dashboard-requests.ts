import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { dashboardFigures, drillDueOf, durationMsOf, faultSentence, instantMsOf, listNonconformities, verifyHistory, type DashboardFigures, type HistoryRecord, type RecordHistory, type Verification } from '../records/index.ts';
import type { Configuration, Instruction } from '../settings/index.ts';
import type { Channel } from './channel.ts';
import { nonconformityInfoOf } from './nonconformity-info.ts';
import { offsiteStates } from './offsite-states.ts';
import { dashboardParams } from './params.ts';
import { plannedWindowsOf } from './planned-windows.ts';
import * as protocol from './protocol.ts';
import { graceMs } from './review-records.ts';
import type { Session } from './session.ts';

/** What the dashboard shows of a year. */
export function handleDashboardRequests(channel: Channel, session: () => Session): void {
  const chain = new ChainState();
  channel.handle(protocol.dashboard, dashboardParams, ({ year }, signal) => dashboardOf(session(), chain, year, signal));
}

async function dashboardOf(session: Session, chain: ChainState, year: number, signal: AbortSignal): Promise<protocol.DashboardData> {
  const { history } = session.keeper;
  const configuration: Configuration = { ...session.loaded.configuration, sets: session.sets };
  const { organisation, instruction, timeZone } = configuration;
  const nowMs = Number(session.world.clock.nowNs() / 1_000_000n);
  const records: HistoryRecord[] = [];
  for await (const record of history.records(signal)) records.push(record);
  // As the review judges: a run may go on beyond its window, and leaves its record at its end.
  const planned = plannedWindowsOf(configuration, records, nowMs - graceMs);
  const { years, days, growth, lastDrill, ...last } = dashboardFigures(records, { year, timeZone, planned, nowMs });
  const drillDue = drillDueOf(records, instruction, nowMs);
  const open = (await listNonconformities(records)).filter(({ closed }) => closed === undefined);
  return {
    ...(organisation !== undefined && { organisation }), year, years, days, growth,
    sets: await setsOf(session, last, nowMs),
    ...(lastDrill && { lastDrill: drillOf(lastDrill, instruction) }),
    ...(drillDue && { drillDue: { at: new Date(drillDue.atMs).toISOString(), isOverdue: drillDue.isOverdue } }),
    nonconformities: open.toReversed().map((one) => nonconformityInfoOf(one, timeZone)),
    chain: chainOf(await chain.verify(history, signal)),
    ...(timeZone !== undefined && { timeZone }),
  };
}

async function setsOf(session: Session, { lastSuccess, lastOffsite }: Pick<DashboardFigures, 'lastSuccess' | 'lastOffsite'>, nowMs: number): Promise<protocol.DashboardSet[]> {
  const [statuses, offsite, { copies }] = await Promise.all([
    session.seat.status(), offsiteStates(session).catch((): Awaited<ReturnType<typeof offsiteStates>> => new Map()), session.drive.status(),
  ]);
  return session.sets.map(({ name, title = name, rpoHours }) => {
    const last = lastSuccess.get(name);
    const next = statuses.get(name)?.next;
    const state = offsite.get(name);
    const copy = copies.find((one) => one.name === state?.copy);
    const { files = 0, bytes = 0, since } = copy?.behind ?? {};
    const record = copy && lastOffsite.get(copy.location);
    return {
      name, title,
      ...(last && { lastSuccess: last, ageHours: (nowMs - instantMsOf(last.at)) / 3_600_000 }),
      ...(rpoHours !== undefined && { rpoHours }),
      ...(next && { nextRun: new Date(next.startMs).toISOString() }),
      ...(state && { offsite: { isProtected: state.isProtected, behindFiles: files, behindBytes: bytes, ...(since !== undefined && { since }), ...(record !== undefined && { record }) } }),
    };
  });
}

function drillOf(drill: HistoryRecord, instruction: Instruction | undefined): NonNullable<protocol.DashboardData['lastDrill']> {
  const { number, at, started = at, result = 'failed', counts, objectives } = drill;
  const rtoMinutes = objectives?.rtoMinutes ?? instruction?.rtoMinutes;
  return {
    at: started, result, record: number, files: counts?.['filesVerified'] ?? counts?.['filesRestored'] ?? 0,
    minutes: objectives?.rtoMinutesMeasured ?? (durationMsOf(drill) ?? 0) / 60_000,
    ...(rtoMinutes !== undefined && { rtoMinutes }),
  };
}

function chainOf({ isIntact, recordCount, faults }: Verification): protocol.DashboardData['chain'] {
  const [first] = faults;
  return { state: isIntact ? 'intact' : 'broken', count: recordCount, ...(first && { fault: faultSentence(first) }) };
}

/** Verifies the records when their files are others than at the last time. */
class ChainState {
  #seen: string | undefined;
  #last: Verification | undefined;

  async verify(history: RecordHistory, signal: AbortSignal): Promise<Verification> {
    const seen = await fingerprintOf(history.folder);
    if (this.#last && seen === this.#seen) return this.#last;
    const verification = await verifyHistory(history.folder, { publicKey: await history.publicKey(), signal });
    [this.#seen, this.#last] = [seen, verification];
    return verification;
  }
}

/** Names, sizes and times of the files; whoever changes a file and hides all of that is found by *Verify Records*, which reads it. */
async function fingerprintOf(folder: string): Promise<string> {
  const names = await readdir(folder).catch(() => []);
  const stats = await Promise.all(names.sort().map(async (name) => stat(join(folder, name)).then(({ size, mtimeMs, ctimeMs }) => `${name} ${size} ${mtimeMs} ${ctimeMs}`, () => name)));
  return stats.join('\n');
}
