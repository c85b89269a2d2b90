import { join } from 'node:path';
import * as z from 'zod';
import { readFile, replaceFile, type Clock, type Random } from '../platform/index.ts';
import type { Due, Task } from './task-loop.ts';
import { systemMachine, TrustedClock, type ClockStep, type MachineTimes } from './trusted-clock.ts';
import type { WindowSpan } from './windows.ts';

/**
 * Why nobody ran the schedule during a window, as far as that was seen. `asleep`: this host was there, and the machine slept. `off`: a host
 * was there, did not end by itself, and the machine was started only later. `no-host`: nobody was there; with `startedMs` it is not known
 * whether the machine was on.
 */
export interface Absence {
  readonly cause: 'asleep' | 'off' | 'no-host';
  /** When a host that runs the schedule was last there; undefined when none is known of. Milliseconds since 1970, as all here. */
  readonly sinceMs?: number | undefined;
  /** When one was there again. */
  readonly untilMs: number;
  /** When the machine was started, if that was after the window began. */
  readonly startedMs?: number | undefined;
}

/** Looks come twice a minute; a machine under load may let one out. */
const gapMsMin = 3 * 60_000;
const lookMs = 30_000;
const span = z.object({ fromMs: z.number(), untilMs: z.number() });
const seenSchema = z.object({
  seenMs: z.number(),
  hasEnded: z.boolean(),
  /** Of the clock; earlier versions wrote none. */
  clock: z
    .object({
      nowMs: z.number(),
      uptimeMs: z.number(),
      bootId: z.string().optional(),
      newestMs: z.number(),
      era: z.object({ kind: z.enum(['ahead', 'behind']), originMs: z.number(), livedMs: z.number(), sinceStart: z.boolean() }).optional(),
      unlived: z.array(span).readonly(),
    })
    .optional()
    .catch(undefined),
});
/** More than anybody looks back to. */
const absencesMax = 100;

interface Gap extends Absence {
  readonly sinceMs: number;
}

/**
 * Watches over when the schedule is looked after, so that what was missed can say why: `schedule-seen.json` in the state folder has when
 * that was the case last, and whether it ended by itself. Only the host writes it. Deleted, it costs that knowledge and nothing else.
 */
export class Presence implements Task, AsyncDisposable {
  readonly #world: PresenceWorld;
  readonly #gaps: Gap[] = [];
  #last: { readonly wallMs: number; readonly monotonicMs: number; readonly uptimeMs: number | undefined };
  /** Of the host before, until it is known what time it is. */
  #seenBefore: Seen | undefined;

  private constructor(world: PresenceWorld, seen: Seen | undefined) {
    this.#world = world;
    this.#last = this.#now();
    this.#seenBefore = seen;
    this.#noteGapBefore();
  }

  /** Takes part in the loop of the process while the schedule is looked after. */
  static async begin(world: PresenceWorld): Promise<Presence> {
    return new Presence(world, await readSeen(world.stateFolder));
  }

  /** Why a window that has ended had no run, as far as that is known. */
  whyMissed({ startMs, endMs }: WindowSpan): Absence | undefined {
    this.#note();
    const gap = this.#gaps.findLast((known) => known.sinceMs < endMs && known.untilMs > startMs);
    return gap && ofWindow(gap, startMs);
  }

