import * as z from 'zod';
import { change, notification, read } from '../procedure.ts';
import { ofSet, text } from './bounds.ts';
import { copyState } from './drive.ts';
import { errorData } from './life.ts';
import { runProgress, runResult } from './runs.ts';

export type SetInfo = z.infer<typeof setInfo>;
export type SetStateKind = SetInfo['state'];
export type OffsiteState = z.infer<typeof offsiteState>;
export type ConfigurationInfo = z.infer<typeof configurationInfo>;
export type ConfigurationProblem = ConfigurationInfo['problems'][number];
export type KeepCounts = z.infer<typeof keepCounts>;
export type AddSetParams = z.infer<typeof addSet.params>;

/**
 * Protected: the set's last snapshot, and all that it needs, was found on Drive, verified. `copy`, and how it is, is missing where the set
 * backs up to Drive itself; `asOf` and `since` as in `CopyInfo`. `why`: what stands in its way, or keeps it from being known.
 */
export const offsiteState = z.object({
  isProtected: z.boolean(),
  copy: z.string().exactOptional(),
  /** `unknown` also where it is not known which snapshot is the last one. */
  state: copyState.exactOptional(),
  asOf: z.string().exactOptional(),
  since: z.string().exactOptional(),
  why: errorData.exactOptional(),
  running: runProgress.exactOptional(),
});

const keepCount = z.int().min(1).max(100_000).exactOptional();

/** How many snapshots the rule of a set keeps: the last ones, and the last of so many hours, days ... that have any. */
const keepCounts = z.object({
  keepLast: keepCount,
  keepHourly: keepCount,
  keepDaily: keepCount,
  keepWeekly: keepCount,
  keepMonthly: keepCount,
  keepYearly: keepCount,
});

const setInfo = z.object({
  name: z.string(),
  title: z.string(),
  sources: z.array(z.string()).readonly(),
  location: z.string(),
  /** `unknown`: it may have run, the records that would say so cannot be read. */
  state: z.enum(['never-run', 'success', 'exceptions', 'failed', 'stopped', 'missed', 'overdue', 'running', 'waiting', 'unknown']),
  lastRun: runResult.exactOptional(),
  running: runProgress.exactOptional(),
  /** RFC 3339. */
  nextRun: z.string().exactOptional(),
  missedWindows: z.array(z.string()).readonly(),
  /** Of each of them: what is known of why, and what would have helped. */
  missedReasons: z.array(z.string()).readonly().exactOptional(),
  hasUnattendedPassword: z.boolean(),
  /** Which of its snapshots stay; missing: all. `hasMore`: it keeps by time or by tags, too. */
  retention: z.object({ counts: keepCounts, hasMore: z.boolean() }).exactOptional(),
  /** Of sets whose repository has a copy on Google Drive, or lies there. */
  offsite: offsiteState.exactOptional(),
});

const configurationInfo = z.object({
  file: z.string(),
  exists: z.boolean(),
  /** Lines and columns count from 0, as the editor does. */
  problems: z
    .array(
      z.object({
        severity: z.enum(['error', 'warning']),
        message: z.string(),
        line: z.number(),
        column: z.number(),
        lengthChars: z.number(),
      }),
    )
    .readonly(),
  /** IANA name of the zone that people here read times in. Missing: that of the service's machine. */
  timeZone: z.string().exactOptional(),
});

export const listSets = read('sets/list', { members: 'see', result: z.array(setInfo).readonly() });
/** Something about sets, runs or the schedule changed: ask again. Sent at most four times a second. */
export const setsChanged = notification('sets/changed');
/** The configuration file as it stands, with everything that is wrong in it. */
export const configuration = read('configuration', { members: 'see', result: configurationInfo });
export const configurationChanged = notification('configuration/changed', configurationInfo);
/** The settings room checks the values, as it does for what people write into the file. */
export const addSet = change('sets/add', {
  params: z.object({
    name: text,
    sources: z.array(text).max(1000).readonly(),
    location: text,
    window: text.exactOptional(),
    onChange: z.boolean().exactOptional(),
    passwordFile: text.exactOptional(),
  }),
});
/** Lays the password of its repository into a file that only its owner reads, and names that in the configuration. Answers the file. */
export const keepPasswordFile = change('sets/keep-password-file', { params: ofSet, result: z.string() });
/**
 * What is not among the counts is no rule any more; what else the rule of the set has stays. A set without any rule keeps all. Nothing is
 * removed by this.
 */
export const changeRetention = change('sets/change-retention', { params: ofSet.extend({ counts: keepCounts }) });
export const removeSet = change('sets/remove', { params: ofSet });
