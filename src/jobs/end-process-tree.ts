import { spawn, type ChildProcess } from 'node:child_process';
import { systemCode, type Clock, system, windowsProgram } from '../platform/index.ts';

/** How long a program may take to end in its own way. */
const graceMs = 5_000;
const lookMs = 50;

/**
 * Ends a program with all that it has started: on POSIX the group that it leads (`spawn` with `detached`), first by SIGTERM, and what is
 * left of it five seconds later by SIGKILL; on Windows, which knows no such group, by `taskkill /T`, and the program alone where that
 * cannot. Safe to call for one that has ended.
 */
export async function endProcessTree(program: Pick<ChildProcess, 'pid' | 'kill'>, clock: Clock): Promise<void> {
  const { pid } = program;
  if (pid === undefined) return;
  if (!system.hasProcessGroups) {
    // Else whoever waits for its end would wait for ever. By the handle that Node has of it, which no other process gets.
    if (!(await endWindowsTree(pid))) program.kill('SIGKILL');
    return;
  }
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

/** @returns false when it could not, or not all of it */
function endWindowsTree(pid: number): Promise<boolean> {
  return new Promise((resolve) => {
    const killer = spawn(windowsProgram('taskkill.exe'), ['/PID', String(pid), '/T', '/F'], { stdio: 'ignore', windowsHide: true });
    killer.once('error', () => resolve(false));
    killer.once('close', (code) => resolve(code === 0));
  });
}
