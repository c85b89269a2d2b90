import * as z from 'zod';
import { read } from '../procedure.ts';
import { drillDue, nonconformityInfo } from './records.ts';
import { outcome } from './runs.ts';
import { offsiteState } from './sets.ts';

export type DashboardData = z.infer<typeof dashboard.result>;
export type DashboardDay = z.infer<typeof dashboardDay>;
export type DashboardSet = z.infer<typeof dashboardSet>;

/** A night: the day on which its window began. `records`: of the backups that were made, begun, or missed. */
const dashboardDay = z.object({
  date: z.string(),
  result: outcome,
  runs: z.number(),
  records: z.array(z.object({ number: z.number(), set: z.string().exactOptional(), at: z.string(), result: outcome })).readonly(),
});

const dashboardSet = z.object({
  name: z.string(),
  title: z.string(),
  lastSuccess: z.object({ at: z.string(), record: z.number() }).exactOptional(),
  ageHours: z.number().exactOptional(),
  rpoHours: z.number().exactOptional(),
  /** Of the change of the configuration since which it is so. */
  rpoRecord: z.number().exactOptional(),
  nextRun: z.string().exactOptional(),
  /** Of the change of the configuration since which it is planned so. */
  scheduleRecord: z.number().exactOptional(),
  /** Of the copy on Google Drive. `record`: of the last one that was made, or failed. */
  offsite: offsiteState
    .omit({ copy: true })
    .extend({
      behindFiles: z.number(),
      behindBytes: z.number(),
      /** Since when those are missing. */
      behindSince: z.string().exactOptional(),
      record: z.number().exactOptional(),
    })
    .exactOptional(),
});

/** Everything that the dashboard shows of a year. Numbers are those of records: every figure says what it rests on. */
export const dashboard = read('records/dashboard', {
  members: 'see',
  params: z.object({ year: z.int().min(1970).max(9999) }),
  result: z.object({
    organisation: z.string().exactOptional(),
    year: z.number(),
    years: z.array(z.number()).readonly(),
    /** Days of the year that have something to tell, by their date; the worst of what happened there. */
    days: z.array(dashboardDay).readonly(),
    sets: z.array(dashboardSet).readonly(),
    /** What each run stored, and what there is, in the order of time. `dataBytes`: in the sources; `repositoryBytes`: stored until then. */
    growth: z.array(z.object({ at: z.string(), dataBytes: z.number(), repositoryBytes: z.number(), record: z.number() })).readonly(),
    lastDrill: z
      .object({
        at: z.string(),
        result: z.string(),
        files: z.number(),
        minutes: z.number(),
        rtoMinutes: z.number().exactOptional(),
        record: z.number(),
      })
      .exactOptional(),
    drillDue: drillDue.exactOptional(),
    nonconformities: z.array(nonconformityInfo).readonly(),
    chain: z.object({
      /** `sound`: in itself, and nobody outside was compared. */
      state: z.enum(['broken', 'empty', 'sound', 'intact']),
      count: z.number(),
      /** The newest record that a head kept elsewhere knows, and when that was looked at. */
      compared: z.object({ through: z.number(), at: z.string() }).exactOptional(),
      fault: z.string().exactOptional(),
      faultRecord: z.number().exactOptional(),
    }),
    /** In which days are counted. Missing: that of the service's machine. */
    timeZone: z.string().exactOptional(),
  }),
});
