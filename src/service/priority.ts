import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { systemCode, system } from '../platform/index.ts';
import type { SetLimits } from '../settings/index.ts';

type Priorities = Pick<SetLimits, 'nice' | 'ioPriority'>;

/** util-linux's `ionice`: the class, and within it the level. */
const ioClasses = { low: ['-c', '2', '-n', '7'], idle: ['-c', '3'], usual: ['-c', '0'] } as const;

/**
 * Does `work` with this process standing back: what it starts meanwhile, threads and programs, inherits that. It is as before then, as
 * far as the system lets it: only root may take a nice value back, so a process of somebody else keeps it to its end.
 * @param log told what cannot be done
 */
export async function withPriority<T>(
  { nice, ioPriority }: Priorities,
  log: (message: string) => void,
  work: () => Promise<T>,
): Promise<T> {
  const before = getPriority();
  if (nice !== undefined && nice > before) setNice(nice, log);
  if (ioPriority !== undefined) await setIoPriority(ioPriority, log);
  try {
    return await work();
  } finally {
    if (ioPriority !== undefined) await setIoPriority('usual', log);
    if (nice !== undefined && nice > before) setNice(before, log);
  }
}

/** Linux has a nice value for each thread, and gives a new one that of whichever made it. */
function setNice(nice: number, log: (message: string) => void): void {
  for (const thread of threads()) {
    try {
      setPriority(thread, nice);
    } catch (error) {
      if (threads().includes(thread))
        return log(`the nice value cannot be ${nice}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

/** Node has no call for it. */
async function setIoPriority(priority: keyof typeof ioClasses, log: (message: string) => void): Promise<void> {
  if (!system.isLinux) return log('the I/O priority is not set: that is done on Linux only');
  const failure = await new Promise<string | undefined>((resolve) => {
    const args = [...ioClasses[priority], '-p', ...threads().map(String)];
    const child = spawn('ionice', args, { stdio: 'ignore' });
    child.once('error', (error) => resolve(systemCode(error) === 'ENOENT' ? 'there is no program "ionice"' : error.message));
    child.once('close', (code) => resolve(code === 0 ? undefined : `ionice ended with exit code ${code}`));
  });
  if (failure !== undefined) log(`the I/O priority is not set: ${failure}`);
}

/** Elsewhere than on Linux the process as a whole. */
function threads(): number[] {
  return system.isLinux ? readdirSync('/proc/self/task').map(Number) : [0];
}
