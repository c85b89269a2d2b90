import { spawn, type ChildProcess } from 'node:child_process';
import { systemCode, type Clock, system, windowsProgram } from '../platform/index.ts';

/** How long a program may take to end in its own way. */
const graceMs = 5_000;
const lookMs = 50;

/**
 * Ends a program with all that it has started: on POSIX the group that it leads (`spawn` with `detached`), first by SIGTERM, and what is
 * left of it five seconds later by SIGKILL; on Windows, which knows no such group, by `taskkill /T`. Safe to call for one that has ended.
 */
export async function endProcessTree({ pid }: Pick<ChildProcess, 'pid'>, clock: Clock): Promise<void> {
  if (pid === undefined) return;
  if (!system.hasProcessGroups) return endWindowsTree(pid);
  const startMs = clock.monotonicMs();
  for (let isThere = signalGroup(pid, 'SIGTERM'); isThere; isThere = signalGroup(pid, 0)) {
    if (clock.monotonicMs() - startMs >= graceMs) return void signalGroup(pid, 'SIGKILL');
    await clock.sleep(lookMs);
  }
}

/** @returns false when nobody of the group is left */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal);
  } catch (error) {
    return systemCode(error) !== 'ESRCH'; // EPERM: one of it runs as somebody else
  }
}

function endWindowsTree(pid: number): Promise<void> {
  return new Promise((resolve) => {
    const killer = spawn(windowsProgram('taskkill.exe'), ['/PID', String(pid), '/T', '/F'], { stdio: 'ignore', windowsHide: true });
    killer.once('error', () => resolve());
    killer.once('close', () => resolve());
  });
}
