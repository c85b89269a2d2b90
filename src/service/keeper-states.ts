import * as z from 'zod';
import type { KeeperState } from '../offsite/index.ts';
import { facts } from './protocol.ts';

const trouble = z.object({
  kind: z.enum([
    'signed-out',
    'wrong-account',
    'full',
    'daily-volume',
    'rate',
    'drive-unavailable',
    'denied',
    'source',
    'other-repository',
    'busy',
    'other',
  ]),
  code: z.string(),
  facts,
  sinceMs: z.number(),
  retryAtMs: z.number(),
});
const progress = z.object({
  phase: z.enum(['listing', 'copying', 'comparing', 'reading']),
  elapsedMs: z.number(),
  filesDone: z.number(),
  filesTotal: z.number(),
  bytesDone: z.number(),
  bytesTotal: z.number(),
  currentPath: z.string(),
});
const state = z.object({
  activity: z.enum(['starting', 'waiting', 'paused', 'look', 'sync', 'scrub', 'sample', 'readable']),
  watch: z.looseObject({ mode: z.enum(['starting', 'events', 'polling', 'lost']) }),
  trouble: trouble.optional(),
  progress: progress.optional(),
  changedSinceMs: z.number().optional(),
  waiting: z.enum(['no-answer', 'rate']).optional(),
});

/** What keepers are at, as JSON: between the engine that leads and those that ask it. */
export function plainStates(states: Iterable<readonly [name: string, state: KeeperState | undefined]>): Readonly<Record<string, unknown>> {
  const text = JSON.stringify(Object.fromEntries(states), (_key, value: unknown) => (typeof value === 'bigint' ? Number(value) : value));
  return JSON.parse(text) as Readonly<Record<string, unknown>>;
}

/** What is not understood, as that of a newer engine, is left out. */
export function readStates(states: Readonly<Record<string, unknown>>): ReadonlyMap<string, KeeperState> {
  return new Map(
    Object.entries(states).flatMap(([name, value]) => {
      const { watch, trouble: found, progress: made, changedSinceMs, activity, waiting } = state.safeParse(value).data ?? {};
      return activity === undefined || watch === undefined
        ? []
        : [[name, { activity, watch: watch as KeeperState['watch'], trouble: found, progress: made, changedSinceMs, waiting }] as const];
    }),
  );
}
