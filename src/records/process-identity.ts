import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import * as z from 'zod';
import { systemCode } from '../platform/index.ts';

/** Which process of which machine. Numbers of processes are given out again; on Linux the time of its start tells one from the next. */
export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
  /** Since the machine was started, with the machine's own mark of that start; empty where the system does not say. */
  readonly start: string;
}

const identitySchema = z.object({ host: z.string(), pid: z.int().min(1), start: z.string() });

export function thisProcess(): ProcessIdentity {
  return { host: hostname(), pid: process.pid, start: startOf(process.pid) };
}

export function parseIdentity(text: string): ProcessIdentity | undefined {
  try {
    return identitySchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** True when the process has certainly ended. Of another machine nobody here can say. */
export function hasEnded({ host, pid, start }: ProcessIdentity): boolean {
  if (host !== hostname()) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return systemCode(error) === 'ESRCH';
  }
  const startNow = startOf(pid);
  return start !== '' && startNow !== '' && startNow !== start;
}

/** proc(5): the 22nd field of `stat`; the second, in parentheses, may contain anything. */
function startOf(pid: number): string {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return fields[19] === undefined ? '' : `${boot} ${fields[19]}`;
  } catch {
    return '';
  }
}
