import type { SetStatus } from './set-status.ts';

/** What can be asked of the schedule, in the leader's process or from another. */
export interface ScheduleService {
  /** Every set, in the order of the configuration. */
  status(): Promise<readonly SetStatus[]>;
  /** Runs a set as soon as its repository is free. `catch-up` makes good what was missed. @throws `set.unknown` */
  run(set: string, trigger: 'manual' | 'catch-up'): Promise<'accepted' | 'running'>;
  /** Stops a run, or takes back the wish for one. @returns false when there is neither */
  stop(set: string): Promise<boolean>;
  /** What the set missed is not to be made good. @throws `set.unknown` */
  dismissMissed(set: string): Promise<void>;
}

/** The schedule itself, in the process that leads. */
export interface LeadingService extends ScheduleService {
  /** Starts nothing more, and ends when all that runs has ended: by itself (`finish`) or stopped. What is stopped here goes on with the next leader. */
  close(mode: 'stop' | 'finish'): Promise<void>;
}
