import type { RunOutcome } from './scheduled-set.ts';
import type { SetProgress, SetStatus } from './set-status.ts';

/** What can be asked of the schedule, in the leader's process or from another. */
export interface ScheduleService {
  /** Every set, in the order of the configuration. */
  status(): Promise<readonly SetStatus[]>;
  /**
   * Runs a set as soon as its repository is free. `catch-up` makes good what was missed.
   * @param run its id; one that somebody else has wanted before has theirs
   * @throws `set.unknown`
   */
  run(set: string, trigger: 'manual' | 'catch-up', run?: string): Promise<'accepted' | 'running'>;
  /** Stops a run, or takes back the wish for one. @returns false when there is neither */
  stop(set: string): Promise<boolean>;
  /** What the set missed is not to be made good. @throws `set.unknown` */
  dismissMissed(set: string): Promise<void>;
  /** The off-site copies, which whoever leads keeps up beside the schedule. */
  readonly copies?: CopiesService | undefined;
}

/** What somebody can want of an off-site copy at once. */
export type CopyWish = 'sync' | 'scrub' | 'sample' | 'readable' | 'retry' | 'stop-sync' | 'stop-scrub';

/**
 * The off-site copies of the leader. What states and results are, is between him who leads and him who asks: the schedule hands JSON
 * through.
 */
export interface CopiesService {
  states(): Promise<Readonly<Record<string, unknown>>>;
  /**
   * @param run the id of a sync or scrub
   * @returns undefined when nobody keeps up a copy of that name; of a sync or scrub what came of it, when it has ended
   */
  ask(copy: string, wish: CopyWish, run?: string): Promise<unknown>;
}

/** A run that a guest makes: another process, which has not been asked to by the schedule. */
export interface RunOfGuest {
  readonly set: string;
  readonly startedMs: number;
  /** Of the guest. */
  readonly pid: number;
  /** Somebody wants it stopped. */
  readonly onStop: () => void;
}

/** What the guest tells of it. After `end` or `lose` nothing counts any more. */
export interface AdoptedRun {
  readonly progress: (progress: SetProgress) => void;
  readonly end: (outcome: RunOutcome) => void;
  /** The guest is gone, and has not said what came of the run. */
  readonly lose: () => void;
}

/** A run that was made while nobody led, or that the leader was not told of. */
export interface PastRun {
  readonly set: string;
  readonly startedMs: number;
  readonly endedMs: number;
  readonly outcome: RunOutcome;
}

/** The schedule itself, in the process that leads. */
export interface LeadingService extends ScheduleService {
  /**
   * Takes a guest's run in: it is noted, shown and can be stopped as any other, and its set does not run a second time meanwhile. Other
   * sets of the repository do: a guest may be suspended for days, and the repository's locks allow it. @returns undefined when the set runs
   * already. @throws `set.unknown`
   */
  adopt(run: RunOfGuest): Promise<AdoptedRun | undefined>;
  /** Notes a run, so that its window is not run again. */
  noteRun(run: PastRun): Promise<void>;
  /**
   * Starts nothing more, and ends when all that runs has ended: by itself (`finish`) or stopped. What is stopped here goes on with the next
   * leader.
   */
  close(mode: 'stop' | 'finish'): Promise<void>;
}
