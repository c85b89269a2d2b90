import * as z from 'zod';
import type { ScheduleEvent } from '../scheduler-events.ts';
import type { SetProgress, SetStatus } from '../set-status.ts';

const setId = z.string().max(1000);
const runId = z.string().max(200);
/** Far beyond what a system allows. */
const pathCharsMax = 100_000;
const instant = z.number();
const trigger = z.enum(['window', 'change', 'reconcile', 'manual', 'catch-up']);
const outcome = z.enum(['success', 'success-with-exceptions', 'failed', 'stopped', 'interrupted']);
const window = z.object({ day: z.string(), startMs: instant, endMs: instant });
const run = z.object({ trigger, window: window.optional(), startedMs: instant, endedMs: instant.optional(), outcome: outcome.optional() });

const progress = z.object({
  elapsedMs: z.number(),
  filesDone: z.number(),
  filesTotal: z.number().optional(),
  bytesDone: z.number(),
  bytesTotal: z.number().optional(),
  errorCount: z.number(),
  currentPath: z.string().max(pathCharsMax),
}) satisfies z.ZodType<SetProgress>;

const status = z.object({
  set: setId,
  state: z.enum(['running', 'waiting', 'overdue', 'missed', 'idle']),
  next: window.optional(),
  running: z.object({ trigger, startedMs: instant, pid: z.number().optional(), progress: progress.optional() }).optional(),
  waiting: trigger.optional(),
  missed: z.array(window),
  overdueSinceMs: instant.optional(),
  lastRun: run.optional(),
  lastSuccess: run.optional(),
  watch: z.object({ mode: z.enum(['starting', 'events', 'polling', 'lost']), reason: z.string().optional() }).optional(),
}) satisfies z.ZodType<SetStatus>;

const event = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('status'), status }),
  z.object({ kind: z.literal('removed'), set: setId }),
  z.object({ kind: z.literal('started'), set: setId, atMs: instant, trigger, window: window.optional() }),
  z.object({ kind: z.literal('progress'), set: setId, progress }),
  z.object({
    kind: z.literal('ended'),
    set: setId,
    atMs: instant,
    trigger,
    startedMs: instant,
    outcome,
    wasFound: z.boolean(),
    run: runId.optional(),
  }),
  z.object({ kind: z.literal('missed'), set: setId, atMs: instant, window, reason: z.enum(['not-running', 'repository-busy']) }),
  z.object({ kind: z.literal('clock-set-back'), set: setId, atMs: instant }),
  z.object({ kind: z.literal('copies') }),
  z.object({
    kind: z.literal('problem'),
    problem: z.enum(['state-not-written', 'run-failed', 'internal']),
    set: setId.optional(),
    reason: z.string(),
  }),
]) satisfies z.ZodType<ScheduleEvent>;

const id = z.number().int().nonnegative();

/** From a follower to the leader. */
export const requestSchema = z.discriminatedUnion('ask', [
  z.object({ id, ask: z.literal('status') }),
  z.object({ id, ask: z.literal('run'), set: setId, trigger: z.enum(['manual', 'catch-up']), run: runId.optional() }),
  z.object({ id, ask: z.literal('stop'), set: setId }),
  z.object({ id, ask: z.literal('dismiss'), set: setId }),
  z.object({ id, ask: z.literal('copies') }),
  z.object({
    id,
    ask: z.literal('copy'),
    copy: setId,
    wish: z.enum(['sync', 'scrub', 'sample', 'readable', 'retry', 'stop-sync', 'stop-scrub']),
    run: runId.optional(),
  }),
  // Of a guest, about a run that it makes.
  z.object({ id, ask: z.literal('adopt'), set: setId, startedMs: instant }),
  z.object({ id, ask: z.literal('progress'), set: setId, progress }),
  z.object({ id, ask: z.literal('end'), set: setId, startedMs: instant, endedMs: instant, outcome }),
]);
export type Request = z.infer<typeof requestSchema>;

/** From the leader to a follower. An event of a kind that we do not know (a newer leader) is nothing to us. */
export const messageSchema = z.union([
  z.object({ id, answer: z.unknown() }),
  z.object({ id, error: z.object({ code: z.string(), reason: z.string() }) }),
  z.object({ event }),
  /** To a guest: its run is to be stopped. */
  z.object({ stop: setId }),
]);

/** What the leader answers to each question. */
export const answerSchemas = {
  status: z.array(status),
  run: z.enum(['accepted', 'running']),
  stop: z.boolean(),
  dismiss: z.null(),
  copies: z.record(z.string(), z.unknown()),
  copy: z.unknown(),
  adopt: z.boolean(),
  done: z.null(),
} as const;
