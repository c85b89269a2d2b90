import { spawn, type ChildProcess } from 'node:child_process';
import { systemCode, type Clock, system, windowsProgram } from '../platform/index.ts';

/** How long a program may take to end in its own way. */
const graceMs = 5_000;
const lookMs = 50;

/**
 * Ends a program with all that it has started: on POSIX the group that it leads (`spawn` with `detached`), first by SIGTERM, and what is
 * left of it five seconds later by SIGKILL; on Windows, which knows no such group, by `taskkill /T`, and the program itself in any
 * case. Safe to call for one that has ended.
 */
export async function endProcessTree(program: Pick<ChildProcess, 'pid' | 'kill'>, clock: Clock): Promise<void> {
  const { pid } = program;
  if (pid === undefined) return;
  if (!system.hasProcessGroups) return endWindowsTree(pid, program);
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

/** Whoever waits for the end of the program would wait for ever where `taskkill` is missing, or refused for one of its children. */
function endWindowsTree(pid: number, program: Pick<ChildProcess, 'kill'>): Promise<void> {
  return new Promise((resolve) => {
    const endItself = (): void => {
      program.kill('SIGKILL'); // by the handle that Node holds: never another process of the same number
      resolve();
    };
    const killer = spawn(windowsProgram('taskkill.exe'), ['/PID', String(pid), '/T', '/F'], { stdio: 'ignore', windowsHide: true });
    killer.once('error', endItself);
    killer.once('close', endItself);
  });
}