  async look(): Promise<Due> {
    this.#note();
    const { clock, onClockStep } = this.#world;
    // Written down first: a step that is recorded twice is better than one that nobody knows of.
    if (clock instanceof TrustedClock)
      for (const step of clock.steps) {
        await onClockStep?.(step);
        clock.stepRecorded();
      }
    await this.#write(false);
    return { atMs: this.#now().wallMs + lookMs };
  }

  /** Ended in order. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#write(true);
  }

  /** A jump of the wall clock alone may be a correction; that the machine slept shows in its own count. */
  #note(): void {
    this.#noteGapBefore();
    const [last, now] = [this.#last, this.#now()];
    this.#last = now;
    if (last.uptimeMs === undefined || now.uptimeMs === undefined) return;
    const sleptMs = now.uptimeMs - last.uptimeMs - (now.monotonicMs - last.monotonicMs);
    if (sleptMs < gapMsMin || now.wallMs - last.wallMs < gapMsMin) return;
    this.#gaps.push({ cause: 'asleep', sinceMs: last.wallMs, untilMs: now.wallMs });
    if (this.#gaps.length > absencesMax) this.#gaps.shift();
  }

  /** Since when nobody was here tells a clock only that is not behind what was seen. */
  #noteGapBefore(): void {
    const { clock } = this.#world;
    if (this.#seenBefore === undefined || (clock instanceof TrustedClock && clock.trust.isBehind)) return;
    const gap = gapBefore(this.#seenBefore, this.#now());
    this.#seenBefore = undefined;
    if (gap) this.#gaps.push(gap);
  }

  /** A full disk for a while: it is written again soon. */
  async #write(hasEnded: boolean): Promise<void> {
    const { stateFolder, random, clock } = this.#world;
    const memory = clock instanceof TrustedClock ? { clock: clock.memory } : {};
    const isBehind = clock instanceof TrustedClock && clock.trust.isBehind;
    const seenMs = isBehind ? (memory.clock?.newestMs ?? 0) : this.#now().wallMs;
    // What was seen before says more than a clock that is not right.
    const seen: Seen = { seenMs, hasEnded, ...this.#seenBefore, ...memory };
    await replaceFile(seenPath(stateFolder), JSON.stringify(seen), random).catch(() => undefined);
  }

  #now(): { readonly wallMs: number; readonly monotonicMs: number; readonly uptimeMs: number | undefined } {
    const { clock, machine = systemMachine } = this.#world;
    return { wallMs: Number(clock.nowNs() / 1_000_000n), monotonicMs: clock.monotonicMs(), uptimeMs: machine.uptimeMs() };
  }
}

export interface PresenceWorld {
  readonly stateFolder: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly machine?: MachineTimes | undefined;
  /** The clock was set; comes again when it cannot be written down. */
  readonly onClockStep?: ((step: ClockStep) => Promise<void>) | undefined;
}

/** The clock of the process, as far as it can be believed. @param newestMs of whatever else is written down with a time */
export async function trustedClock(
  base: Clock,
  {
    stateFolder,
    machine = systemMachine,
    newestMs,
  }: { readonly stateFolder: string; readonly machine?: MachineTimes | undefined; readonly newestMs?: number | undefined },
): Promise<Clock> {
  const seen = await readSeen(stateFolder);
  return TrustedClock.begin(base, machine, seen?.clock, Math.max(newestMs ?? 0, seen?.seenMs ?? 0));
}

/** As `Presence.whyMissed`, for when no host runs that could tell. */
export async function absenceUntilNow(world: Omit<PresenceWorld, 'random'>): Promise<(window: WindowSpan) => Absence | undefined> {
  const { clock, machine = systemMachine, stateFolder } = world;
  const seen = await readSeen(stateFolder);
  const gap = seen && gapBefore(seen, { wallMs: Number(clock.nowNs() / 1_000_000n), uptimeMs: machine.uptimeMs() });
  return ({ startMs, endMs }) => (gap && gap.sinceMs < endMs && gap.untilMs > startMs ? ofWindow(gap, startMs) : undefined);
}

type Seen = z.infer<typeof seenSchema>;

/** From when a host was last there until now. */
function gapBefore(
  { seenMs, hasEnded }: Seen,
  { wallMs, uptimeMs }: { readonly wallMs: number; readonly uptimeMs: number | undefined },
): Gap | undefined {
  if (wallMs - seenMs < gapMsMin) return undefined;
  const startedMs = uptimeMs === undefined ? undefined : wallMs - uptimeMs;
  const wasStarted = startedMs !== undefined && startedMs > seenMs;
  return { cause: wasStarted && !hasEnded ? 'off' : 'no-host', sinceMs: seenMs, untilMs: wallMs, ...(wasStarted && { startedMs }) };
}

/** A machine that was started before the window had time to run it: then it was nobody's being there. */
function ofWindow({ startedMs, ...gap }: Gap, windowStartMs: number): Absence {
  if (startedMs === undefined || startedMs > windowStartMs) return { ...gap, ...(startedMs !== undefined && { startedMs }) };
  return { ...gap, cause: 'no-host' };
}

async function readSeen(stateFolder: string): Promise<Seen | undefined> {
  try {
    return seenSchema.safeParse(JSON.parse(await readFile(seenPath(stateFolder), 'utf8'))).data;
  } catch {
    return undefined; // there is none, or none that says anything
  }
}

function seenPath(stateFolder: string): string {
  return join(stateFolder, 'schedule-seen.json');
}
