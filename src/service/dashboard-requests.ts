import {
  allOf,
  dashboardFigures,
  dayOf,
  drillDueOf,
  durationMsOf,
  faultSentence,
  instantMsOf,
  listNonconformities,
  type DashboardFigures,
  type HistoryRecord,
  type Verification,
} from '../records/index.ts';
import type { Instruction } from '../settings/index.ts';
import { answer } from './answer.ts';
import type { ChainState } from './chain-state.ts';
import { nonconformityInfoOf } from './nonconformity-info.ts';
import { offsiteStates } from './offsite-states.ts';
import { objectiveRecordOf, plannedWindowsOf, scheduleRecordOf } from './planned-windows.ts';
import * as protocol from './protocol.ts';
import { graceMs, lastingPartsOf } from './review-records.ts';
import type { Service } from './service.ts';

/** What the dashboard shows of a year. */
export const dashboardProcedures = [answer(protocol.dashboard, (service, { year }, { signal }) => dashboardOf(service, year, signal))];

async function dashboardOf(service: Service, year: number, signal: AbortSignal): Promise<protocol.DashboardData> {
  const {
    configuration,
    keeper: { history },
  } = service;
  const { organisation, instruction, timeZone } = configuration;
  const nowMs = Number(service.world.clock.nowNs() / 1_000_000n);
  const records = await allOf(history.records(signal));
  // As the review judges: a run may go on beyond its window, and leaves its record at its end.
  const planned = plannedWindowsOf(configuration, records, nowMs - graceMs);
  const { years, days, growth, lastDrill, ...last } = dashboardFigures(records, { year, timeZone, planned, nowMs });
  const drillDue = drillDueOf(records, instruction, nowMs);
  const lasting = new Set(lastingPartsOf(records, configuration, nowMs));
  const open = (await listNonconformities(records)).filter(({ isOpen }) => isOpen);
  return {
    ...(organisation !== undefined && { organisation }),
    year,
    years,
    days,
    growth,
    sets: await setsOf(service, last, records, nowMs),
    ...(lastDrill && { lastDrill: drillOf(lastDrill, instruction) }),
    ...(drillDue && { drillDue: { at: new Date(drillDue.atMs).toISOString(), isOverdue: drillDue.isOverdue } }),
    nonconformities: open.toReversed().map((one) => nonconformityInfoOf(one, { timeZone, today: dayOf(nowMs, timeZone), lasting })),
    chain: chainOf(await service.records.chain.verify(signal), service.records.chain),
    ...(timeZone !== undefined && { timeZone }),
  };
}

async function setsOf(
  service: Service,
  { lastSuccess, lastOffsite }: Pick<DashboardFigures, 'lastSuccess' | 'lastOffsite'>,
  records: readonly HistoryRecord[],
  nowMs: number,
): Promise<protocol.DashboardSet[]> {
  const statuses = service.schedule.status();
  const copies = await service.drive.copies.infos();
  const offsite = await offsiteStates(service, copies);
  return service.sets.map(({ name, title = name, rpoHours }) => {
    const last = lastSuccess.get(name);
    const next = statuses.get(name)?.next;
    const { copy: nameOfCopy, ...state } = offsite.get(name) ?? { isProtected: undefined };
    const copy = copies.find((one) => one.name === nameOfCopy);
    const { files = 0, bytes = 0, since: behindSince } = copy?.behind ?? {};
    const record = copy && lastOffsite.get(copy.location);
    const [scheduled, aimed] = [scheduleRecordOf(name, records), objectiveRecordOf(name, records)];
    return {
      name,
      title,
      ...(last && { lastSuccess: last, ageHours: (nowMs - instantMsOf(last.at)) / 3_600_000 }),
      ...(rpoHours !== undefined && { rpoHours, ...(aimed && { rpoRecord: aimed.number }) }),
      ...(next && { nextRun: new Date(next.startMs).toISOString(), ...(scheduled && { scheduleRecord: scheduled.number }) }),
      ...(state.isProtected !== undefined && {
        offsite: {
          ...state,
          behindFiles: files,
          behindBytes: bytes,
          ...(behindSince !== undefined && { behindSince }),
          ...(record !== undefined && { record }),
        },
      }),
    };
  });
}

function drillOf(drill: HistoryRecord, instruction: Instruction | undefined): NonNullable<protocol.DashboardData['lastDrill']> {
  const { number, at, started = at, result = 'failed', counts, objectives } = drill;
  const rtoMinutes = objectives?.rtoMinutes ?? instruction?.rtoMinutes;
  return {
    at: started,
    result,
    record: number,
    files: counts?.['filesVerified'] ?? counts?.['filesRestored'] ?? 0,
    minutes: objectives?.rtoMinutesMeasured ?? (durationMsOf(drill) ?? 0) / 60_000,
    ...(rtoMinutes !== undefined && { rtoMinutes }),
  };
}

function chainOf({ recordCount }: Verification, { faults, compared }: ChainState): protocol.DashboardData['chain'] {
  const [first] = faults;
  const through = compared?.through;
  return {
    state: first ? 'broken' : recordCount === 0 ? 'empty' : through === undefined ? 'sound' : 'intact',
    count: recordCount,
    ...(through !== undefined && compared && { compared: { through, at: new Date(compared.atMs).toISOString() } }),
    ...(first && { fault: faultSentence(first), ...(first.number !== undefined && { faultRecord: first.number }) }),
  };
}
