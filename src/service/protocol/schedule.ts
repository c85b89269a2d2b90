import * as z from 'zod';
import type { SetStatus, TaskStatus } from '../../schedule/index.ts';
import { read } from '../procedure.ts';

const trigger = z.enum(['window', 'change', 'reconcile', 'manual', 'catch-up']);
const outcome = z.enum(['success', 'success-with-exceptions', 'failed', 'stopped', 'interrupted']);
/** Times are instants in milliseconds. */
const window = z.object({ day: z.string(), startMs: z.number(), endMs: z.number() });
const missed = window.extend({
  reason: z.enum(['not-running', 'repository-busy']).optional(),
  why: z
    .object({
      cause: z.enum(['asleep', 'off', 'no-host']),
      sinceMs: z.number().optional(),
      untilMs: z.number(),
      startedMs: z.number().optional(),
    })
    .optional(),
});
const run = z.object({
  trigger,
  window: window.optional(),
  startedMs: z.number(),
  endedMs: z.number().optional(),
  outcome: outcome.optional(),
});
const progress = z.object({
  elapsedMs: z.number(),
  filesDone: z.number(),
  filesTotal: z.number().optional(),
  bytesDone: z.number(),
  bytesTotal: z.number().optional(),
  errorCount: z.number(),
  currentPath: z.string(),
});
const setStatus = z.object({
  set: z.string(),
  state: z.enum(['running', 'waiting', 'overdue', 'missed', 'idle']),
  next: window.optional(),
  running: z.object({ trigger, startedMs: z.number(), progress: progress.optional() }).optional(),
  waiting: trigger.optional(),
  missed: z.array(missed).readonly(),
  overdueSinceMs: z.number().optional(),
  lastRun: run.optional(),
  lastSuccess: run.optional(),
  watch: z.object({ mode: z.enum(['starting', 'events', 'polling', 'lost']), reason: z.string().optional() }).optional(),
}) satisfies z.ZodType<SetStatus>;

const work = z.enum(['look', 'sync', 'scrub', 'sample', 'readable', 'verify', 'prune']);
const taskStatus = z.object({
  kind: z.enum(['copy', 'records', 'repository']),
  name: z.string().optional(),
  running: work.optional(),
  lastMs: z.number().optional(),
  next: z.object({ work, atMs: z.number() }).optional(),
}) satisfies z.ZodType<TaskStatus>;

/** Every set as the schedule sees it, in the order of the configuration, and what else is planned. */
export const scheduleStatus = read('schedule/status', {
  members: 'see',
  result: z.object({
    /** Otherwise this host is there for one command, and runs what it is asked for. */
    runsSchedule: z.boolean(),
    sets: z.array(setStatus).readonly(),
    tasks: z.array(taskStatus).readonly(),
  }),
});
