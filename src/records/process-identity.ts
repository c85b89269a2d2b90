import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import * as z from 'zod';
import { systemCode } from '../platform/index.ts';

/** Which process of which machine. Numbers of processes are given out again; on Linux the time of its start tells one from the next. */
export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
  /** Since the machine was started, with the machine's own mark of that start; empty where the system does not say. */
  readonly start: string;
  /** In which numbers of processes mean something: a container counts its own. Empty where the system does not say. */
  readonly space?: string | undefined;
}

const identitySchema = z.object({ host: z.string(), pid: z.int().min(1), start: z.string(), space: z.string().optional() });

export function thisProcess(): ProcessIdentity {
  return { host: hostname(), pid: process.pid, start: startOf(process.pid), space: ownSpace() };
}

export function parseIdentity(text: string): ProcessIdentity | undefined {
  try {
    return identitySchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** True when the process has certainly ended. Of another machine, or of another container, nobody here can say. */
export function hasEnded(identity: ProcessIdentity): boolean {
  if (!isOfHere(identity)) return false;
  const { pid, start } = identity;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return systemCode(error) === 'ESRCH';
  }
  const startNow = startOf(pid);
  return start !== '' && startNow !== '' && startNow !== start;
}

/**
 * Whether our system knows its number. A machine can be given another name while it runs, and containers of one machine can have one name
 * or several; what is of the same boot and counts in the same space is of here, whatever it is called.
 */
export function isOfHere({ host, start, space = '' }: ProcessIdentity): boolean {
  const isOfThisBoot = start !== '' && bootOf(start) === bootOf(startOf(process.pid));
  return isOfThisBoot && space !== '' ? space === ownSpace() : host === hostname();
}

/** namespaces(7): `pid:[4026531836]`. */
function ownSpace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

function bootOf(start: string): string {
  return start.split(' ')[0] ?? '';
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
