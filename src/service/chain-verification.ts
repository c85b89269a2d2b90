import type { Clock, Random } from '../platform/index.ts';
import { PeriodicTask, TaskTimes, type TaskStatus } from '../schedule/index.ts';

export interface ChainVerificationOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly stateFolder: string;
}

const about = { kind: 'records' } as const;
const everyMs = 24 * 3_600_000;

/** Once a day the whole chain of records is read, also when nothing else happens. @param run reads it, and opens what is wrong */
export function chainVerification({ clock, random, stateFolder }: ChainVerificationOptions, run: () => Promise<void>): PeriodicTask {
  const verify = async (): Promise<boolean> => {
    await run();
    return true;
  };
  return new PeriodicTask({ clock, about, work: 'verify', everyMs, times: new TaskTimes(stateFolder, random), run: verify });
}

/** The chain was read for somebody who asked for it: for a day nobody else has to. Never rejects. */
export async function noteVerified({ clock, random, stateFolder }: ChainVerificationOptions): Promise<void> {
  const nowMs = Number(clock.nowNs() / 1_000_000n);
  // Where it cannot be written down the chain is read once more.
  await new TaskTimes(stateFolder, random).note(about.kind, nowMs).catch(() => undefined);
}

/** When the chain was last read, as it is written down: for when no host runs that could be asked. */
export async function unhostedVerification({
  random,
  stateFolder,
}: Omit<ChainVerificationOptions, 'clock'>): Promise<readonly TaskStatus[]> {
  const lastMs = await new TaskTimes(stateFolder, random).lastMs(about.kind);
  return lastMs === undefined ? [] : [{ ...about, lastMs }];
}
